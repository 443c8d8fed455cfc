"""A user's own images: a folder, or a zip or tar archive, of any depth, with images of any size and kind.

`layout` derives classes from the folders.
"""

import os
from pathlib import Path

import numpy as np

from gan_study.config.data import DatasetConfig
from gan_study.data.decoding.pixels import FilePixels
from gan_study.data.files.archives import open_image_files
from gan_study.data.files.folders import ImageFiles
from gan_study.data.files.layout import layout_of
from gan_study.data.files.selection import PassedOver
from gan_study.data.places import DATA_ENVIRONMENT, data_folder
from gan_study.data.sources.source import Contents, FileNotes, Source
from gan_study.errors import InputError, printable, require_utf8


def image_folder(config: DatasetConfig, may_fetch: bool = True) -> Source:
    """Find any number of images; `held_out_share` of each class is held out. They are never downloaded."""
    files = find_images(config)
    path = images_path(config)
    return Source(str(path), lambda: [files.files], lambda: _read(files, str(path)))


def images_path(config: DatasetConfig) -> Path:
    """The place of the images: `path`, below the data folder if it is relative."""
    assert config.path is not None, "image_folder has a path"
    # An absolute path stays what it is under `/`.
    return data_folder() / Path(config.path).expanduser()


def find_images(config: DatasetConfig) -> ImageFiles:
    """The folder or archive. Raises InputError if it is missing or something else."""
    path = images_path(config)
    require_utf8(config.path or "", "a folder or archive of images")
    if not path.exists():
        relative = not Path(config.path or "").expanduser().is_absolute()
        unset = relative and not os.environ.get(DATA_ENVIRONMENT)
        raise InputError(
            f"dataset.path: there must be a folder or archive of images, but got path={config.path}, and there is no "
            f"{path}; give its absolute path, or one below {DATA_ENVIRONMENT}{' (not set)' if unset else ''}"
        )
    return open_image_files(path)


def require_images(files: ImageFiles, place: str) -> list[str]:
    """The names of the images. Raises InputError if there are none, with what is there instead."""
    names = files.names()
    if not names:
        found = _instead(files.passed_over)
        raise InputError(f"{place}: there must be images (.png, .jpg and others), but got {found}")
    return names


def _read(files: ImageFiles, place: str) -> Contents:
    names = require_images(files, place)
    layout = layout_of(names)
    notes = FileNotes(passed_over=files.passed_over, layout=layout.notes)
    pixels = FilePixels(files, tuple(names))
    if layout.classes is None:
        return Contents(pixels, None, None, None, notes)
    class_names, labels = np.unique(layout.classes, return_inverse=True)
    return Contents(pixels, labels.astype(np.int64), tuple(map(printable, class_names.tolist())), None, notes)


def _instead(passed_over: PassedOver) -> str:
    """A description of other files in place of images, with a remedy."""
    parts = passed_over.parts()
    if not parts:
        return "none; check that this is the right place"
    remedies = []
    if passed_over.pictures:
        remedies.append("convert the pictures to PNG or JPEG")
    if passed_over.num_archives:
        remedies.append("name the archive in it, or unpack it")
    if passed_over.dangling_links:
        remedies.append("bring back the files that the links name")
    if {".npy", ".npz"} & set(passed_over.endings):
        remedies.append("save arrays as image files; statistics for `evaluate` are one file that ends in .npz")
    return f"none, only {', '.join(parts)}; {'; '.join(remedies) or 'check that this is the right place'}"
