"""Regularisation of the discriminator: penalties on its gradient, and clipping of its weights.

Nothing here draws random numbers or multiplies by a weight; the caller does both. Every gradient penalty is called
in the same way, `penalty(discriminator, real_images, fake_images, noise)`:

* discriminator: images to logits (N,), each image on its own (a batch norm would mix their gradients);
* real_images, fake_images: NCHW float in [-1, 1], equally many; with `pac`, N stacks that it judges together;
* noise: (N, k, 1, 1), from uniform numbers in [0, 1], as many for each image as `num_noise` of the penalty says.

The result can be differentiated with respect to the discriminator's parameters alone.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

Discriminator = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class GradientPenalty:
    """A penalty that is weighted and added to the discriminator's loss, and its need of random numbers."""

    value: Callable[[Discriminator, Tensor, Tensor, Tensor], Tensor]
    """(discriminator, real_images, fake_images, noise) -> scalar."""
    num_noise: Callable[[int], int]
    """Uniform numbers for each image, from its number of values (channels * height * width)."""
    scale_noise: Callable[[Tensor, Tensor], Tensor] | None = None
    """(uniform numbers, real images of the whole batch) -> noise, made in place of the numbers; None if the uniform
    numbers are the noise."""


def wgan_gp(discriminator: Discriminator, real_images: Tensor, fake_images: Tensor, noise: Tensor) -> Tensor:
    """Mean over images of (|gradient of D| - 1)^2 between real and generated images, without its weight.

    Gulrajani et al. 2017 (WGAN-GP), equation 3, at the points of algorithm 1, line 6: `noise`, (N, 1, 1, 1), is the
    share of the real image.
    """
    return _distance_to_1(discriminator, noise * real_images + (1 - noise) * fake_images)


def dragan(discriminator: Discriminator, real_images: Tensor, fake_images: Tensor, noise: Tensor) -> Tensor:
    """Mean over images of (|gradient of D| - 1)^2 around real images, without its weight.

    Kodali et al. 2017 (DRAGAN), algorithm 1, at the points of the authors' code (github.com/kodalinaveen3/DRAGAN), not
    those of the paper's text, which uses normal noise: x + alpha * 0.5 * std(x) * u with alpha uniform for each image,
    u uniform for each value, and the standard deviation of all values in the batch. The first number of an image's
    `noise` is alpha * 0.5 * std(x), as `scale_dragan_noise` computes it; the others are u.
    """
    radius, u = noise[:, :1], noise[:, 1:].reshape(real_images.shape)
    return _distance_to_1(discriminator, real_images + radius * u)


def scale_dragan_noise(uniform: Tensor, real_images: Tensor) -> Tensor:
    """Turn uniform numbers into the noise for `dragan`, in place, by the real images of the whole batch.

    Workers that share a batch each need this: the standard deviation of a part is not that of the whole.
    """
    uniform[:, :1] *= 0.5
    uniform[:, :1] *= real_images.std(correction=0)
    return uniform


def r1(discriminator: Discriminator, real_images: Tensor, fake_images: Tensor, noise: Tensor) -> Tensor:
    """1/2 mean over real images of |gradient of D|^2, without its weight. Mescheder et al. 2018, equation 9."""
    return _half_mean_square(discriminator, real_images)


def r2(discriminator: Discriminator, real_images: Tensor, fake_images: Tensor, noise: Tensor) -> Tensor:
    """1/2 mean over generated images of |gradient of D|^2, without its weight. Mescheder et al. 2018, equation 10."""
    return _half_mean_square(discriminator, fake_images)


def r1_and_r2(discriminator: Discriminator, real_images: Tensor, fake_images: Tensor, noise: Tensor) -> Tensor:
    """The sum of `r1` and `r2`, with one weight for both. Huang et al. 2024 (R3GAN, arXiv:2501.05441), section 2.2."""
    return r1(discriminator, real_images, fake_images, noise) + r2(discriminator, real_images, fake_images, noise)


@torch.no_grad()
def clip_weights_(discriminator: nn.Module, clip_value: float) -> None:
    """Clip every parameter to [-clip_value, clip_value], in place, after the discriminator's step.

    Arjovsky et al. 2017 (WGAN), algorithm 1, line 7. Buffers, such as batch norm's running statistics, stay unchanged.
    """
    for parameter in discriminator.parameters():
        parameter.clamp_(-clip_value, clip_value)


def _distance_to_1(discriminator: Discriminator, points: Tensor) -> Tensor:
    # vector_norm has the gradient 0 at 0, where sqrt of a sum of squares would give nan.
    norms: Tensor = torch.linalg.vector_norm(_gradients(discriminator, points), dim=(1, 2, 3))
    return (norms - 1).square().mean()


def _half_mean_square(discriminator: Discriminator, points: Tensor) -> Tensor:
    return 0.5 * _gradients(discriminator, points).square().sum(dim=(1, 2, 3)).mean()


def _gradients(discriminator: Discriminator, points: Tensor) -> Tensor:
    points = points.detach().requires_grad_()
    return torch.autograd.grad(discriminator(points).sum(), points, create_graph=True)[0]


GRADIENT_PENALTIES: dict[str, GradientPenalty] = {
    "dragan": GradientPenalty(dragan, lambda num_values: 1 + num_values, scale_dragan_noise),
    "r1": GradientPenalty(r1, lambda num_values: 0),
    "r1+r2": GradientPenalty(r1_and_r2, lambda num_values: 0),
    "r2": GradientPenalty(r2, lambda num_values: 0),
    "wgan_gp": GradientPenalty(wgan_gp, lambda num_values: 1),
}
"""Penalties that are added to the discriminator's loss. `weight_clip` and `none` add nothing."""
