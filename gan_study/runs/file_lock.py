"""Locks on files, also in file systems without locks, such as some network file systems."""

import errno
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import BaseFileLock, FileLock, SoftFileLease

LEASE_SEC = 60.0
"""Seconds after which a marker file that nobody renews counts for nothing."""
_UNABLE = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP}
"""Error numbers of a file system that takes no locks."""


def take_lock(
    path: Path,
    timeout_sec: float = -1,
    on_unable: Callable[[OSError], None] = lambda error: None,
    on_lost: Callable[[], None] = lambda: None,
) -> BaseFileLock:
    """Lock a file, which is created for it, and return the lock. It ends with its process in any case.

    In a file system without locks, a marker file beside it takes the place of the lock. Its holder renews it; from a
    process that died, it is taken over after a minute at most.

    Args:
        path: the file. Its folder must exist.
        timeout_sec: seconds to wait for another process; -1 waits without a limit.
        on_unable: is called, before any waiting, with the file system's reason for not taking locks.
        on_lost: is called from another thread if the marker was taken over, for example after a pause of the machine.

    Raises Timeout if another process holds the lock, and OSError.
    """
    try:
        lock: BaseFileLock = FileLock(path, fallback_to_soft=False)
        lock.acquire(timeout_sec)
        return lock
    except OSError as error:
        if error.errno not in _UNABLE:
            raise
        on_unable(error)
    marker = path.with_name(f"{path.name}.marker")
    lock = SoftFileLease(marker, lease_duration=LEASE_SEC, on_compromise=lambda compromise: on_lost())
    lock.acquire(timeout_sec)
    return lock


@contextmanager
def file_lock(path: Path) -> Iterator[None]:
    """Hold a lock on a file as `take_lock` takes it, without a limit on the wait."""
    lock = take_lock(path)
    try:
        yield
    finally:
        lock.release()
