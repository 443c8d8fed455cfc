"""The two kinds of extractors: trained on the data set, and pretrained."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import nn

from gan_study.config.data import ObjectiveConfig
from gan_study.config.extractors import ExtractorName
from gan_study.data.datasets import Dataset
from gan_study.extractors.extractor import Extractor
from gan_study.extractors.fitting_state import StateFile
from gan_study.extractors.inception_weights import Setting
from gan_study.runs.records.measurements import ScoreKey


class FeatureNetwork(nn.Module):
    """NCHW uint8 in [0, 255] => features (N, dims) float32, and class logits (N, num_classes) float32 or None."""

    dims: int


class TrainNetwork(Protocol):
    """A function that trains an extractor's network."""

    def __call__(
        self, dataset: Dataset, *, kimg: float, device: torch.device | None = None, file: StateFile | None = None
    ) -> nn.Module:
        """The network after at most `kimg` thousand images of the train part; see `fitting.fit`."""
        ...


@dataclass(frozen=True)
class TrainedKind:
    """An extractor whose network is trained on the data set."""

    name: ExtractorName
    recipe: str
    """Raised whenever network or training change, so that cached weights are never mistaken."""
    layer: str
    """Name of the layer that gives the features."""
    build: Callable[[Dataset], FeatureNetwork]
    """The network for the images of a data set, before its first step."""
    train: TrainNetwork
    measure: Callable[[Extractor, Dataset], Extractor]
    """Adds to an extractor its quality on the held-out images."""

    def weights_name(self, dataset: Dataset, kimg: float | None) -> str:
        """The file of the cache with its weights; `kimg` is the study's setting, None if it has none."""
        length = "" if kimg is None else f"-{kimg:g}kimg"
        return f"{self.name}-{self.recipe}-{dataset.identity}{length}.safetensors"


@dataclass(frozen=True)
class PretrainedKind:
    """An extractor whose weights are published."""

    load: Callable[[ObjectiveConfig, int | None, Setting], Extractor]
    """(objective, image_size, setting) -> the network with weights from this machine or a download.

    `image_size` is None if each image comes at its own size. Raises InputError if there are no weights, or the wrong
    ones; the message writes settings as `setting` does.
    """
    restore: Callable[[ScoreKey, Dataset], Extractor]
    """The network with the weights that a key names. Raises InputError if they are not on this machine."""
