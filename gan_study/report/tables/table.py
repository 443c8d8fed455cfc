"""A table as rows of text."""

from collections.abc import Sequence
from dataclasses import dataclass

MOST_ROWS = 500
"""Largest number of trials in a table of a page."""


@dataclass(frozen=True)
class Table:
    """Plain text in rows and columns."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    text_columns: frozenset[str]
    """Columns of text, which are aligned left. The others hold numbers."""
    muted: frozenset[tuple[int, int]] = frozenset()
    """Row and column of cells that are shown in grey."""
    num_left_out: int = 0
    """Trials that have no row because there are too many."""

    @classmethod
    def of_first(
        cls, columns: tuple[str, ...], rows: Sequence[tuple[str, ...]], text_columns: frozenset[str]
    ) -> "Table":
        """Return a table of the first `MOST_ROWS` rows, which counts the others."""
        return cls(columns, tuple(rows[:MOST_ROWS]), text_columns, num_left_out=max(0, len(rows) - MOST_ROWS))
