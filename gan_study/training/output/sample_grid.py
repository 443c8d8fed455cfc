"""Sample grids: 8 x 8 generated images of a trial in one PNG, and grids of any images."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from gan_study.config.training import TrainingConfig
from gan_study.gan.generation import generate_uint8
from gan_study.training.randomness import Stream, draw_latents

_SIDE = 8
_FRAME_GREY = 128
"""Level of the one-pixel frame that keeps neighbours in the grid apart."""


def sample_grid_png(g_ema: nn.Module, training: TrainingConfig) -> bytes:
    """Return a PNG of 8 x 8 generated images, from the same latents throughout a training."""
    ((images, _),) = generate_uint8(g_ema, [grid_latents(training)])
    return grid_png(images, _SIDE)


def grid_latents(training: TrainingConfig) -> Tensor:
    """Return the latents (64, z_dim) of a trial's sample grids, row by row."""
    return draw_latents(training, _SIDE**2, Stream.SAMPLE_GRID)


def grid_png(images_uint8: Tensor, num_columns: int) -> bytes:
    """Return a PNG of images NCHW uint8 in [0, 255], row by row; `num_columns` must divide N."""
    buffer = io.BytesIO()
    Image.fromarray(grid_pixels(images_uint8, num_columns)).save(buffer, "PNG")
    return buffer.getvalue()


def grid_pixels(images_uint8: Tensor, num_columns: int) -> NDArray[np.uint8]:
    """Return the grid of `grid_png` as pixels: (H, W) uint8 for grey images, (H, W, 3) for colour images."""
    framed = nn.functional.pad(images_uint8, (1, 1, 1, 1), value=_FRAME_GREY).cpu().numpy()
    num, channels, height, width = framed.shape
    num_rows = num // num_columns
    tiles = framed.reshape(num_rows, num_columns, channels, height, width).transpose(0, 3, 1, 4, 2)
    pixels = tiles.reshape(num_rows * height, num_columns * width, channels)
    return np.squeeze(pixels, axis=2) if channels == 1 else pixels
