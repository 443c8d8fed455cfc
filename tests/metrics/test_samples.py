from itertools import pairwise

import numpy as np
import pytest

from gan_study.metrics.samples import SampleStats, merge_samples
from gan_study.metrics.statistics import features_to_stats

FEATURES = np.random.default_rng(0).normal(size=(10, 3)) + 100
CLASSES = np.array([2, 0, 2, 3, 2, 2, 0, 2, 2, 2])


def samples(first: int, last: int) -> SampleStats:
    return SampleStats(features_to_stats(FEATURES[first:last]), np.bincount(CLASSES[first:last], minlength=4))


def test_class_shares() -> None:
    # Two zeros, no one, seven twos and a three.
    assert samples(0, 10).class_shares == (0.2, 0.0, 0.7, 0.1)


@pytest.mark.parametrize("cuts", [(0, 10), (0, 3, 10), (0, 1, 4, 9, 10)])
def test_merged_parts_are_the_whole(cuts: tuple[int, ...]) -> None:
    whole, merged = samples(0, 10), merge_samples(samples(a, b) for a, b in pairwise(cuts))
    assert merged.class_counts.tolist() == [2, 0, 7, 1]
    assert merged.features.num == 10
    np.testing.assert_allclose(merged.features.mean, whole.features.mean, rtol=1e-14)
    np.testing.assert_allclose(merged.features.m2, whole.features.m2, rtol=0, atol=1e-12)
