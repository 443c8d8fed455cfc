"""A user's own images: a folder, or a zip or tar archive, of any depth, sizes and kinds.

Where every image lies in a subfolder, and there are at least two, the subfolders' names are the classes; a
single folder around all is passed over. Otherwise the images have no labels.
"""

import os
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import numpy as np

from gan_study.config.data import DatasetConfig
from gan_study.data.image_files import ImageFiles, open_image_files
from gan_study.data.pixels import FilePixels
from gan_study.data.places import DATA_ENVIRONMENT, data_folder
from gan_study.data.sources.source import Contents, Source
from gan_study.errors import InputError


def image_folder(config: DatasetConfig, may_fetch: bool = True) -> Source:
    """Any number of images; `held_out_share` of each class is held out. Never downloaded."""
    files = find_images(config)
    path = images_path(config)
    return Source(str(path), files.facts, lambda: _read(files, str(path)))


def images_path(config: DatasetConfig) -> Path:
    """Where the images are looked for: `path`, if it is relative below the data folder."""
    assert config.path is not None, "image_folder has a path"
    # An absolute path stays what it is under `/`.
    return data_folder() / Path(config.path).expanduser()


def find_images(config: DatasetConfig) -> ImageFiles:
    """The folder or archive. Raises InputError if it is not there, or nothing of the kind."""
    path = images_path(config)
    if not path.exists():
        relative = not Path(config.path or "").expanduser().is_absolute()
        unset = relative and not os.environ.get(DATA_ENVIRONMENT)
        raise InputError(
            f"dataset.path: there must be a folder or archive of images, but got path={config.path}, and there is no "
            f"{path}; give its absolute path, or one below {DATA_ENVIRONMENT}{' (not set)' if unset else ''}"
        )
    return open_image_files(path)


def classes_of(names: Sequence[str]) -> list[str] | None:
    """The class of each image by its name (`letters/A/1.png` => A); None without classes."""
    folders = [PurePosixPath(name).parts[:-1] for name in names]
    # tar writes names that begin with "./"; that is dropped by PurePosixPath.
    wrapped = all(folders) and len({folder[0] for folder in folders}) == 1
    inner = [folder[1:] if wrapped else folder for folder in folders]
    classes = [folder[0] if folder else "" for folder in inner]
    return classes if all(classes) and len(set(classes)) > 1 else None


def _read(files: ImageFiles, place: str) -> Contents:
    names = files.names()
    if not names:
        raise InputError(
            f"{place}: there must be images (.png, .jpg and others), but got none; check that this is the right place"
        )
    pixels, classes = FilePixels(files, tuple(names)), classes_of(names)
    if classes is None:
        return Contents(pixels, None, None, None)
    class_names, labels = np.unique(classes, return_inverse=True)
    return Contents(pixels, labels.astype(np.int64), tuple(map(str, class_names)), None)
