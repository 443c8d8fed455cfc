"""The look at a generator that the loop takes now and then: its score and its sample grid."""

import io
from collections.abc import Callable
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from gan_study.config.training import TrainingConfig
from gan_study.gan.generation import generate_uint8
from gan_study.metrics.samples import BLOCK_SIZE, SampleStats, batch_size, merge_samples
from gan_study.runs.records import CoverageRecord
from gan_study.training.distributed import Workers
from gan_study.training.randomness import Stream, draw_latents

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
    z = draw_latents(training, scorer.num_samples, stream)
    parts = workers.gather(_observe_rows(g_ema, scorer, workers.own_rows(z[images])))
    finite_parts = [part for part in parts if part is not None]
    return merge_samples(finite_parts) if len(finite_parts) == len(parts) else None


def sample_grid_png(g_ema: nn.Module, training: TrainingConfig) -> bytes:
    """A PNG of 8 x 8 generated images, from the same latents throughout a training."""
    ((images, _),) = generate_uint8(g_ema, [grid_latents(training)])
    return grid_png(images, _GRID_SIDE)


def grid_latents(training: TrainingConfig) -> Tensor:
    """The latents (64, z_dim) of a trial's sample grids, row by row."""
    return draw_latents(training, _GRID_SIDE**2, Stream.SAMPLE_GRID)


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
    parts, device = [], next(g_ema.parameters()).device
    for block in z.split(BLOCK_SIZE):
        latents = block.to(device).split(batch_size(device.type))
        images, finite = zip(*generate_uint8(g_ema, latents), strict=True)
        if not torch.stack(finite).all():
            return None
        parts.append(scorer.images_to_stats(torch.cat(images)))
    return merge_samples(parts)
