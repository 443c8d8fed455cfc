"""The comparison of two trainings of one configuration, number by number."""

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gan_study.runs.trial_folder import TrialFolder

_MEASURED_ON_A_CLOCK = {"train_sec", "evaluate_sec", "device_sec", "seconds"}
_OF_THE_CLUSTER = {"num_workers"}


@dataclass(frozen=True)
class Difference:
    """A value that two trainings do not share."""

    place: str
    """The value's place, such as `evaluation at 5,000 images, score`."""
    before: Any
    """The first training's value; None if it has none there."""
    now: Any
    """The second training's value; None if it has none there."""

    @property
    def relative(self) -> float:
        """The difference as a share of the larger number; infinity if one of them is no number."""
        both = [v for v in (self.before, self.now) if isinstance(v, int | float) and not isinstance(v, bool)]
        if len(both) < 2:
            return math.inf
        return abs(both[0] - both[1]) / max(abs(both[0]), abs(both[1]))


@dataclass(frozen=True)
class Repetition:
    """The result of a comparison of two trainings."""

    num_values: int
    """Values that at least one of them has: numbers, texts, pictures and weights."""
    differences: tuple[Difference, ...]
    """The values that differ, if only in their last digit, in the order of the training."""


def compare_trainings(before: TrialFolder, now: TrialFolder, *, has_ended: bool) -> Repetition:
    """Compare the results of two trainings: evaluations, sample grids and snapshots, and what follows the last step.

    Durations and the number of workers are left out. has_ended: False compares no end, because the study stopped the
    first training before it.
    """
    old, new = _results(before, has_ended), _results(now, has_ended)
    places = dict.fromkeys([*old, *new])
    found = (Difference(place, old.get(place), new.get(place)) for place in places if old.get(place) != new.get(place))
    return Repetition(len(places), tuple(found))


def _results(trial: TrialFolder, has_ended: bool) -> dict[str, Any]:
    """The values of a trial that is not None, by place. A file is there by its SHA-256."""
    results: dict[str, Any] = {}
    for evaluation in trial.read_evaluations():
        place = f"evaluation at {evaluation.cur_nimg:,} images"
        results.update(_values(place, evaluation.model_dump(mode="json")))
    for nimg in trial.sample_nimgs():
        results[f"sample grid at {nimg:,} images"] = _hash(trial.read_samples(nimg))
    for nimg in trial.snapshot_nimgs():
        results[f"weights at {nimg:,} images"] = _hash(trial.read_snapshot(nimg))
    status = trial.read_status()
    if not has_ended or status is None:
        return results
    ended = status.model_dump(mode="json", include={"state", "collapsed", "cur_nimg", "rollbacks"})
    results.update(_values("end", ended))
    for name, record in (("diagnosis", trial.read_diagnosis()), ("final scores", trial.read_final_scores())):
        if record is not None:
            results.update(_values(name, record.model_dump(mode="json")))
    return results


def _values(place: str, value: Any) -> Iterator[tuple[str, Any]]:
    """The single values within nested ones, each with its place."""
    if isinstance(value, dict):
        for name, each in value.items():
            if name not in _MEASURED_ON_A_CLOCK | _OF_THE_CLUSTER:
                yield from _values(f"{place}, {name}", each)
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from _values(f"{place}[{number}]", each)
    elif value is not None:
        yield place, value


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
