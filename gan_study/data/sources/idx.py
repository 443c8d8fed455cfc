"""The idx format of MNIST and its relatives (described on its home page), plain or gzipped."""

import math
import zlib

import numpy as np
from numpy.typing import NDArray

from gan_study.errors import InputError
from gan_study.runs.unpacking import gunzip

_UNSIGNED_BYTE = 0x08


def parse_idx(content: bytes, place: str) -> NDArray[np.uint8]:
    """The array in the content of a file, which `place` names. Raises InputError if it is damaged."""
    if place.lower().endswith(".gz"):
        try:
            content = gunzip(content)
        except (OSError, EOFError, ValueError, zlib.error) as error:
            raise InputError(f"{place}: the file cannot be read or unpacked ({error}); fetch it again") from error
    num_axes = content[3] if len(content) >= 4 else 0
    header = 4 + 4 * num_axes
    shape = tuple(int.from_bytes(content[start : start + 4]) for start in range(4, header, 4))
    if content[:3] != bytes((0, 0, _UNSIGNED_BYTE)) or not shape or len(content) - header != math.prod(shape):
        raise InputError(f"{place}: the file is not an idx file of bytes, or is cut short; fetch it again")
    return np.frombuffer(content, dtype=np.uint8, offset=header).reshape(shape)
