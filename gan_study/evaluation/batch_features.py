"""Features and class probabilities of images that come in batches."""

from collections.abc import Iterable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gan_study.extractors.extractor import apply_network
from gan_study.gan.generation import generate_uint8

FeaturesAndProbabilities = tuple[NDArray[np.float32], NDArray[np.float32] | None]
"""(N, dims) features and (N, C) probabilities of the extractor's classes; None in their place without classes."""


def batches_to_features(network: nn.Module, batches: Iterable[Tensor]) -> FeaturesAndProbabilities:
    """Extract the features of at least one batch of images NCHW uint8 in [0, 255] on the extractor network's device."""
    features, probabilities = [], []
    for batch in batches:
        part, logits = apply_network(network, batch)
        features.append(part)
        if logits is not None:
            probabilities.append(logits.softmax(1))
    together = torch.cat(probabilities).cpu().numpy() if probabilities else None
    return torch.cat(features).cpu().numpy(), together


def generator_to_features(
    network: nn.Module, generator: nn.Module, latents: Iterable[Tensor]
) -> FeaturesAndProbabilities | None:
    """Extract the features of the images that a generator makes from batches of latents (N, z_dim).

    Returns None if a pixel is not finite.
    """
    finite: list[Tensor] = []

    def images() -> Iterator[Tensor]:
        for part, are_finite in generate_uint8(generator, latents):
            finite.append(are_finite)
            yield part

    found = batches_to_features(network, images())
    return found if torch.stack(finite).all() else None
