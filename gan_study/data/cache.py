"""Each data set is decoded once per machine, and all trials read the decoded images: see `open_or_build`.

Decoded images are found by the content of the files and the transform. Reading all content at every start would take
too long, so a digest of it is kept for files whose facts (see `fingerprint`) have not changed.
"""

import errno
import json
import os
import shutil
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Final

from gan_study.config.base import Frozen
from gan_study.config.data import DatasetConfig
from gan_study.data.cache_files import FORMAT_VERSION, CachedImages, read_cache, write_cache
from gan_study.data.decoding.transform import Transform
from gan_study.data.files.fingerprint import Files
from gan_study.data.files.folders import unreadable_error
from gan_study.data.places import cache_folder
from gan_study.data.sources.source import Contents, FileNotes, Source
from gan_study.errors import InputError, StorageError
from gan_study.runs.file_lock import file_lock

SETTLED_NS: Final = 2_000_000_000
"""A file that changed this shortly before it was read may change again within one tick of its file system's clock,
which is at most 2 seconds (FAT)."""

_REMEDIES: Final = dict.fromkeys((errno.ENOSPC, errno.EDQUOT, errno.EFBIG), "make room") | dict.fromkeys(
    (errno.EACCES, errno.EPERM, errno.EROFS), "permit it"
)


class _Known(Frozen):
    """A digest of all files of a data set, kept in a file whose name derives from the files' facts."""

    content: str
    """Digest of the content of all files."""
    notes: FileNotes


@dataclass(frozen=True, eq=False)
class DecodedDataset:
    """A data set's decoded images, and warnings about its files."""

    images: CachedImages
    notes: FileNotes


def open_or_build(config: DatasetConfig, source: Source) -> DecodedDataset:
    """The decoded images of a source, from the cache or decoded now; meanwhile other processes wait.

    A process that dies while it decodes leaves a folder that is never mistaken for a cache; the next process removes
    it. Raises InputError if the files are damaged or change meanwhile, StorageError if the cache folder cannot be
    written.
    """
    files = _look(source)
    facts = _digest(source, [part.facts_digest() for part in files])
    found = _find(config, facts)
    if found is not None:
        return found
    folder = cache_folder() / "datasets"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _known_file(facts).parent.mkdir(exist_ok=True)
        # The lock ends with its process, in any case.
        with file_lock(_known_file(facts).with_suffix(".lock")):
            return _find(config, facts) or _read_and_decode(config, source, files, facts)
    except OSError as error:
        raise StorageError(
            f"{folder}: decoded images must be kept here, but writing failed ({error.strerror or error}); "
            f"{_REMEDIES.get(error.errno or 0, 'check the disk')}, or set GAN_STUDY_CACHE to a folder on a local disk"
        ) from error


def find_cache(config: DatasetConfig, source: Source) -> DecodedDataset | None:
    """The decoded images of a source, if they are in the cache and the content of the files is known."""
    return _find(config, _digest(source, [part.facts_digest() for part in _look(source)]))


def _find(config: DatasetConfig, facts: str) -> DecodedDataset | None:
    try:
        known = _Known.model_validate_json(_known_file(facts).read_bytes())
    except (OSError, ValueError):
        return None
    images = read_cache(_images_folder(config, known.content))
    return None if images is None else DecodedDataset(images, known.notes)


def _look(source: Source) -> Sequence[Files]:
    try:
        return source.files()
    except OSError as error:
        raise unreadable_error(Path(error.filename or source.place), error) from error


def _digest(source: Source, parts: list[bytes]) -> str:
    digest = blake2b(json.dumps([FORMAT_VERSION, source.settings]).encode(), digest_size=16)
    for part in parts:
        digest.update(part)
    return digest.hexdigest()


def _read_and_decode(config: DatasetConfig, source: Source, files: Sequence[Files], facts: str) -> DecodedDataset:
    """Read all files, and decode them unless the same content has been decoded before. The caller holds the lock."""
    start_ns = time.time_ns()
    try:
        contents = source.read()
    except OSError as error:
        raise unreadable_error(Path(error.filename or source.place), error) from error
    known = _Known(content=_digest(source, [part.content_digest() for part in files]), notes=contents.notes)
    folder = _images_folder(config, known.content)
    with file_lock(folder.with_name(f"{folder.name}.lock")):
        images = read_cache(folder) or _build(folder, source, contents, files, Transform.from_config(config))
    # Files that may have changed unnoticed since they were read are read again at the next start.
    if max((part.newest_change_ns for part in files), default=0) < start_ns - SETTLED_NS:
        written = _known_file(facts).with_suffix(f".{os.getpid()}")
        written.write_text(known.model_dump_json())
        written.replace(_known_file(facts))
    return DecodedDataset(images, known.notes)


def _known_file(facts: str) -> Path:
    return cache_folder() / "known_files" / f"{facts}.json"


def _images_folder(config: DatasetConfig, content: str) -> Path:
    transform = Transform.from_config(config)
    key = blake2b(json.dumps([content, asdict(transform)]).encode(), digest_size=8)
    return cache_folder() / "datasets" / f"{config.short_name}-{transform.image_size}px-{key.hexdigest()}"


def _build(
    folder: Path, source: Source, contents: Contents, files: Sequence[Files], transform: Transform
) -> CachedImages:
    # This process holds the lock, so folders that others left here are from processes that died.
    for left in folder.parent.glob(f"{folder.name}.building-*"):
        shutil.rmtree(left, ignore_errors=True)
    building = folder.with_name(f"{folder.name}.building-{os.getpid()}")
    building.mkdir()
    try:
        write_cache(building, contents, transform, source.place)
        if any(part.have_changed() for part in files):
            raise InputError(
                f"{source.place}: the files must stay as they are while they are read, but some have changed; begin "
                "again when nothing writes there any more"
            )
        if folder.exists():  # damaged, or it would have been read
            shutil.rmtree(folder)
        building.rename(folder)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    cached = read_cache(folder)
    assert cached is not None, "what was just written can be read"
    return cached
