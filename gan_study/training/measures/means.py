"""Means of the steps' measures between two evaluations."""

import math
from collections.abc import Iterable
from statistics import fmean

from torch import Tensor

from gan_study.runs.records.measurements import LossRecord
from gan_study.training.distributed import Workers
from gan_study.training.steps import PlayerStep, StepMeasures, read_steps


class LossMeans:
    """Collects the measures of this rank's steps; `reduce` returns their means over all ranks."""

    def __init__(self) -> None:
        self.unread: list[PlayerStep[Tensor]] = []
        self.d_steps: list[StepMeasures[float]] = []
        self.g_steps: list[StepMeasures[float]] = []

    def read(self, workers: Workers) -> list[PlayerStep[float]]:
        """Wait for the unread steps, and collect them up to the first that is not finite on some rank. Collective.

        Returns that step and those after it, which are not collected; an empty list if all are finite.
        """
        steps, self.unread = read_steps(self.unread), []
        first_failed = next((i for i, step in enumerate(steps) if not step.measures.is_finite), len(steps))
        num_finite = workers.minimum(first_failed)
        for step in steps[:num_finite]:
            (self.d_steps if step.network == "discriminator" else self.g_steps).append(step.measures)
        return steps[num_finite:]

    def reduce(self, workers: Workers, num_stacks: int) -> LossRecord | None:
        """Return the means over steps and global batches; None until each player's steps have been read. Collective.

        num_stacks: stacks of `pac` images in a global batch.
        """
        if not (self.d_steps and self.g_steps):
            return None
        own = {
            "d_loss": _mean(m.loss for m in self.d_steps),
            "g_loss": _mean(m.loss for m in self.g_steps),
            "penalty": _mean(m.penalty for m in self.d_steps),
            "real_logit": _mean(m.real_logit for m in self.d_steps),
            "fake_logit": _mean(m.fake_logit for m in self.d_steps),
            "d_grad_norm": _mean(m.grad_norm for m in self.d_steps),
            "g_grad_norm": _mean(m.grad_norm for m in self.g_steps),
            "real_sign": _mean(m.real_sign for m in self.d_steps),
            "augment_probability": self.d_steps[-1].augment_probability,
            "g_output_gradient": _mean(m.output_gradient for m in self.g_steps),
        }
        weight = workers.own_weight(num_stacks)
        ranks = workers.gather({name: None if mean is None else mean * weight for name, mean in own.items()})
        return LossRecord.model_validate({name: _mean(rank[name] for rank in ranks) for name in own})


def _mean(values: Iterable[float | None]) -> float | None:
    """Return the mean of all values but None; None if there are no others, or if one is not finite.

    A hinge loss is 0 for an infinite logit, so a training may continue with measures that are not finite.
    """
    present = [value for value in values if value is not None]
    return fmean(present) if present and all(map(math.isfinite, present)) else None
