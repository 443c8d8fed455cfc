"""CelebA (Liu et al. 2015), aligned and cropped: 202,599 faces of 178x218 pixels, without labels.

Its official partition (list_eval_partition.txt) decides: part 0 is learned, parts 1 (validation) and 2 (test)
are held out. The attributes in list_attr_celeba.txt are not used: an image has many of them, and no class.
"""

from pathlib import Path, PurePosixPath

import numpy as np

from gan_study.config.data import DatasetConfig
from gan_study.data.image_files import ImageFiles, open_image_files
from gan_study.data.pixels import FilePixels
from gan_study.data.places import data_folder, file_facts
from gan_study.data.sources.downloads import obtain
from gan_study.data.sources.source import Contents, Source
from gan_study.errors import InputError

_FOLDER = "celeba"
_IMAGES = "img_align_celeba"
_PARTITION = "list_eval_partition.txt"


def celeba(config: DatasetConfig, may_fetch: bool = True) -> Source:
    """162,770 images to learn, 39,829 held out."""
    folder = data_folder() / _FOLDER
    if not (folder / _PARTITION).exists() or _find_images(folder) is None:
        what = f"{_PARTITION} and {_IMAGES}.zip (or the folder {_IMAGES})"
        obtain("celeba", _FOLDER, _PARTITION, what, may_fetch)
    images = _find_images(folder)
    if images is None:
        raise InputError(
            f"{folder}: there must be {_IMAGES}.zip or the folder {_IMAGES}, but got neither; put one here"
        )
    # Of a folder's 202,599 files, only the folder itself is looked at: this happens at every start.
    facts = [file_facts(images), file_facts(folder / _PARTITION)]
    return Source(str(folder), facts, lambda: _read(open_image_files(images), folder / _PARTITION))


def _find_images(folder: Path) -> Path | None:
    places = (folder / _IMAGES, folder / f"{_IMAGES}.zip")
    return next((place for place in places if place.exists()), None)


def _read(files: ImageFiles, partition: Path) -> Contents:
    parts = _read_partition(partition)
    names = [name for name in files.names() if PurePosixPath(name).name in parts]
    is_train = np.array([parts[PurePosixPath(name).name] == 0 for name in names], np.bool_)
    if is_train.all() or not is_train.any():
        raise InputError(
            f"{partition.parent}: there must be images of part 0 and of parts 1 or 2, but got {int(is_train.sum())} "
            f"and {int((~is_train).sum())} of those in {_PARTITION}; fetch the images again"
        )
    return Contents(FilePixels(files, tuple(names)), None, None, is_train)


def _read_partition(path: Path) -> dict[str, int]:
    """Part of each image by its file name: 0 train, 1 validation, 2 test."""
    parts = {}
    for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
        name, _, part = line.strip().partition(" ")
        if part.strip() not in ("0", "1", "2"):
            raise InputError(
                f"{path}:{number}: a line must be a file's name and 0, 1 or 2, but got {line!r}; fetch the file again"
            )
        parts[name] = int(part)
    return parts
