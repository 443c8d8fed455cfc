"""The one conversion between stored images (uint8 in [0, 255]) and the networks' images (float in [-1, 1])."""

import torch
from torch import Tensor


def to_float(images_uint8: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
    """uint8 in [0, 255] => float in [-1, 1], any layout: u / 127.5 - 1."""
    return images_uint8.to(dtype).div_(127.5).sub_(1.0)


def to_uint8(images: Tensor) -> Tensor:
    """Float in [-1, 1] => uint8 in [0, 255], any layout, rounded to the nearest level and clipped."""
    return images.detach().add(1.0).mul_(127.5).round_().clamp_(0, 255).to(torch.uint8)
