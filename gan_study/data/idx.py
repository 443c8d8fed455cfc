"""The idx format of MNIST and its relatives (described on its home page), plain or gzipped."""

import gzip
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gan_study.errors import InputError

_UNSIGNED_BYTE = 0x08


def read_idx(path: Path) -> NDArray[np.uint8]:
    """The array in `path`, or in `path` with .gz added. Raises InputError if it is damaged or not there."""
    zipped = path.with_name(path.name + ".gz")
    try:
        content = path.read_bytes() if path.exists() else gzip.decompress(zipped.read_bytes())
    except FileNotFoundError:
        raise InputError(f"{path}: the file must be here, plain or as {zipped.name}, but is not; put it here") from None
    except (OSError, EOFError) as error:
        raise InputError(f"{zipped}: the file cannot be unpacked ({error}); fetch it again") from error
    num_axes = content[3] if len(content) >= 4 else 0
    header = 4 + 4 * num_axes
    shape = tuple(np.frombuffer(content[4:header], dtype=">u4").tolist())
    if content[:3] != bytes((0, 0, _UNSIGNED_BYTE)) or not shape or len(content) - header != np.prod(shape):
        raise InputError(f"{path}: the file is not an idx file of bytes, or is cut short; fetch it again")
    return np.frombuffer(content, dtype=np.uint8, offset=header).reshape(shape)
