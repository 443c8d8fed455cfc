import pytest
import torch

from gan_study.gan.conversion import to_float, to_uint8

LEVELS = torch.arange(256, dtype=torch.uint8).reshape(4, 1, 8, 8)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_levels_go_from_minus_one_to_one_and_back(dtype: torch.dtype) -> None:
    images = to_float(LEVELS, dtype)
    assert images.dtype == dtype
    assert images.shape == LEVELS.shape
    assert (images.min().item(), images.max().item()) == (-1.0, 1.0)
    expected = torch.tensor([u / 127.5 - 1 for u in range(256)], dtype=torch.float64)
    torch.testing.assert_close(images.flatten().double(), expected, rtol=0, atol=torch.finfo(dtype).eps)
    assert torch.equal(to_uint8(images), LEVELS)


def test_float32_is_the_default() -> None:
    assert to_float(LEVELS).dtype == torch.float32


def test_every_value_goes_to_the_nearest_level() -> None:
    # A level is 2 / 255 wide.
    levels = to_float(LEVELS, torch.float64)
    for offset in (-0.49, 0.49):
        assert torch.equal(to_uint8(levels + offset * 2 / 255), LEVELS)
    assert torch.equal(to_uint8(levels[0] + 0.51 * 2 / 255), LEVELS[0] + 1)


@pytest.mark.parametrize(("value", "level"), [(-1.01, 0), (-3.0, 0), (-1e30, 0), (1.01, 255), (3.0, 255), (1e30, 255)])
def test_what_lies_outside_is_clipped(value: float, level: int) -> None:
    assert to_uint8(torch.tensor([value, 0.0])).tolist() == [level, 128]


def test_the_images_given_are_not_changed() -> None:
    images, levels = torch.tensor([0.5, -2.0]), LEVELS.clone()
    to_uint8(images)
    to_float(levels)
    assert images.tolist() == [0.5, -2.0]
    assert torch.equal(levels, LEVELS)
