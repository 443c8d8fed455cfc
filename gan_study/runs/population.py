"""population/<arm>.jsonl and a trial's pbt.jsonl: which trials of a population went on as copies of which, and how."""

from gan_study.config.base import Scalar
from gan_study.config.schedule import ScheduleEntry
from gan_study.runs.records import Record


class MemberCopy(Record):
    """One trial that went on as a copy of another. Its folder is from then on that of its parent's training."""

    at_kimg: float
    """Where the population was compared."""
    child: str
    """Name of the trial that was given up."""
    parent: str
    """Name of the trial it became a copy of, with its configuration, seed, weights and history up to here."""
    rates: ScheduleEntry
    """What the copy goes on with, from the images its parent had seen."""
    child_score: float | None
    """Score at which the child was given up; null if it had none."""
    parent_score: float
    """Score of its parent there."""
    replaced: dict[str, Scalar]
    """The child's searched values before."""
    given_up: tuple[tuple[int, float | None], ...]
    """Images and score at every evaluation of what was given up."""
    given_up_sec: float
    """Seconds of training and evaluation behind it. The folder then counts its parent's instead."""


class Generation(Record):
    """One line of population/<arm>.jsonl: a comparison and all that follows from it."""

    at_kimg: float
    """Where it was made."""
    scores: dict[str, float | None]
    """Of all trials that still ran, by name; null where there is none."""
    copies: tuple[MemberCopy, ...]
    """Made in this order; a parent is never a child of the same comparison."""
