"""The probability of adaptive augmentations, which follows the training (Karras et al. 2020, ADA, arXiv:2006.06676)."""

import torch
from torch import Tensor, nn

from gan_study.config.training import TrainingConfig
from gan_study.config.values.augment import adaptive_strength
from gan_study.training.distributed import Workers

_STEPS = 4
"""Discriminator steps from one adjustment to the next, as in the paper, section 3.1."""


class AugmentProbability(nn.Module):
    """The probability, and the signs of the discriminator's outputs since it was last adjusted. All are part of a
    checkpoint, and equal on all workers; the host never reads them."""

    value: Tensor
    """Scalar in [0, 1]."""
    sign_sum: Tensor
    num_steps: Tensor

    def __init__(self, target: float, rise_per_step: float) -> None:
        """Start at 0.

        Args:
            target: mean sign of the outputs on real images above which the probability rises.
            rise_per_step: its change at each discriminator step, up or down.
        """
        super().__init__()
        self._target, self._rise = target, rise_per_step
        for name in ("value", "sign_sum", "num_steps"):
            self.register_buffer(name, torch.zeros(()))

    def observe(self, real_sign: Tensor, num_d_steps: int, weight: float, workers: Workers) -> None:
        """Count a discriminator step, and adjust the probability at every fourth one. Collective.

        Args:
            real_sign: scalar, the mean of sign(D(x)) over this worker's real images.
            num_d_steps: the training's discriminator steps with this one.
            weight: as `Workers.own_weight` gives it.
            workers: this process among those that share the trial.
        """
        self.sign_sum += workers.mean(real_sign * weight)
        self.num_steps += 1
        if num_d_steps % _STEPS == 0:
            direction = (self.sign_sum / self.num_steps - self._target).sign()
            self.value = (self.value + direction * self._rise * self.num_steps).clamp(0, 1)
            self.sign_sum, self.num_steps = torch.zeros_like(self.sign_sum), torch.zeros_like(self.num_steps)


def make_probability(config: TrainingConfig) -> AugmentProbability | None:
    """Return the probability of a training's augmentations at its start; None if they are always applied."""
    strength = adaptive_strength(config.augment)
    if strength is None:
        return None
    return AugmentProbability(strength.target, config.batch_size / strength.ramp_nimg(config.total_kimg))
