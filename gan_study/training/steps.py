"""The gradients of the two players' steps, and their measures.

The measures stay on the device: reading each of them at once would make the host wait for a GPU in every step, and the
GPU then for the host.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Generic, Literal, TypeVar

import torch
from torch import Tensor, nn

from gan_study.config.names import REAL_ABOVE
from gan_study.config.training import TrainingConfig
from gan_study.gan.augmentations import augment
from gan_study.gan.losses import label_smoothing_term
from gan_study.gan.packing import pack_images
from gan_study.gan.parts import augmentations_of, loss_of, penalty_of
from gan_study.gan.penalties import Discriminator
from gan_study.training.distributed import unwrap
from gan_study.training.precision import network_arithmetic

Number = TypeVar("Number", Tensor, float)


@dataclass(frozen=True)
class StepMeasures(Generic[Number]):
    """The measures of one step on this rank's part of the batch: scalars on the device, or plain numbers."""

    loss: Number
    grad_norm: Number
    penalty: Number | None = None
    real_logit: Number | None = None
    fake_logit: Number | None = None
    output_gradient: Number | None = None
    real_sign: Number | None = None
    augment_probability: Number | None = None

    @property
    def is_finite(self: "StepMeasures[float]") -> bool:
        """True if the step counts. The gradients are averaged over the ranks, the loss is this rank's own."""
        return math.isfinite(self.loss) and math.isfinite(self.grad_norm)


@dataclass(frozen=True)
class PlayerStep(Generic[Number]):
    """A step of one player."""

    network: Literal["discriminator", "generator"]
    measures: StepMeasures[Number]
    """This rank's measures."""


def read_steps(steps: Sequence[PlayerStep[Tensor]]) -> list[PlayerStep[float]]:
    """Return steps with plain numbers, for which the host waits until the device has made them. One transfer."""
    names = [field.name for field in fields(StepMeasures)]
    given = [[name for name in names if getattr(step.measures, name) is not None] for step in steps]
    scalars = [getattr(step.measures, name) for step, named in zip(steps, given, strict=True) for name in named]
    numbers = iter(torch.stack(scalars).tolist() if scalars else [])
    return [
        PlayerStep(step.network, StepMeasures(**{name: next(numbers) for name in named}))
        for step, named in zip(steps, given, strict=True)
    ]


def accumulate_d_gradients(
    config: TrainingConfig,
    discriminator: nn.Module,
    real_images: Tensor,
    fake_images: Tensor,
    noise: Tensor | None,
    weight: float = 1.0,
    chances: Tensor | None = None,
    labels: Tensor | None = None,
    probability: Tensor | None = None,
) -> StepMeasures[Tensor]:
    """Set the discriminator's gradients from one batch; the generator's are not touched.

    Args:
        config: holds loss, label smoothing, penalty, its weight, augmentations, and `pac`.
        discriminator: wrapped or not.
        real_images: NCHW float in [-1, 1].
        fake_images: generated images like `real_images`; their generator receives no gradient.
        noise: (N / pac, k, 1, 1), as `BatchSource.draw` returns it; None if this step has no gradient penalty.
        weight: factor of the gradients, not of the measures; see `Workers.own_weight`.
        chances: (N, `NUM_VIEWS`, k), as `BatchSource.draw` returns them; None without augmentations.
        labels: (N,) the class of the real and of the generated image of each row; None if the GAN is not conditional.
        probability: scalar with which each adaptive augmentation is applied; None if they always are.
    """
    discriminator.zero_grad(set_to_none=True)
    real_images, fake_images = (
        _seen(config, images, chances, view, probability)
        for view, images in enumerate((real_images, fake_images.detach()))
    )
    # Real and generated images stay separate passes: one joint pass would mix their batch statistics.
    with network_arithmetic(config, real_images.device):
        real_logits, fake_logits = (
            given_labels(discriminator, labels)(images).to(images.dtype) for images in (real_images, fake_images)
        )
    added, loss = penalty_of(config), loss_of(config).discriminator(real_logits, fake_logits)
    if config.label_smoothing is not None:
        loss = loss + label_smoothing_term(real_logits, config.label_smoothing)
    penalty = torch.zeros_like(loss)
    if noise is not None:
        assert added is not None, "only a gradient penalty has noise"
        judge = given_labels(unwrap(discriminator), labels)
        penalty = _penalty_weight(config) * added.value(judge, real_images, fake_images, noise)
        loss = loss + penalty
    loss.backward(torch.full_like(loss, weight))
    return StepMeasures(
        loss=loss.detach(),
        grad_norm=_grad_norm(discriminator),
        real_logit=real_logits.detach().mean(),
        fake_logit=fake_logits.detach().mean(),
        penalty=penalty.detach() if added is not None else None,
        real_sign=None if probability is None else (real_logits.detach() - REAL_ABOVE[config.loss]).sign().mean(),
        augment_probability=probability,
    )


def accumulate_g_gradients(
    config: TrainingConfig,
    generator: nn.Module,
    discriminator: nn.Module,
    fake_images: Tensor,
    real_images: Tensor | None = None,
    weight: float = 1.0,
    chances: Tensor | None = None,
    labels: Tensor | None = None,
    probability: Tensor | None = None,
) -> StepMeasures[Tensor]:
    """Set the generator's gradients from images it has made; the discriminator's are not touched.

    Args:
        config: holds loss, augmentations and `pac`.
        generator: wrapped or not; it has made `fake_images`.
        discriminator: wrapped or not.
        fake_images: NCHW float in [-1, 1] with their graph; their own gradient is measured as well.
        real_images: as many real images; only a relativistic loss uses them.
        weight: factor of the gradients, not of the measures; see `Workers.own_weight`.
        chances: (N, `NUM_VIEWS`, k), as `BatchSource.draw` returns them; None without augmentations.
        labels: (N,) the class of each image; None if the GAN is not conditional.
        probability: scalar with which each adaptive augmentation is applied; None if they always are.
    """
    generator.zero_grad(set_to_none=True)
    fake_images.retain_grad()
    plain_discriminator = unwrap(discriminator)
    plain_discriminator.requires_grad_(False)
    players, real_logits = loss_of(config), torch.empty(0)  # most losses need neither this nor the extra pass
    with network_arithmetic(config, fake_images.device):
        judge = given_labels(plain_discriminator, labels)
        fake_logits = judge(_seen(config, fake_images, chances, 2, probability)).to(fake_images.dtype)
        if players.generator_uses_real:
            assert real_images is not None, "this loss compares with real images"
            real_logits = judge(_seen(config, real_images, chances, 3, probability)).to(real_images.dtype)
    loss = players.generator(real_logits, fake_logits)
    loss.backward(torch.full_like(loss, weight))
    plain_discriminator.requires_grad_(True)
    return StepMeasures(
        loss=loss.detach(),
        grad_norm=_grad_norm(generator),
        output_gradient=output_gradient_norm(fake_images) / weight,
    )


def given_labels(discriminator: nn.Module, labels: Tensor | None) -> Discriminator:
    """The discriminator as a function of images alone, whose classes are `labels` if it is conditional."""
    return discriminator if labels is None else lambda images: discriminator(images, labels)


def _seen(
    config: TrainingConfig, images: Tensor, chances: Tensor | None, view: int, probability: Tensor | None
) -> Tensor:
    """Return the images as the discriminator sees them: augmented by their numbers of this view, and stacked."""
    if chances is not None:
        images = augment(images, augmentations_of(config), chances[:, view], probability)
    return pack_images(images, config.pac)


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
