"""Measures of the discriminator's logits: its accuracy, and the divergence that it proves."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Logits = NDArray[np.floating[Any]]
"""(N,) outputs of the discriminator before any sigmoid; positive means real."""


@dataclass(frozen=True)
class DiscriminatorAccuracy:
    """Shares of images that the discriminator classifies correctly, in [0, 1]. Both are 1/2 if it guesses."""

    real: float
    """Accuracy on real images; measure it on held-out ones, since the discriminator may have memorised the training
    images."""
    fake: float
    """Accuracy on generated images."""


def logits_to_accuracy(real_logits: Logits, fake_logits: Logits) -> DiscriminatorAccuracy:
    """Shares of logits on the right side of 0; a logit of exactly 0 counts half.

    This is meaningless for a Wasserstein critic, whose zero is arbitrary, and for the relativistic loss, which depends
    on differences alone.
    """
    return DiscriminatorAccuracy(
        real=float(((np.sign(real_logits) + 1) / 2).mean()), fake=float(((1 - np.sign(fake_logits)) / 2).mean())
    )


def losses_to_jensen_shannon(real_loss: float, fake_loss: float) -> float:
    """ln 2 - (real_loss + fake_loss) / 2, from the two mean binary cross-entropies in nats.

    real_loss = -E log D(x), fake_loss = -E log(1 - D(G(z))), averaged separately, without label smoothing.
    Goodfellow et al. 2014, theorem 1: max_D V = -log 4 + 2 JSD. This is a lower bound, as tight as the discriminator is
    good; a poor discriminator gives less, even below 0. It saturates at ln 2 = 0.693 once the discriminator makes no
    errors, and then does not reflect quality (Arjovsky et al. 2017, WGAN, figure 4).
    """
    return float(np.log(2)) - (real_loss + fake_loss) / 2
