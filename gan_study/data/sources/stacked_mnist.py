"""Stacked MNIST: three random MNIST digits as red, green and blue of one image, with 1000 classes to count modes.

The data set of Metz et al. 2017 (unrolled GANs), with 128,000 train and 26,000 test images as in PacGAN (Lin et al.
2018, section 4.1). Train images are made from MNIST's train digits, held-out ones from its test digits.
"""

import numpy as np
from numpy.typing import NDArray

from gan_study.config.data import DatasetConfig
from gan_study.data.decoding.pixels import StackPixels
from gan_study.data.sources.locate import Located
from gan_study.data.sources.mnist import MNIST, find_relative_files, read_relative_files
from gan_study.data.sources.source import Contents, FileNotes, Source, unlike_published

NUM_TRAIN, NUM_HELD_OUT = 128_000, 26_000
_STREAM = 0x57AC


def stacked_mnist(config: DatasetConfig, may_fetch: bool = True) -> Source:
    """Find Stacked MNIST. Class 100a + 10b + c, named "abc", has digit a in the first channel, b in the second, c in
    the third."""
    located = find_relative_files(MNIST, may_fetch)
    return Source(located.place, lambda: located.files, lambda: _read(located, config.seed), (config.seed,))


def _read(located: Located, seed: int) -> Contents:
    images, digits, num_train = read_relative_files(located, MNIST)
    random = np.random.default_rng([_STREAM, seed])
    triples = np.concatenate(
        [
            random.integers(0, num_train, (NUM_TRAIN, 3)),
            random.integers(num_train, len(digits), (NUM_HELD_OUT, 3)),
        ]
    )

    def take(positions: NDArray[np.int64]) -> NDArray[np.uint8]:
        stacked: NDArray[np.uint8] = images[triples[positions]]
        return stacked

    return Contents(
        pixels=StackPixels(len(triples), 3, take),
        labels=digits[triples] @ np.array([100, 10, 1]),
        class_names=tuple(f"{number:03}" for number in range(1000)),
        is_train=np.arange(len(triples)) < NUM_TRAIN,
        notes=FileNotes(others=unlike_published("mnist", np.arange(len(digits)) < num_train)),
    )
