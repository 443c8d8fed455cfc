"""The losses of both players: plain functions from logits (N,), float, any real value, to a scalar (mean over the
batch).

Every logarithm of a sigmoid is written as a softplus, so that large logits do not overflow. Logits of real images
always come before those of generated ones, also for losses that use only one of them.
"""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor
from torch.nn.functional import relu, softplus

PlayerLoss = Callable[[Tensor, Tensor], Tensor]
"""(real_logits, fake_logits) -> scalar that the player minimises."""


@dataclass(frozen=True)
class Loss:
    """The losses of both players."""

    discriminator: PlayerLoss
    """Loss of the discriminator."""
    generator: PlayerLoss
    """Loss of the generator."""
    generator_uses_real: bool = False
    """True if the generator's loss uses the real logits, which otherwise need not be computed."""


def hinge_discriminator(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Mean max(0, 1 - D(x)) + mean max(0, 1 + D(G(z))). Miyato et al. 2018 (SNGAN), equation 16."""
    return relu(1 - real_logits).mean() + relu(1 + fake_logits).mean()


def hinge_generator(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """-mean D(G(z)). Miyato et al. 2018 (SNGAN), equation 17."""
    return -fake_logits.mean()


def least_squares_discriminator(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """1/2 mean (D(x) - 1)^2 + 1/2 mean D(G(z))^2. Mao et al. 2017 (LSGAN), equations 2 and 9, a=0, b=1."""
    return 0.5 * (real_logits - 1).square().mean() + 0.5 * fake_logits.square().mean()


def least_squares_generator(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """1/2 mean (D(G(z)) - 1)^2. Mao et al. 2017 (LSGAN), equations 2 and 9, c=1."""
    return 0.5 * (fake_logits - 1).square().mean()


def minimax_discriminator(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """-mean log sigmoid(D(x)) - mean log(1 - sigmoid(D(G(z)))). Goodfellow et al. 2014, equation 1."""
    return softplus(-real_logits).mean() + softplus(fake_logits).mean()


def minimax_generator(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Mean log(1 - sigmoid(D(G(z)))), which saturates. Goodfellow et al. 2014, equation 1."""
    return -softplus(fake_logits).mean()


def non_saturating_generator(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """-mean log sigmoid(D(G(z))). Goodfellow et al. 2014, end of section 3."""
    return softplus(-fake_logits).mean()


def relativistic_discriminator(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """-mean log sigmoid(D(x) - D(G(z))), each real image paired with the generated one of the same row.

    Jolicoeur-Martineau 2018, section 4.1 (relativistic standard GAN).
    """
    return softplus(fake_logits - real_logits).mean()


def relativistic_generator(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """-mean log sigmoid(D(G(z)) - D(x)), paired as in `relativistic_discriminator`, from the same section."""
    return softplus(real_logits - fake_logits).mean()


def wasserstein_discriminator(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Mean D(G(z)) - mean D(x), to be minimised. Arjovsky et al. 2017 (WGAN), equation 3."""
    return fake_logits.mean() - real_logits.mean()


def wasserstein_generator(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """-mean D(G(z)). Arjovsky et al. 2017 (WGAN), algorithm 1, line 10."""
    return -fake_logits.mean()


def label_smoothing_term(real_logits: Tensor, label_smoothing: float) -> Tensor:
    """Change of `minimax_discriminator` if the target of real images is 1 - s in place of 1: s mean D(x).

    The cross entropy (1 - s) softplus(-d) + s softplus(d) of a logit d with that target is softplus(-d) + s d.
    One-sided label smoothing: Salimans et al. 2016, section 3.4.
    """
    return label_smoothing * real_logits.mean()


LOSSES: dict[str, Loss] = {
    "hinge": Loss(hinge_discriminator, hinge_generator),
    "least_squares": Loss(least_squares_discriminator, least_squares_generator),
    "minimax": Loss(minimax_discriminator, minimax_generator),
    "non_saturating": Loss(minimax_discriminator, non_saturating_generator),
    "relativistic": Loss(relativistic_discriminator, relativistic_generator, generator_uses_real=True),
    "wasserstein": Loss(wasserstein_discriminator, wasserstein_generator),
}
