"""Optuna's trials in memory, from which results can be hidden: a search then does not depend on what ends first."""

from collections.abc import Container, Iterator
from contextlib import contextmanager

from optuna.storages import InMemoryStorage
from optuna.trial import FrozenTrial, TrialState

_RESULTS = ("completed_rung_", "constraints")
"""Beginnings of the system attributes in which Optuna's pruners and samplers note a trial's results."""


class SearchStorage(InMemoryStorage):
    """Holds the Optuna studies of all searches. Trials carry their index in the search as a user attribute."""

    def __init__(self) -> None:
        super().__init__()
        self._first_hidden: int | None = None

    @contextmanager
    def hiding_from(self, index: int | None) -> Iterator[None]:
        """Show the trials from `index` on as running, with their values but without results; None hides nothing.

        Trials that a refinement has imported from its arm's search are never hidden.
        """
        before, self._first_hidden = self._first_hidden, index
        try:
            yield
        finally:
            self._first_hidden = before

    def get_all_trials(
        self, study_id: int, deepcopy: bool = True, states: Container[TrialState] | None = None
    ) -> list[FrozenTrial]:
        """Return a study's trials; only the states in `states`, if they are given."""
        first = self._first_hidden
        if first is None or states == (TrialState.WAITING,):  # Optuna looks for these in a way of its own.
            return super().get_all_trials(study_id, deepcopy, states)
        trials = super().get_all_trials(study_id, deepcopy)
        seen = (_as_running(trial) if _is_hidden(trial, first) else trial for trial in trials)
        return [trial for trial in seen if states is None or trial.state in states]


def _is_hidden(trial: FrozenTrial, first: int) -> bool:
    return trial.user_attrs["index"] >= first and "phase" not in trial.user_attrs


def _as_running(trial: FrozenTrial) -> FrozenTrial:
    return FrozenTrial(
        number=trial.number,
        state=TrialState.RUNNING,
        value=None,
        datetime_start=trial.datetime_start,
        datetime_complete=None,
        params=trial.params,
        distributions=trial.distributions,
        user_attrs={"index": trial.user_attrs["index"]},
        system_attrs={k: v for k, v in trial.system_attrs.items() if not k.startswith(_RESULTS)},
        intermediate_values={},
        trial_id=trial._trial_id,
    )
