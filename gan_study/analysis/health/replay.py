"""The decisions of a scheduler, made again on recorded curves: where it would have stopped a training."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Literal

from gan_study.config.search.stopping import brackets, grace_kimg, min_completed_trials, reduction_factor
from gan_study.config.study import StudyConfig

REPLAYED = ("asha", "median")
"""Schedulers whose decisions depend on scores alone. Hyperband's brackets come from a hash of Optuna's."""


@dataclass(frozen=True)
class SearchCurve:
    """The scores of one training before its end, as its search compared them."""

    index: int
    """Number of its trial in the search."""
    scores: Mapping[int, float]
    """Score by images seen, in the order of the training."""
    end: Literal["completed", "stopped", "lost"] = "completed"
    """`stopped`: by the scheduler. `lost`: it diverged, failed or collapsed."""
    at_rungs: tuple[float, ...] = ()
    """Its scores at asha's rungs, with which others are compared; see `with_rungs`."""


def with_rungs(study: StudyConfig, curve: SearchCurve, known: Sequence[SearchCurve]) -> SearchCurve:
    """The recorded curve of a trial with its scores at asha's rungs; `known` are the trials whose results it knew.

    A trial that was stopped was compared at no rung beyond the first one that it did not pass.
    """
    found: list[float] = []
    last = max(curve.scores, default=0) if curve.end == "stopped" else None
    for images, score in curve.scores.items():
        for rung in range(len(found), _num_rungs(study, images)):
            found.append(score)
            if images == last and not _passes(study, score, rung, known):
                break
    return replace(curve, at_rungs=tuple(found))


def stopped_at(study: StudyConfig, curve: SearchCurve, known: Sequence[SearchCurve]) -> int | None:
    """The images at which the study's scheduler (one of `REPLAYED`) would stop a training; None if it lets it end.

    known: the trials whose results it knows (see gan_study/config/search/order.py). The rules are those of Optuna's
    SuccessiveHalvingPruner without bootstrap, and of its MedianPruner.
    """
    points = list(curve.scores.items())
    before_end = points[:-1] if curve.end == "completed" else points
    if study.search.scheduler == "asha":
        return _stopped_by_asha(study, before_end, known)
    return _stopped_by_median(study, before_end, [each for each in known if each.end != "stopped"])


def _num_rungs(study: StudyConfig, images: int) -> int:
    """The number of asha's rungs up to this number of images; 0 between two regular evaluations, and without asha."""
    if study.search.scheduler != "asha" or images % round(1000 * study.budget.evaluate_every_kimg):
        return 0
    (bracket,) = brackets(study, images / 1000 + 1e-9)
    return len(bracket.rungs_kimg)


def _passes(study: StudyConfig, score: float, rung: int, known: Sequence[SearchCurve]) -> bool:
    competing = sorted([score, *(each.at_rungs[rung] for each in known if len(each.at_rungs) > rung)])
    return score <= competing[max(1, len(competing) // reduction_factor(study)) - 1]


def _stopped_by_asha(
    study: StudyConfig, points: Sequence[tuple[int, float]], known: Sequence[SearchCurve]
) -> int | None:
    rung = 0
    for images, score in points:
        for _ in range(_num_rungs(study, images) - rung):
            if not _passes(study, score, rung, known):
                return images
            rung += 1
    return None


def _stopped_by_median(
    study: StudyConfig, points: Sequence[tuple[int, float]], ended: Sequence[SearchCurve]
) -> int | None:
    if len(ended) < min_completed_trials(study):
        return None
    best = float("inf")
    for images, score in points:
        best = min(best, score)
        there = [each.scores[images] for each in ended if images in each.scores]
        if images >= 1000 * grace_kimg(study) and there and best > median(there):
            return images
    return None
