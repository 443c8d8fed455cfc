"""Augmentations of the images that the discriminator sees, real and generated alike, through which gradients pass.

Zhao et al. 2020 (DiffAugment, arXiv:2006.10738), section 3.2; their sizes are those of the authors' code
(github.com/mit-han-lab/data-efficient-gans, DiffAugment_pytorch.py). Nothing here draws random numbers. Every
augmentation is called in the same way, `augmentation(images, numbers)`:

* images: NCHW float in [-1, 1];
* numbers: (N, k) uniform in [0, 1), as many for each image as `num_numbers` of the augmentation says.

It returns as many images of the same shape, whose colours may leave [-1, 1]. Pixels that a shift uncovers or that are
cut out become 0, which is grey.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

_SHIFT = 1 / 8
"""Largest shift as a share of the image's side."""
_CUT = 1 / 2
"""Side of the square that is cut out as a share of the image's side."""


@dataclass(frozen=True)
class Augmentation:
    """An augmentation, and its need of random numbers."""

    change: Callable[[Tensor, Tensor], Tensor]
    """(images, numbers) -> images."""
    num_numbers: int
    """Uniform numbers for each image."""


def flip(images: Tensor, numbers: Tensor) -> Tensor:
    """Mirror half of the images at their vertical middle. numbers: (N, 1)."""
    return torch.where(numbers[:, :, None, None] < 0.5, images.flip(3), images)


def colour(images: Tensor, numbers: Tensor) -> Tensor:
    """Change brightness by up to 0.5, saturation by a factor from 0 to 2, contrast by one from 0.5 to 1.5.

    numbers: (N, 3), in this order.
    """
    brightness, saturation, contrast = numbers[:, :, None, None, None].unbind(1)
    images = images + (brightness - 0.5)
    grey = images.mean(dim=1, keepdim=True)
    images = (images - grey) * (2 * saturation) + grey
    middle = images.mean(dim=(1, 2, 3), keepdim=True)
    return (images - middle) * (contrast + 0.5) + middle


def translation(images: Tensor, numbers: Tensor) -> Tensor:
    """Shift by whole pixels, up to an eighth of the side in each direction. numbers: (N, 2), vertical first."""
    size = images.shape[3]
    most = round(size * _SHIFT)
    shifts = _whole(numbers, 2 * most + 1) - most
    sources = torch.arange(size, device=images.device) + shifts[:, :, None]  # (N, 2, size)
    inside = (sources >= 0) & (sources < size)
    rows, columns = sources.clamp(0, size - 1).unbind(1)
    shifted = images.gather(2, rows[:, None, :, None].expand_as(images))
    shifted = shifted.gather(3, columns[:, None, None, :].expand_as(images))
    return shifted * (inside[:, :1, :, None] & inside[:, 1:, None, :])


def cutout(images: Tensor, numbers: Tensor) -> Tensor:
    """Cut out a square of half the side around any point; a part may lie outside. numbers: (N, 2), vertical first."""
    size = images.shape[3]
    side = round(size * _CUT)
    starts = _whole(numbers, size + 1 - side % 2) - side // 2
    places = torch.arange(size, device=images.device) - starts[:, :, None]  # (N, 2, size)
    is_cut = (places >= 0) & (places < side)
    return images * ~(is_cut[:, :1, :, None] & is_cut[:, 1:, None, :])


def augment(images: Tensor, used: Sequence[Augmentation], numbers: Tensor, probability: Tensor | None = None) -> Tensor:
    """Apply augmentations in their order.

    Args:
        images: NCHW float in [-1, 1].
        used: the augmentations.
        numbers: (N, k) uniform in [0, 1), as many as `num_numbers` says.
        probability: scalar with which each of them is applied to each image; None for always.
    """
    sizes = [augmentation.num_numbers for augmentation in used]
    *parts, gates = numbers.split([*sizes, numbers.shape[1] - sum(sizes)], dim=1)
    for place, (augmentation, part) in enumerate(zip(used, parts, strict=True)):
        changed = augmentation.change(images, part)
        if probability is not None:
            changed = torch.where(gates[:, place, None, None, None] < probability, changed, images)
        images = changed
    return images.contiguous(memory_format=torch.channels_last)


def num_numbers(used: Sequence[Augmentation], have_probability: bool = False) -> int:
    """Uniform numbers for each image that these augmentations need together.

    have_probability: each of them is applied with a probability, for which it needs one more.
    """
    return sum(augmentation.num_numbers + have_probability for augmentation in used)


def _whole(numbers: Tensor, count: int) -> Tensor:
    """Uniform numbers in [0, 1) => whole ones from 0 to count - 1."""
    return (numbers * count).floor().clamp(max=count - 1).long()


AUGMENTATIONS: dict[str, Augmentation] = {
    "flip": Augmentation(flip, 1),
    "colour": Augmentation(colour, 3),
    "translation": Augmentation(translation, 2),
    "cutout": Augmentation(cutout, 2),
}
"""Augmentations by name, in the order in which they are applied."""
