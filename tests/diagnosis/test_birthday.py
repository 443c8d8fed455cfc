import numpy as np
import pytest
from support.planted import draw, pool

from gan_study.diagnosis.measures.birthday import birthday_test, fit_real_pairs
from gan_study.diagnosis.measures.draws import most_support

REAL = fit_real_pairs(draw(4000, seed=0), num=1000)


@pytest.mark.parametrize("size", [50, 500, 5000])
def test_the_size_of_a_pool_is_found(size: int) -> None:
    found = birthday_test(pool(size, 4000, seed=1), REAL)
    assert found.support == pytest.approx(size, rel=0.15)
    assert not found.is_lower_bound


def test_the_size_of_a_pool_is_found_when_its_images_are_jittered() -> None:
    jitter = 0.05 * np.random.default_rng(3).normal(size=(4000, 16))
    assert birthday_test(pool(500, 4000, seed=2) + jitter, REAL).support == pytest.approx(500, rel=0.15)


def test_real_images_have_only_a_lower_bound() -> None:
    found = birthday_test(draw(4000, seed=4), REAL)
    assert found.is_lower_bound
    # Four draws of 499,500 pairs, in which three collisions would be needed.
    assert found.support == pytest.approx(4 * 499_500 / 3, rel=1e-12)


@pytest.mark.parametrize("num", [2, 150, 999, 1000, 2500, 12_000])
def test_no_more_is_told_than_the_number_of_images_allows(num: int) -> None:
    found = birthday_test(draw(num, seed=7), fit_real_pairs(draw(num, seed=8), num=min(num, 1000)))
    assert found.is_lower_bound
    assert found.support == most_support(num)


def test_one_image_makes_no_pair() -> None:
    assert most_support(1) == most_support(0) == float("inf")


def test_one_image_is_one() -> None:
    assert birthday_test(pool(1, 1000, seed=5), REAL).support == pytest.approx(1, rel=1e-2)


def test_duplicates_among_real_images_are_not_held_against_the_generator() -> None:
    real = pool(3000, 4000, seed=6)
    found = birthday_test(real[::-1], fit_real_pairs(real, num=1000))
    assert found.collisions > 100
    assert found.support > 20_000
