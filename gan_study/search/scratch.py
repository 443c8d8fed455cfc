"""Files that Ray and Optuna need while a study runs, and that the run folder can do without."""

import tempfile
from pathlib import Path
from types import TracebackType

from optuna.exceptions import StorageInternalError
from optuna.storages import RDBStorage

from gan_study.errors import StorageError
from gan_study.runs.folder import RunFolder

_OPTUNA = "optuna.db"
_RAY = ".ray"


class OptunaFile:
    """The SQLite file behind the Optuna studies, new for every run: the director fills it from the trials.

    In a local run folder it is written in place, so that a dashboard can follow; SQLite cannot write to an
    object store, so there it is kept on the driver's disk and copied at the end.
    """

    def __init__(self, folder: RunFolder) -> None:
        self._folder = folder
        self._temporary = None if folder.storage.is_local else tempfile.TemporaryDirectory()
        if self._temporary is None:
            folder.storage.delete(_OPTUNA)
            self._path = folder.storage.local_path(_OPTUNA)
        else:
            self._path = Path(self._temporary.name) / _OPTUNA

    def __enter__(self) -> "OptunaFile":
        try:
            self.storage = RDBStorage(f"sqlite:///{self._path}")
        except Exception as error:  # of SQLAlchemy, which only Optuna depends on
            raise StorageError(optuna_problem(self._folder.location, error)) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.storage.remove_session()
        self.storage.engine.dispose()
        if self._temporary is not None:
            self._folder.storage.write_bytes(_OPTUNA, self._path.read_bytes())
            self._temporary.cleanup()
        if isinstance(error, StorageInternalError):
            raise StorageError(optuna_problem(self._folder.location, error)) from error


def optuna_problem(run_folder: str, error: Exception) -> str:
    """What a user is told if the Optuna file cannot be written."""
    cause = str(error.__cause__ or error).splitlines()[0]
    return (
        f"{run_folder}/{_OPTUNA}: Optuna must be able to write this file, but got {cause}; make sure that there is "
        "space left and that writing is permitted, then run `gan_study resume` on the run folder"
    )


class ScratchFolder:
    """Where Tune and Train keep their own state. On a cluster all nodes must reach it, so it lies beside the trials."""

    def __init__(self, folder: RunFolder) -> None:
        self._folder = folder
        self.location = folder.storage.child(_RAY).location

    def __enter__(self) -> str:
        self._folder.storage.delete_folder(_RAY)
        return self.location

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._folder.storage.delete_folder(_RAY)
