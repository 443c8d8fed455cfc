"""Rows of Optuna's tables for many trials in one transaction.

Optuna's own methods take a transaction for each change of a trial, and some 25 statements for a new one, 20 ms in all.
Its tables are the same in versions 4.9 and 5.0.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from optuna.distributions import distribution_to_json
from optuna.storages import RDBStorage
from optuna.storages._rdb import models
from optuna.trial import FrozenTrial
from sqlalchemy import insert

_Row = tuple[type[models.BaseModel], dict[str, Any]]


@dataclass
class WrittenTrial:
    """One trial as the file holds it."""

    trial_id: int
    is_finished: bool = False
    num_reports: int = 0
    attributes: set[str] = field(default_factory=set)
    """Names of the attributes, users' and Optuna's."""

    @classmethod
    def of(cls, trial: FrozenTrial, trial_id: int) -> "WrittenTrial":
        """Return a trial all of which the file holds."""
        names = {*trial.user_attrs, *trial.system_attrs}
        return cls(trial_id, trial.state.is_finished(), len(trial.intermediate_values), names)

    def differs(self, trial: FrozenTrial) -> bool:
        """Return True if the trial has changed since. A finished one never does."""
        return not self.is_finished and self != WrittenTrial.of(trial, self.trial_id)


@dataclass
class WrittenStudy:
    """One Optuna study as the file holds it, with its trials by number."""

    study_id: int
    trials: dict[int, WrittenTrial] = field(default_factory=dict)

    def changed(self, trials: Sequence[FrozenTrial]) -> list[FrozenTrial]:
        """Return those of the study's trials that are new or have changed, in their order."""
        return [t for t in trials if (known := self.trials.get(t.number)) is None or known.differs(t)]


def write_trials(file: RDBStorage, study: WrittenStudy, trials: Sequence[FrozenTrial]) -> None:
    """Bring changed trials in the file up to date, all of them or none.

    Raises SQLAlchemyError if the file cannot be written.
    """
    with file.scoped_session() as session:
        new: dict[int, Any] = {t.number: _trial_row(study.study_id, t) for t in trials if t.number not in study.trials}
        session.add_all(new.values())
        session.flush()  # The rows have their ids now.
        known = {number: WrittenTrial(row.trial_id) for number, row in new.items()} | study.trials
        rows: defaultdict[type[models.BaseModel], list[dict[str, Any]]] = defaultdict(list)
        for trial in trials:
            for table, missing in _missing_rows(trial, known[trial.number], is_new=trial.number in new):
                rows[table].append({"trial_id": known[trial.number].trial_id, **missing})
        for table, additions in rows.items():
            session.execute(insert(table), additions)
        ended = {known[t.number].trial_id: t for t in trials if t.state.is_finished() and t.number not in new}
        row: Any  # Optuna's columns have no types.
        for row in session.query(models.TrialModel).filter(models.TrialModel.trial_id.in_(ended)):
            row.state, row.datetime_complete = ended[row.trial_id].state, ended[row.trial_id].datetime_complete
        session.commit()
    study.trials.update({t.number: WrittenTrial.of(t, known[t.number].trial_id) for t in trials})


def _trial_row(study_id: int, trial: FrozenTrial) -> models.TrialModel:
    return models.TrialModel(
        study_id=study_id,
        number=trial.number,
        state=trial.state,
        datetime_start=trial.datetime_start,
        datetime_complete=trial.datetime_complete,
    )


def _missing_rows(trial: FrozenTrial, known: WrittenTrial, is_new: bool) -> Iterator[_Row]:
    """Yield the rows that the file lacks of a trial, without the trial's id."""
    for name, value in trial.params.items() if is_new else ():
        distribution = trial.distributions[name]
        yield (
            models.TrialParamModel,
            {
                "param_name": name,
                "param_value": distribution.to_internal_repr(value),
                "distribution_json": distribution_to_json(distribution),
            },
        )
    for step, value in sorted(trial.intermediate_values.items())[known.num_reports :]:
        stored, kind = models.TrialIntermediateValueModel.intermediate_value_to_stored_repr(value)
        yield (
            models.TrialIntermediateValueModel,
            {"step": step, "intermediate_value": stored, "intermediate_value_type": kind},
        )
    for table, attributes in (
        (models.TrialUserAttributeModel, trial.user_attrs),
        (models.TrialSystemAttributeModel, trial.system_attrs),
    ):
        for name, value in attributes.items():
            if name not in known.attributes:
                yield table, {"key": name, "value_json": json.dumps(value)}
    if trial.state.is_finished():
        for objective, value in enumerate(trial.values or ()):
            at_end, kind_at_end = models.TrialValueModel.value_to_stored_repr(value)
            yield models.TrialValueModel, {"objective": objective, "value": at_end, "value_type": kind_at_end}
