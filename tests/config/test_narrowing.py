"""Every kind of range is narrowed around the best configurations."""

from typing import Any

import numpy as np
import pytest

from gan_study.config.arms.parameters import Parameter
from gan_study.config.base import Scalar
from gan_study.config.conditions import requirement
from gan_study.config.search.narrowing import narrow
from gan_study.config.space import Choice, IntegerRange, LogUniformRange, SearchRange, UniformRange, contains, extremes


def narrowed(search_range: SearchRange, *values: Any, name: str = "g_lr", **others: Any) -> SearchRange:
    best = [{name: value, **others} for value in values]
    (parameter,) = narrow([Parameter(name, name, search_range, ("search_space", name), requirement(name))], {}, best)
    return parameter.range


@pytest.mark.parametrize(
    ("search_range", "values", "expected"),
    [
        (UniformRange(uniform=(0, 1)), (0.4, 0.6), (0.3, 0.7)),
        (UniformRange(uniform=(0, 1)), (0.5,), (0.4, 0.6)),
        (UniformRange(uniform=(0, 1)), (0.05, 0.98), (0.0, 1.0)),
        (LogUniformRange(log_uniform=(1e-5, 1)), (1e-3, 1e-2), (10**-3.5, 10**-1.5)),
        (LogUniformRange(log_uniform=(1e-5, 1)), (1e-5,), (1e-5, 10**-4.5)),
        (IntegerRange(integer=(8, 64)), (20, 30), (14, 36)),
        (IntegerRange(integer=(1, 3)), (1,), (1, 2)),
        # A paper's value outside counts as the nearest within.
        (LogUniformRange(log_uniform=(1e-3, 1e-1)), (2e-4, 1e-2), (1e-3, 10**-1.8)),
        (Choice(choice=(16, 32, 64)), (64, 16, 64), (16, 64)),
        (Choice(choice=("batch", "none")), ("none",), ("none",)),
    ],
)
def test_each_kind(search_range: SearchRange, values: tuple[Any, ...], expected: tuple[Any, ...]) -> None:
    found = extremes(narrowed(search_range, *values))
    assert found == pytest.approx(expected) if not isinstance(expected[0], str) else found == expected


def test_a_range_that_none_of_the_best_has_stays() -> None:
    search_range = LogUniformRange(log_uniform=(0.1, 100))
    assert narrowed(search_range) == search_range
    assert narrowed(search_range, 1.0, name="clip_value", penalty="none") == search_range


def test_only_configurations_under_its_condition_narrow_a_range() -> None:
    mlp = IntegerRange(integer=(64, 512), when={"network.name": "mlp"})
    wide = Parameter("network.width", "network.width[mlp]", mlp, ())
    best: list[dict[str, Scalar]] = [
        {"network.width": 100, "network.name": "mlp"},
        {"network.width": 16, "network.name": "dcgan"},
    ]
    (found,) = narrow([wide], {}, best)
    assert extremes(found.range) == (64, 145)
    assert (found.label, found.range.when) == (wide.label, mlp.when)


@pytest.mark.parametrize("seed", range(20))
def test_never_wider_and_never_without_the_values(seed: int) -> None:
    random = np.random.default_rng(seed)
    values = [*np.exp(random.uniform(np.log(1e-5), np.log(1e-2), size=1 + seed % 5)).tolist(), *[1e-2] * (seed % 3)]
    for search_range in (UniformRange(uniform=(1e-5, 1e-2)), LogUniformRange(log_uniform=(1e-5, 1e-2))):
        found = narrowed(search_range, *values)
        low, high = map(float, extremes(found))
        assert 1e-5 <= low < high <= 1e-2
        assert all(contains(found, value) for value in values)
