"""The sample wall: the sample grids of all arms side by side, a row for each seed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from gan_study.analysis.confirmed_arm import ConfirmedArm
from gan_study.analysis.run_data import RunData, TrialData
from gan_study.report.pictures.find_trial import FindTrial
from gan_study.report.pictures.thumbnails import Thumbnail, make_thumbnail
from gan_study.report.pictures.timeline import moment_caption

_MOST_SIDE, _QUALITY = 560, 88
"""Most pixels of a side and quality of pictures in the first row. Other rows have smaller pictures."""
_MOST_ROWS = 5
_MOST_PICTURES = 60
"""Most pictures in the rows below the first."""


@dataclass(frozen=True)
class WallPicture:
    """One arm's sample grid of one seed, at the evaluation that counts."""

    arm: str
    trial: str
    caption: str
    """Score of that evaluation and verdict on the trial."""
    picture: Thumbnail


@dataclass(frozen=True)
class WallRow:
    """The pictures of one seed."""

    title: str
    latents: str
    """A sentence that says if all pictures are from the same latents; empty for a single picture."""
    pictures: tuple[WallPicture, ...]


def sample_wall(
    run: RunData, find: FindTrial, shown: Mapping[str, TrialData], confirmed: Sequence[ConfirmedArm]
) -> tuple[WallRow, ...]:
    """Rows of sample grids: one for each confirmed seed in ascending order, with a picture of each arm.

    Without confirmed seeds there is one row with the representative trial of each arm. Empty without sample grids.
    shown: the representative trials by arm.
    """
    rows: list[WallRow] = []
    num = 0
    for title, trials in _rows(shown, confirmed):
        size = (_MOST_SIDE, _QUALITY) if not rows else ()
        if len(rows) == _MOST_ROWS or (rows and num + len(trials) > _MOST_PICTURES):
            break
        found = [(t, p) for t in trials if (p := _picture(run, find, t, *size)) is not None]
        if found:
            rows.append(WallRow(title, _latents([t for t, _ in found]), tuple(p for _, p in found)))
            num += len(found) if len(rows) > 1 else 0
    return tuple(rows)


def _rows(
    shown: Mapping[str, TrialData], confirmed: Sequence[ConfirmedArm]
) -> Iterator[tuple[str, Sequence[TrialData]]]:
    seeds = sorted({t.config.training.seed for arm in confirmed for t in arm.trials})
    for seed in seeds:
        trials = [t for arm in confirmed for t in arm.trials if t.config.training.seed == seed]
        yield f"Seed {seed} of the confirmed trials", trials
    if not seeds:
        yield "The best search trial of each arm", list(shown.values())


def _picture(
    run: RunData, find: FindTrial, trial: TrialData, most_side: int = 200, quality: int = 75
) -> WallPicture | None:
    files = find(trial)
    nimgs = files.sample_nimgs()
    if not nimgs:
        return None
    counted = trial.counted
    nimg = counted.cur_nimg if counted is not None and counted.cur_nimg in nimgs else nimgs[-1]
    verdict = run.verdict_of(trial)
    end = verdict.text if verdict else run.state_text(trial.state)
    caption = f"{moment_caption(run, trial, nimg)}; {end}"
    picture = make_thumbnail(files.read_samples(nimg), files.samples_location(nimg), most_side, quality)
    return WallPicture(trial.config.arm, trial.name, caption, picture)


def _latents(trials: Sequence[TrialData]) -> str:
    """Compare the latents of the trials, which are equal if seed, length and distribution are equal."""
    if len(trials) == 1:
        return ""
    kinds: dict[tuple[int, int, str], list[str]] = {}
    for trial in trials:
        training = trial.config.training
        key = training.seed, training.z_dim, training.z_distribution
        kinds.setdefault(key, []).append(trial.config.arm)
    if len(kinds) == 1:
        return "All arms have the same latents, so images at the same position come from the same random numbers."
    same = [f"the same in {' and '.join(arms)}" for arms in kinds.values() if len(arms) > 1]
    listed = "; ".join(
        f"{', '.join(arms)}: seed {seed}, z_dim {z_dim}, {distribution}"
        for (seed, z_dim, distribution), arms in kinds.items()
    )
    return f"The latents are not the same in all arms ({listed}){': ' + ', '.join(same) if same else ''}."
