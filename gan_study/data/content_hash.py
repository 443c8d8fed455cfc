"""The hash that identifies a data set's content."""

import hashlib
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

_CHUNK = 1 << 12


def content_hash(arrays: Iterable[NDArray[np.generic] | None]) -> str:
    """First 8 hex digits of the SHA-256 of all arrays' bytes, read in chunks, since they may exceed the memory."""
    digest = hashlib.sha256()
    for array in arrays:
        if array is not None:
            for start in range(0, len(array), _CHUNK):
                digest.update(np.ascontiguousarray(array[start : start + _CHUNK]).data)
    return digest.hexdigest()[:8]
