"""The best score so far against the budget spent, over repeated searches and between arms."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from gan_study.analysis.run_data import RunData
from gan_study.config.training import PHASES


@dataclass(frozen=True)
class BudgetPoint:
    """State of a search after one more trial."""

    spent_kimg: float
    """Thousands of images that all trials so far have seen."""
    best_score: float | None
    """Lowest score so far; None before the first score."""


def best_so_far(trials: Sequence[tuple[float, float | None]]) -> list[BudgetPoint]:
    """Best score against spent budget, one point for each trial.

    trials: thousands of images and score of each trial, in the order in which they began. A trial without a score
    costs its budget and improves nothing.
    """
    points: list[BudgetPoint] = []
    spent, best = 0.0, None
    for kimg, score in trials:
        spent += kimg
        if score is not None:
            best = score if best is None else min(best, score)
        points.append(BudgetPoint(spent, best))
    return points


Curve = Sequence[BudgetPoint]
"""A step function. The best score of a point holds from its budget to that of the next point."""


@dataclass(frozen=True)
class BestSoFarBand:
    """Best score so far of repeated searches that differ in their seed only.

    `median` is None where half of the searches have no score yet, `highest` where one has none, `lowest` where none has
    one.
    """

    num_studies: int
    spent_kimg: tuple[float, ...]
    """Thousands of images at which the best score of a search changes, up to the end of the shortest search."""
    median: tuple[float | None, ...]
    lowest: tuple[float | None, ...]
    highest: tuple[float | None, ...]

    @property
    def median_curve(self) -> tuple[BudgetPoint, ...]:
        """The median as a curve for `crossover`."""
        return tuple(BudgetPoint(kimg, score) for kimg, score in zip(self.spent_kimg, self.median, strict=True))


def best_so_far_band(studies: Sequence[Curve]) -> BestSoFarBand:
    """Median and range over the curves of one or more repeated searches."""
    grid = _common_budgets(studies)
    if not grid:
        return BestSoFarBand(len(studies), (), (), (), ())
    values = np.array([_values_at(curve, grid) for curve in studies])
    # np.median averages the two middle values of an even number; a missing one makes the median infinite.
    rows = (np.median(values, axis=0), values.min(axis=0), values.max(axis=0))
    median, lowest, highest = (tuple(float(v) if np.isfinite(v) else None for v in row) for row in rows)
    return BestSoFarBand(len(studies), tuple(grid), median, lowest, highest)


@dataclass(frozen=True)
class Crossover:
    """The last change of the lead between two arms' searches."""

    before: str
    """The arm that led before it."""
    after: str
    """The arm that leads from there to the end of the common budget."""
    spent_kimg: float
    """Thousands of images each arm had spent by then."""
    num_changes: int
    """Number of changes of the lead in total."""


def crossover(first: str, first_curve: Curve, second: str, second_curve: Curve) -> Crossover | None:
    """The last change of the lead between two arms' best scores so far; None if one leads throughout.

    The curves are compared from the budget at which both have a score to the smaller of the two budgets. A tie does not
    change the lead.
    """
    leads = []
    grid = _common_budgets([first_curve, second_curve])
    for kimg, a, b in zip(grid, _values_at(first_curve, grid), _values_at(second_curve, grid), strict=True):
        if math.isfinite(a) and math.isfinite(b) and a != b:
            leads.append((kimg, first if a < b else second))
    changes = [(before, after, kimg) for (_, before), (kimg, after) in pairwise(leads) if before != after]
    return Crossover(*changes[-1], num_changes=len(changes)) if changes else None


def search_curve(run: RunData, arm: str, repeat: int | None = None) -> tuple[BudgetPoint, ...]:
    """An arm's best score so far against thousands of images spent, over its trials in the order in which they began.

    A stopped trial counts with the score at which it was stopped. A running one comes last, with the images it has seen
    so far. repeat: number of a repeated search; None takes the trials of all repeats together.
    """
    # All repeats share one refinement.
    trials = (
        list(run.searched_trials(arm))
        if repeat is None
        else [t for t in run.trials_of_arm(arm, "search") if t.config.repeat == repeat]
    )
    trials.sort(key=lambda t: (not t.state.is_final, PHASES.index(t.config.phase), t.config.index))
    return tuple(best_so_far([(t.kimg, t.score) for t in trials]))


def repeated_searches(run: RunData, arm: str) -> BestSoFarBand | None:
    """Best score so far over the repeats of an arm's search that have begun; None if the study has no repeats."""
    if run.study.search.repeats == 1:
        return None
    curves = [search_curve(run, arm, repeat) for repeat in range(run.study.search.repeats)]
    begun = [curve for curve in curves if curve]
    return best_so_far_band(begun) if begun else None


def _common_budgets(curves: Sequence[Curve]) -> list[float]:
    """The budgets at which any curve has a step, up to the end of the shortest curve."""
    if not all(curves):
        return []
    end = min(curve[-1].spent_kimg for curve in curves)
    return sorted({point.spent_kimg for curve in curves for point in curve if point.spent_kimg <= end})


def _values_at(curve: Curve, grid: Sequence[float]) -> list[float]:
    """Best score at each budget of an ascending grid; infinite before the first score."""
    values, best, points = [], math.inf, iter(curve)
    point = next(points, None)
    for kimg in grid:
        while point is not None and point.spent_kimg <= kimg:
            best = min(best, math.inf if point.best_score is None else point.best_score)
            point = next(points, None)
        values.append(best)
    return values
