"""The idx format of MNIST and its relatives (described on its home page), plain or gzipped."""

import gzip
import math
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gan_study.errors import InputError

_UNSIGNED_BYTE = 0x08


def find_idx(path: Path) -> Path:
    """`path` itself if it is there, else with .gz added (there or not)."""
    return path if path.exists() else path.with_name(path.name + ".gz")


def read_idx(path: Path) -> NDArray[np.uint8]:
    """The array in `path`, or in `path` with .gz added. Raises InputError if it is damaged or not there."""
    source = find_idx(path)
    try:
        content = source.read_bytes()
        if source != path:
            content = gzip.decompress(content)
    except FileNotFoundError:
        raise InputError(f"{path}: the file must be here, plain or as {source.name}, but is not; put it here") from None
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{source}: the file cannot be read or unpacked ({error}); fetch it again") from error
    num_axes = content[3] if len(content) >= 4 else 0
    header = 4 + 4 * num_axes
    shape = tuple(int.from_bytes(content[start : start + 4]) for start in range(4, header, 4))
    if content[:3] != bytes((0, 0, _UNSIGNED_BYTE)) or not shape or len(content) - header != math.prod(shape):
        raise InputError(f"{source}: the file is not an idx file of bytes, or is cut short; fetch it again")
    return np.frombuffer(content, dtype=np.uint8, offset=header).reshape(shape)
