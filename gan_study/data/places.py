"""Folders on this machine for data sets, and for everything that is made from them."""

import os
from pathlib import Path

DATA_ENVIRONMENT = "GAN_STUDY_DATA"
CACHE_ENVIRONMENT = "GAN_STUDY_CACHE"
INCEPTION_ENVIRONMENT = "GAN_STUDY_INCEPTION_WEIGHTS"


def cache_folder() -> Path:
    """This machine's folder for data that lasts between studies: GAN_STUDY_CACHE or ~/.cache/gan_study.

    Decoded images are mapped into memory, which needs a local disk. If GAN_STUDY_CACHE is a URI, they stay in
    ~/.cache/gan_study, unlike extractors.
    """
    place = os.environ.get(CACHE_ENVIRONMENT)
    if not place or "://" in place:
        place = "~/.cache/gan_study"
    return Path(place).expanduser().absolute()


def data_folder() -> Path:
    """The folder that holds the files of data sets: GAN_STUDY_DATA, else `data` in the cache folder."""
    place = os.environ.get(DATA_ENVIRONMENT)
    return Path(place).expanduser().absolute() if place else cache_folder() / "data"
