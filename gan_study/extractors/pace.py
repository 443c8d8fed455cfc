"""How long an extractor that learns from the data set takes on this machine, to learn and to see."""

import time
from collections.abc import Callable

import torch
from torch import Tensor, nn

from gan_study.extractors import autoencoder
from gan_study.extractors.autoencoder import Autoencoder
from gan_study.extractors.base import observe
from gan_study.extractors.domain_classifier import DomainClassifier

_NUM_LEARNED = 32
"""Images that one thread takes of each batch (see `gan_study.extractors.fitting`)."""
_NUM_SEEN = 100


def build(extractor: str, image_size: int, num_channels: int) -> nn.Module:
    """An untrained extractor: domain_classifier, of ten classes, or autoencoder."""
    network: nn.Module
    if extractor == autoencoder.NAME:
        network = Autoencoder(image_size, num_channels)
    else:
        network = DomainClassifier(image_size, num_channels, 10)
    return network.to(memory_format=torch.channels_last)


def measure_learning_sec(network: nn.Module, images_uint8: Tensor, seconds: float) -> float:
    """Seconds in which one thread, or the network's GPU, learns from a thousand images; measured for `seconds`."""
    parameters, batch = list(network.parameters()), images_uint8[:_NUM_LEARNED]

    def learn() -> None:
        features, logits = network(batch)
        shown = network.reconstruct(features) if isinstance(network, Autoencoder) else logits
        torch.autograd.grad(shown.square().mean(), parameters, allow_unused=True)
        _wait(images_uint8.device)

    return _repeat(learn, seconds) * 1000 / len(batch)


def measure_seeing_sec(
    network: nn.Module, generate: Callable[[int], Tensor], device: torch.device, seconds: float
) -> float:
    """Seconds for one image to be made and seen by the extractor; `generate` makes so many, NCHW uint8."""

    def see() -> None:
        observe(network, generate(_NUM_SEEN))
        _wait(device)

    return _repeat(see, seconds) / _NUM_SEEN


def _repeat(work: Callable[[], None], seconds: float) -> float:
    """Mean seconds of `work`, which is done twice at least; the first time is not counted."""
    work()
    start, number = time.perf_counter(), 0
    while number == 0 or time.perf_counter() - start < seconds:
        work()
        number += 1
    return (time.perf_counter() - start) / number


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
