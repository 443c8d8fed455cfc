"""The folder of files that Ray needs only while a study runs."""

from collections.abc import Iterator
from contextlib import contextmanager

from gan_study.runs.folder import RunFolder

_RAY = ".ray"


@contextmanager
def scratch_folder(folder: RunFolder) -> Iterator[str]:
    """Yield a place for Tune's and Train's state, in the run folder, because all nodes of a cluster must reach it."""
    folder.storage.delete_folder(_RAY)
    try:
        yield folder.storage.child(_RAY).location
    finally:
        folder.storage.delete_folder(_RAY)
