"""The numbers that each sampler draws: a version of Optuna that draws others makes this test fail.

Optuna 4.9.0 and 5.0.0 draw these numbers. 4.8.0 draws others by tpe, and has no Sobol sequence over choices.
"""

from typing import Any

import numpy as np
import pytest
from optuna.samplers import TPESampler

from gan_study.search.sampling import samplers
from gan_study.search.sampling.draws import are_alike, sample_draws

# fmt: off
DRAWN: dict[str, tuple[float, ...]] = {
    "random": (
        0.00041594, 22, 5.722e-05, 13, 1.9511e-05, 36, 0.00034873, 9,
        0.00017331, 20, 2.3051e-05, 23, 1.7397e-05, 14, 1.3313e-05, 63,
        0.0066682, 54,
    ),
    "tpe": (
        0.00041594, 22, 5.722e-05, 13, 1.9511e-05, 36, 0.0071348, 62,
        0.00092163, 11, 0.00033915, 39, 0.0061241, 64, 0.00024769, 30,
        1.062e-05, 49,
    ),
    "gp": (
        0.00041594, 22, 5.722e-05, 13, 1.9511e-05, 36, 0.00037048, 56,
        1e-05, 64, 0.0025858, 64, 0.00019223, 64, 0.00080169, 64,
        0.01, 8,
    ),
    "cmaes": (
        0.00041594, 22, 0.00011549, 34, 6.3112e-05, 31, 0.00010208, 29,
        9.1739e-05, 31, 0.00099721, 25, 0.0024857, 50, 0.00010484, 35,
        0.00070049, 17,
    ),
    "sobol": (
        2.8836e-05, 55, 0.00034723, 22, 0.0067761, 44, 0.00010142, 18,
        0.00020524, 36, 0.0024382, 12, 0.0014857, 61, 2.1939e-05, 30,
        1.2894e-05, 49,
    ),
}
# fmt: on
"""Nine learning rates, each with a width."""


@pytest.mark.parametrize("sampler", DRAWN)
def test_every_supported_optuna_draws_these(sampler: str) -> None:
    assert are_alike(sample_draws(sampler), DRAWN[sampler]), sample_draws(sampler)


def test_the_last_digits_of_a_processor_do_not_decide_what_tpe_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    """The study has a choice whose values are equally good to tpe: noise decided among them, and so on all that came
    later."""
    exact, noise = TPESampler._compute_acquisition_func, np.random.default_rng(0)

    def compute(*args: Any) -> Any:
        found = exact(*args)
        return found * (1 + 1e-13 * noise.standard_normal(found.shape))

    monkeypatch.setattr(TPESampler, "_compute_acquisition_func", compute)
    for _ in range(4):
        assert are_alike(sample_draws("tpe"), DRAWN["tpe"])


def test_the_sample_differs_between_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Optuna 5.0 changed tpe's default of `multivariate`: all trials that tpe draws would differ."""
    monkeypatch.setitem(samplers.SETTINGS["tpe"], "multivariate", True)
    found = sample_draws("tpe")
    assert are_alike(found[:6], DRAWN["tpe"][:6])
    assert not are_alike(found, DRAWN["tpe"])


def test_the_last_digits_do_not_count() -> None:
    assert are_alike((1e-4, 8.0), (1.00001e-4, 8.0))
    assert not are_alike((1e-4, 8.0), (1.1e-4, 8.0))
    assert not are_alike((1e-4, 8.0), (1e-4,))
