"""Smallest p values and power, by enumerating every order in which scores can come."""

from functools import cache
from itertools import combinations, permutations

import pytest

from gan_study.analysis.statistics.power import (
    MAX_SEEDS,
    detectable_probability,
    fewest_seeds,
    power,
    seeds_for,
    smallest_holm_p,
    strictest_level,
)
from gan_study.analysis.statistics.rank_test import SIGNIFICANCE, holm, mann_whitney_p


@cache
def p_of(pattern: str) -> float:
    """p of two arms, named 0 and 1, whose scores come in this order."""
    a, b = ([float(place) for place, arm in enumerate(pattern) if arm == which] for which in "01")
    return mann_whitney_p(a, b)


def orders(num_seeds: list[int]) -> set[str]:
    """Every order of the scores of all arms, the lowest first, each score named by its arm."""
    return {"".join(order) for order in permutations("".join(str(arm) * num for arm, num in enumerate(num_seeds)))}


def winner_p(order: str, num_arms: int) -> float:
    """The lowest p with which an arm differs from every other one, corrected over all pairs."""
    pairs = list(combinations(range(num_arms), 2))
    raw = []
    for pair in pairs:
        names = {str(arm): str(place) for place, arm in enumerate(pair)}
        raw.append(p_of("".join(names[arm] for arm in order if arm in names)))
    corrected = dict(zip(pairs, holm(raw), strict=True))
    return min(max(p for pair, p in corrected.items() if arm in pair) for arm in range(num_arms))


@pytest.mark.parametrize("num_seeds", [[1, 1], [2, 3], [4, 4], [2, 2, 2], [3, 2, 2], [1, 4, 3], [2, 2, 2, 2]])
def test_no_order_of_the_scores_gives_a_smaller_p(num_seeds: list[int]) -> None:
    smallest = min(winner_p(order, len(num_seeds)) for order in orders(num_seeds))
    assert smallest_holm_p(num_seeds) == pytest.approx(smallest)


@pytest.mark.parametrize(("num_arms", "seeds", "fewest"), [(2, 3, 4), (3, 4, 5), (6, 5, 6), (2, 200, 4)])
def test_the_fewest_seeds_are_those_at_which_an_arm_can_win(num_arms: int, seeds: int, fewest: int) -> None:
    assert fewest_seeds(num_arms) == fewest
    assert (smallest_holm_p([seeds] * num_arms) < SIGNIFICANCE) == (seeds >= fewest)
    assert smallest_holm_p([fewest] * num_arms) < SIGNIFICANCE <= smallest_holm_p([fewest - 1] * num_arms)


@pytest.mark.parametrize("probability", [0.5, 0.7, 0.9, 0.2])
@pytest.mark.parametrize(("size", "level"), [(3, 0.15), (4, 0.05), (4, 2 / 70), (5, 0.05)])
def test_power_is_the_chance_of_all_orders_that_the_test_tells_apart(
    size: int, level: float, probability: float
) -> None:
    odds = probability / (1 - probability)
    expected = 0.0
    for places in combinations(range(2 * size), size):
        pattern = "".join("0" if place in places else "1" for place in range(2 * size))
        chance = 1.0
        for place, arm in enumerate(pattern):
            # The lowest of the exponential scores that are left is A's in proportion to their rates.
            left = pattern[place:]
            rate_a, rate_b = odds * left.count("0"), left.count("1")
            chance *= (rate_a if arm == "0" else rate_b) / (rate_a + rate_b)
        expected += chance * (p_of(pattern) < level * (1 - 1e-9))
    assert power(probability, size, level) == pytest.approx(expected)


def test_the_detectable_share_is_where_power_reaches_80_percent() -> None:
    for size, level in ((5, 0.05), (5, 0.05 / 3), (10, 0.05)):
        found = detectable_probability(size, level)
        assert found is not None
        assert power(found, size, level) == pytest.approx(0.8, abs=0.002)
    assert detectable_probability(3, 0.05) is None
    assert detectable_probability(5, 2 / 252) is None


def test_so_many_seeds_detect_and_one_fewer_do_not() -> None:
    for probability in (0.95, 0.9, 0.8):
        num = seeds_for(probability, 0.05)
        assert num is not None
        assert power(probability, num, 0.05) >= 0.8 > power(probability, num - 1, 0.05)
        assert seeds_for(1 - probability, 0.05) == num
    assert seeds_for(0.52, 0.05) is None
    assert MAX_SEEDS == 100


def test_the_strictest_level_is_that_of_holms_first_step() -> None:
    assert [strictest_level(num) for num in (1, 2, 3, 6)] == pytest.approx([0.05, 0.05, 0.05 / 3, 0.05 / 15])
