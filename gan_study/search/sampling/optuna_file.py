"""optuna.db: a copy of the Optuna studies in the run folder, for dashboards. The search itself works in memory."""

import math
import sqlite3
import tempfile
import time
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import TracebackType

from optuna.exceptions import StorageInternalError
from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial
from sqlalchemy.exc import SQLAlchemyError

from gan_study.errors import StorageError, first_line
from gan_study.runs.folder import RunFolder
from gan_study.search.sampling.optuna_rows import WrittenStudy, WrittenTrial, write_trials
from gan_study.search.sampling.search_storage import SearchStorage

_OPTUNA = "optuna.db"
LOCK_SEC = 60
"""Seconds to wait for the file, which a dashboard locks while it reads."""
_LOCKED = "database is locked"
_MOST_BUSY = 0.05
"""Largest share of the driver's time that is spent on the file while the study runs."""
_BATCH = 100
"""Trials that are written in one transaction."""


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
        self.storage = SearchStorage()
        self._written: dict[str, WrittenStudy] = {}
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
        """Write the changes, if writing is allowed and has not just taken more than its share of the time.

        A file that another program has locked is written later, at the latest at the end.
        """
        if time.monotonic() < self._due:
            return
        start = time.monotonic()
        try:
            self._write_all(until=start + 1)
        except StorageError as error:
            if _LOCKED not in str(error):
                raise
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
                changed = written.changed(trials)
                for first in range(0, len(changed), _BATCH):
                    if time.monotonic() > until:
                        return
                    write_trials(self._file, written, changed[first : first + _BATCH])
        except (StorageInternalError, SQLAlchemyError) as error:
            raise self._problem(error) from error
        except BaseException:
            self._is_cut_short = True
            raise

    def _find(self, name: str, trials: list[FrozenTrial]) -> WrittenStudy:
        """Return the file's study of this name, if its trials are the first of `trials`, else a new one."""
        source = next(each for each in self.storage.get_all_studies() if each.study_name == name)
        for there in self._file.get_all_studies():
            if there.study_name != name:
                continue
            known = self._file.get_all_trials(there._study_id)
            if there.directions == source.directions and _are_first(known, trials):
                return WrittenStudy(there._study_id, {t.number: WrittenTrial.of(t, t._trial_id) for t in known})
            self._file.delete_study(there._study_id)
        return WrittenStudy(self._file.create_new_study(source.directions, name))

    def _problem(self, error: Exception) -> StorageError:
        cause = first_line(error.__cause__ or error)
        return StorageError(
            f"{self._folder.location}/{_OPTUNA}: Optuna must be able to write this file, but got {cause}; make sure "
            "that there is space left and that writing is permitted, then run `gan_study resume` on the run folder"
        )


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=LOCK_SEC, check_same_thread=False)
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
