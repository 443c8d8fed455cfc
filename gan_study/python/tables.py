"""The trials and the evaluations of a run as pandas data frames."""

import io
from collections.abc import Iterable

import pandas as pd

from gan_study.analysis.run_data import RunData, TrialData
from gan_study.report.tables.trials_csv import trials_csv
from gan_study.runs.records.measurements import EvaluationRecord, ObjectiveRecord

_TEXTS = ("arm", "trial", "phase", "source", "state", "reason", "rollbacks", "verdict", "missing_classes")
"""Columns of trials.csv that hold texts, whatever they look like."""

_NESTED = ("class_shares", "losses", "signals", "coverage", "best")
"""Fields of an evaluation that hold several values."""


def trials_table(run: RunData) -> pd.DataFrame:
    """The content of trials.csv, with a row for each trial; a missing value is NaN."""
    return pd.read_csv(
        io.StringIO(trials_csv(run)),
        dtype=dict.fromkeys(_TEXTS, str),
        keep_default_na=False,  # An arm may be called NA.
        na_values=[""],
        engine="python",  # It reads every number exactly.
    )


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
    table = pd.json_normalize(rows)
    empty = table.columns[table.isna().all()]
    return table.astype(dict.fromkeys(empty, float))


def _values(evaluation: EvaluationRecord, objective: ObjectiveRecord | None) -> dict[str, object]:
    """The fields of an evaluation, nested ones only if they have values.

    The key of its coverage, which is the same in all trials, is left out.
    """
    values = evaluation.model_dump(exclude={"class_shares": True, "coverage": {"key"}})
    names = objective.class_names if objective is not None else None
    if names is not None and evaluation.class_shares is not None:
        values["class_shares"] = dict(zip(names, evaluation.class_shares, strict=True))
    return {name: value for name, value in values.items() if value is not None or name not in _NESTED}
