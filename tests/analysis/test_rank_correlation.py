"""Kendall's correlation of cheap with full scores, against counting pairs and a simulation."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pytest
from support.present import present

from gan_study.analysis.statistics.fidelity import RankCorrelation, rank_correlation


def tau_b(xs: Sequence[float], ys: Sequence[float]) -> float:
    """Kendall 1945, from the pairs of trials."""
    signs = [(np.sign(x1 - x2), np.sign(y1 - y2)) for (x1, y1), (x2, y2) in combinations(zip(xs, ys, strict=True), 2)]
    agreement = sum(x * y for x, y in signs)
    return float(agreement / np.sqrt(sum(x != 0 for x, _ in signs) * sum(y != 0 for _, y in signs)))


def test_tau_equals_counted_pairs() -> None:
    low, full = [5.0, 3.0, 8.0, 8.0, 1.0, 9.0], [6.0, 2.0, 7.0, 9.0, 2.0, 8.0]
    found = present(rank_correlation(low, full))
    assert (found.num_trials, found.interval) == (6, None)
    assert found.tau == pytest.approx(tau_b(low, full))


def test_the_same_order_and_the_reverse() -> None:
    scores = [float(i) for i in range(12)]
    for other, tau in (([s**2 for s in scores], 1.0), (scores[::-1], -1.0)):
        found = present(rank_correlation(scores, other))
        assert found == RankCorrelation(12, found.tau, None)
        assert found.tau == pytest.approx(tau)


def test_without_an_order_there_is_no_correlation() -> None:
    assert rank_correlation([1.0], [2.0]) is None
    assert rank_correlation([1.0, 1.0, 1.0], [2.0, 3.0, 4.0]) is None
    assert rank_correlation([2.0, 3.0, 4.0], [1.0, 1.0, 1.0]) is None


@pytest.mark.parametrize("correlation", [0.0, 0.8])
def test_how_often_the_interval_holds_the_truth(correlation: float) -> None:
    # Of normal scores, tau is 2 / pi * arcsin of the correlation.
    truth = 2 / np.pi * np.arcsin(correlation)
    rng = np.random.default_rng(0)
    held = []
    for _ in range(800):
        low, noise = rng.normal(size=(2, 15))
        found = present(rank_correlation(low, correlation * low + np.sqrt(1 - correlation**2) * noise))
        below, above = present(found.interval)
        held.append(below <= truth <= above)
    assert np.mean(held) == pytest.approx(0.95, abs=0.03)
