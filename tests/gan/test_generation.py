"""Generated images as uint8: pixels equal to those computed by hand, and a flag for pixels that are not finite."""

import torch
from torch import Tensor, nn

from gan_study.gan.conversion import to_uint8
from gan_study.gan.generation import generate_uint8


class Tiny(nn.Module):
    """z (N, 4) => images (N, 1, 2, 2), each pixel a latent times the weight."""

    def __init__(self, weight: float, dtype: torch.dtype = torch.float64) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(weight, dtype=dtype))

    def forward(self, z: Tensor) -> Tensor:
        assert z.dtype == self.weight.dtype
        return (z * self.weight).reshape(-1, 1, 2, 2)


def test_batches_of_latents_become_images_in_the_generators_precision() -> None:
    z = torch.randn(5, 4)
    batches = list(generate_uint8(Tiny(0.5), z.split(2)))
    assert [len(images) for images, _ in batches] == [2, 2, 1]
    images = torch.cat([images for images, _ in batches])
    assert images.dtype == torch.uint8
    assert torch.equal(images, to_uint8(z.double() * 0.5).reshape(-1, 1, 2, 2))
    assert all(are_finite for _, are_finite in batches)


def test_a_pixel_that_is_not_finite_is_flagged_in_its_batch_alone() -> None:
    z = torch.zeros(4, 4)
    z[2, 1] = float("inf")
    assert [bool(are_finite) for _, are_finite in generate_uint8(Tiny(1.0), z.split(1))] == [True, True, False, True]


def test_no_gradient_is_recorded_and_callers_keep_theirs() -> None:
    batches = generate_uint8(Tiny(1.0), [torch.zeros(1, 4)] * 2)
    next(batches)
    assert torch.is_grad_enabled()
    _, are_finite = next(batches)
    assert not are_finite.requires_grad
