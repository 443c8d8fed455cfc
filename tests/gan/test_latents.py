import pytest
import torch

from gan_study.config.training import ZDistribution
from gan_study.gan.latents import draw_z, latent_path, spherical


# Of N(0, 1) and of uniform numbers on [-1, 1]: the variance, and the mean fourth power.
@pytest.mark.parametrize(("distribution", "variance", "fourth"), [("normal", 1, 3), ("uniform", 1 / 3, 1 / 5)])
def test_moments(distribution: ZDistribution, variance: float, fourth: float) -> None:
    z = draw_z(4000, 50, distribution, torch.Generator().manual_seed(0)).double()
    assert z.shape == (4000, 50)
    # Five standard errors for 200,000 numbers: the eighth moments are 105 and 1/9.
    assert z.mean().item() == pytest.approx(0, abs=5 * (variance / z.numel()) ** 0.5)
    assert z.square().mean().item() == pytest.approx(variance, abs=5 * ((fourth - variance**2) / z.numel()) ** 0.5)
    eighth = {"normal": 105, "uniform": 1 / 9}[distribution]
    assert z.pow(4).mean().item() == pytest.approx(fourth, abs=5 * ((eighth - fourth**2) / z.numel()) ** 0.5)


def test_uniform_numbers_stay_in_their_range() -> None:
    z = draw_z(4000, 50, "uniform", torch.Generator().manual_seed(0))
    assert (round(z.min().item(), 3), round(z.max().item(), 3)) == (-1, 1)
    assert z.abs().max().item() <= 1


@pytest.mark.parametrize("distribution", ["normal", "uniform"])
def test_the_numbers_are_the_generator_s(distribution: ZDistribution) -> None:
    first, again, other = (draw_z(3, 2, distribution, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    torch.manual_seed(1)
    assert torch.equal(draw_z(3, 2, distribution), first)


def test_a_path_of_normal_latents_goes_round_the_sphere() -> None:
    corners = torch.tensor([[2.0, 0.0, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, 2.0]])
    path = latent_path(corners, 3, "normal")
    # A third of a right angle is 30 degrees: sin 60 and sin 30.
    assert path[1].tolist() == pytest.approx([3**0.5, 1.0, 0.0], abs=1e-6)
    assert path.norm(dim=1).tolist() == pytest.approx([2.0] * 7, abs=1e-6)
    assert torch.allclose(path[::3], corners, atol=1e-6)


def test_a_path_of_uniform_latents_is_straight() -> None:
    path = latent_path(torch.tensor([[-1.0, 1.0], [1.0, 0.0]]), 4, "uniform")
    assert path.tolist() == [[-1.0, 1.0], [-0.5, 0.75], [0.0, 0.5], [0.5, 0.25], [1.0, 0.0]]


@pytest.mark.parametrize("distribution", ["normal", "uniform"])
def test_a_closed_path_comes_back_to_its_start(distribution: ZDistribution) -> None:
    corners = draw_z(3, 5, distribution, torch.Generator().manual_seed(0))
    path = latent_path(corners, 4, distribution, closed=True)
    assert path.shape == (12, 5)
    assert torch.allclose(path[::4], corners, atol=1e-6)
    back = latent_path(corners[[2, 0]], 4, distribution)
    assert torch.allclose(path[8:], back[:-1], atol=1e-6)


def test_equal_and_opposite_latents_have_a_path_without_nan() -> None:
    start = torch.tensor([1.0, 2.0])
    assert torch.allclose(spherical(start, start, 0.3), start)
    assert torch.allclose(spherical(start, -start, 0.25), start / 2)
    assert torch.allclose(spherical(start, 3 * start, 0.5), 2 * start)


@pytest.mark.parametrize(("num", "num_steps"), [(1, 3), (2, 0)])
def test_a_path_needs_two_ends_and_a_step(num: int, num_steps: int) -> None:
    with pytest.raises(ValueError, match=rf"but got num_waypoints={num}, num_steps={num_steps}"):
        latent_path(torch.zeros(num, 2), num_steps, "normal")
