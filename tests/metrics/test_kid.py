import numpy as np
import pytest

from gan_study.metrics.kid import features_to_kernel_distance, polynomial_mmd2

REASON = "compares with torchmetrics, which is not installed (pip install 'gan_study[test]')"


def two_sets(num: int, other_num: int, dims: int = 16) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    return random.normal(size=(num, dims)), 1.3 * random.normal(size=(other_num, dims)) + 0.2


def test_value_worked_out_by_hand() -> None:
    # d = 1. k(1, 2) = 3^3 = 27 within x, k(0, -1) = 1 within y; across (1+0)^3 = 1 twice, (1-1)^3 = 0, (1-2)^3 = -1.
    x, y = np.array([[1.0], [2.0]]), np.array([[0.0], [-1.0]])
    assert polynomial_mmd2(x, y) == pytest.approx(27 + 1 - 2 * (1 + 1 + 0 - 1) / 4, rel=1e-12)


def test_equals_the_double_loop() -> None:
    x, y = two_sets(7, 5, dims=3)

    def kernel(a: np.ndarray, b: np.ndarray) -> float:
        return float((sum(p * q for p, q in zip(a, b, strict=True)) / 3 + 1) ** 3)

    within_x = np.mean([kernel(a, b) for i, a in enumerate(x) for j, b in enumerate(x) if i != j])
    within_y = np.mean([kernel(a, b) for i, a in enumerate(y) for j, b in enumerate(y) if i != j])
    across = np.mean([kernel(a, b) for a in x for b in y])
    assert polynomial_mmd2(x, y) == pytest.approx(within_x + within_y - 2 * across, rel=1e-12)


def test_agrees_with_torchmetrics() -> None:
    kid = pytest.importorskip("torchmetrics.image.kid", reason=REASON)
    import torch

    generated, real = two_sets(200, 200)
    # With subsets as large as the sets, the two draw the same.
    metric = kid.KernelInceptionDistance(feature=torch.nn.Identity(), subsets=2, subset_size=200).set_dtype(
        torch.float64
    )
    metric.update(torch.from_numpy(real), real=True)
    metric.update(torch.from_numpy(generated), real=False)
    ours = features_to_kernel_distance(generated, real, num_subsets=2, subset_size=200)
    assert ours.mean == pytest.approx(float(metric.compute()[0]), rel=1e-6)


def test_single_precision_features_are_taken_in_double() -> None:
    x, y = (features.astype(np.float32) for features in two_sets(50, 50))
    assert polynomial_mmd2(x, y) == polynomial_mmd2(x.astype(np.float64), y.astype(np.float64))


def test_of_one_distribution_is_zero_on_average_and_often_below() -> None:
    random = np.random.default_rng(1)
    values = np.array([polynomial_mmd2(*random.normal(size=(2, 100, 8))) for _ in range(400)])
    assert values.mean() == pytest.approx(0, abs=3 * values.std() / 400**0.5)
    assert np.mean(values < 0) == pytest.approx(0.55, abs=0.15)


def test_mean_does_not_depend_on_the_size_of_the_subsets() -> None:
    # What a biased estimate (the diagonal counted) would miss.
    generated, real = two_sets(4000, 4000)
    whole = polynomial_mmd2(generated, real)
    small = features_to_kernel_distance(generated, real, num_subsets=2000, subset_size=50)
    assert small.mean == pytest.approx(whole, abs=4 * small.std / 2000**0.5)


def test_mean_and_std_are_over_the_subsets() -> None:
    generated, real = two_sets(40, 30)
    single = [
        features_to_kernel_distance(generated, real, num_subsets=num, subset_size=10, seed=5).mean for num in (1, 2)
    ]
    # The second of two follows from the mean of both.
    values = [single[0], 2 * single[1] - single[0]]
    both = features_to_kernel_distance(generated, real, num_subsets=2, subset_size=10, seed=5)
    assert values[0] != values[1]
    assert both.std == pytest.approx(abs(values[0] - values[1]) / 2, rel=1e-9)


def test_subsets_have_no_vector_twice() -> None:
    generated, real = two_sets(40, 40)
    result = features_to_kernel_distance(generated, real, num_subsets=3, subset_size=40)
    assert (result.mean, result.std) == pytest.approx((polynomial_mmd2(generated, real), 0), abs=1e-12)


def test_subsets_follow_from_the_seed() -> None:
    sets = two_sets(40, 30)
    first, again, other = (
        features_to_kernel_distance(*sets, num_subsets=3, subset_size=10, seed=seed) for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other


def test_too_few_or_bad_features_are_refused() -> None:
    generated, real = two_sets(40, 30)
    with pytest.raises(ValueError, match="real features: there must be at least 35, but got num=30"):
        features_to_kernel_distance(generated, real, subset_size=35)
    generated[3, 2] = np.nan
    with pytest.raises(ValueError, match="generated features: all must be finite"):
        features_to_kernel_distance(generated, real, subset_size=10)
