import numpy as np
import pytest
from scipy.stats import norm

from gan_study.diagnosis.measures.discriminator import Logits, logits_to_accuracy, losses_to_jensen_shannon


def logits_to_jensen_shannon(real_logits: Logits, fake_logits: Logits) -> float:
    """The divergence from the two mean binary cross-entropies of the logits."""
    real_loss, fake_loss = np.logaddexp(0, -real_logits).mean(), np.logaddexp(0, fake_logits).mean()
    return losses_to_jensen_shannon(float(real_loss), float(fake_loss))


@pytest.mark.parametrize(("m", "divergence"), [(0.5, 0.0303), (1, 0.1114), (2, 0.3368), (4, 0.6327)])
def test_known_divergence_of_two_gaussians(m: float, divergence: float) -> None:
    # N(0, 1) is real, N(m, 1) is fake; the best logit is ln p/q = -m x + m^2 / 2. Quantiles stand for random draws.
    real = norm.ppf((np.arange(20_000) + 0.5) / 20_000)
    fake = real + m
    best = [-m * values + m**2 / 2 for values in (real, fake)]
    assert logits_to_jensen_shannon(*best) == pytest.approx(divergence, abs=1e-3)
    # Any other discriminator proves less.
    assert logits_to_jensen_shannon(0.5 * best[0], 0.5 * best[1]) < divergence - 5e-4


def test_limits_of_the_estimate() -> None:
    big = np.full(3, 1e4)
    assert logits_to_jensen_shannon(big, -big) == pytest.approx(np.log(2), rel=1e-12)
    assert logits_to_jensen_shannon(0 * big, 0 * big) == pytest.approx(0, abs=1e-12)
    assert losses_to_jensen_shannon(np.log(2), np.log(2)) == pytest.approx(0, abs=1e-12)
    assert losses_to_jensen_shannon(1.0, 1.0) == pytest.approx(np.log(2) - 1, rel=1e-12)


def test_accuracies() -> None:
    found = logits_to_accuracy(np.array([2.0, 1.0, -1.0, 0.0]), np.array([-3.0, -1.0, -0.1, 4.0, 0.0]))
    assert found.real == pytest.approx(2.5 / 4, rel=1e-12)
    assert found.fake == pytest.approx(3.5 / 5, rel=1e-12)
