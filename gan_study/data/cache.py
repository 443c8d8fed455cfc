"""Every data set is decoded once per machine and read from there by all trials: see `open_or_build`."""

import hashlib
import json
import os
import shutil
from dataclasses import asdict
from pathlib import Path

from filelock import FileLock

from gan_study.config.data import DatasetConfig
from gan_study.data.cache_files import FORMAT_VERSION, CachedImages, read_cache, write_cache
from gan_study.data.places import cache_folder
from gan_study.data.sources.source import Source
from gan_study.data.transform import Transform
from gan_study.errors import StorageError


def open_or_build(config: DatasetConfig, source: Source) -> CachedImages:
    """The decoded images of a source: from the cache, else built there; meanwhile other processes wait.

    A process that dies while it builds leaves a folder that is never taken for a cache, and that the next one
    removes. Raises InputError if the files are damaged, StorageError if the cache folder cannot be written.
    """
    folder = find_cache(config, source)
    cached = read_cache(folder)
    if cached is not None:
        return cached
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        # The lock ends with its process, however that ends.
        with FileLock(folder.with_name(f"{folder.name}.lock")):
            return read_cache(folder) or _build(folder, source, Transform.of(config))
    except OSError as error:
        raise StorageError(
            f"{folder}: decoded images must be kept here, but writing failed ({error.strerror or error}); make room "
            "and permit it, or set GAN_STUDY_CACHE to a folder on a local disk"
        ) from error


def find_cache(config: DatasetConfig, source: Source) -> Path:
    """Where the decoded images of a source are or would be: its facts and the transform in one name."""
    transform = Transform.of(config)
    key = json.dumps([FORMAT_VERSION, source.facts, asdict(transform)])
    digest = hashlib.sha256(key.encode()).hexdigest()[:16]
    return cache_folder() / "datasets" / f"{config.name}-{transform.image_size}px-{digest}"


def _build(folder: Path, source: Source, transform: Transform) -> CachedImages:
    # Holding the lock: what others left here is from processes that died.
    for left in folder.parent.glob(f"{folder.name}.building-*"):
        shutil.rmtree(left, ignore_errors=True)
    building = folder.with_name(f"{folder.name}.building-{os.getpid()}")
    building.mkdir()
    try:
        write_cache(building, source.read(), transform, source.place)
        if folder.exists():  # damaged, or it would have been read
            shutil.rmtree(folder)
        building.rename(folder)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    cached = read_cache(folder)
    assert cached is not None, "what was just written can be read"
    return cached
