"""Speed of an extractor that learns from the data set, in training and in use, on this machine."""

import time
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from gan_study.data.datasets import Dataset
from gan_study.extractors.extractor import images_to_stats
from gan_study.extractors.fitting import BATCH_SIZE
from gan_study.extractors.loading import trained_kind

_NUM_LEARNED = 1000
"""Images of noise to learn from, enough for the epochs of any measurement."""
_NUM_SEEN = 100
_NUM_CLASSES = 10


def build_network(extractor: str, image_size: int, num_channels: int) -> nn.Module:
    """The untrained network of an extractor that learns from the data set; a classifier has ten classes."""
    network = trained_kind(extractor).build(_noise(image_size, num_channels))
    return network.to(memory_format=torch.channels_last)


def measure_learning_sec(
    extractor: str, image_size: int, num_channels: int, device: torch.device, seconds: float
) -> float:
    """Seconds for a thousand images in the extractor's own training, on noise.

    It uses the GPU, or all threads that torch may use here. The measurement takes about `seconds`, and at least four
    steps.
    """
    dataset = _noise(image_size, num_channels)
    train = trained_kind(extractor).train

    def seconds_of(num_steps: int) -> float:
        start = time.perf_counter()
        train(dataset, kimg=(num_steps + 0.5) * BATCH_SIZE / 1000, device=device)
        _wait(device)
        return time.perf_counter() - start

    seconds_of(1)  # the first step takes longer
    num_steps = max(2, int(seconds / seconds_of(1)))
    return seconds_of(num_steps) * 1000 / (num_steps * BATCH_SIZE)


def _noise(image_size: int, num_channels: int) -> Dataset:
    random, numbers = np.random.default_rng(0), np.arange(_NUM_LEARNED)
    return Dataset(
        name="noise",
        images=random.integers(0, 256, (_NUM_LEARNED, num_channels, image_size, image_size), np.uint8),
        labels=numbers % _NUM_CLASSES,
        class_names=tuple(map(str, range(_NUM_CLASSES))),
        train_indices=numbers,
        held_out_indices=numbers[:0],
    )


def measure_seeing_sec(
    network: nn.Module, generate: Callable[[int], Tensor], device: torch.device, seconds: float
) -> float:
    """Seconds for one image to be generated and to pass through the extractor.

    `generate` returns the number of images that it is given, NCHW uint8.
    """

    def see() -> None:
        images_to_stats(network, generate(_NUM_SEEN))
        _wait(device)

    return _repeat(see, seconds) / _NUM_SEEN


def _repeat(work: Callable[[], None], seconds: float) -> float:
    """Mean seconds of `work`, which runs at least twice; the first run does not count."""
    work()
    start, number = time.perf_counter(), 0
    while number == 0 or time.perf_counter() - start < seconds:
        work()
        number += 1
    return (time.perf_counter() - start) / number


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
