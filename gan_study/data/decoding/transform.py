"""The transform of every image: grey or colour, centre crop, resize (bicubic with antialiasing)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gan_study.config.data import DatasetConfig


@dataclass(frozen=True)
class Transform:
    """The common shape of all images. Fields are those of `DatasetConfig`."""

    image_size: int
    crop: int | None
    channels: int | None
    """1 or 3; None for the image's own number."""

    @classmethod
    def from_config(cls, config: DatasetConfig) -> "Transform":
        """The part of a data set's configuration that determines its pixels."""
        return cls(config.image_size, config.crop, config.channels)

    def picture(self, image: Image.Image) -> NDArray[np.uint8]:
        """An image of mode L or RGB and any size => (C, image_size, image_size) uint8 in [0, 255].

        Without `channels`, an RGB image whose channels are all equal is grey.
        """
        if self.channels == 1 and image.mode != "L":
            image = image.convert("L")
        left, top, side = self._square(*image.size)
        if image.size != (side, side):
            # The crop comes before the resize, which would otherwise use pixels around the box.
            image = image.crop((left, top, left + side, top + side))
        if side != self.image_size:
            image = image.resize((self.image_size, self.image_size), Image.Resampling.BICUBIC)
        pixels = own_pixels(image)
        if self.channels == 3 and len(pixels) == 1:
            return np.repeat(pixels, 3, axis=0)
        if self.channels is None and len(pixels) == 3 and (pixels == pixels[0]).all():
            return pixels[:1]
        return pixels

    def stack(self, images: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """(N, C, H, W) uint8 in [0, 255] => (N, C', image_size, image_size) uint8 in [0, 255], all at once."""
        if self.channels == 1 and images.shape[1] == 3:
            images = _luma(images)
        elif self.channels == 3 and images.shape[1] == 1:
            images = np.repeat(images, 3, axis=1)
        left, top, side = self._square(images.shape[3], images.shape[2])
        return _resize(images[:, :, top : top + side, left : left + side], self.image_size)

    def _square(self, width: int, height: int) -> tuple[int, int, int]:
        """Left, top and side of the centre crop in pixels."""
        side = min(width, height) if self.crop is None else min(width, height, self.crop)
        return (width - side) // 2, (height - side) // 2, side


def own_pixels(image: Image.Image) -> NDArray[np.uint8]:
    """An image of mode L or RGB => (C, H, W) uint8 in [0, 255]."""
    return np.atleast_3d(np.asarray(image)).transpose(2, 0, 1)


def _luma(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """RGB => grey, (N, 3, H, W) => (N, 1, H, W): ITU-R BT.601 in the 16-bit fixed point of Pillow's mode L."""
    weights = np.array([19595, 38470, 7471], np.uint32)
    sums: NDArray[np.uint32] = np.einsum("nchw,c->nhw", images.astype(np.uint32), weights)
    return ((sums + 0x8000) >> 16).astype(np.uint8)[:, None]


def _resize(images: NDArray[np.uint8], image_size: int) -> NDArray[np.uint8]:
    """(N, C, H, H) uint8 => (N, C, image_size, image_size) uint8."""
    if images.shape[-1] == image_size:
        return images
    # Imported here because reading cached images and counting images need no torch.
    import torch

    floats = torch.from_numpy(np.ascontiguousarray(images)).float()
    resized = torch.nn.functional.interpolate(floats, size=(image_size, image_size), mode="bicubic", antialias=True)
    levels: NDArray[np.uint8] = resized.round_().clamp_(0, 255).to(torch.uint8).numpy()
    return levels
