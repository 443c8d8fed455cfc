"""Generated images and their features, which all ranks make together and rank 0 uses.

The batches, and the order in which rank 0 receives them, do not depend on the number of ranks. So the results equal
those of one worker to the last bit.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gan_study.gan.generation import generate_uint8
from gan_study.metrics.samples import BLOCK_SIZE, batch_size
from gan_study.training.distributed import Workers

NUM_FIRST = 256
"""First images that rank 0 generates itself, if there are as many: the signals compare them."""

_T = TypeVar("_T")


class FeatureExtractor(Protocol):
    """The objective, as the generation uses it."""

    def extract(self, images_uint8: Tensor) -> tuple[Tensor, Tensor | None]:
        """Images NCHW uint8 in [0, 255] => features (N, dims) and class logits (N, num_classes), or None without."""


@dataclass(frozen=True, eq=False)
class GeneratedBlock:
    """Features of generated images, on the workers' device, and what else is asked for, on the CPU."""

    features: Tensor
    """(N, dims)."""
    logits: Tensor | None
    """(N, num_classes) class logits; None without a classifier."""
    images: Tensor | None
    """NCHW uint8 in [0, 255]; None unless they were asked for."""

    @property
    def classes(self) -> NDArray[np.int64] | None:
        """(N,) the class of each image; None without a classifier."""
        return None if self.logits is None else self.logits.argmax(1).numpy()

    def on_cpu(self) -> "GeneratedBlock":
        """This block with its features on the CPU."""
        return replace(self, features=self.features.cpu())


def use_generated(
    generator: nn.Module,
    z: Tensor,
    extractor: FeatureExtractor,
    workers: Workers,
    use: Callable[[GeneratedBlock], _T],
    with_images: bool = False,
) -> list[_T] | None:
    """Generate the images of latents z (N, z_dim), and return the results of `use` on rank 0. Collective.

    `use` receives the images in their order, in blocks of at most `BLOCK_SIZE` images for each rank. Returns an empty
    list on the other ranks, and None on all ranks if a pixel is not finite. An error on one rank is raised on all.
    """
    size = batch_size(next(generator.parameters(), torch.empty(0)).device.type)
    found: list[_T] = []
    gathered: list[GeneratedBlock] = []

    def use_gathered() -> None:
        if gathered:
            found.append(use(gathered.pop()))

    def generate(latents: Sequence[Tensor]) -> list[Tensor] | None:
        use_gathered()  # here, where an error reaches all ranks
        return _generate(generator, latents, extractor, with_images)

    for block in z.split(BLOCK_SIZE * workers.world_size):
        own = workers.own_parts(block.split(size), least_first=-(-NUM_FIRST // size))
        if (rows := workers.gather_rows(partial(generate, own))) is None:
            return None
        if rows:
            features, others = rows[0], [part.cpu() for part in rows[1:]]
            images = others.pop(0) if with_images else None
            gathered.append(GeneratedBlock(features, others[0] if others else None, images))
    workers.on_every_rank(use_gathered)
    return found


@torch.no_grad()
def _generate(
    generator: nn.Module, latents: Sequence[Tensor], extractor: FeatureExtractor, with_images: bool
) -> list[Tensor] | None:
    """Return the features, perhaps the images and perhaps the logits of all latents; None if a pixel is not finite."""
    parts, finite = [], []
    for images, are_finite in generate_uint8(generator, latents):
        features, logits = extractor.extract(images)
        parts.append([part for part in (features, images if with_images else None, logits) if part is not None])
        finite.append(are_finite)
    # The only moment at which the CPU waits for the GPU.
    if finite and not torch.stack(finite).all():
        return None
    return [torch.cat(part) for part in zip(*parts, strict=True)]
