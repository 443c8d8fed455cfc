"""The way from the paper's defaults to the best configuration, one value at a time."""

import math
from dataclasses import dataclass

import numpy as np

from gan_study.analysis.effects.surrogate import Configuration, Surrogate, interval
from gan_study.analysis.statistics.estimate import Estimate
from gan_study.analysis.statistics.gaussian_process import Floats
from gan_study.config.arms.arm import Arm
from gan_study.config.base import Scalar

_MOST_LOG = math.log(1e6)
"""No score is predicted to rise or fall by a larger factor, in logarithms."""


@dataclass(frozen=True)
class PathStep:
    """The change of one value, from the paper's default to that of the best configuration."""

    name: str
    """Dotted name of the hyperparameter."""
    before: Scalar | None
    """None if it did not exist before this step."""
    after: Scalar | None
    """None if it does not exist in the best configuration."""
    change: Estimate
    """Predicted change of the score, below 0 for a gain: a share of the score, or a difference of scores if not all of
    them are above 0."""
    probability_most: float
    """Probability that no other step lowers the score by more."""

    @property
    def is_clear(self) -> bool:
        """True if the interval of the change excludes 0."""
        return self.change.low > 0 or self.change.high < 0


@dataclass(frozen=True)
class Path:
    """All steps, in the order in which each lowers the predicted score most, with the change by all of them."""

    steps: tuple[PathStep, ...]
    whole: Estimate
    """Predicted change of the score from the paper's defaults to the best configuration, as in `PathStep.change`."""


def find_path(surrogate: Surrogate, start: Configuration, goal: Configuration) -> Path | None:
    """Change one value after the other; each time the one whose change lowers the predicted score most.

    None if `start` and `goal` are equal. A step that changes which other hyperparameters exist, such as the penalty,
    takes those that become part of the configuration along with it.
    """
    arm, names, configurations = surrogate.samples.arm, [], [dict(start)]
    while candidates := {
        name: changed
        for name in dict.fromkeys([*start, *goal])
        if name not in names and (changed := _changed(arm, configurations[-1], goal, name)) != configurations[-1]
    }:
        predicted = surrogate.predict(list(candidates.values()))
        names.append([*candidates][int(np.argmin(predicted))])
        configurations.append(candidates[names[-1]])
    if not names:
        return None
    rows = np.diff(np.eye(len(configurations)), axis=0)
    drawn = surrogate.draw(configurations, rows)
    most = np.argmin(drawn, axis=1)
    steps = tuple(
        PathStep(
            name,
            before.get(name),
            after.get(name),
            _change(surrogate, drawn[:, i]),
            float(np.mean(most == i)),
        )
        for i, (name, before, after) in enumerate(zip(names, configurations, configurations[1:], strict=False))
    )
    return Path(steps, _change(surrogate, drawn.sum(axis=1)))


def _change(surrogate: Surrogate, drawn: Floats) -> Estimate:
    """The change of the score from samples on the scale on which scores are compared."""
    if not surrogate.samples.is_log:
        return interval(drawn)
    found = interval(np.clip(drawn, -_MOST_LOG, _MOST_LOG))
    return Estimate(*(float(np.expm1(value)) for value in (found.value, found.low, found.high)))


def _changed(arm: Arm, current: Configuration, goal: Configuration, name: str) -> dict[str, Scalar]:
    """The configuration with one value changed to that of `goal`, and with the values that exist because of it."""
    values = {**current, name: goal[name]} if name in goal else {k: v for k, v in current.items() if k != name}
    active = {p.name for p in arm.parameters if p.is_active({**arm.fixed, **values})}
    missing = {key: value for key, value in goal.items() if key in active and key not in values}
    return {key: value for key, value in {**values, **missing}.items() if key in active}
