"""CelebA (Liu et al. 2015), aligned and cropped: 202,599 faces of 178x218 pixels, without labels.

The official partition decides: part 0 is learned, parts 1 (validation) and 2 (test) are held out. The attributes are
not used, since an image has many of them and no class. The authors and torchvision provide list_eval_partition.txt and
img_align_celeba.zip; Kaggle provides list_eval_partition.csv and img_align_celeba/img_align_celeba/ in one archive.
"""

import mmap
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from gan_study.config.data import DatasetConfig
from gan_study.data.decoding.pixels import FilePixels
from gan_study.data.files.archives import open_image_files
from gan_study.data.files.fingerprint import Files
from gan_study.data.files.folders import ImageFiles
from gan_study.data.places import data_folder
from gan_study.data.sources.downloads import download_missing
from gan_study.data.sources.named_files import FoundFile, archive_members, list_names, look_for
from gan_study.data.sources.source import Contents, FileNotes, Source, unlike_published
from gan_study.errors import InputError

_FOLDER = "celeba"
_IMAGES = "img_align_celeba"
_PARTITIONS = ("list_eval_partition.txt", "list_eval_partition.csv")
_WHAT = f"{_PARTITIONS[0]} or .csv, and {_IMAGES}.zip (or the folder {_IMAGES}), or an archive of both"
_DIRECTORY_BYTES = 1 << 26
"""Bytes at the end of a zip archive that hold the names of some 200,000 files."""


@dataclass(frozen=True)
class _Found:
    images: FoundFile
    """The folder or archive of the images."""
    partition: FoundFile | None
    """The file of the partition; None if it is in the archive."""


def celeba(config: DatasetConfig, may_fetch: bool = True) -> Source:
    """Find CelebA: 162,770 images to learn, 39,829 held out."""
    files = look_for("celeba", stop=_IMAGES)
    found = _find(files)
    if found is None:
        _refuse_half(files)
        instead = list_names([file.place for file in files if file.data_set == "celeba"])
        download_missing("celeba", _FOLDER, _PARTITIONS[0], _WHAT, may_fetch, instead)
        found = _find(look_for("celeba", stop=_IMAGES))
    if found is None:
        raise InputError(f"{data_folder() / _FOLDER}: the download has not brought {_WHAT}; put them here")
    place = found.images.path if found.partition is None else found.partition.path.parent
    chosen, images = found, open_image_files(found.images.path)
    beside = [found.partition.path] if found.partition is not None else []
    return Source(
        str(place),
        lambda: [images.files, *(Files.from_paths(path) for path in beside)],
        lambda: _read(chosen, images, config.max_corrupt_share),
        (str(config.max_corrupt_share),),  # it decides how many images may be missing
    )


def _find(files: Sequence[FoundFile]) -> _Found | None:
    images = _images(files)
    if images is None:
        return None
    partition = _partition(files)
    return _Found(images, partition) if partition or _is_whole(images) else None


def _images(files: Sequence[FoundFile]) -> FoundFile | None:
    """The folder of the images, or their archive, or an archive that may hold everything."""
    folders = [file for file in files if file.name == _IMAGES and file.path.is_dir()]
    archives = [file for file in files if file.is_zip or file.is_tar]
    own = [file for file in archives if file.name.startswith(_IMAGES)]
    whole = [file for file in archives if file not in own and _is_whole(file)]
    return next(iter([*folders, *own, *whole]), None)


def _is_whole(file: FoundFile) -> bool:
    """Return True if an archive holds the partition. A tar archive, which is slow to list, is judged by its name."""
    if file.is_tar:
        return file.data_set == "celeba" and not file.name.startswith(_IMAGES)
    return file.is_zip and _mentions(file.path, _PARTITIONS[0].removesuffix(".txt").encode())


def _mentions(path: Path, name: bytes) -> bool:
    """Return True if the end of a zip archive holds this part of a file's name. Listing 200,000 files would take a
    second."""
    size = path.stat().st_size
    if not size:
        return False
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return content.rfind(name, max(0, size - _DIRECTORY_BYTES)) >= 0


def _partition(files: Sequence[FoundFile]) -> FoundFile | None:
    return next((file for file in files if file.name in _PARTITIONS), None)


def _refuse_half(files: Sequence[FoundFile]) -> None:
    """Raise InputError if there are images without a partition, or a partition without images."""
    images, partition = _images(files), _partition(files)
    if partition is not None:
        raise InputError(
            f"{partition.path.parent}: there must be {_IMAGES}.zip or the folder {_IMAGES}, but got neither beside "
            f"{partition.name}; put one here"
        )
    if images is not None:
        raise InputError(
            f"{images.path.parent}: there must be {_PARTITIONS[0]} or {_PARTITIONS[1]}, but got neither beside "
            f"{images.name}; put one here"
        )


def _read(found: _Found, files: ImageFiles, max_missing: float) -> Contents:
    partition = found.partition or _partition(archive_members(found.images))
    if partition is None:
        raise InputError(f"{found.images.place}: {_WHAT} must be in this archive, but got no partition; fetch it again")
    parts = _read_partition(partition)
    first: dict[str, str] = {}
    for path in files.names():
        name = PurePosixPath(path).name
        if name in parts and (name not in first or (_IMAGES in path and _IMAGES not in first[name])):
            first[name] = path
    chosen = set(first.values())
    names = [path for path in files.names() if path in chosen]
    is_train = np.array([parts[PurePosixPath(name).name] == 0 for name in names], np.bool_)
    missing = [name for name in parts if name not in first]
    if len(missing) > max_missing * len(parts) and names:
        raise InputError(
            f"{found.images.place}: at most a share of {max_missing:g} of the images that {partition.name} names may "
            f"be missing, but got {len(missing):,} of {len(parts):,} ({list_names(missing)}); unpack or fetch the "
            "images again, or raise dataset.max_corrupt_share"
        )
    if is_train.all() or not is_train.any():
        raise InputError(
            f"{found.images.place}: there must be images of part 0 and of parts 1 or 2, but got {int(is_train.sum())} "
            f"and {int((~is_train).sum())} of those in {partition.name}; fetch the images again"
        )
    others = unlike_published("celeba", is_train)
    if missing:
        others = (f"{len(missing):,} of {len(parts):,} images that {partition.name} names are missing",)
    notes = FileNotes(passed_over=files.passed_over, others=others)
    return Contents(FilePixels(files, tuple(names)), None, None, is_train, notes)


def _read_partition(file: FoundFile) -> dict[str, int]:
    """The part of each image by its file name: 0 train, 1 validation, 2 test."""
    parts = {}
    for number, line in enumerate(file.read().decode(errors="replace").splitlines(), 1):
        if number == 1 and line.startswith("image_id"):  # Kaggle's titles
            continue
        name, _, part = re.sub(r"[,\s]+", " ", line.strip()).partition(" ")
        if part not in ("0", "1", "2"):
            raise InputError(
                f"{file.place}:{number}: a line must be a file's name and 0, 1 or 2, but got {line!r}; fetch the file "
                "again"
            )
        parts[name] = int(part)
    return parts
