"""The score of one evaluation, from fewer images before the end, if the study asks for it, and from all at the end."""

from dataclasses import dataclass

from torch import nn

from gan_study.config.training import TrainingConfig
from gan_study.metrics.samples import merge_samples
from gan_study.training.distributed import Workers
from gan_study.training.evaluate import Scorer, observe_generator


@dataclass(frozen=True)
class EvaluationScores:
    """The scores of a generator at one number of images seen."""

    num_samples: int
    """Generated images behind `score` and `class_shares`."""
    score: float | None
    """None if it, or an image, is not finite."""
    early_score: float | None
    """Score at the end from the first `early_num_samples` images, to compare with earlier scores; else None."""
    class_shares: tuple[float, ...] | None


def score_generator(
    g_ema: nn.Module, scorer: Scorer, training: TrainingConfig, workers: Workers, is_end: bool
) -> EvaluationScores:
    """Score the generator by all ranks together, from the same latents at every evaluation of a trial. Collective."""
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
