"""The look at a generator that the loop takes now and then: its score and its sample grid."""

import io
from typing import Protocol

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from gan_study.data.conversion import to_uint8
from gan_study.metrics.samples import BATCH_SIZE, SampleStats, merge_samples
from gan_study.training.distributed import Workers
from gan_study.training.randomness import Stream, seeded_generator

_GRID_SIDE = 8


class Scorer(Protocol):
    """The objective, as the loop sees it."""

    @property
    def num_samples(self) -> int:
        """Generated images per score."""

    def observe(self, images_uint8: Tensor) -> SampleStats:
        """Images NCHW uint8 in [0, 255] => their statistics."""

    def score(self, samples: SampleStats) -> float | None:
        """Statistics => score, lower is better; None if it does not exist."""


@torch.no_grad()
def observe_generator(g_ema: nn.Module, scorer: Scorer, z_dim: int, seed: int, workers: Workers) -> SampleStats:
    """Statistics of `scorer.num_samples` images, made by all ranks together; the same result on every rank.

    The latents are a function of the seed alone, so that all evaluations of a trial see the same ones.
    """
    z = torch.randn(scorer.num_samples, z_dim, generator=seeded_generator(seed, Stream.EVALUATION))
    parts = [scorer.observe(_images_uint8(g_ema, chunk)) for chunk in workers.own_rows(z).split(BATCH_SIZE)]
    return merge_samples(workers.gather(merge_samples(parts)))


@torch.no_grad()
def sample_grid_png(g_ema: nn.Module, z_dim: int, seed: int) -> bytes:
    """A PNG of 8 x 8 generated images, at every number of images from the same latents."""
    z = torch.randn(_GRID_SIDE**2, z_dim, generator=seeded_generator(seed, Stream.SAMPLE_GRID))
    images = _images_uint8(g_ema, z).cpu().numpy()
    _, channels, height, width = images.shape
    tiles = images.reshape(_GRID_SIDE, _GRID_SIDE, channels, height, width).transpose(0, 3, 1, 4, 2)
    pixels = tiles.reshape(_GRID_SIDE * height, _GRID_SIDE * width, channels)
    buffer = io.BytesIO()
    Image.fromarray(np.squeeze(pixels, axis=2) if channels == 1 else pixels).save(buffer, "PNG")
    return buffer.getvalue()


def _images_uint8(g_ema: nn.Module, z: Tensor) -> Tensor:
    weights = next(g_ema.parameters())
    return to_uint8(g_ema(z.to(device=weights.device, dtype=weights.dtype)))
