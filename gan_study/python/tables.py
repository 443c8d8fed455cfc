"""The trials and the evaluations of a run as pandas data frames."""

from collections.abc import Iterable

import pandas as pd

from gan_study.analysis.run_data import RunData, TrialData
from gan_study.report.tables.trials_csv import trial_rows
from gan_study.runs.records.measurements import EvaluationRecord, ObjectiveRecord

_NESTED = ("class_shares", "losses", "signals", "coverage", "best")
"""Fields of an evaluation that hold several values."""


def trials_table(run: RunData) -> pd.DataFrame:
    """A row for each trial, with the columns of trials.csv; a missing value is NaN."""
    columns, rows = trial_rows(run)
    table = pd.DataFrame(rows, columns=columns)
    table["late_collapse"] = table["late_collapse"].map({"true": True, "false": False})
    return _with_numbers(table)


def metrics_table(trials: Iterable[TrialData], objective: ObjectiveRecord | None) -> pd.DataFrame:
    """A row for each evaluation of each trial, with the fields of metrics.jsonl; a missing value is NaN.

    Nested fields have names such as `losses.d_loss`; the share of a class is in `class_shares.<its name>`.
    """
    rows = [
        {"arm": trial.config.arm, "trial": trial.name, "phase": trial.config.phase, **_values(evaluation, objective)}
        for trial in trials
        for evaluation in trial.evaluations
    ]
    if not rows:
        return pd.DataFrame(
            columns=["arm", "trial", "phase", *(f for f in EvaluationRecord.model_fields if f not in _NESTED)]
        )
    return _with_numbers(pd.json_normalize(rows))


def _with_numbers(table: pd.DataFrame) -> pd.DataFrame:
    """The table with NaN in columns without any value."""
    return table.astype(dict.fromkeys(table.columns[table.isna().all()], float))


def _values(evaluation: EvaluationRecord, objective: ObjectiveRecord | None) -> dict[str, object]:
    """The fields of an evaluation, nested ones only if they have values.

    The key of its coverage, which is the same in all trials, is left out.
    """
    values = evaluation.model_dump(exclude={"class_shares": True, "coverage": {"key"}})
    names = objective.class_names if objective is not None else None
    if names is not None and evaluation.class_shares is not None:
        values["class_shares"] = dict(zip(names, evaluation.class_shares, strict=True))
    return {name: value for name, value in values.items() if value is not None or name not in _NESTED}
