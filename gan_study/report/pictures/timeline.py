"""A trial's training in pictures: its sample grids with the scores at that time."""

import json
from dataclasses import dataclass

from gan_study.analysis.class_shares import ClassShares, class_shares
from gan_study.analysis.run_data import RunData, TrialData
from gan_study.analysis.sentences.number_text import number
from gan_study.report.pictures.thumbnails import Thumbnail
from gan_study.report.score_notes import score_name


@dataclass(frozen=True)
class Moment:
    """One sample grid, with its caption."""

    cur_nimg: int
    picture: Thumbnail
    caption: str
    """Images seen, score and classes at that time, such as `20 kimg, FD 97.35, 9 of 10 classes`."""


@dataclass(frozen=True)
class Timeline:
    """One trial's sample grids over its training, all from the same latents."""

    arm: str
    trial: str
    choice: str
    """Reason for showing this trial."""
    moments: tuple[Moment, ...]
    num_grids: int
    """Grids in the run folder, of which evenly spread ones may be left out."""
    curve: str
    """JSON of [thousands of images, score or null, classes or null] for each evaluation."""
    animation: str | None
    """Path of the animated image in the run folder."""
    animation_uri: str | None
    """The animated image as a data URI, if it is small enough for the page."""

    @property
    def is_thinned(self) -> bool:
        """True if some grids are left out."""
        return len(self.moments) < self.num_grids


def moment_caption(run: RunData, trial: TrialData, cur_nimg: int) -> str:
    """Images seen, with the score and the classes of the evaluation at that time."""
    parts = [f"{number(cur_nimg / 1000)} kimg"]
    evaluation = next((e for e in trial.evaluations if e.cur_nimg == cur_nimg), None)
    if evaluation is not None and run.objective is not None:
        if evaluation.score is not None:
            is_full = run.objective.is_full(evaluation)
            images = "" if is_full else f" of {run.objective.num_samples(evaluation):,} images"
            parts.append(f"{score_name(run.objective)} {number(evaluation.score)}{images}")
            if trial.best is not None and trial.best.cur_nimg == cur_nimg:
                parts[-1] += f" ({number(trial.best.score)} on fresh latents)"
        if shares := class_shares(trial.name, evaluation, run.objective):
            parts.append(_classes(shares))
    return ", ".join(parts)


def curve_json(run: RunData, trial: TrialData) -> str:
    """JSON of [thousands of images, score or null, number of classes or modes or null] for each evaluation."""
    points = []
    for evaluation in trial.evaluations:
        shares = class_shares(trial.name, evaluation, run.objective) if run.objective else None
        score = None if evaluation.score is None else float(f"{evaluation.score:.4g}")
        points.append([evaluation.cur_nimg / 1000, score, _num_classes(shares) if shares else None])
    return json.dumps(points, separators=(",", ":"))


def _classes(shares: ClassShares) -> str:
    if shares.has_many_classes:
        return f"{shares.modes_text} modes"
    return f"{_num_classes(shares)} of {shares.num_classes} classes"


def _num_classes(shares: ClassShares) -> int:
    return shares.num_modes if shares.has_many_classes else shares.num_classes - len(shares.missing)
