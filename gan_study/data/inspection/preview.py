"""A picture of the images that a GAN would see: examples after crop and resize, side by side."""

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngInfo

NUM_COLUMNS = 8
_MIN_TILE = 64
"""Smallest tile in pixels; each pixel of a smaller image becomes a square."""
_GAP = 2
_GAP_LEVEL = 128
_KEY, _MARK = "Software", "gan_study doctor"


def preview_png(images: NDArray[np.uint8]) -> bytes:
    """(N, C, H, W) uint8 in [0, 255], N at least 1 => a PNG in rows of `NUM_COLUMNS`, marked as made by gan_study."""
    factor = max(1, _MIN_TILE // images.shape[2])
    tiles = images.repeat(factor, axis=2).repeat(factor, axis=3)
    channels, height, width = tiles.shape[1:]
    columns = min(NUM_COLUMNS, len(tiles))
    rows = -(-len(tiles) // columns)
    sheet = np.full((channels, _GAP + rows * (height + _GAP), _GAP + columns * (width + _GAP)), _GAP_LEVEL, np.uint8)
    for number, tile in enumerate(tiles):
        top, left = _GAP + number // columns * (height + _GAP), _GAP + number % columns * (width + _GAP)
        sheet[:, top : top + height, left : left + width] = tile
    info, buffer = PngInfo(), io.BytesIO()
    info.add_text(_KEY, _MARK)
    Image.fromarray(sheet[0] if channels == 1 else sheet.transpose(1, 2, 0)).save(buffer, "PNG", pnginfo=info)
    return buffer.getvalue()


def is_preview(path: Path) -> bool:
    """Return True if `preview_png` has made the file, so that a new preview may overwrite it."""
    try:
        with Image.open(path) as image:
            return image.info.get(_KEY) == _MARK
    except Exception:  # decoders raise all kinds for what is no image
        return False
