"""The tables of a comparison of studies: every arm with its study, every item of the protocols in one row."""

from collections.abc import Callable, Sequence

from gan_study.analysis.comparison.side_by_side import SideBySide
from gan_study.analysis.run_data import RunData
from gan_study.analysis.sentences.number_text import NOTHING
from gan_study.config.arms.arm import Arm
from gan_study.config.arms.settings import arm_settings
from gan_study.report.tables.configuration_tables import arm_table, configurations
from gan_study.report.tables.final_scores_table import final_note, final_table
from gan_study.report.tables.protocol import protocol_items
from gan_study.report.tables.result_tables import cost_table, score_table
from gan_study.report.tables.table import Table
from gan_study.report.tables.trial_tables import confirmed_table, state_table


def arm_tables(found: SideBySide) -> dict[str, Table]:
    """The tables with one or more rows for each arm, by their names in the templates of a report."""
    run, summary = found.together, found.summary
    confirmed = [found.confirmed[arm] for arm in found.standing if arm in found.confirmed]
    made = {
        "scores": _in_order(score_table(run, summary), found.standing),
        "costs": _in_order(cost_table(summary), found.standing),
        "confirmed": confirmed_table(run, confirmed),
        "final": final_table(run, confirmed),
        "arm_table": _stacked(found.runs, arm_table),
        "states": _stacked(found.runs, state_table),
    }
    return {name: _with_study(table, found) for name, table in made.items()}


def configuration_table(found: SideBySide) -> Table:
    """The configuration of each arm, with the values that its own study fixes."""
    return configurations(
        found.summary, {arm: arm_settings(Arm(run.study, arm)).fixed for run in found.runs for arm in run.arms}
    )


def final_notes(found: SideBySide) -> str:
    """Number of images behind the final scores, by study if it differs."""
    notes = {
        study.label: final_note([found.confirmed[arm] for arm in run.arms if arm in found.confirmed])
        for study, run in zip(found.studies, found.runs, strict=True)
    }
    known = {label: note for label, note in notes.items() if note}
    if len(set(known.values())) <= 1:
        return next(iter(known.values()), "")
    return " ".join(f"{label}: {note}" for label, note in known.items())


def difference_table(found: SideBySide) -> Table:
    """Settings and facts that differ between the studies, without their arms."""
    columns = ("Different", *(study.label for study in found.studies))
    return Table(columns, tuple((row.name, *row.values) for row in found.differences), frozenset(columns))


def protocol_table(found: SideBySide) -> Table:
    """The protocols with a column for each study. Items that are equal in all are muted."""
    items = [_by_term(protocol_items(study.run)) for study in found.studies]
    terms = dict.fromkeys(term for each in items for term in each)
    values = [(term, tuple(each.get(term, NOTHING) for each in items)) for term in terms]
    rows = tuple((term, "yes" if len(set(texts)) > 1 else "no", *texts) for term, texts in values)
    columns = ("Item", "Differs", *(study.label for study in found.studies))
    muted = frozenset((i, j) for i, row in enumerate(rows) if row[1] == "no" for j in range(1, len(columns)))
    return Table(columns, rows, frozenset(columns), muted)


def _by_term(items: Sequence[tuple[str, str]]) -> dict[str, str]:
    texts: dict[str, list[str]] = {}
    for term, text in items:
        texts.setdefault(term, []).append(text)
    return {term: "; ".join(each) for term, each in texts.items()}


def _in_order(table: Table, arms: Sequence[str]) -> Table:
    """Sort rows that begin with an arm in the order of `arms`."""
    rows = {row[0]: row for row in table.rows}
    return Table(table.columns, tuple(rows[arm] for arm in arms), table.text_columns)


def _stacked(runs: Sequence[RunData], make: Callable[[RunData], Table]) -> Table:
    """Make a table of each run and put the rows of all into one table."""
    found = [make(run) for run in runs]
    columns = tuple(dict.fromkeys(column for table in found for column in table.columns))
    rows = [dict(zip(table.columns, row, strict=True)) for table in found for row in table.rows]
    return Table(
        columns,
        tuple(tuple(row.get(column, NOTHING) for column in columns) for row in rows),
        frozenset().union(*(table.text_columns for table in found)),
    )


def _with_study(table: Table, found: SideBySide) -> Table:
    """Add a second column with the study of the arm in the first."""
    if not table.rows:
        return table
    return Table(
        (table.columns[0], "Study", *table.columns[1:]),
        tuple((row[0], found.study_of[row[0]], *row[1:]) for row in table.rows),
        table.text_columns | {"Study"},
        frozenset((row, column) for i, j in table.muted for row, column in _moved(i, j)),
    )


def _moved(row: int, column: int) -> Sequence[tuple[int, int]]:
    """Places of a cell after a second column was added, which is muted like the first."""
    return [(row, 0), (row, 1)] if column == 0 else [(row, column + 1)]
