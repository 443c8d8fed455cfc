import numpy as np
import pytest

from gan_study.diagnosis.measures.spectra import weights_to_spectra


def test_singular_values_of_a_known_matrix() -> None:
    rotation = np.linalg.qr(np.random.default_rng(0).normal(size=(5, 5)))[0]
    other = np.linalg.qr(np.random.default_rng(1).normal(size=(12, 12)))[0][:5]
    weight = (rotation * [8.0, 4.0, 2.0, 0.79, 0.1]) @ other
    (found,) = weights_to_spectra(
        {"conv": weight.reshape(5, 3, 2, 2), "bias": np.ones(5), "bad": np.full((2, 2), np.nan)}
    )
    assert found.layer == "conv"
    assert found.top == pytest.approx((8, 4, 2), rel=1e-12)
    assert found.small_share == pytest.approx(2 / 5, rel=1e-12)


def test_a_collapsed_spectrum_differs_from_a_fresh_one() -> None:
    rng = np.random.default_rng(2)
    fresh = rng.normal(size=(64, 256))
    collapsed = np.outer(rng.normal(size=64), rng.normal(size=256)) + 1e-3 * fresh
    spectra = weights_to_spectra({"fresh": fresh, "collapsed": collapsed})
    assert [spectrum.small_share for spectrum in spectra] == pytest.approx([0, 63 / 64])
