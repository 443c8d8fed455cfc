"""The idx format of MNIST and its relatives (described on its home page), plain or gzipped."""

import gzip
import math
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gan_study.errors import InputError

_UNSIGNED_BYTE = 0x08


def read_idx(path: Path) -> NDArray[np.uint8]:
    """The array in `path`, or in `path` with .gz added. Raises InputError if it is damaged or not there."""
    zipped = path.with_name(path.name + ".gz")
    source = path if path.exists() else zipped
    try:
        content = source.read_bytes()
        if source == zipped:
            content = gzip.decompress(content)
    except FileNotFoundError:
        raise InputError(f"{path}: the file must be here, plain or as {zipped.name}, but is not; put it here") from None
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{source}: the file cannot be read or unpacked ({error}); fetch it again") from error
    num_axes = content[3] if len(content) >= 4 else 0
    header = 4 + 4 * num_axes
    shape = tuple(int.from_bytes(content[start : start + 4]) for start in range(4, header, 4))
    if content[:3] != bytes((0, 0, _UNSIGNED_BYTE)) or not shape or len(content) - header != math.prod(shape):
        raise InputError(f"{source}: the file is not an idx file of bytes, or is cut short; fetch it again")
    return np.frombuffer(content, dtype=np.uint8, offset=header).reshape(shape)
