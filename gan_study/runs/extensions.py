"""extensions.json: what was added to a study after it had been run."""

from typing import Literal

from gan_study.runs.records import SCHEMA_VERSION, Record
from gan_study.runs.secrets import PublicText


class ExtensionRecord(Record):
    """One extension."""

    time: float
    """Unix time at which it was asked for."""
    command: PublicText
    """The command line."""
    additions: tuple[str, ...]
    """What there is more of, such as `budget.trials_per_arm: 8 to 12`."""
    changes: tuple[str, ...] = ()
    """What else is different, such as resources."""
    former_study: str
    """The file in the run folder that holds the study as it was before."""
    num_trials: int
    """Trials that had ended before."""


class ExtensionsRecord(Record):
    """All extensions of a study, the oldest first."""

    schema_version: Literal[1] = SCHEMA_VERSION
    extensions: tuple[ExtensionRecord, ...] = ()
