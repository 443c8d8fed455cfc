"""An arm's search trials as points and scores, from which the effect of each hyperparameter is estimated."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gan_study.analysis.run_data import RunData, TrialData
from gan_study.analysis.search_curves import compared_scores, curve_of
from gan_study.analysis.statistics.gaussian_process import Floats
from gan_study.config.arms.arm import Arm
from gan_study.config.arms.parameters import Parameter
from gan_study.config.base import Scalar
from gan_study.config.space import Choice, IntegerRange, LogUniformRange, SearchRange, UniformRange
from gan_study.runs.records.status import TrialState

MIN_TRIALS = 8
"""Trials from which on the effects of hyperparameters are estimated."""
MIN_CONFIGURATIONS = 3
"""Different configurations from which on an effect of a value can be told from luck."""
MAX_TRIALS = 50
"""Most trials that are used, at even distances in the search: the time grows with the cube of their number."""


@dataclass(frozen=True)
class SearchSamples:
    """Search trials of one arm with a score after equally many images."""

    arm: Arm
    trials: tuple[TrialData, ...]
    scores: tuple[float, ...]
    """Lower is better."""
    kimg: float | None
    """Thousands of images after which the scores were taken; None for the scores at the end of completed trials."""
    is_log: bool
    """True if all scores are above 0, so that their logarithms are compared."""
    worst: float
    """The failure score, which no score exceeds."""

    @property
    def values(self) -> Floats:
        """The scores on the scale on which they are compared."""
        found = np.array(self.scores)
        return np.log(found) if self.is_log else found

    @property
    def when(self) -> str:
        """The point of the trainings at which scores were taken, in words; empty for their end."""
        return "" if self.kimg is None else f", by their scores after {self.kimg:g} kimg"

    def point(self, values: Mapping[str, Scalar]) -> list[float]:
        """A configuration as numbers, each in about [0, 1], so that unlike values are as far apart as a range is long.

        Each parameter has one, or one for each value of a choice of words. A parameter that does not exist in every
        trial has another one, which says if it exists.
        """
        known = {**self.arm.fixed, **values}
        return [part for parameter in self.arm.parameters for part in _coordinates(self.arm, parameter, known)]


def search_samples(run: RunData, arm: str) -> SearchSamples | str:
    """The trials of an arm after the most images that at least eight of them came to, or the reason why there are none.

    Trials that diverged, failed or collapsed are left out.
    """
    ended = [t for t in run.searched_trials(arm) if t.state.is_final]
    sound = [t for t in ended if not t.is_lost and (arm, t.name) not in run.collapsed]
    completed = [t for t in sound if t.state is TrialState.COMPLETED and t.score is not None]
    images, kept = None, completed
    if len(completed) < MIN_TRIALS:
        ranked = sorted((max(curve_of(run, t), default=0) for t in sound), reverse=True)
        images = ranked[MIN_TRIALS - 1] if len(ranked) >= MIN_TRIALS else None
        kept = [t for t in sound if images and images in curve_of(run, t)]
    if len(kept) < MIN_TRIALS:
        return f"{len(sound)} of {len(ended)} ended search trials have comparable scores, and {MIN_TRIALS} are needed"
    kept = [kept[i] for i in np.unique(np.linspace(0, len(kept) - 1, min(len(kept), MAX_TRIALS)).round().astype(int))]
    scores = [score for score in compared_scores(run, kept, images) if score is not None]
    if len(set(scores)) == 1:
        return "all scores are equal"
    if len({tuple(sorted(t.config.searched.items())) for t in kept}) < MIN_CONFIGURATIONS:
        return f"the trials tried fewer than {MIN_CONFIGURATIONS} configurations"
    kimg = None if images is None else images / 1000
    worst = run.objective.failure_score if run.objective else max(scores)
    return SearchSamples(Arm(run.study, arm), tuple(kept), tuple(scores), kimg, min(scores) > 0, worst)


def _coordinates(arm: Arm, parameter: Parameter, values: Mapping[str, Scalar]) -> list[float]:
    value = values.get(parameter.name)
    is_there = value is not None and parameter.is_active(values)
    always = all(parameter.is_active(assignment) for assignment in arm.assignments)
    match parameter.range:
        case Choice(choice=choices) if not _are_numbers(choices):
            # Two words differ in two coordinates.
            return [math.sqrt(0.5) if is_there and value == each else 0.0 for each in choices]
    place = place_in_range(parameter.range, value) if is_there and value is not None else 0.5
    return [place] if always else [place, float(is_there)]


def place_in_range(search_range: SearchRange, value: Scalar) -> float:
    """The place of a number in its range on the scale of the draws: 0 to 1, and beyond for a value outside it.

    The numbers of a choice lie at even distances, a number between two of them in between.
    """
    number = float(value)
    match search_range:
        case LogUniformRange(log_uniform=(low, high)):
            return math.log(max(number, 1e-12 * low) / low) / math.log(high / low)
        case UniformRange(uniform=(low, high)) | IntegerRange(integer=(low, high)):
            return (number - low) / (high - low)
        case Choice(choice=choices):
            ordered = sorted(float(each) for each in choices)
            return float(np.interp(number, ordered, np.linspace(0, 1, len(ordered)))) if len(ordered) > 1 else 0.0
    raise AssertionError("a range has one of these four kinds")


def _are_numbers(choices: Sequence[Scalar]) -> bool:
    return all(isinstance(each, int | float) and not isinstance(each, bool) for each in choices)
