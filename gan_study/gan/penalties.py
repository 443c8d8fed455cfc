"""What keeps a discriminator smooth: penalties on its gradient, and clipping of its weights.

Nothing here draws random numbers or multiplies by a weight; both are the caller's.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

GradientPenalty = Callable[[Callable[[Tensor], Tensor], Tensor, Tensor, Tensor], Tensor]
"""(discriminator, real_images, fake_images, mix) -> scalar, to be weighted and added to the discriminator's loss."""


def wgan_gp(discriminator: Callable[[Tensor], Tensor], real_images: Tensor, fake_images: Tensor, mix: Tensor) -> Tensor:
    """Mean over images of (|gradient of D| - 1)^2 between real and generated images, without its weight.

    Gulrajani et al. 2017 (WGAN-GP), equation 3, at the points of algorithm 1, line 6. The result can be
    differentiated by the discriminator's parameters, and by nothing else.

    Args:
        discriminator: images to logits (N,), each image on its own (a batch norm would mix their gradients).
        real_images: NCHW float in [-1, 1].
        fake_images: as `real_images`, and as many.
        mix: (N, 1, 1, 1) uniform numbers in [0, 1]: the share of the real image at each point.
    """
    points = (mix * real_images + (1 - mix) * fake_images).detach().requires_grad_()
    gradients = torch.autograd.grad(discriminator(points).sum(), points, create_graph=True)[0]
    # vector_norm has the gradient 0 at 0, where sqrt of a sum of squares would give nan.
    norms: Tensor = torch.linalg.vector_norm(gradients, dim=(1, 2, 3))
    return (norms - 1).square().mean()


@torch.no_grad()
def clip_weights_(discriminator: nn.Module, clip_value: float) -> None:
    """Bring every parameter into [-clip_value, clip_value], in place, after the discriminator's step.

    Arjovsky et al. 2017 (WGAN), algorithm 1, line 7. Buffers, such as batch norm's running statistics, stay.
    """
    for parameter in discriminator.parameters():
        parameter.clamp_(-clip_value, clip_value)


GRADIENT_PENALTIES: dict[str, GradientPenalty] = {"wgan_gp": wgan_gp}
"""Penalties that are added to the discriminator's loss. `weight_clip` and `none` add nothing."""
