"""Choose the trials whose training the page shows in pictures, within a budget for the size of the page."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

from gan_study.analysis.confirmed_arm import ConfirmedArm
from gan_study.analysis.run_data import RunData, TrialData, best_first
from gan_study.analysis.sentences.number_text import quantity
from gan_study.report.pictures.thumbnails import Thumbnail, make_animation, make_thumbnail, spread_evenly
from gan_study.report.pictures.timeline import Moment, Timeline, curve_json, moment_caption
from gan_study.runs.folder import RunFolder
from gan_study.runs.trial_folder import TrialFolder

BUDGET = 3_000_000
"""Characters of all pictures in all timelines. A data URI has four characters for three bytes."""
MOST_MOMENTS = 50
"""Most frames in the animation of an arm's representative trial."""
MOST_OTHER_MOMENTS = 12
"""Most frames in the animation of any other trial."""
_LEAST_MOMENTS = 3
_SHARE_OF_SHOWN = 0.6
"""Share of the budget for the representative trials of the arms."""
_MOST_EMBEDDED = 250_000
"""Largest animation in bytes that is also embedded in the page."""
_NUM_BEST, _NUM_FAILED = 3, 4
"""Number of best and of failed search trials of an arm that are shown besides its confirmed seeds."""


@dataclass(frozen=True)
class Film:
    """The timelines of one arm, first that of its representative trial."""

    arm: str
    timelines: tuple[Timeline, ...]


@dataclass
class _Projector:
    """Makes timelines until the budget of characters is spent."""

    run: RunData
    folder: RunFolder
    left: int
    """Remaining characters of the budget."""
    made: dict[str, list[Timeline]] = field(default_factory=dict)
    num_left_out: int = 0

    def add(self, trial: TrialData, choice: str, most: int, allowance: int) -> None:
        """Make the timeline of a trial with at most `allowance` characters, or count it as left out.

        A trial without sample grids is ignored.
        """
        files = self.folder.trial(trial.config.arm, trial.name)
        nimgs = files.sample_nimgs()
        if not nimgs:
            return
        made = _pictures(files, nimgs, most, min(allowance, self.left))
        if not made:
            self.num_left_out += 1
            return
        pictures = list(made.values())
        is_shown = not self.made.get(trial.config.arm)
        animation = _animation(files, pictures, trial.state.is_final)
        embedded = Thumbnail(animation) if is_shown and len(animation) <= _MOST_EMBEDDED else None
        self.left -= sum(picture.num_characters for picture in [*pictures, *([embedded] if embedded else [])])
        timeline = Timeline(
            arm=trial.config.arm,
            trial=trial.name,
            choice=choice,
            moments=tuple(Moment(n, picture, moment_caption(self.run, trial, n)) for n, picture in made.items()),
            num_grids=len(nimgs),
            curve=curve_json(self.run, trial),
            animation=f"arms/{trial.config.arm}/{trial.name}/samples/timeline.webp",
            animation_uri=embedded.data_uri if embedded else None,
        )
        self.made.setdefault(trial.config.arm, []).append(timeline)


def make_films(
    run: RunData,
    folder: RunFolder,
    shown: Mapping[str, TrialData],
    confirmed: Sequence[ConfirmedArm],
    budget: int = BUDGET,
) -> tuple[tuple[Film, ...], int]:
    """Make the films of the arms with sample grids; also return the number of trials that the budget left out.

    Each timeline is also written into its trial's folder as an animated image. shown: the representative trials by arm,
    which come first. The other confirmed seeds, the best search trials and failed ones follow, one trial of each arm in
    turn. budget: characters of all pictures together.
    """
    projector = _Projector(run, folder, budget)
    seeds = {c.arm: c for c in confirmed}
    for arm, trial in shown.items():
        allowance = int(_SHARE_OF_SHOWN * budget / len(shown))
        projector.add(trial, _choice_of_shown(trial, seeds.get(arm)), MOST_MOMENTS, allowance)
    others = [list(_others(run, arm, shown.get(arm), seeds.get(arm))) for arm in run.arms]
    for turn in zip_longest(*others):
        for trial, choice in (each for each in turn if each is not None):
            projector.add(trial, choice, MOST_OTHER_MOMENTS, projector.left)
    films = tuple(Film(arm, tuple(projector.made[arm])) for arm in run.arms if arm in projector.made)
    return films, projector.num_left_out


def _choice_of_shown(trial: TrialData, confirmed: ConfirmedArm | None) -> str:
    if trial.config.phase != "confirm" or confirmed is None:
        return "the best search trial, unconfirmed"
    num = len(confirmed.trials)
    return "the confirmed seed" if num == 1 else f"the best of {quantity(num, 'confirmed seed')}"


def _others(
    run: RunData, arm: str, shown: TrialData | None, confirmed: ConfirmedArm | None
) -> Iterator[tuple[TrialData, str]]:
    """Other trials of the arm to show, each once with the reason."""
    trials = [t for t in run.searched_trials(arm) if t != shown]
    best = [t for t in best_first(trials) if t.score is not None][:_NUM_BEST]
    failed = _failed(run, [t for t in trials if t not in best])
    for trial in confirmed.trials if confirmed else ():
        if trial != shown:
            yield trial, _described(run, trial, "confirmed seed")
    for trial in best:
        yield trial, _described(run, trial, "among the best of the search")
    for trial in failed:
        yield trial, _described(run, trial, "search trial")


def _failed(run: RunData, trials: Sequence[TrialData]) -> list[TrialData]:
    found = [(t, verdict.word) for t in trials if (verdict := run.verdict_of(t)) and verdict.is_failure]
    words = [word for _, word in found]
    # The first of each verdict, then the second of each, and so on.
    order = sorted(range(len(found)), key=lambda i: words[:i].count(words[i]))
    return [found[i][0] for i in order[:_NUM_FAILED]]


def _described(run: RunData, trial: TrialData, what: str) -> str:
    verdict = run.verdict_of(trial)
    return f"{what}, {verdict.text}" if verdict else f"{what}, {run.state_text(trial.state)}"


def _pictures(files: TrialFolder, nimgs: Sequence[int], most: int, allowance: int) -> dict[int, Thumbnail]:
    """At most `most` evenly spread grids with at most `allowance` characters together; empty if too few would fit."""
    made = {nimg: _thumbnail(files, nimg) for nimg in {nimgs[0], nimgs[-1]}}
    typical = sum(picture.num_characters for picture in made.values()) / len(made)
    least = min(_LEAST_MOMENTS, len(nimgs))
    num = min(most, max(least, int(allowance / typical)))
    while num >= least:
        chosen = [nimgs[i] for i in spread_evenly(len(nimgs), num)]
        made.update({nimg: _thumbnail(files, nimg) for nimg in chosen if nimg not in made})
        found = {nimg: made[nimg] for nimg in chosen}
        spent = sum(picture.num_characters for picture in found.values())
        if spent <= allowance:
            return found
        num = min(num - 1, int(num * allowance / spent))
    return {}


def _thumbnail(files: TrialFolder, nimg: int) -> Thumbnail:
    return make_thumbnail(files.read_samples(nimg), files.samples_location(nimg))


def _animation(files: TrialFolder, pictures: Sequence[Thumbnail], is_final: bool) -> bytes:
    known = files.read_timeline() if is_final else None
    if known is not None:
        return known
    made = make_animation(pictures)
    files.write_timeline(made)
    return made
