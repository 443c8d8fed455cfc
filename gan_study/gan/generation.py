"""Generated images as uint8, batch by batch."""

from collections.abc import Iterable, Iterator

import torch
from torch import Tensor, nn

from gan_study.gan.conversion import to_uint8


@torch.no_grad()
def generate_uint8(generator: nn.Module, latents: Iterable[Tensor]) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield the images of each batch of latents, and whether all their pixels are finite.

    Args:
        generator: z (N, z_dim) => images NCHW float in [-1, 1].
        latents: (N, z_dim) each, on any device; they are brought to the generator's device and precision.

    Yields:
        Images NCHW uint8 in [0, 255] on the generator's device, in which a pixel that is not finite passes for black,
        and a boolean scalar there. Both are computed asynchronously on a GPU.
    """
    weights = next(generator.parameters(), torch.empty(0))  # A test may plant a generator without weights.
    for z in latents:
        images: Tensor = generator(z.to(device=weights.device, dtype=weights.dtype))
        yield to_uint8(images), images.isfinite().all()
