"""Unpacking of files from others in bounded memory: a few bytes can hold more than a machine's memory."""

import gzip
import io
import math
import zipfile
from typing import IO, Any, cast

import numpy as np
from numpy.typing import NDArray

MAX_UNPACKED_BYTES = 1 << 30
"""Most bytes that one packed file may hold."""
_STEP = 1 << 20
_SMALL_STEP = 1 << 12
"""Bytes to read at once where zipfile unpacks all that it has read, whatever its length (bzip2 and LZMA)."""


def read_at_most(stream: IO[bytes], limit: int | None = None, step: int = _STEP) -> bytes:
    """The rest of a stream. Raises ValueError if it is longer than `limit` bytes (default MAX_UNPACKED_BYTES)."""
    limit = MAX_UNPACKED_BYTES if limit is None else limit
    parts, num_bytes = [], 0
    while part := stream.read(step):
        parts.append(part)
        num_bytes += len(part)
        require_size(num_bytes, limit)
    return b"".join(parts)


def require_size(num_bytes: int, limit: int | None = None) -> None:
    """Raise ValueError if a file of this length must not be read."""
    limit = MAX_UNPACKED_BYTES if limit is None else limit
    if num_bytes > limit:
        raise ValueError(f"it unpacks into more than the {limit:,} bytes that are read")


def gunzip(content: bytes) -> bytes:
    """The content of a gzip file. Raises ValueError if it is too long, and the errors of gzip."""
    with gzip.GzipFile(fileobj=io.BytesIO(content)) as stream:
        return read_at_most(cast(IO[bytes], stream))


def read_zip_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo | str, limit: int | None = None) -> bytes:
    """The content of a member. Raises ValueError if it is too long, and the errors of zipfile."""
    member = archive.getinfo(member) if isinstance(member, str) else member
    require_size(member.file_size, limit)  # zipfile ends a member at the size that it states
    is_bounded = member.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
    with archive.open(member) as stream:
        return read_at_most(stream, limit, _STEP if is_bounded else _SMALL_STEP)


def load_arrays(content: bytes) -> dict[str, NDArray[Any]]:
    """The arrays of an .npz file by name, loaded without pickle.

    Raises ValueError, with the cause, if the content is something else, damaged, or too large when it is unpacked.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            require_size(sum(member.file_size for member in archive.infolist()))
            files = ((name, read_zip_member(archive, name)) for name in archive.namelist())
            return {name.removesuffix(".npy"): _load_array(content) for name, content in files if name.endswith(".npy")}
    except Exception as error:  # zipfile and numpy raise all kinds for a damaged file
        raise ValueError(str(error) or type(error).__name__) from error


def _load_array(content: bytes) -> NDArray[Any]:
    stream = io.BytesIO(content)
    read_header = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }[np.lib.format.read_magic(stream)]
    shape, _, dtype = read_header(stream)
    if math.prod(shape) * dtype.itemsize > len(content):  # numpy makes room for the whole array before it reads
        raise ValueError(f"an array states the shape {shape}, but has {len(content):,} bytes")
    stream.seek(0)
    array: NDArray[Any] = np.load(stream, allow_pickle=False)
    return array
