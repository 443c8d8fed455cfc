import pytest
import torch

from gan_study.config.training import ZDistribution
from gan_study.gan.latents import draw_z


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
