"""A trial's training in pictures: its sample grids, each with what it scored at that time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gan_study.analysis.confirmation import ConfirmedArm
from gan_study.analysis.run_data import RunData, TrialData
from gan_study.analysis.summary import ClassShares, class_shares
from gan_study.analysis.text import number, quantity
from gan_study.report.load import SampleGrid
from gan_study.report.text import score_name


@dataclass(frozen=True)
class Moment:
    """One sample grid."""

    grid: SampleGrid
    caption: str
    """Images seen, score and classes at that time, such as `20 kimg, FD 97.35, 9 of 10 classes`."""


@dataclass(frozen=True)
class Timeline:
    """One arm's sample grids over its training, all from the same latents."""

    arm: str
    trial: str
    choice: str
    """Why this trial."""
    moments: tuple[Moment, ...]


def timelines(
    run: RunData,
    shown: Mapping[str, TrialData],
    confirmed: Sequence[ConfirmedArm],
    samples: Mapping[str, Sequence[SampleGrid]],
) -> list[Timeline]:
    """One timeline for each arm with sample grids; shown, samples: each arm's trial, and the grids of it."""
    seeds = {c.arm: len(c.trials) for c in confirmed}
    return [
        Timeline(
            arm,
            trial.name,
            _of_seeds(seeds[arm]) if trial.config.phase == "confirm" else "the best search trial, unconfirmed",
            tuple(Moment(grid, _caption(run, trial, grid.cur_nimg)) for grid in samples[arm]),
        )
        for arm, trial in shown.items()
        if samples.get(arm)
    ]


def _of_seeds(num: int) -> str:
    return "the confirmed seed" if num == 1 else f"the best of {quantity(num, 'confirmed seed')}"


def _caption(run: RunData, trial: TrialData, cur_nimg: int) -> str:
    parts = [f"{number(cur_nimg / 1000)} kimg"]
    evaluation = next((e for e in trial.evaluations if e.cur_nimg == cur_nimg), None)
    if evaluation is not None and run.objective is not None:
        if evaluation.score is not None:
            is_full = run.objective.is_full(evaluation)
            images = "" if is_full else f" of {run.objective.num_samples(evaluation):,} images"
            parts.append(f"{score_name(run.objective)} {number(evaluation.score)}{images}")
        if shares := class_shares(trial.name, evaluation, run.objective):
            parts.append(_classes(shares))
    return ", ".join(parts)


def _classes(shares: ClassShares) -> str:
    if shares.has_many_classes:
        return f"{shares.modes_text} modes"
    return f"{shares.num_classes - len(shares.missing)} of {shares.num_classes} classes"
