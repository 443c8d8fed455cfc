"""The look at a generator that the loop takes now and then: its score and its sample grid."""

import io
from collections.abc import Callable
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from gan_study.config.training import TrainingConfig, ZDistribution
from gan_study.data.conversion import to_uint8
from gan_study.gan.latents import draw_z
from gan_study.metrics.samples import BLOCK_SIZE, SampleStats, batch_size, merge_samples
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

    def images_to_stats(self, images_uint8: Tensor) -> SampleStats:
        """Images NCHW uint8 in [0, 255] => their statistics."""

    def score(self, samples: SampleStats) -> float | None:
        """Statistics => score, lower is better; None if it does not exist."""


MeasureCoverage = Callable[[nn.Module], CoverageRecord | None]
"""The averaged generator => its coverage, or None if an image is not finite."""


@torch.no_grad()
def observe_generator(
    g_ema: nn.Module,
    scorer: Scorer,
    training: TrainingConfig,
    workers: Workers,
    images: slice = slice(None),
    stream: Stream = Stream.EVALUATION,
) -> SampleStats | None:
    """Statistics of `scorer.num_samples` images, made by all ranks together; the same result on every rank.

    images: which of them, all by default. stream: what the latents are drawn for.

    None if a pixel is not finite, which would otherwise pass for black. The latents are a function of the
    seed and the stream alone, so that all evaluations of a trial see the same ones.
    """
    random = seeded_generator(training.seed, stream)
    z = draw_z(scorer.num_samples, training.z_dim, training.z_distribution, random)
    parts = workers.gather(_observe_rows(g_ema, scorer, workers.own_rows(z[images])))
    finite_parts = [part for part in parts if part is not None]
    return merge_samples(finite_parts) if len(finite_parts) == len(parts) else None


@torch.no_grad()
def sample_grid_png(g_ema: nn.Module, z_dim: int, seed: int, z_distribution: ZDistribution) -> bytes:
    """A PNG of 8 x 8 generated images, at every number of images from the same latents."""
    return grid_png(to_uint8(_generate(g_ema, grid_latents(z_dim, seed, z_distribution))), _GRID_SIDE)


def grid_latents(z_dim: int, seed: int, z_distribution: ZDistribution) -> Tensor:
    """The latents (64, z_dim) of a trial's sample grids, row by row."""
    return draw_z(_GRID_SIDE**2, z_dim, z_distribution, seeded_generator(seed, Stream.SAMPLE_GRID))


def grid_png(images_uint8: Tensor, num_columns: int) -> bytes:
    """A PNG of images NCHW uint8 in [0, 255], row by row; `num_columns` divides N."""
    buffer = io.BytesIO()
    Image.fromarray(grid_pixels(images_uint8, num_columns)).save(buffer, "PNG")
    return buffer.getvalue()


def grid_pixels(images_uint8: Tensor, num_columns: int) -> NDArray[np.uint8]:
    """The grid that `grid_png` writes: (H, W) uint8 of grey images, (H, W, 3) of coloured ones."""
    framed = nn.functional.pad(images_uint8, (1, 1, 1, 1), value=_FRAME_GREY).cpu().numpy()
    num, channels, height, width = framed.shape
    num_rows = num // num_columns
    tiles = framed.reshape(num_rows, num_columns, channels, height, width).transpose(0, 3, 1, 4, 2)
    pixels = tiles.reshape(num_rows * height, num_columns * width, channels)
    return np.squeeze(pixels, axis=2) if channels == 1 else pixels


def _observe_rows(g_ema: nn.Module, scorer: Scorer, z: Tensor) -> SampleStats | None:
    parts = []
    for block in z.split(BLOCK_SIZE):
        images, are_finite = _generate_uint8(g_ema, block)
        if not are_finite:
            return None
        parts.append(scorer.images_to_stats(images))
    return merge_samples(parts)


def _generate_uint8(g_ema: nn.Module, z: Tensor) -> tuple[Tensor, Tensor]:
    """Images NCHW uint8 in [0, 255], and whether all pixels are finite; a GPU need not be waited for."""
    z = z.to(next(g_ema.parameters()).device)
    images, finite = [], []
    for chunk in z.split(batch_size(z.device.type)):
        part = _generate(g_ema, chunk)
        images.append(to_uint8(part))
        finite.append(part.isfinite().all())
    return torch.cat(images), torch.stack(finite).all()


def _generate(g_ema: nn.Module, z: Tensor) -> Tensor:
    weights = next(g_ema.parameters())
    images: Tensor = g_ema(z.to(device=weights.device, dtype=weights.dtype))
    return images
