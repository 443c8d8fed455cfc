"""extensions.json: additions to a study after it had run."""

from typing import Literal

from gan_study.runs.records.measurements import SCHEMA_VERSION, Record
from gan_study.runs.secrets import PublicText


class ExtensionRecord(Record):
    """One extension."""

    time: float
    """Unix time of the command."""
    command: PublicText
    """The command line."""
    additions: tuple[str, ...]
    """Settings that grew, such as `budget.trials_per_arm: 8 to 12`."""
    changes: tuple[str, ...] = ()
    """Other settings that changed, such as resources."""
    former_study: str
    """The file in the run folder that holds the study before the extension."""
    num_trials: int
    """Trials that had ended before."""


class ExtensionsRecord(Record):
    """All extensions of a study, the oldest first."""

    schema_version: Literal[1] = SCHEMA_VERSION
    extensions: tuple[ExtensionRecord, ...] = ()
