"""The variance of an arm's scores, divided between its trainings and the latents from which images are drawn."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy  # loads its parts when they are used

from gan_study.analysis.statistics.estimate import CONFIDENCE, Estimate


@dataclass(frozen=True)
class ArmLuck:
    """The scatter of the scores of one configuration, from a panel of trainings and draws of latents."""

    num_trainings: int
    """Trainings that differ in their seeds alone."""
    num_left_out: int
    """Further trainings without such draws."""
    num_draws: int
    """Independent draws of latents from each training's generator."""
    mean: float
    """Mean score of the panel."""
    training_sd: float
    """Standard deviation of the score from training again, apart from that of the draws."""
    draw_sd: float
    """Standard deviation of the score from drawing other latents."""
    training_variation: float
    """Coefficient of variation from training again: `training_sd` divided by the mean."""
    draw_variation: float
    """Coefficient of variation from drawing other latents."""
    ratio: Estimate
    """`training_sd` divided by `draw_sd`."""


def divide_variance(panel: Sequence[Sequence[float]], num_left_out: int = 0) -> ArmLuck | None:
    """Estimate both standard deviations from the scores of two or more trainings, each with as many draws of latents.

    These are the estimates of the analysis of variance for a random effect, with the exact interval of the ratio for
    normal scores (Searle, Casella and McCulloch 1992, sections 3.5 and 3.6). An estimated variance below 0 counts as 0.
    None with fewer than two trainings or draws, if all draws of each training score the same, or if the mean is not
    above 0.
    """
    if len(panel) < 2 or len(panel[0]) < 2:
        return None
    scores = np.array(panel)
    num_trainings, num_draws = scores.shape
    within = float(scores.var(axis=1, ddof=1).mean())
    if within == 0 or scores.mean() <= 0:
        return None
    f = num_draws * float(scores.mean(axis=1).var(ddof=1)) / within

    def ratio(f: float) -> float:
        return math.sqrt(max(0.0, f - 1) / num_draws)

    tail, freedom = (1 - CONFIDENCE) / 2, (num_trainings - 1, num_trainings * (num_draws - 1))
    high, low = (float(scipy.stats.f.isf(tail, *pair)) for pair in (freedom[::-1], freedom))
    found = Estimate(ratio(f), ratio(f / low), ratio(f * high))
    mean, draw_sd = float(scores.mean()), math.sqrt(within)
    training_sd = found.value * draw_sd
    return ArmLuck(
        num_trainings=num_trainings,
        num_left_out=num_left_out,
        num_draws=num_draws,
        mean=mean,
        training_sd=training_sd,
        draw_sd=draw_sd,
        training_variation=training_sd / mean,
        draw_variation=draw_sd / mean,
        ratio=found,
    )
