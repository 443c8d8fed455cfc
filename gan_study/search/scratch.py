"""The folder of files that Ray needs only while a study runs."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from gan_study.runs.folder import RunFolder

_RAY = ".ray"


@contextmanager
def scratch_folder(folder: RunFolder) -> Iterator[str]:
    """Yield a place for Tune's and Train's state.

    It is in the run folder, which all nodes of a cluster reach. If that is in an object store, it is on this machine's
    disk: Ray would fail, or wait for minutes without a message, while the store does not answer, and the nodes exchange
    nothing through these files.
    """
    if not folder.storage.is_local:
        with tempfile.TemporaryDirectory(prefix="gan_study-") as place:
            yield place
        return
    folder.storage.delete_folder(_RAY)
    try:
        yield folder.storage.child(_RAY).location
    finally:
        folder.storage.delete_folder(_RAY)
