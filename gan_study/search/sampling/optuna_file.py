"""optuna.db: a copy of the Optuna studies in the run folder, for dashboards. The search itself works in memory."""

import math
import sqlite3
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from types import TracebackType

from optuna.exceptions import StorageInternalError
from optuna.storages import BaseStorage, InMemoryStorage, RDBStorage
from optuna.trial import FrozenTrial

from gan_study.errors import StorageError, first_line
from gan_study.runs.folder import RunFolder

_OPTUNA = "optuna.db"
_LOCK_SEC = 60
"""Seconds to wait for the file, which a dashboard locks while it reads."""
_MOST_BUSY = 0.05
"""Largest share of the driver's time that is spent on the file while the study runs."""


@dataclass
class _WrittenTrial:
    """One trial as the file holds it."""

    trial_id: int
    is_finished: bool
    num_reports: int
    attributes: set[str] = field(default_factory=set)
    """Names of the attributes, users' and Optuna's."""


@dataclass
class _WrittenStudy:
    """One Optuna study as the file holds it, with its trials by number."""

    study_id: int
    trials: dict[int, _WrittenTrial] = field(default_factory=dict)


class OptunaFile:
    """Holds the Optuna studies in memory, and copies them to an SQLite file in the run folder.

    Existing content of the file stays in place, so that an open dashboard follows an extended or resumed study. A file
    that cannot be read is written again, and so is a study in it whose trials differ from those in the run folder.
    SQLite cannot write to an object store, so there the file is made on the driver's disk and copied at the end. After
    an interruption in the middle of a write, the next command writes what is missing.

    Raises StorageError if the file cannot be written.
    """

    def __init__(self, folder: RunFolder) -> None:
        self._folder = folder
        self._temporary = None if folder.storage.is_local else tempfile.TemporaryDirectory()
        place = folder.storage.local_path("") if self._temporary is None else Path(self._temporary.name)
        self._path = place / _OPTUNA
        self.storage: BaseStorage = InMemoryStorage()
        self._written: dict[str, _WrittenStudy] = {}
        self._due = math.inf
        self._is_cut_short = False
        """True once an interruption has cut a write short: its transaction is still open and locks the file."""

    def __enter__(self) -> "OptunaFile":
        try:
            if self._temporary is not None:
                with suppress(FileNotFoundError):
                    self._path.write_bytes(self._folder.storage.read_bytes(_OPTUNA))
            try:
                self._file = self._open()
            except Exception:  # SQLite's, SQLAlchemy's or Optuna's: the file is damaged, or another version's
                self._path.unlink(missing_ok=True)
                self._file = self._open()
        except Exception as error:
            raise self._problem(error) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if not isinstance(error, StorageError) and not self._is_cut_short:
                self._write_all()
        except StorageError:
            if error is None:
                raise
        finally:
            self._file.remove_session()
            self._file.engine.dispose()
            if self._temporary is not None:
                if not self._is_cut_short:
                    self._folder.storage.write_bytes(_OPTUNA, self._path.read_bytes())
                self._temporary.cleanup()

    def allow_writing(self) -> None:
        """Allow writing from now on, because the storage now holds all trials of the run folder."""
        self._due = 0.0

    def write_changes(self) -> None:
        """Write the changes, if writing is allowed and has not just taken more than its share of the time."""
        if time.monotonic() < self._due:
            return
        start = time.monotonic()
        self._write_all(until=start + 1)
        spent = time.monotonic() - start
        self._due = start + max(1.0, spent / _MOST_BUSY)

    def _open(self) -> RDBStorage:
        # A path within a URL would need quoting that depends on SQLAlchemy's version.
        return RDBStorage("sqlite://", engine_kwargs={"creator": partial(_connect, self._path)})

    def _write_all(self, until: float = math.inf) -> None:
        """Write the changes of all studies, or as many as can be written before `until` (monotonic clock, seconds)."""
        try:
            for study in self.storage.get_all_studies():
                trials = self.storage.get_all_trials(study._study_id, deepcopy=False)
                if study.study_name not in self._written:
                    self._written[study.study_name] = self._find(study.study_name, trials)
                written = self._written[study.study_name]
                for trial in trials:
                    if time.monotonic() > until:
                        return
                    _write_trial(self._file, written, trial)
        except StorageInternalError as error:
            raise self._problem(error) from error
        except BaseException:
            self._is_cut_short = True
            raise

    def _find(self, name: str, trials: list[FrozenTrial]) -> _WrittenStudy:
        """Return the file's study of this name, if its trials are the first of `trials`, else a new one."""
        source = next(each for each in self.storage.get_all_studies() if each.study_name == name)
        for there in self._file.get_all_studies():
            if there.study_name != name:
                continue
            known = self._file.get_all_trials(there._study_id)
            if there.directions == source.directions and _are_first(known, trials):
                return _WrittenStudy(there._study_id, {t.number: _as_written(t) for t in known})
            self._file.delete_study(there._study_id)
        return _WrittenStudy(self._file.create_new_study(source.directions, name))

    def _problem(self, error: Exception) -> StorageError:
        cause = first_line(error.__cause__ or error)
        return StorageError(
            f"{self._folder.location}/{_OPTUNA}: Optuna must be able to write this file, but got {cause}; make sure "
            "that there is space left and that writing is permitted, then run `gan_study resume` on the run folder"
        )


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_LOCK_SEC, check_same_thread=False)
    # Without waiting for the disk, a failure of the machine can lose transactions. The next command repeats them.
    connection.execute("PRAGMA synchronous=OFF")
    return connection


def _are_first(known: list[FrozenTrial], trials: list[FrozenTrial]) -> bool:
    """Return True if the file's trials are an earlier state of the first of `trials`, or of all."""
    if len(known) > len(trials):
        return False
    for old, new in zip(known, trials, strict=False):
        is_older = not old.state.is_finished() or (old.state, old.values) == (new.state, new.values)
        if not is_older or old.params != new.params or old.distributions != new.distributions:
            return False
    return True


def _as_written(trial: FrozenTrial) -> _WrittenTrial:
    names = {*trial.user_attrs, *trial.system_attrs}
    return _WrittenTrial(trial._trial_id, trial.state.is_finished(), len(trial.intermediate_values), names)


def _write_trial(file: RDBStorage, study: _WrittenStudy, trial: FrozenTrial) -> None:
    """Bring one trial in the file up to date. A finished trial never changes."""
    written = study.trials.get(trial.number)
    if written is None:
        trial_id = file.create_new_trial(study.study_id, template_trial=trial)
        study.trials[trial.number] = replace(_as_written(trial), trial_id=trial_id)
        return
    if written.is_finished:
        return
    for step, value in sorted(trial.intermediate_values.items())[written.num_reports :]:
        file.set_trial_intermediate_value(written.trial_id, step, value)
    for name, attribute in trial.user_attrs.items():
        if name not in written.attributes:
            file.set_trial_user_attr(written.trial_id, name, attribute)
    for name, attribute in trial.system_attrs.items():
        if name not in written.attributes:
            file.set_trial_system_attr(written.trial_id, name, attribute)
    if trial.state.is_finished():
        file.set_trial_state_values(written.trial_id, trial.state, trial.values)
    study.trials[trial.number] = replace(_as_written(trial), trial_id=written.trial_id)
