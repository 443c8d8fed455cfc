"""decisions.json: the parts of a study that a user cut short while it ran."""

from typing import Literal

from pydantic import Field

from gan_study.runs.records.measurements import SCHEMA_VERSION, Record


class SkippedArm(Record):
    """An arm that the user gave up."""

    num_trials: int
    """Search and refine trials that had ended by then."""
    num_planned: int
    """Search and refine trials that were planned."""


class DecisionsRecord(Record):
    """All decisions. Trials that had been trained before stay in the run folder."""

    schema_version: Literal[1] = SCHEMA_VERSION
    skipped: dict[str, SkippedArm] = Field(default_factory=dict)
    """Arms that are trained no further and left out of comparisons, by name."""
    confirms_now: bool = False
    """True if search and refinement ended early, with the trials that existed by then."""
    changes: tuple[str, ...] = ()
    """Settings that were lowered, such as `confirm.seeds: 5 to 2`, the oldest first."""
