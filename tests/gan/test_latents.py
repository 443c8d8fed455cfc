import pytest
import torch
from support.tiny_training import tiny_trial

from gan_study.config.hyperparameters import ZDistribution
from gan_study.gan.latents import draw_inputs, draw_z, slerp, z_path


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


DISTRIBUTIONS: tuple[ZDistribution, ...] = ("normal", "uniform")


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
@pytest.mark.parametrize("closed", [False, True])
def test_a_path_meets_its_corners(distribution: ZDistribution, closed: bool) -> None:
    corners = draw_z(4, 5, distribution, torch.Generator().manual_seed(0))
    path = z_path(corners, 6, distribution, closed=closed)
    assert path.shape == (24 if closed else 19, 5)
    torch.testing.assert_close(path[::6], corners)
    assert torch.equal(path[-1], corners[-1]) is not closed
    steps = (torch.cat([path, path[:1]]) if closed else path).diff(dim=0).norm(dim=1)
    assert steps.min() > 0  # it never stands still
    assert steps.max() < 2 * steps.mean()  # and never jumps, from the last latent back to the first included


def test_a_normal_path_keeps_the_length_of_latents_and_a_uniform_one_their_cube() -> None:
    corners = torch.nn.functional.normalize(draw_z(8, 100, "normal", torch.Generator().manual_seed(0)))
    torch.testing.assert_close(z_path(corners, 9, "normal").norm(dim=1), torch.ones(64))
    # Orthogonal latents are a factor of the root of 2 shorter in the middle of the straight line.
    assert z_path(corners, 10, "uniform").norm(dim=1).min().item() == pytest.approx(0.5**0.5, abs=0.1)
    box = draw_z(8, 100, "uniform", torch.Generator().manual_seed(0)).sign()
    assert z_path(box, 9, "uniform").abs().max() <= 1
    assert z_path(box, 9, "normal").abs().max() > 1.2


def test_slerp_by_hand() -> None:
    start, end = torch.tensor([2.0, 0.0]), torch.tensor([0.0, 2.0])
    found = slerp(start, end, torch.tensor([[0.0], [1 / 3], [1.0]]))
    torch.testing.assert_close(found, torch.tensor([[2.0, 0.0], [3**0.5, 1.0], [0.0, 2.0]]))


@pytest.mark.parametrize("end", [[3.0], [-3.0], [1.0]])
def test_on_one_line_an_arc_is_straight(end: list[float]) -> None:
    found = slerp(torch.tensor([1.0]), torch.tensor(end), torch.tensor([[0.0], [0.5], [1.0]]))
    torch.testing.assert_close(found[:, 0], torch.tensor([1.0, (1 + end[0]) / 2, end[0]]))


@pytest.mark.parametrize("distribution", ["normal", "uniform"])
def test_a_conditional_gan_has_the_same_latents_and_one_more_number(distribution: str) -> None:
    def drawn(conditional: str) -> torch.Tensor:
        training = tiny_trial(conditional=conditional, z_distribution=distribution).training
        found = draw_inputs(training, 300, torch.Generator().manual_seed(0))
        assert found.shape == (300, training.num_inputs)
        return found

    plain, conditional = drawn("none"), drawn("concat")
    assert torch.equal(conditional[:, :-1], plain)
    assert len(conditional[:, -1].unique()) == 300
    assert bool(conditional[:, -1].abs().max() <= 1) == (distribution == "uniform")
