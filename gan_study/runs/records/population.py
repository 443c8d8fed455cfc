"""population/<arm>.jsonl and pbt.jsonl: the copies among the trials of a population."""

from gan_study.config.base import Scalar
from gan_study.config.values.schedule import ScheduleEntry
from gan_study.runs.records.measurements import Record


class MemberCopy(Record):
    """One trial that continued as a copy of another. From then on, its folder holds its parent's training."""

    at_kimg: float
    """Images seen at the comparison, in thousands."""
    child: str
    """Name of the trial that was given up."""
    parent: str
    """Name of the trial whose configuration, seed, weights and history so far it took over."""
    rates: ScheduleEntry
    """Changed values with which the copy continues after its parent's images."""
    child_score: float | None
    """The child's score at the comparison; null if it had none."""
    parent_score: float
    """The parent's score at the comparison."""
    replaced: dict[str, Scalar]
    """Searched values of the child before the copy."""
    given_up: tuple[tuple[int, float | None], ...]
    """Images and score at every evaluation of the training that was given up."""
    given_up_sec: float
    """Seconds of training and evaluation that were given up. The folder then counts its parent's seconds instead."""


class Generation(Record):
    """One line of population/<arm>.jsonl: a comparison and its copies."""

    at_kimg: float
    """Images seen at the comparison, in thousands."""
    scores: dict[str, float | None]
    """Scores of all running trials, by name; null without a score."""
    copies: tuple[MemberCopy, ...]
    """Copies in the order in which they were made; a parent is never a child in the same comparison."""
