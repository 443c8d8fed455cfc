"""Images that the discriminator judges together. Lin et al. 2018 (PacGAN), section 2."""

from torch import Tensor


def pack_images(images: Tensor, pac: int) -> Tensor:
    """Stack every `pac` neighbouring images as channels: (N, C, H, W) => (N / pac, pac * C, H, W).

    `pac` must divide N. The images of a stack must be independent draws, as those of a shuffled batch are.
    """
    num_images, num_channels, height, width = images.shape
    assert num_images % pac == 0, f"{num_images} images do not divide into stacks of {pac=}"
    return images.reshape(num_images // pac, pac * num_channels, height, width)
