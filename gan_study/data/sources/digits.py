"""scikit-learn's digits (UCI optical recognition of handwritten digits): 1,797 images, 8x8 with 17 grey levels."""

import numpy as np

from gan_study.config.data import DatasetConfig
from gan_study.data.decoding.pixels import StackPixels
from gan_study.data.sources.source import Contents, Source

_NUM_HELD_OUT = 300
DIGIT_NAMES = tuple("0123456789")


def digits(config: DatasetConfig, may_fetch: bool = True) -> Source:
    """The digits from scikit-learn; 300 images, stratified by class, are held out."""
    return Source("digits", list, _read, ("scikit-learn",))


def _read() -> Contents:
    # Imported here because it takes seconds, which other data sets need not wait for.
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    bunch = load_digits()
    images = np.round(bunch.images[:, None] * (255 / 16)).astype(np.uint8)
    labels = bunch.target.astype(np.int64)
    train, _ = train_test_split(np.arange(len(labels)), test_size=_NUM_HELD_OUT, stratify=labels, random_state=0)
    is_train = np.zeros(len(labels), np.bool_)
    is_train[train] = True
    return Contents(StackPixels.from_array(images), labels, DIGIT_NAMES, is_train)
