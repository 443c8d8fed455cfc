"""The folder of files that Ray needs only while a study runs."""

from types import TracebackType

from gan_study.runs.folder import RunFolder

_RAY = ".ray"


class ScratchFolder:
    """The folder for Tune's and Train's state. All nodes of a cluster must reach it, so it lies in the run folder."""

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
