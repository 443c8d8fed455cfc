"""The readers of data sets by name. Each finds or downloads its files and returns a `Source`, or raises InputError."""

from collections.abc import Callable

from gan_study.config.data import DatasetConfig
from gan_study.config.own.parts import is_own
from gan_study.data.sources.celeba import celeba
from gan_study.data.sources.cifar10 import cifar10
from gan_study.data.sources.digits import digits
from gan_study.data.sources.image_folder import image_folder
from gan_study.data.sources.mnist import emnist_letters, fashion_mnist, kmnist, mnist
from gan_study.data.sources.own_data import own_data
from gan_study.data.sources.source import Source
from gan_study.data.sources.stacked_mnist import stacked_mnist

SOURCES: dict[str, Callable[[DatasetConfig, bool], Source]] = {
    "celeba": celeba,
    "cifar10": cifar10,
    "digits": digits,
    "emnist_letters": emnist_letters,
    "fashion_mnist": fashion_mnist,
    "image_folder": image_folder,
    "kmnist": kmnist,
    "mnist": mnist,
    "stacked_mnist": stacked_mnist,
}


def find_files(config: DatasetConfig, may_fetch: bool = True) -> Source:
    """The data set's files on this machine, downloaded if possible and `may_fetch` is True; nothing is decoded.

    An own data set is made by a function of code that the process has loaded, unless the cache holds its images.

    Raises InputError with a remedy if the files are missing: NotFetchedError if a download might help.
    """
    find = own_data if is_own(config.name) else SOURCES[config.name]
    return find(config, may_fetch)
