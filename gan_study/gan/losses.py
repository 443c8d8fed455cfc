"""The two players' losses: plain functions from logits (N,), float, any real value, to a scalar (mean over the batch).

Every logarithm of a sigmoid is written as a softplus, so that no logit is large enough to overflow.
"""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor
from torch.nn.functional import softplus

from gan_study.config.names import LossName

DiscriminatorLoss = Callable[[Tensor, Tensor], Tensor]
"""(real_logits, fake_logits) -> scalar that the discriminator lowers."""

GeneratorLoss = Callable[[Tensor], Tensor]
"""(fake_logits) -> scalar that the generator lowers."""


@dataclass(frozen=True)
class Loss:
    """What each player lowers."""

    discriminator: DiscriminatorLoss
    """Of the logits of real and of generated images, in this order."""
    generator: GeneratorLoss
    """Of the logits of generated images."""


def least_squares_discriminator(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """1/2 mean (D(x) - 1)^2 + 1/2 mean D(G(z))^2. Mao et al. 2017 (LSGAN), equations 2 and 9, a=0, b=1."""
    return 0.5 * (real_logits - 1).square().mean() + 0.5 * fake_logits.square().mean()


def least_squares_generator(fake_logits: Tensor) -> Tensor:
    """1/2 mean (D(G(z)) - 1)^2. Mao et al. 2017 (LSGAN), equations 2 and 9, c=1."""
    return 0.5 * (fake_logits - 1).square().mean()


def minimax_discriminator(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """-mean log sigmoid(D(x)) - mean log(1 - sigmoid(D(G(z)))). Goodfellow et al. 2014, equation 1."""
    return softplus(-real_logits).mean() + softplus(fake_logits).mean()


def non_saturating_generator(fake_logits: Tensor) -> Tensor:
    """-mean log sigmoid(D(G(z))). Goodfellow et al. 2014, end of section 3."""
    return softplus(-fake_logits).mean()


def wasserstein_discriminator(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Mean D(G(z)) - mean D(x). Arjovsky et al. 2017 (WGAN), equation 3, to be lowered."""
    return fake_logits.mean() - real_logits.mean()


def wasserstein_generator(fake_logits: Tensor) -> Tensor:
    """-mean D(G(z)). Arjovsky et al. 2017 (WGAN), algorithm 1, line 10."""
    return -fake_logits.mean()


LOSSES: dict[LossName, Loss] = {
    "least_squares": Loss(least_squares_discriminator, least_squares_generator),
    "non_saturating": Loss(minimax_discriminator, non_saturating_generator),
    "wasserstein": Loss(wasserstein_discriminator, wasserstein_generator),
}
