import pytest
import torch

from gan_study.gan.packing import pack_images


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_neighbours_become_channels_of_a_stack(memory_format: torch.memory_format) -> None:
    images = torch.arange(6 * 2 * 3 * 4.0).reshape(6, 2, 3, 4).to(memory_format=memory_format)
    packed = pack_images(images, 3)
    assert packed.shape == (2, 6, 3, 4)
    for stack in range(2):
        for i in range(3):
            assert torch.equal(packed[stack, 2 * i : 2 * i + 2], images[3 * stack + i])


def test_one_image_is_a_stack() -> None:
    images = torch.rand(3, 2, 4, 4)
    assert torch.equal(pack_images(images, 1), images)


def test_a_gradient_passes() -> None:
    images = torch.rand(4, 1, 2, 2, requires_grad=True)
    (pack_images(images, 2)[1, 1] * 3).sum().backward()
    assert images.grad is not None
    assert images.grad.sum(dim=(1, 2, 3)).tolist() == [0, 0, 0, 12]


def test_a_rest_is_refused() -> None:
    with pytest.raises(AssertionError, match="5 images do not divide into stacks of pac=2"):
        pack_images(torch.rand(5, 1, 2, 2), 2)
