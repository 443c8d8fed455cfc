"""The two players' steps. They accumulate gradients and measure; the loop decides whether to step."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from gan_study.config.training import TrainingConfig
from gan_study.gan.losses import LOSSES
from gan_study.gan.penalties import GRADIENT_PENALTIES
from gan_study.training.distributed import unwrap


@dataclass(frozen=True)
class StepMeasures:
    """What one step showed: plain numbers, of this rank's part of the batch."""

    loss: float
    grad_norm: float
    penalty: float | None = None
    real_logit: float | None = None
    fake_logit: float | None = None

    @property
    def is_finite(self) -> bool:
        """Whether the optimizer may step. The gradients are averaged over the ranks, the loss is this rank's own."""
        return math.isfinite(self.loss) and math.isfinite(self.grad_norm)


def accumulate_d_gradients(
    config: TrainingConfig, discriminator: nn.Module, real_images: Tensor, fake_images: Tensor, mix: Tensor | None
) -> StepMeasures:
    """Set the discriminator's gradients from one batch; the generator's are not touched.

    Args:
        config: loss, penalty and its weight.
        discriminator: wrapped or not.
        real_images: NCHW float in [-1, 1].
        fake_images: as `real_images`; what made them gets no gradient.
        mix: (N, 1, 1, 1) uniform numbers for the gradient penalty; None without one.
    """
    discriminator.zero_grad(set_to_none=True)
    fake_images = fake_images.detach()
    # Real and generated images stay separate passes: one joint pass would mix their batch statistics.
    real_logits, fake_logits = discriminator(real_images), discriminator(fake_images)
    loss = LOSSES[config.loss].discriminator(real_logits, fake_logits)
    penalty = None
    if mix is not None:
        assert config.penalty_weight is not None, "a gradient penalty has a weight"
        gradient_penalty = GRADIENT_PENALTIES[config.penalty]
        penalty = config.penalty_weight * gradient_penalty(unwrap(discriminator), real_images, fake_images, mix)
        loss = loss + penalty
    loss.backward()
    measured = [loss, _grad_norm(discriminator), real_logits.mean(), fake_logits.mean()]
    numbers = _to_numbers([*measured, penalty] if penalty is not None else measured)
    return StepMeasures(
        loss=numbers[0],
        grad_norm=numbers[1],
        real_logit=numbers[2],
        fake_logit=numbers[3],
        penalty=numbers[4] if penalty is not None else None,
    )


def accumulate_g_gradients(
    config: TrainingConfig, generator: nn.Module, discriminator: nn.Module, fake_images: Tensor
) -> StepMeasures:
    """Set the generator's gradients from images it has made; the discriminator's are not touched.

    Args:
        config: the loss.
        generator: wrapped or not; the maker of `fake_images`.
        discriminator: wrapped or not.
        fake_images: NCHW float in [-1, 1] with their graph.
    """
    generator.zero_grad(set_to_none=True)
    judge = unwrap(discriminator)
    judge.requires_grad_(False)
    loss = LOSSES[config.loss].generator(judge(fake_images))
    loss.backward()
    judge.requires_grad_(True)
    loss_value, grad_norm = _to_numbers([loss, _grad_norm(generator)])
    return StepMeasures(loss=loss_value, grad_norm=grad_norm)


def _grad_norm(network: nn.Module) -> Tensor:
    return torch.nn.utils.get_total_norm([p.grad for p in network.parameters() if p.grad is not None])


def _to_numbers(scalars: list[Tensor]) -> list[float]:
    # One transfer from the device for all of them.
    numbers: list[float] = torch.stack([s.detach() for s in scalars]).tolist()
    return numbers
