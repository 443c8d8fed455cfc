"""The gradients of the two players' steps, and their measures; the loop decides whether the optimizers step."""

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from gan_study.config.training import TrainingConfig
from gan_study.gan.losses import LOSSES, label_smoothing_term
from gan_study.gan.packing import pack_images
from gan_study.gan.penalties import GRADIENT_PENALTIES
from gan_study.training.distributed import unwrap


@dataclass(frozen=True)
class StepMeasures:
    """The measures of one step on this rank's part of the batch, as plain numbers."""

    loss: float
    grad_norm: float
    penalty: float | None = None
    real_logit: float | None = None
    fake_logit: float | None = None
    output_gradient: float | None = None

    @property
    def is_finite(self) -> bool:
        """True if the optimizer may step. The gradients are averaged over the ranks, the loss is this rank's own."""
        return math.isfinite(self.loss) and math.isfinite(self.grad_norm)


@dataclass(frozen=True)
class FailedStep:
    """A step that was not made, because the loss or a gradient was not finite on some rank."""

    network: Literal["discriminator", "generator"]
    measures: StepMeasures
    """This rank's measures."""


def accumulate_d_gradients(
    config: TrainingConfig,
    discriminator: nn.Module,
    real_images: Tensor,
    fake_images: Tensor,
    noise: Tensor | None,
    weight: float = 1.0,
) -> StepMeasures:
    """Set the discriminator's gradients from one batch; the generator's are not touched.

    Args:
        config: holds loss, label smoothing, penalty, its weight, and `pac`.
        discriminator: wrapped or not.
        real_images: NCHW float in [-1, 1].
        fake_images: generated images like `real_images`; their generator receives no gradient.
        noise: (N / pac, k, 1, 1), as `draw_batch` returns it; None if this step has no gradient penalty.
        weight: factor of the gradients, not of the measures; see `Workers.own_weight`.
    """
    discriminator.zero_grad(set_to_none=True)
    real_images, fake_images = (pack_images(images, config.pac) for images in (real_images, fake_images.detach()))
    # Real and generated images stay separate passes: one joint pass would mix their batch statistics.
    real_logits, fake_logits = discriminator(real_images), discriminator(fake_images)
    loss = LOSSES[config.loss].discriminator(real_logits, fake_logits)
    if config.label_smoothing is not None:
        loss = loss + label_smoothing_term(real_logits, config.label_smoothing)
    penalty = torch.zeros_like(loss)
    if noise is not None:
        penalty = _penalty_weight(config) * GRADIENT_PENALTIES[config.penalty].value(
            unwrap(discriminator), real_images, fake_images, noise
        )
        loss = loss + penalty
    loss.backward(torch.full_like(loss, weight))
    numbers = _to_numbers([loss, _grad_norm(discriminator), real_logits.mean(), fake_logits.mean(), penalty])
    return StepMeasures(
        loss=numbers[0],
        grad_norm=numbers[1],
        real_logit=numbers[2],
        fake_logit=numbers[3],
        penalty=numbers[4] if config.penalty in GRADIENT_PENALTIES else None,
    )


def accumulate_g_gradients(
    config: TrainingConfig,
    generator: nn.Module,
    discriminator: nn.Module,
    fake_images: Tensor,
    real_images: Tensor | None = None,
    weight: float = 1.0,
) -> StepMeasures:
    """Set the generator's gradients from images it has made; the discriminator's are not touched.

    Args:
        config: holds loss and `pac`.
        generator: wrapped or not; it has made `fake_images`.
        discriminator: wrapped or not.
        fake_images: NCHW float in [-1, 1] with their graph; their own gradient is measured as well.
        real_images: as many real images; only a relativistic loss uses them.
        weight: factor of the gradients, not of the measures; see `Workers.own_weight`.
    """
    generator.zero_grad(set_to_none=True)
    fake_images.retain_grad()
    plain_discriminator = unwrap(discriminator)
    plain_discriminator.requires_grad_(False)
    fake_logits = plain_discriminator(pack_images(fake_images, config.pac))
    real_logits = torch.empty(0)  # most losses need neither this nor the extra pass
    if LOSSES[config.loss].generator_uses_real:
        assert real_images is not None, "this loss compares with real images"
        real_logits = plain_discriminator(pack_images(real_images, config.pac))
    loss = LOSSES[config.loss].generator(real_logits, fake_logits)
    loss.backward(torch.full_like(loss, weight))
    plain_discriminator.requires_grad_(True)
    numbers = _to_numbers([loss, _grad_norm(generator), output_gradient_norm(fake_images) / weight])
    return StepMeasures(loss=numbers[0], grad_norm=numbers[1], output_gradient=numbers[2])


def _penalty_weight(config: TrainingConfig) -> float:
    """Return the weight times the steps between two computations of the penalty, so that its mean strength is the same.

    Lazy regularization: Karras et al. 2020 (StyleGAN2), section 3.1, here without its change of Adam's rates.
    """
    assert config.penalty_weight is not None, "a gradient penalty has a weight"
    return config.penalty_weight * (config.penalty_every or 1)


def _grad_norm(network: nn.Module) -> Tensor:
    return torch.nn.utils.get_total_norm([p.grad for p in network.parameters() if p.grad is not None])


def output_gradient_norm(fake_images: Tensor) -> Tensor:
    """Return the mean over the images of each image's gradient norm, as if the loss were of this image alone."""
    assert fake_images.grad is not None, "the loss has been propagated back to the images"
    # Over three axes, because flattening would copy colour images in the channels_last layout, which is slow.
    norms: Tensor = torch.linalg.vector_norm(fake_images.grad, dim=(1, 2, 3))
    return norms.sum()


def _to_numbers(scalars: list[Tensor]) -> list[float]:
    # One transfer from the device for all of them.
    numbers: list[float] = torch.stack([s.detach() for s in scalars]).tolist()
    return numbers
