"""The look at a generator that the loop takes now and then: its score and its sample grid."""

import io
from collections.abc import Callable
from typing import Protocol

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from gan_study.config.training import TrainingConfig, ZDistribution
from gan_study.data.conversion import to_uint8
from gan_study.gan.latents import draw_z
from gan_study.metrics.samples import BATCH_SIZE, SampleStats, merge_samples
from gan_study.runs.records import CoverageRecord
from gan_study.training.distributed import Workers
from gan_study.training.randomness import Stream, seeded_generator

_GRID_SIDE = 8
_FRAME_GREY = 128
"""Level of the one-pixel frame that keeps neighbours in the grid apart."""


class Scorer(Protocol):
    """The objective, as the loop sees it."""

    @property
    def num_samples(self) -> int:
        """Generated images per score."""

    def observe(self, images_uint8: Tensor) -> SampleStats:
        """Images NCHW uint8 in [0, 255] => their statistics."""

    def score(self, samples: SampleStats) -> float | None:
        """Statistics => score, lower is better; None if it does not exist."""


MeasureCoverage = Callable[[nn.Module], CoverageRecord | None]
"""The averaged generator => its coverage, or None if an image is not finite."""


@torch.no_grad()
def observe_generator(
    g_ema: nn.Module, scorer: Scorer, training: TrainingConfig, workers: Workers, images: slice = slice(None)
) -> SampleStats | None:
    """Statistics of `scorer.num_samples` images, made by all ranks together; the same result on every rank.

    images: which of them, all by default.

    None if a pixel is not finite, which would otherwise pass for black. The latents are a function of the
    seed alone, so that all evaluations of a trial see the same ones.
    """
    random = seeded_generator(training.seed, Stream.EVALUATION)
    z = draw_z(scorer.num_samples, training.z_dim, training.z_distribution, random)
    parts = workers.gather(_observe_rows(g_ema, scorer, workers.own_rows(z[images])))
    finite_parts = [part for part in parts if part is not None]
    return merge_samples(finite_parts) if len(finite_parts) == len(parts) else None


@torch.no_grad()
def sample_grid_png(g_ema: nn.Module, z_dim: int, seed: int, z_distribution: ZDistribution) -> bytes:
    """A PNG of 8 x 8 generated images, at every number of images from the same latents."""
    z = draw_z(_GRID_SIDE**2, z_dim, z_distribution, seeded_generator(seed, Stream.SAMPLE_GRID))
    return grid_png(to_uint8(_generate(g_ema, z)), _GRID_SIDE)


def grid_png(images_uint8: Tensor, num_columns: int) -> bytes:
    """A PNG of images NCHW uint8 in [0, 255], row by row; `num_columns` divides N."""
    framed = nn.functional.pad(images_uint8, (1, 1, 1, 1), value=_FRAME_GREY).cpu().numpy()
    num, channels, height, width = framed.shape
    num_rows = num // num_columns
    tiles = framed.reshape(num_rows, num_columns, channels, height, width).transpose(0, 3, 1, 4, 2)
    pixels = tiles.reshape(num_rows * height, num_columns * width, channels)
    buffer = io.BytesIO()
    Image.fromarray(np.squeeze(pixels, axis=2) if channels == 1 else pixels).save(buffer, "PNG")
    return buffer.getvalue()


def _observe_rows(g_ema: nn.Module, scorer: Scorer, z: Tensor) -> SampleStats | None:
    parts = []
    for chunk in z.split(BATCH_SIZE):
        images = _generate(g_ema, chunk)
        if not images.isfinite().all():
            return None
        parts.append(scorer.observe(to_uint8(images)))
    return merge_samples(parts)


def _generate(g_ema: nn.Module, z: Tensor) -> Tensor:
    weights = next(g_ema.parameters())
    images: Tensor = g_ema(z.to(device=weights.device, dtype=weights.dtype))
    return images
