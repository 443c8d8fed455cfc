"""What an arm's Optuna study is told of a trial: one finite value for each objective of the search."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from optuna.study import StudyDirection

from gan_study.config.arms.arm import Arm
from gan_study.config.arms.longest import longest_trainings
from gan_study.config.names import MAXIMISED, SearchObjectiveName
from gan_study.config.study import StudyConfig
from gan_study.runs.records import EvaluationRecord


@dataclass(frozen=True)
class TrialEnd:
    """What a trial had reached at its last evaluation, besides its score."""

    coverage: float | None = None
    """Null where it was not measured."""
    device_sec: float = 0.0
    """Seconds of training and evaluation, times workers."""

    @classmethod
    def of(cls, evaluations: Sequence[EvaluationRecord], num_workers: int) -> "TrialEnd":
        """From a trial's evaluations, which may be none."""
        if not evaluations:
            return cls()
        last = evaluations[-1]
        coverage = last.coverage.value if last.coverage is not None else None
        return cls(coverage, (last.train_sec + last.evaluate_sec) * num_workers)


def directions(names: Sequence[SearchObjectiveName]) -> list[StudyDirection]:
    """Optuna's direction of each objective."""
    return [StudyDirection.MAXIMIZE if name in MAXIMISED else StudyDirection.MINIMIZE for name in names]


class ToldValues:
    """The values of one arm's trials. Every one is finite: those of a failure are worse than any that was reached."""

    def __init__(self, study: StudyConfig, arm: str, failure_score: float, num_train_images: int) -> None:
        self._names = study.search.objectives
        self._failure_score = failure_score
        # By an estimate, so that there is a bound before any trial has ended.
        self._most_sec = longest_trainings(Arm(study, arm), num_train_images)[1] if "device_sec" in self._names else 0.0

    def score(self, score: float | None) -> float:
        """A score cut at the failure score, which also stands for one that does not exist."""
        return self._failure_score if score is None else min(score, self._failure_score)

    def of(self, score: float | None, end: TrialEnd) -> list[float]:
        """Of a completed trial. A coverage that does not exist counts as none at all."""
        self._most_sec = max(self._most_sec, end.device_sec)
        return self._in_order(
            {"score": self.score(score), "coverage": end.coverage or 0.0, "device_sec": end.device_sec}
        )

    def of_failure(self, end: TrialEnd) -> list[float]:
        """Of a diverged or collapsed trial: the failure score, no coverage, and twice the most seconds known of any.

        Its own seconds would make an early failure a trial that no other beats.
        """
        self._most_sec = max(self._most_sec, end.device_sec)
        return self._in_order({"score": self._failure_score, "coverage": 0.0, "device_sec": 2 * self._most_sec})

    def _in_order(self, values: Mapping[str, float]) -> list[float]:
        return [values[name] for name in self._names]
