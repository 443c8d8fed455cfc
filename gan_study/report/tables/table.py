"""A table as rows of text."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Table:
    """Plain text in rows and columns."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    text_columns: frozenset[str]
    """Columns of text, which are aligned left. The others hold numbers."""
    muted: frozenset[tuple[int, int]] = frozenset()
    """Row and column of cells that are shown in grey."""
