"""decisions.json: what somebody has cut short of a study while it ran."""

from typing import Literal

from pydantic import Field

from gan_study.runs.records import SCHEMA_VERSION, Record


class SkippedArm(Record):
    """An arm that was given up by hand."""

    num_trials: int
    """Search and refine trials of it that had ended by then."""
    num_planned: int
    """How many it was to have."""


class DecisionsRecord(Record):
    """All decisions. What had been trained before stays in the run folder."""

    schema_version: Literal[1] = SCHEMA_VERSION
    skipped: dict[str, SkippedArm] = Field(default_factory=dict)
    """Arms that train nothing more and take part in no comparison."""
    confirms_now: bool = False
    """Whether search and refinement have ended with the trials that there were."""
    changes: tuple[str, ...] = ()
    """What was lowered, such as `confirm.seeds: 5 to 2`, the oldest first."""
