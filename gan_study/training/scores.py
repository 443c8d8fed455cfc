"""What one evaluation scores: fewer images on the way, if the study says so, and all of them at the end."""

from dataclasses import dataclass

from torch import nn

from gan_study.config.training import TrainingConfig
from gan_study.metrics.samples import merge_samples
from gan_study.training.distributed import Workers
from gan_study.training.evaluate import Scorer, observe_generator


@dataclass(frozen=True)
class EvaluationScores:
    """The scores of one evaluation of the generator."""

    num_samples: int
    """Generated images that `score` and `class_shares` are made from."""
    score: float | None
    """None if it, or an image, is not finite."""
    early_score: float | None
    """At the end, where scores on the way are made from fewer images: the score of as many, the first of these."""
    class_shares: tuple[float, ...] | None


def score_generator(
    g_ema: nn.Module, scorer: Scorer, training: TrainingConfig, workers: Workers, is_end: bool
) -> EvaluationScores:
    """Score the generator, with the latents that every evaluation of the trial has, by all ranks together."""
    num_early = training.objective.early_num_samples
    if num_early is None:
        samples, early, num_samples = observe_generator(g_ema, scorer, training, workers), None, scorer.num_samples
    else:
        first = observe_generator(g_ema, scorer, training, workers, slice(0, num_early))
        samples, early, num_samples = first, None, num_early
        if is_end:
            rest = observe_generator(g_ema, scorer, training, workers, slice(num_early, None))
            samples = merge_samples([first, rest]) if first is not None and rest is not None else None
            early, num_samples = first, scorer.num_samples
    return EvaluationScores(
        num_samples=num_samples,
        score=scorer.score(samples) if samples is not None else None,
        early_score=scorer.score(early) if early is not None else None,
        class_shares=samples.class_shares if samples is not None else None,
    )
