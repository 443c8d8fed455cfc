"""refine/<arm>.json of a run folder: the ranges in which an arm's search was refined."""

from typing import Literal

from gan_study.config.space import SearchRange
from gan_study.runs.records.measurements import SCHEMA_VERSION, Record


class RefinementRecord(Record):
    """The ranges of an arm's refine trials, written before the first of them."""

    schema_version: Literal[1] = SCHEMA_VERSION
    sources: tuple[str, ...]
    """Search trials that span the ranges, the best first; empty if none was completed, so that no range is narrower."""
    ranges: dict[str, SearchRange]
    """Narrowed ranges by label: the dotted name, with its condition if a hyperparameter has several ranges."""
