"""The status files of a run folder: the state of the study, and the state and the end of each trial."""

from enum import StrEnum
from typing import Literal

from pydantic import Field

from gan_study.runs.records.measurements import SCHEMA_VERSION, Record
from gan_study.runs.secrets import PublicText


class TrialState(StrEnum):
    """The states of a trial."""

    RUNNING = "running"
    COMPLETED = "completed"
    STOPPED = "stopped"
    """Given up by the scheduler, or ended because its generator had collapsed."""
    DIVERGED = "diverged"
    """A loss or a gradient became infinite or NaN."""
    FAILED = "failed"
    """Its process died or raised an error in every attempt."""

    @property
    def is_final(self) -> bool:
        """True if the trial has ended."""
        return self is not TrialState.RUNNING


LOST_PROCESS = "its process "
"""Beginning of the reason of a failed trial whose process died rather than raised an error."""


class RollbackRecord(Record):
    """One return of a training to an earlier state; see `on_collapse: rollback`."""

    cur_nimg: int
    """Images seen at the rollback; later images are counted from here."""
    to_nimg: int
    """Images seen by the state to which it returned: the last evaluation without a sign of collapse."""
    reason: str
    """Reason in words."""


EndPart = Literal["diagnosis", "interpolation", "final_scores"]
"""Parts of the work after the last step of a completed trial, in this order. They do not change the training."""


class TrialStatus(Record):
    """status.json of a trial."""

    schema_version: Literal[1] = SCHEMA_VERSION
    state: TrialState
    reason: PublicText | None = None
    """The reason in words if it is not completed."""
    collapsed: bool = False
    """True if it was stopped because its generator had collapsed."""
    rollbacks: tuple[RollbackRecord, ...] = ()
    """Returns of the training to an earlier state, in their order."""
    cur_nimg: int = 0
    """Images seen when this was written."""
    is_paused: bool = False
    """True if it waits, with a checkpoint, for the rest of its population."""
    seconds: float | None = None
    """Seconds of training and evaluation over all attempts, when the loop ended. Null while the trial runs, if the
    study ended it, and in files of older versions."""
    end_failures: dict[EndPart, str] = Field(default={})
    """Reasons for missing parts of the end work of a completed trial; `resume` tries them again."""
    end_not_finite: tuple[EndPart, ...] = ()
    """Parts of the end work without a result because a generated image is not finite."""
    num_restarts: int = 0
    """Restarts from its checkpoint after its process or the study had died."""
    damaged_checkpoints: tuple[int, ...] = ()
    """Images seen at checkpoints that were found damaged. The trial resumed from the one before, or started again."""
    pid: int | None = None
    """Process of rank 0 while it runs."""
    host: str | None = None
    """Name of the machine on which that process runs."""
    start_time: float | None = None
    """Unix time at the start of its first attempt."""
    end_time: float | None = None
    """Unix time at its end."""


class HeardRecord(Record):
    """heard.json of a trial that rungs compare with others: the evaluations that the study has answered."""

    schema_version: Literal[1] = SCHEMA_VERSION
    order: dict[int, int] = Field(default={})
    """For each number of images seen, the running number of the evaluation among all those of the study, from 0."""


class StudyStatus(Record):
    """study_status.json: the state of the whole study."""

    schema_version: Literal[1] = SCHEMA_VERSION
    state: Literal["running", "interrupted", "completed", "failed"]
    reason: PublicText | None = None
    """The reason in words if an error interrupted the study; null in files of older versions."""
    start_time: float = Field(ge=0, le=1e11)
    """Unix time at the start of the first attempt."""
    elapsed_sec: float = 0.0
    """Seconds of all attempts together."""
    num_concurrent_trials: int = 1
    """Most trials at once for which the cluster has had room."""
    waiting_for: str | None = None
    """The machines that the study waits for while its cluster has no room for a trial, in words."""
    pid: int | None = None
    """Process of the command while it runs."""
    host: str | None = None
    """Name of the machine on which that process runs."""
    process: str | None = None
    """The process's identity; see `process_identity`. Null in files of older versions."""
