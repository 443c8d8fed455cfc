"""Features and class probabilities of images that come in batches."""

from collections.abc import Iterable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gan_study.extractors.extractor import apply_network

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
