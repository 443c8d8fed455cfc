"""Augmentations worked out by hand, their gradients, and the numbers that they use."""

import pytest
import torch
from torch import Tensor

from gan_study.config import names
from gan_study.gan.augmentations import AUGMENTATIONS, augment, colour, cutout, flip, num_numbers, translation

SIZE = 16


def images(num: int = 3, num_channels: int = 3) -> Tensor:
    random = torch.Generator().manual_seed(0)
    return torch.rand(num, num_channels, SIZE, SIZE, generator=random, dtype=torch.float64) * 2 - 1


def test_the_names_are_those_a_study_may_use() -> None:
    assert set(AUGMENTATIONS) == set(names.AUGMENTATIONS)


def test_half_of_all_images_are_mirrored() -> None:
    given = images(2)
    found = flip(given, torch.tensor([[0.49], [0.5]]))
    assert torch.equal(found[0], given[0].flip(2))
    assert torch.equal(found[1], given[1])


def test_colours_worked_out_by_hand() -> None:
    given = images(1)
    # Brightness - 0.5 + 0.7, then saturation times 0.5, then contrast times 1.4.
    bright = given + 0.2
    pale = bright.mean(1, keepdim=True) + 0.5 * (bright - bright.mean(1, keepdim=True))
    expected = pale.mean() + 1.4 * (pale - pale.mean())
    torch.testing.assert_close(colour(given, torch.tensor([[0.7, 0.25, 0.9]], dtype=torch.float64)), expected)
    unchanged = torch.full((1, 3), 0.5, dtype=torch.float64)
    torch.testing.assert_close(colour(given, unchanged), given)


@pytest.mark.parametrize(
    ("numbers", "down", "right"), [((0.5, 0.5), 0, 0), ((0.0, 0.5), 2, 0), ((0.999, 0.2), -2, 1), ((0.3, 0.79), 1, -1)]
)
def test_shifts_of_up_to_an_eighth_uncover_grey(numbers: tuple[float, float], down: int, right: int) -> None:
    given = images(1)
    expected = torch.zeros_like(given)
    for row in range(SIZE):
        for column in range(SIZE):
            if 0 <= row - down < SIZE and 0 <= column - right < SIZE:
                expected[..., row, column] = given[..., row - down, column - right]
    assert torch.equal(translation(given, torch.tensor([numbers])), expected)


@pytest.mark.parametrize(
    ("numbers", "rows", "columns"),
    [((0.5, 0.5), (4, 12), (4, 12)), ((0.0, 0.999), (0, 4), (12, 16)), ((0.999, 0.3), (12, 16), (1, 9))],
)
def test_a_square_of_half_the_side_is_cut_out(
    numbers: tuple[float, float], rows: tuple[int, int], columns: tuple[int, int]
) -> None:
    given = images(1)
    expected = given.clone()
    expected[..., slice(*rows), slice(*columns)] = 0
    assert torch.equal(cutout(given, torch.tensor([numbers])), expected)


@pytest.mark.parametrize("named", [("translation",), ("flip", "colour"), tuple(names.AUGMENTATIONS)])
def test_gradients_pass_and_images_are_changed_each_by_its_own_numbers(named: tuple[str, ...]) -> None:
    used = [AUGMENTATIONS[name] for name in named]
    given = images(4, num_channels=1).requires_grad_()
    numbers = torch.rand(4, num_numbers(used), generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    found = augment(given, used, numbers)
    assert (found.shape, found.dtype) == (given.shape, given.dtype)
    for row in range(4):
        torch.testing.assert_close(augment(given[row : row + 1], used, numbers[row : row + 1])[0], found[row])
    assert torch.autograd.gradcheck(
        lambda batch: augment(batch, used, numbers[:1]), (given[:1, :, :8, :8].detach().requires_grad_(),)
    )
