import tracemalloc

import numpy as np
import pytest

from gan_study.metrics.prdc import (
    Prdc,
    ball_radii,
    expected_coverage,
    features_to_coverage,
    features_to_prdc,
    prdc_control,
    prdc_radii,
)

NEEDS_PRDC = "compares with prdc, which is not installed (pip install 'gan_study[test]')"


def normal(num: int, dims: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(num, dims))


def by_definition(generated: np.ndarray, real: np.ndarray, recall_k: int, coverage_k: int) -> Prdc:
    """The definitions in loops, with differences instead of products."""

    def radius(features: np.ndarray, index: int, k: int) -> float:
        others = np.delete(features, index, axis=0)
        return float(np.sort(np.linalg.norm(others - features[index], axis=1))[k - 1])

    num = len(real)
    distances = np.array([[np.linalg.norm(g - r) for r in real] for g in generated])
    real_recall = np.array([radius(real, i, recall_k) for i in range(num)])
    real_coverage = np.array([radius(real, i, coverage_k) for i in range(num)])
    generated_recall = np.array([radius(generated, j, recall_k) for j in range(num)])
    return Prdc(
        precision=float(np.mean([any(distances[j] <= real_recall) for j in range(num)])),
        recall=float(np.mean([any(distances[:, i] <= generated_recall) for i in range(num)])),
        density=float(np.mean([sum(distances[j] <= real_coverage) for j in range(num)]) / coverage_k),
        coverage=float(np.mean([any(distances[:, i] <= real_coverage[i]) for i in range(num)])),
    )


def assert_equal(a: Prdc, b: Prdc) -> None:
    assert (a.precision, a.recall, a.density, a.coverage) == pytest.approx(
        (b.precision, b.recall, b.density, b.coverage), rel=1e-12
    )


def test_values_worked_out_by_hand() -> None:
    # With k = 1 the real balls are [-1, 1], [0, 2] and [1, 9], the generated ones [-0.5, 0.5], [0, 1] and [0.5, 15.5].
    # 0 lies in two real balls (on the border of one), 0.5 in two, 8 in one: 5 in all. Each real ball holds a
    # generated one, and 0, 1 and 5 each lie in a generated ball.
    real, generated = np.array([[0.0], [1.0], [5.0]]), np.array([[0.0], [0.5], [8.0]])
    assert_equal(features_to_prdc(generated, real, recall_k=1, coverage_k=1), Prdc(1, 1, 5 / 3, 1))
    # With k = 2 they are [-5, 5], [-3, 5] and [0, 10]: 0 and 0.5 lie in three, 8 in one.
    assert features_to_prdc(generated, real, recall_k=1, coverage_k=2).density == pytest.approx(7 / (2 * 3), rel=1e-12)


@pytest.mark.parametrize(("recall_k", "coverage_k"), [(3, 5), (4, 2)])
def test_equals_the_definition(recall_k: int, coverage_k: int) -> None:
    real, generated = normal(60, 4, seed=0), 0.8 * normal(60, 4, seed=1) + 0.3
    expected = by_definition(generated, real, recall_k, coverage_k)
    assert_equal(features_to_prdc(generated, real, recall_k=recall_k, coverage_k=coverage_k), expected)


def test_radii_made_before_change_nothing() -> None:
    real, generated = normal(60, 4, seed=0), 0.8 * normal(60, 4, seed=1) + 0.3
    radii = prdc_radii(real, recall_k=4, coverage_k=2)
    given = features_to_prdc(generated, real, recall_k=4, coverage_k=2, real_radii=radii)
    assert given == features_to_prdc(generated, real, recall_k=4, coverage_k=2)
    assert given != features_to_prdc(generated, real, recall_k=4, coverage_k=2, real_radii=radii[::-1])


def test_agrees_with_the_prdc_package() -> None:
    prdc = pytest.importorskip("prdc", reason=NEEDS_PRDC)
    real, generated = normal(500, 16, seed=2), 0.9 * normal(500, 16, seed=3) + 0.2
    theirs = prdc.compute_prdc(real_features=real, fake_features=generated, nearest_k=5)
    assert_equal(features_to_prdc(generated, real, recall_k=5, coverage_k=5), Prdc(**theirs))


def test_blocks_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    real, generated = normal(301, 8, seed=4), 0.9 * normal(301, 8, seed=5)
    at_once = features_to_prdc(generated, real)
    # A row of 301 distances in float64 takes 2.4 KB: 6 rows a block.
    monkeypatch.setattr("gan_study.metrics.prdc.BLOCK_MIB", 16 / 1024)
    assert features_to_prdc(generated, real) == at_once


def test_borders_belong_to_the_balls() -> None:
    # Exact copies of the real vectors: many of them lie on borders, where rounding must not decide.
    real = normal(301, 2048, seed=6).astype(np.float32) + 100
    copies = np.random.default_rng(7).permutation(real)
    result = features_to_prdc(copies, real, recall_k=3, coverage_k=5)
    # A ball holds its own centre and exactly k others.
    assert_equal(result, Prdc(precision=1, recall=1, density=(5 + 1) / 5, coverage=1))


def test_copies_in_balls_without_extent() -> None:
    # Seven times the same vector, of 86: its balls have the radius 0 and hold its copies alone.
    real = np.repeat(normal(86, 2048, seed=8).astype(np.float32) + 10, 7, axis=0)
    copies, near = np.random.default_rng(9).permutation(real), real * np.float32(1 + 1e-5)
    assert_equal(features_to_prdc(copies, real), Prdc(1, 1, 7 / 5, 1))
    assert_equal(features_to_prdc(near, real), Prdc(0, 0, 0, 0))


def test_a_collapsed_generator_has_precision_without_coverage() -> None:
    modes = 100 * np.eye(10)
    real = np.repeat(modes, 50, axis=0) + normal(500, 10, seed=9)
    generated = modes[0] + 0.5 * normal(500, 10, seed=10)
    result = features_to_prdc(generated, real)
    assert result.coverage == pytest.approx(0.1, abs=0.01)
    assert result.precision == pytest.approx(1, abs=0.02)


def test_control_of_a_perfect_generator() -> None:
    real = normal(4000, 8, seed=11)
    control = prdc_control(real, 1500)
    assert control.coverage == pytest.approx(expected_coverage(1500, 1500), abs=0.02)
    assert control.density == pytest.approx(1, abs=0.05)
    assert control == prdc_control(real, 1500)
    assert control != prdc_control(real, 1500, seed=1)


def test_control_draws_parts_without_a_common_vector() -> None:
    # A vector in both parts would cover its own ball: with half of all in each, the coverage would be 3/4.
    real = normal(200, 3, seed=12)
    coverages = [prdc_control(real, 100, coverage_k=1, seed=seed).coverage for seed in range(40)]
    assert expected_coverage(100, 100, k=1) == pytest.approx(100 / 199, rel=1e-12)
    assert np.mean(coverages) == pytest.approx(100 / 199, abs=0.03)


@pytest.mark.parametrize(("num_generated", "num_real", "expected"), [(10**6, 10**6, 31 / 32), (10_000, 50_000, 0.598)])
def test_expected_coverage(num_generated: int, num_real: int, expected: float) -> None:
    assert expected_coverage(num_generated, num_real) == pytest.approx(expected, abs=5e-4)


def test_memory_is_that_of_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gan_study.metrics.prdc.BLOCK_MIB", 4)
    real, generated = (normal(3000, 4, seed=seed).astype(np.float32) for seed in (13, 14))
    tracemalloc.start()
    try:
        features_to_prdc(generated, real)
        peak_mib = tracemalloc.get_traced_memory()[1] / 2**20
    finally:
        tracemalloc.stop()
    # A whole matrix has 34 MiB in float32.
    assert peak_mib < 10


def test_bad_input_is_refused() -> None:
    real, generated = normal(20, 3, seed=15), normal(20, 3, seed=16)
    with pytest.raises(ValueError, match="as many generated as real features, but got num_generated=19, num_real=20"):
        features_to_prdc(generated[:19], real)
    with pytest.raises(ValueError, match="real features: there must be at least 6, but got num=5"):
        features_to_prdc(generated, real[:5])
    with pytest.raises(ValueError, match="but got num_real=20, num=11; score fewer images"):
        prdc_control(real, 11)
    generated[1, 1] = np.inf
    with pytest.raises(ValueError, match="generated features: all must be finite"):
        features_to_prdc(generated, real)


@pytest.mark.parametrize("k", [1, 5])
def test_coverage_alone_is_that_of_all_four(k: int) -> None:
    random = np.random.default_rng(0)
    real, generated = random.normal(size=(120, 6)), random.normal(0.5, 1, size=(120, 6))
    generated[:20] = real[:20]  # copies lie on borders and in their own balls
    expected = features_to_prdc(generated, real, coverage_k=k).coverage
    assert 0 < expected < 1
    assert features_to_coverage(generated, real, ball_radii(real, k)) == expected


def test_coverage_needs_equal_numbers() -> None:
    real = np.random.default_rng(0).normal(size=(20, 3))
    with pytest.raises(ValueError, match="num_generated=19, num_real=20"):
        features_to_coverage(real[1:], real, ball_radii(real))
