"""The score of one evaluation, from fewer images before the end, if the study asks for it, and from all at the end."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from torch import nn

from gan_study.config.training import TrainingConfig
from gan_study.metrics.samples import BLOCK_SIZE, SampleStats, SampleSum, merge_samples
from gan_study.runs.records.measurements import CoverageRecord
from gan_study.training.distributed import Workers
from gan_study.training.measures.generated import FeatureExtractor, GeneratedBlock, use_generated
from gan_study.training.randomness import Stream, draw_latents


class Scorer(FeatureExtractor, Protocol):
    """The objective, as the training uses it."""

    @property
    def num_samples(self) -> int:
        """Generated images per score."""

    def score(self, samples: SampleStats) -> float | None:
        """Statistics => score, lower is better; None if it does not exist."""


MeasureCoverage = Callable[[nn.Module], CoverageRecord | None]
"""The averaged generator => its coverage, or None if an image is not finite. Collective."""


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
        samples, early, num_samples = generator_to_stats(g_ema, scorer, training, workers), None, scorer.num_samples
    else:
        first = generator_to_stats(g_ema, scorer, training, workers, slice(0, num_early))
        samples, early, num_samples = first, None, num_early
        if is_end:
            rest = generator_to_stats(g_ema, scorer, training, workers, slice(num_early, None))
            samples = merge_samples([first, rest]) if first is not None and rest is not None else None
            early, num_samples = first, scorer.num_samples
    return workers.from_first_rank(
        lambda: EvaluationScores(
            num_samples=num_samples,
            score=scorer.score(samples) if samples is not None else None,
            early_score=scorer.score(early) if early is not None else None,
            class_shares=samples.class_shares if samples is not None else None,
        )
    )


def generator_to_stats(
    g_ema: nn.Module,
    scorer: Scorer,
    training: TrainingConfig,
    workers: Workers,
    images: slice = slice(None),
    stream: Stream = Stream.EVALUATION,
) -> SampleStats | None:
    """Return the statistics of `scorer.num_samples` images on rank 0, and None on the others. Collective.

    The latents depend only on the seed and the stream, so that all evaluations of a trial use the same ones. Returns
    None if a pixel is not finite, because it would otherwise pass for black.

    Args:
        g_ema: the averaged generator.
        scorer: extracts the features.
        training: holds the seed and the latents' distribution.
        workers: the ranks, which share the work.
        images: the part of the images to use; default all.
        stream: the purpose of the latents.
    """
    z = draw_latents(training, scorer.num_samples, stream)[images]
    total = SampleSum(workers.device)

    def add_block(block: GeneratedBlock) -> None:
        # In parts of one size, so that the sum does not depend on the number of workers.
        classes, num_classes = block.classes, 0 if block.logits is None else block.logits.shape[1]
        for start in range(0, len(block.features), BLOCK_SIZE):
            part = slice(start, start + BLOCK_SIZE)
            total.add(block.features[part], None if classes is None else classes[part], num_classes)

    return total.result() if use_generated(g_ema, z, scorer, workers, add_block) else None
