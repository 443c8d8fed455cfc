"""The values that an arm's Optuna study receives for a trial: one finite number for each objective of the search."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from optuna.study import StudyDirection

from gan_study.config.arms.arm import Arm
from gan_study.config.estimates.longest_training import longest_trainings
from gan_study.config.names import MAXIMISED, SearchObjectiveName
from gan_study.runs.records.measurements import EvaluationRecord


@dataclass(frozen=True)
class TrialEnd:
    """A trial's results at its last evaluation, besides its score."""

    coverage: float | None = None
    """None if it was not measured."""
    device_sec: float = 0.0
    """Seconds of training and evaluation, times workers."""

    @classmethod
    def of(cls, evaluations: Sequence[EvaluationRecord], num_workers: int) -> "TrialEnd":
        """Return the end of a trial with these evaluations, of which there may be none."""
        if not evaluations:
            return cls()
        last = evaluations[-1]
        coverage = last.coverage.value if last.coverage is not None else None
        return cls(coverage, last.device_sec_on(num_workers))


def directions(names: Sequence[SearchObjectiveName]) -> list[StudyDirection]:
    """Return Optuna's direction for each objective."""
    return [StudyDirection.MAXIMIZE if name in MAXIMISED else StudyDirection.MINIMIZE for name in names]


class ObjectiveValues:
    """Makes the objective values of one arm's trials. All are finite; a failure's are worse than those of any trial."""

    def __init__(self, arm: Arm, failure_score: float, num_train_images: int) -> None:
        self._names = arm.study.search.objectives
        self._failure_score = failure_score
        # An estimate, so that there is a bound before any trial has ended.
        self._most_sec = longest_trainings(arm, num_train_images)[1] if "device_sec" in self._names else 0.0

    def score(self, score: float | None) -> float:
        """Return the score, at most the failure score; the failure score if there is none."""
        return self._failure_score if score is None else min(score, self._failure_score)

    def of_end(self, score: float | None, end: TrialEnd) -> list[float]:
        """Return the values of a completed trial. A missing coverage counts as 0."""
        self._most_sec = max(self._most_sec, end.device_sec)
        return self._in_order(
            {"score": self.score(score), "coverage": end.coverage or 0.0, "device_sec": end.device_sec}
        )

    def of_failure(self, end: TrialEnd) -> list[float]:
        """Return the values of a diverged, failed or collapsed trial: failure score, coverage 0, and many seconds.

        These are twice the most that any trial has taken. With its own seconds, no trial could beat an early failure.
        """
        self._most_sec = max(self._most_sec, end.device_sec)
        return self._in_order({"score": self._failure_score, "coverage": 0.0, "device_sec": 2 * self._most_sec})

    def _in_order(self, values: Mapping[str, float]) -> list[float]:
        return [values[name] for name in self._names]
