"""This machine's cache of extractors and of features and statistics of real images, which lasts between studies."""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress

from gan_study.data.places import CACHE_ENVIRONMENT, cache_folder
from gan_study.errors import StorageError
from gan_study.runs.file_lock import file_lock
from gan_study.runs.storage import Storage


def default_cache() -> Storage:
    """GAN_STUDY_CACHE, a folder or a URI, or else ~/.cache/gan_study."""
    return Storage(os.environ.get(CACHE_ENVIRONMENT) or cache_folder())


def load_or_make(name: str, make: Callable[[], bytes], cache: Storage | None = None) -> bytes:
    """The content of the file `name` in the cache; the first process that needs it makes it.

    Other processes wait, except those that share an object store: there, each makes its own, and the last one stays.
    Afterwards, the file `unfinished_name(name)`, which `make` may have left, is removed. A cache that cannot be used
    costs time but never ends a study.
    """
    cache = cache or default_cache()
    known = _read(cache, name)
    if known is not None:
        return known
    with _lock(cache, name):
        known = _read(cache, name)
        if known is not None:
            return known
        content = make()
        with suppress(StorageError):
            cache.write_bytes(name, content)
            cache.delete(unfinished_name(name))
        return content


def unfinished_name(name: str) -> str:
    """The file in which the making of the file `name` keeps its state, to continue after an interruption."""
    return f".{name}.unfinished"


def find_cached(name: str, cache: Storage | None = None) -> bytes | None:
    """The content of the file `name`; None if it is not in the cache."""
    return _read(cache or default_cache(), name)


def _read(cache: Storage, name: str) -> bytes | None:
    with suppress(FileNotFoundError, StorageError):
        return cache.read_bytes(name)
    return None


@contextmanager
def _lock(cache: Storage, name: str) -> Iterator[None]:
    """Hold a lock, if the cache is a local folder that can be written."""
    lock: AbstractContextManager[None] = nullcontext()
    if cache.is_local:
        with suppress(OSError):
            path = cache.local_path(f".{name}.lock")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
            lock = file_lock(path)
    with lock:
        yield
