"""Files that Ray needs while a study runs, and that the run folder can do without."""

from types import TracebackType

from gan_study.runs.folder import RunFolder

_RAY = ".ray"


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
