"""Inception score (Salimans et al. 2016): confidence of a classifier on each image, and variety over all images.

It is the published score only with Inception's 1000 ImageNet classes. With a data set's own classifier it is an
"inception-type score" between 1 and the number of classes, blind to anything but class confidence and class balance.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy  # loads its parts when they are used
from numpy.typing import NDArray


@dataclass(frozen=True)
class InceptionScore:
    """Mean and spread of the score over parts of the images."""

    mean: float
    """Mean over the parts, at least 1; higher is better."""
    std: float
    """Standard deviation (divisor n) over the parts."""


def probabilities_to_inception_score(
    probabilities: NDArray[np.floating[Any]], *, num_splits: int = 10
) -> InceptionScore:
    """Inception score exp(E_x KL(p(y|x) || p(y))) of consecutive parts of the images, in float64.

    probabilities: (N, C) p(y|x) in [0, 1] of generated images in random order, each row with the sum 1. The default
    number of parts is the paper's, which has 50,000 images. Raises ValueError if there are fewer images than parts, or
    if a row is not a distribution.
    """
    assert num_splits >= 1, f"a mean needs one part, not {num_splits}"
    values = probabilities.astype(np.float64)
    if len(values) < num_splits:
        raise ValueError(
            f"inception score: there must be an image in each of {num_splits} parts, but got num={len(values)}; "
            "use more images or fewer parts"
        )
    # Softmax in float32 is off by some 1e-7; in float16 by 1e-3. Logits are off by far more.
    if not (values >= 0).all() or not np.allclose(values.sum(axis=1), 1, rtol=0, atol=1e-2):
        raise ValueError(
            "inception score: every row must be a distribution over classes, but got entries below 0 or not finite, "
            "or a sum other than 1; apply a softmax to logits"
        )
    scores = [_score(part) for part in np.array_split(values, num_splits)]
    return InceptionScore(float(np.mean(scores)), float(np.std(scores)))


def _score(probabilities: NDArray[np.float64]) -> float:
    divergences = scipy.special.rel_entr(probabilities, probabilities.mean(axis=0)).sum(axis=1)
    return float(np.exp(divergences.mean()))
