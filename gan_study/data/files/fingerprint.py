"""Fingerprints of a data set's files: cheap facts, checked at every start, and a digest of their content.

Names, sizes and times do not identify files: formats without compression have equal sizes, and `tar -x`, `unzip`, `cp
-p` and container images give equal times. Device, inode and change time do, since no user can set a change time. File
systems that are packed as a whole (squashfs, disk images) may repeat all of these, so a few bytes of some files are
read as well.
"""

import os
from array import array
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from hashlib import blake2b
from operator import attrgetter
from pathlib import Path
from struct import Struct

import numpy as np

_NUM_SAMPLES = 64
"""Pieces of files that are read at every start."""
_SAMPLE_BYTES = 1 << 14
_CHUNK_BYTES = 1 << 20
_NUM_THREADS = 8
_FACTS_PER_FILE = 5
_get_facts = attrgetter("st_dev", "st_ino", "st_size", "st_mtime_ns", "st_ctime_ns")
_pack_facts = Struct("=QQqqq").pack


@dataclass(frozen=True, eq=False)
class Files:
    """Files below one folder."""

    root: Path
    names: Sequence[str]
    """Names relative to `root`."""
    facts: "array[int]"
    """Device, inode, size in bytes, and times of the last write and the last change in nanoseconds, file after file."""
    beside: str = ""
    """Other contents of the folder; they are part of the facts but not of the content."""

    @classmethod
    def from_paths(cls, *paths: Path) -> "Files":
        """Files at these paths, at least one. Raises OSError if one is missing."""
        facts = array("q")
        for path in paths:
            facts.frombytes(facts_of(path.stat()))
        root = Path(os.path.commonpath([path.parent for path in paths]))
        return cls(root, [str(path.relative_to(root)) for path in paths], facts)

    def in_order_of_names(self) -> "Files":
        """These files, sorted by name."""
        order = sorted(range(len(self.names)), key=self.names.__getitem__)
        rows = np.frombuffer(self.facts, np.int64).reshape(-1, _FACTS_PER_FILE)[order]
        return replace(self, names=[self.names[place] for place in order], facts=array("q", rows.tobytes()))

    @property
    def newest_change_ns(self) -> int:
        """The latest change time of any file, in nanoseconds."""
        return max(self.facts[_FACTS_PER_FILE - 1 :: _FACTS_PER_FILE], default=0)

    def facts_digest(self) -> bytes:
        """16-byte digest of names, facts and some of the bytes."""
        digest = self._names_digest()
        digest.update(self.facts.tobytes())
        digest.update(self.content_sample())
        digest.update(os.fsencode(self.beside))
        return digest.digest()

    def have_changed(self) -> bool:
        """Return True if any of the files has been changed, replaced or removed."""
        now = array("q")
        try:
            for name in self.names:
                now.frombytes(facts_of(os.stat(os.path.join(self.root, name))))
        except OSError:
            return True
        return now != self.facts

    def content_digest(self) -> bytes:
        """16-byte digest of the names and the whole content."""
        digest = self._names_digest()
        with ThreadPoolExecutor(_NUM_THREADS) as pool:
            for part in pool.map(_file_digest, (self.root / name for name in self.names)):
                digest.update(part)
        return digest.digest()

    def _names_digest(self) -> blake2b:
        # No name holds a zero byte.
        return blake2b(os.fsencode("\0".join(self.names)), digest_size=16)

    def content_sample(self) -> bytes:
        """Digest of pieces that are spread evenly over the files, and over the content of a few large files."""
        num_files = len(self.names)
        chosen = sorted({number * (num_files - 1) // (_NUM_SAMPLES - 1) for number in range(_NUM_SAMPLES)})
        pieces = -(-_NUM_SAMPLES // len(chosen)) if num_files else 0
        digest = blake2b(digest_size=16)
        for position in chosen if num_files else ():
            size = self.facts[_FACTS_PER_FILE * position + 2]
            digest.update(_pieces(os.path.join(self.root, self.names[position]), size, pieces, position))
        return digest.digest()


def facts_of(status: os.stat_result) -> bytes:
    """The facts of one file: five native 64-bit integers."""
    return _pack_facts(*_get_facts(status))


def _pieces(path: str, size: int, num: int, seed: int) -> bytes:
    """`num` pieces of a file, including its end if there are several; the reason if the file cannot be read."""
    last = max(0, size - _SAMPLE_BYTES)
    starts = [last * number // (num - 1) for number in range(num)] if num > 1 else [seed * 7919 % (last + 1)]
    try:
        with open(path, "rb", buffering=0) as file:
            return b"".join(os.pread(file.fileno(), _SAMPLE_BYTES, start) for start in dict.fromkeys(starts))
    except OSError as error:
        return f"error {error.errno}".encode()


def _file_digest(path: Path) -> bytes:
    digest = blake2b(digest_size=16)
    try:
        with path.open("rb", buffering=0) as file:
            while chunk := file.read(_CHUNK_BYTES):
                digest.update(chunk)
    except OSError as error:  # The image is left out later; a change of the permission changes the file's facts.
        digest.update(f"error {error.errno}".encode())
    return digest.digest()
