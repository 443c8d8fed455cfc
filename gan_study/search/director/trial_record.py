"""One trial as the director knows it, and the order in which trials are confirmed."""

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from gan_study.analysis.statistics.pareto import front_first
from gan_study.config.names import SearchObjectiveName
from gan_study.config.training import TrialConfig
from gan_study.runs.counted_generator import counted_score
from gan_study.runs.records.measurements import EvaluationRecord
from gan_study.runs.records.status import TrialState, TrialStatus
from gan_study.runs.secrets import without_secrets
from gan_study.runs.trial_folder import TrialFolder
from gan_study.search.sampling.objective_values import TrialEnd

_NO_MEMORY = re.compile(
    r"out of memory|OutOfMemory|not enough memory|can('t|not) allocate memory|MemoryError|low on memory"
    r"|memory usage threshold|bad_alloc|OOM killer",
    re.IGNORECASE,
)
"""Words of torch, Python, Ray and C++ for a lack of memory."""


@dataclass
class TrialRecord:
    """One trial as the director knows it."""

    config: TrialConfig
    folder: TrialFolder
    state: TrialState = TrialState.RUNNING
    collapsed: bool = False
    """True if it was stopped because its generator had collapsed."""
    evaluations: list[EvaluationRecord] = field(default_factory=list)
    answered: dict[int, int] = field(default_factory=dict)
    """Running number of each evaluation that the study has answered, by images seen (`AnswerOrder`)."""
    failure: str | None = None
    """The reason if it has failed since this command began. Its state follows once the trials do not share it."""

    @property
    def score(self) -> float | None:
        """The score that counts, by `objective.at`; None if it was made from fewer images than a ranked score is."""
        if not self.evaluations:
            return None
        last, objective = self.evaluations[-1], self.config.training.objective
        is_full = last.num_samples in (None, objective.num_samples)
        return counted_score(last, objective.at) if is_full else None

    @property
    def curve_score(self) -> float | None:
        """The last score by which trials are compared before their end, from equally many images; it does not rank the
        trial."""
        return self.evaluations[-1].curve_score if self.evaluations else None

    @property
    def cur_nimg(self) -> int:
        """Images seen at the last evaluation."""
        return self.evaluations[-1].cur_nimg if self.evaluations else 0

    def compared_evaluation(self, number: int | None = None) -> EvaluationRecord:
        """Return the last evaluation, or the `number`th, as rungs compare it with those of other trials.

        After a rollback it holds the scores of the state from which the trial continues, at the images spent by then.
        """
        known = self.evaluations[:number]
        last = known[-1]
        if last.rolled_back_to is None:
            return last
        kept = next(e for e in known if e.cur_nimg == last.rolled_back_to)
        return last.model_copy(update={"score": kept.score, "early_score": kept.early_score})


def name_batch_size(config: TrialConfig, reason: str) -> str:
    """Return the reason of a failure; if it is a lack of memory, with the batch size that needed it."""
    if not _NO_MEMORY.search(reason):
        return reason
    num_workers, least = config.workers.num_workers, config.workers.min_workers
    on = f" on {f'{least} to ' if least else ''}{num_workers} workers" if num_workers > 1 else ""
    return f"{reason} (batch_size={config.training.batch_size}{on}; a smaller batch or network needs less memory)"


def write_end(trial: TrialRecord, state: TrialState, reason: str) -> None:
    """Write that the study has ended a trial, and delete its checkpoints."""
    status = trial.folder.read_status() or TrialStatus(state=TrialState.RUNNING)
    end = {
        "state": state,
        "reason": without_secrets(reason),
        "cur_nimg": trial.cur_nimg,
        "end_time": time.time(),
        "pid": None,
    }
    trial.folder.write_status(status.model_copy(update={**end, "is_paused": False}))
    trial.folder.delete_checkpoints()


def confirmation_order(trials: Sequence[TrialRecord], names: Sequence[SearchObjectiveName]) -> list[TrialRecord]:
    """Return completed trials with a score: those on the Pareto front first, otherwise in their given order.

    A trial without a coverage counts as one with a coverage of 0. With one objective the order does not change.
    """
    if len(names) == 1:
        return list(trials)
    ends = [TrialEnd.of(trial.evaluations, trial.config.workers.num_workers) for trial in trials]
    known = [
        {"score": trial.score or 0.0, "coverage": end.coverage or 0.0, "device_sec": end.device_sec}
        for trial, end in zip(trials, ends, strict=True)
    ]
    return front_first(trials, [{name: values[name] for name in names} for values in known])
