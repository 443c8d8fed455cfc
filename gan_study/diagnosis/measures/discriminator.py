"""What the discriminator's logits say: how well it tells real from generated images, and how far apart these are."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Logits = NDArray[np.floating[Any]]
"""(N,) the discriminator's output before any sigmoid; positive means real."""


@dataclass(frozen=True)
class DiscriminatorAccuracy:
    """Shares of images that the discriminator takes for what they are, in [0, 1]. Both are 1/2 if it cannot tell."""

    real: float
    """Of real images; measure it on held-out ones, since those of the training set may have been learned by heart."""
    fake: float
    """Of generated images."""


def logits_to_accuracy(real_logits: Logits, fake_logits: Logits) -> DiscriminatorAccuracy:
    """Shares of logits on the right side of 0; a logit of exactly 0 counts half.

    Means nothing for a Wasserstein critic, whose zero is arbitrary, and for the relativistic loss, which only looks at
    differences.
    """
    return DiscriminatorAccuracy(
        real=float(((np.sign(real_logits) + 1) / 2).mean()), fake=float(((1 - np.sign(fake_logits)) / 2).mean())
    )


def logits_to_jensen_shannon(real_logits: Logits, fake_logits: Logits) -> float:
    """Jensen-Shannon divergence that the discriminator proves, in nats; see `losses_to_jensen_shannon`."""
    real_loss = np.logaddexp(0, -real_logits.astype(np.float64)).mean()
    fake_loss = np.logaddexp(0, fake_logits.astype(np.float64)).mean()
    return losses_to_jensen_shannon(float(real_loss), float(fake_loss))


def losses_to_jensen_shannon(real_loss: float, fake_loss: float) -> float:
    """ln 2 - (real_loss + fake_loss) / 2, from the two mean binary cross-entropies in nats.

    real_loss = -E log D(x), fake_loss = -E log(1 - D(G(z))), each a mean of its own, without label smoothing.
    Goodfellow et al. 2014, theorem 1: max_D V = -log 4 + 2 JSD. Its limits: a lower bound, as tight as
    the discriminator is good, so that a poor one gives less, even below 0; it saturates at ln 2 = 0.693 as soon as
    the two are told apart without error, and then says nothing of quality (Arjovsky et al. 2017, WGAN, figure 4).
    """
    return float(np.log(2)) - (real_loss + fake_loss) / 2
