"""Blurred images in the features of a real classifier: farther from the real ones, and covering fewer of them."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter
from support.prepared_objective import Prepared
from support.present import present

from gan_study.config.thresholds import Thresholds
from gan_study.diagnosis.diagnose import ImageSet, RealReference, measure_images, prepare_reference
from gan_study.diagnosis.evidence import Evidence
from gan_study.diagnosis.verdict import evidence_to_verdict
from gan_study.extractors.extractor import apply_network
from gan_study.metrics.frechet import features_to_frechet_distance, stats_to_reference
from gan_study.metrics.statistics import features_to_stats
from gan_study.runs.records.diagnosis import Diagnostics

NUM = 150


Look = Callable[[np.ndarray], ImageSet]


@pytest.fixture(scope="module")
def look(prepared: Prepared) -> Look:
    """Images as the digits' classifier sees them."""
    network = prepared.load().extractor.network

    def look(images: np.ndarray) -> ImageSet:
        features, logits = apply_network(network, torch.from_numpy(images))
        assert logits is not None
        return ImageSet(features.numpy(), images, logits.argmax(1).numpy())

    return look


@pytest.fixture(scope="module")
def learned_and_fresh(prepared: Prepared) -> tuple[np.ndarray, np.ndarray]:
    """Rows of 1000 digits that were learned and of 497 that were not. The files are in the order of their writers."""
    order = np.random.default_rng(0).permutation(prepared.dataset.train_indices)
    return order[:1000], order[1000:]


@pytest.fixture(scope="module")
def reference(prepared: Prepared, look: Look, learned_and_fresh: tuple[np.ndarray, np.ndarray]) -> RealReference:
    images = prepared.dataset.images
    learned, held_out = images[learned_and_fresh[0]], images[prepared.dataset.held_out_indices]
    return prepare_reference(look(learned), look(held_out), NUM)


def test_blur_raises_the_distance_and_lowers_the_coverage(
    prepared: Prepared, look: Look, learned_and_fresh: tuple[np.ndarray, np.ndarray], reference: RealReference
) -> None:
    fresh = prepared.dataset.images[learned_and_fresh[1]].astype(np.float64)
    real = stats_to_reference(features_to_stats(reference.copies.train))
    distances: list[float] = []
    measured: list[Diagnostics] = []
    for sigma in (0, 1.25, 2.5):  # of 16 pixels
        blurred = look(np.rint(gaussian_filter(fresh, (0, 0, sigma, sigma))).astype(np.uint8))
        distance = features_to_frechet_distance(blurred.features, real)
        assert distance is not None
        distances.append(distance.value)
        measured.append(measure_images(blurred, reference))
    sharp, soft, softest = (present(present(found.coverage).ratio) for found in measured)
    assert distances[1] > 5 * distances[0]
    assert distances[2] > 2 * distances[1]
    assert sharp == pytest.approx(1, abs=0.15)
    assert soft < 0.8
    assert softest < 0.3
    verdicts = [
        evidence_to_verdict(Evidence(diagnostics=found), Thresholds(least_samples=NUM)).name for found in measured
    ]
    assert verdicts == ["healthy", "unlike_real_images", "unlike_real_images"]
