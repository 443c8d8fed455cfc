"""Inception of 2015-12-05, the network of the FID, with features equal to pytorch-fid's.

The layers are torchvision's and pytorch-fid's own (0.3.0), so that its weights fit, and are then made faster (see
inception_blocks.py). Images are laid out channels last, batch sizes suit a CPU's cache, and each of a CPU's threads has
its own images (see threads.py).
"""

import math
from pathlib import Path
from typing import Any

import torch
from pytorch_fid import inception as pytorch_fid
from torch import Tensor, nn
from torchvision.models import inception as torchvision

from gan_study.config.data import ObjectiveConfig
from gan_study.config.extractors import EXTRACTORS, FID_DIMS
from gan_study.data.datasets import Dataset
from gan_study.errors import InputError
from gan_study.extractors.extractor import Extractor
from gan_study.extractors.inception_blocks import make_fast
from gan_study.extractors.inception_weights import (
    Setting,
    WeightsFile,
    in_study,
    name_alternatives,
    weights_for,
    weights_with_hash,
)
from gan_study.extractors.kinds import PretrainedKind
from gan_study.extractors.threads import map_in_threads
from gan_study.gan.conversion import to_float
from gan_study.runs.records.measurements import ScoreKey

_LAYERS = EXTRACTORS["inception"].layers
"""The layers by the length of their features, which are averages over the image."""
_INPUT_SIZE = 299
CPU_BATCH_SIZES = (2, 16)
"""For the layers up to max_pool_2, whose large outputs must fit a core's cache; and the most for later layers, whose
many weights should serve many images."""
_GPU_BATCH_SIZES = (100, 100)

STAGES: dict[int, dict[str, Any]] = {
    64: {
        "Conv2d_1a_3x3": lambda: torchvision.BasicConv2d(3, 32, kernel_size=3, stride=2),
        "Conv2d_2a_3x3": lambda: torchvision.BasicConv2d(32, 32, kernel_size=3),
        "Conv2d_2b_3x3": lambda: torchvision.BasicConv2d(32, 64, kernel_size=3, padding=1),
        "max_pool_1": lambda: nn.MaxPool2d(3, stride=2),
    },
    192: {
        "Conv2d_3b_1x1": lambda: torchvision.BasicConv2d(64, 80, kernel_size=1),
        "Conv2d_4a_3x3": lambda: torchvision.BasicConv2d(80, 192, kernel_size=3),
        "max_pool_2": lambda: nn.MaxPool2d(3, stride=2),
    },
    768: {
        "Mixed_5b": lambda: pytorch_fid.FIDInceptionA(192, pool_features=32),
        "Mixed_5c": lambda: pytorch_fid.FIDInceptionA(256, pool_features=64),
        "Mixed_5d": lambda: pytorch_fid.FIDInceptionA(288, pool_features=64),
        "Mixed_6a": lambda: torchvision.InceptionB(288),
        "Mixed_6b": lambda: pytorch_fid.FIDInceptionC(768, channels_7x7=128),
        "Mixed_6c": lambda: pytorch_fid.FIDInceptionC(768, channels_7x7=160),
        "Mixed_6d": lambda: pytorch_fid.FIDInceptionC(768, channels_7x7=160),
        "Mixed_6e": lambda: pytorch_fid.FIDInceptionC(768, channels_7x7=192),
    },
    2048: {
        "Mixed_7a": lambda: torchvision.InceptionD(768),
        "Mixed_7b": lambda: pytorch_fid.FIDInceptionE_1(1280),
        "Mixed_7c": lambda: pytorch_fid.FIDInceptionE_2(2048),
    },
}
"""Constructors of the layers, by their names in the weights file, grouped by the length of the features after them."""


class InceptionFeatures(nn.Module):
    """The network up to one layer, with the weights of pytorch-fid's file; weights of later layers are ignored."""

    def __init__(self, weights: dict[str, Tensor], dims: int) -> None:
        super().__init__()
        body = nn.Sequential()
        with torch.device("meta"):  # spares the time for initial weights, which are replaced
            for stage, layers in STAGES.items():
                for name, make in layers.items() if stage <= dims else ():
                    body.add_module(name, make())
        missing, _ = body.load_state_dict(weights, strict=False, assign=True)
        missing = [name for name in missing if not name.endswith("num_batches_tracked")]
        if missing:
            raise KeyError(f"no {missing[0]}")
        make_fast(body.eval().requires_grad_(False))
        body = body.to(memory_format=torch.channels_last)
        stem_length = sum(len(layers) for stage, layers in STAGES.items() if stage <= 192)
        self.stem, self.blocks = body[:stem_length], body[stem_length:]

    def forward(self, images_uint8: Tensor) -> tuple[Tensor, None]:
        """NCHW uint8 in [0, 255], grey or colour => features (N, dims) float32, and no logits."""
        if images_uint8.device.type != "cpu":
            groups = images_uint8.split(_GPU_BATCH_SIZES[1])
            return torch.cat([self._features(group, _GPU_BATCH_SIZES[0]) for group in groups]), None
        stem_size, block_size = CPU_BATCH_SIZES
        # Threads get equally many images, so that none waits for the others.
        num_threads = max(1, min(torch.get_num_threads(), len(images_uint8)))
        num_groups = num_threads * max(1, math.ceil(len(images_uint8) / num_threads / block_size))
        groups = images_uint8.tensor_split(num_groups)
        return torch.cat(map_in_threads(lambda group: self._features(group, stem_size), groups)), None

    def _features(self, images_uint8: Tensor, stem_size: int) -> Tensor:
        maps = torch.cat([self.stem(_enlarge(chunk)) for chunk in images_uint8.split(stem_size)])
        features: Tensor = self.blocks(maps).mean((2, 3))
        return features


def _enlarge(images_uint8: Tensor) -> Tensor:
    """NCHW uint8 in [0, 255] => N3HW float32 in [-1, 1], 299 pixels a side."""
    # pytorch-fid scales to [-1, 1] after the resize; the weights of the resize add up to 1, so the order is free.
    images = to_float(images_uint8).expand(-1, 3, -1, -1).contiguous(memory_format=torch.channels_last)
    return nn.functional.interpolate(images, size=(_INPUT_SIZE, _INPUT_SIZE), mode="bilinear", align_corners=False)


def load_inception(objective: ObjectiveConfig, image_size: int | None, setting: Setting = in_study) -> Extractor:
    """The network with weights from this machine or a download, for images of `image_size` pixels a side.

    With None, each image keeps its own size, as in pytorch-fid. Raises InputError if there are no weights, or if they
    are not the official ones and `objective` asks for the FID; the message names alternatives in the words of
    `setting`.
    """
    file = weights_for(objective, setting)
    try:
        return _extractor(file, objective.dims or FID_DIMS, image_size)
    except InputError as error:
        raise InputError(f"{error}; {name_alternatives(objective, setting)}") from error


def restore_inception(key: ScoreKey, dataset: Dataset) -> Extractor:
    """The network with the weights of `key`. Raises InputError if they are not on this machine."""
    return _extractor(weights_with_hash(key.weights_hash), key.dims, dataset.image_size)


def _extractor(file: WeightsFile, dims: int, image_size: int | None) -> Extractor:
    size = "" if image_size is None else f"{image_size}px-"
    return Extractor(
        network=_load(file.path, dims),
        name="inception",
        weights_hash=file.weights_hash,
        layer=_LAYERS[dims].name,
        dims=dims,
        preprocessing=f"uint8-{size}bilinear{_INPUT_SIZE}",
        weights=None,
    )


def _load(path: Path, dims: int) -> InceptionFeatures:
    try:
        weights = torch.load(path, map_location="cpu", weights_only=True)
    # torch.load has no error of its own: a text file and a cut one raise all kinds.
    except Exception as error:
        reason = str(error).partition("\n")[0].partition(". ")[0]
        raise InputError(
            f"{path}: this must be a file of Inception's weights, but is cut short, damaged or of another kind; fetch "
            f"it again, or give another file ({reason})"
        ) from error
    try:
        return InceptionFeatures(weights, dims)
    except Exception as error:  # another network's weights raise all kinds
        reason = str(error).partition("\n")[0]
        raise InputError(
            f"{path}: this must be a file of Inception's weights with all layers up to {_LAYERS[dims].name}, "
            f"but got dims={dims} and {type(error).__name__}: {reason}; give another file or smaller dims"
        ) from error


KIND = PretrainedKind(load_inception, restore_inception)
