"""Search trials as points: which of them compare, and how far apart their values are."""

import math
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.synthetic_run import COMPLETED, DIVERGED, STOPPED, STUDY, Outcome, write_synthetic_run

from gan_study.analysis.load_run import load_run
from gan_study.analysis.search_samples import MAX_TRIALS, SearchSamples, search_samples
from gan_study.analysis.statistics.gaussian_process import GaussianProcess
from gan_study.config.arms.arm import Arm
from gan_study.config.study import StudyConfig


def samples_of(place: Path, *outcomes: Outcome) -> SearchSamples | str:
    study = STUDY | {"arms": {"lsgan": STUDY["arms"]["lsgan"]}}
    study["search_space"] = study["search_space"] | {"g_lr": {"log_uniform": [1e-9, 1e50]}}  # for any number of trials
    folder = write_synthetic_run(str(place), study=study, search={"lsgan": outcomes}, confirm={})
    return search_samples(load_run(folder), "lsgan")


def completed(num: int) -> list[Outcome]:
    return [Outcome(COMPLETED, 10.0 + i) for i in range(num)]


def test_the_scores_at_the_end_are_taken_where_eight_trials_have_them(tmp_path: Path) -> None:
    found = samples_of(tmp_path, *completed(8), Outcome(STOPPED, 50.0, kimg=10), Outcome(DIVERGED, None, kimg=20))
    assert isinstance(found, SearchSamples)
    assert (found.scores, found.kimg, found.is_log) == (tuple(10.0 + i for i in range(8)), None, True)


def test_otherwise_those_after_the_most_images_that_eight_trials_came_to(tmp_path: Path) -> None:
    """Scores fall from 60 geometrically: after 20 of 40 kimg a completed trial has sqrt(60 * score)."""
    others = [Outcome(STOPPED, 50.0 + i, kimg=20) for i in range(5)]
    lost = [Outcome(STOPPED, 70.0, kimg=10), Outcome(DIVERGED, None, kimg=30)]
    found = samples_of(tmp_path, *completed(4), *others, *lost)
    assert isinstance(found, SearchSamples)
    assert found.kimg == 20
    expected = [math.sqrt(60 * (10 + i)) for i in range(4)] + [50.0 + i for i in range(5)]
    assert found.scores == pytest.approx(tuple(expected))
    assert np.allclose(found.values, np.log(expected))


def test_too_few_trials_are_counted(tmp_path: Path) -> None:
    found = samples_of(tmp_path, *completed(7), Outcome(DIVERGED, None, kimg=30))
    assert found == "7 of 8 ended search trials have comparable scores, and 8 are needed"


def test_equal_scores_are_no_samples(tmp_path: Path) -> None:
    assert samples_of(tmp_path, *[Outcome(COMPLETED, 10.0)] * 8) == "all scores are equal"


def test_of_many_trials_an_even_part_is_taken(tmp_path: Path) -> None:
    found = samples_of(tmp_path, *completed(101))
    assert isinstance(found, SearchSamples)
    assert len(found.trials) == MAX_TRIALS
    indices = [t.config.index for t in found.trials]
    assert (indices[0], indices[-1]) == (0, 100)
    assert {b - a for a, b in pairwise(indices)} <= {2, 3}


def points(space: dict[str, Any], *values: dict[str, Any]) -> list[list[float]]:
    study = StudyConfig.model_validate(STUDY | {"arms": {"a": {"network": "mlp"}}, "search_space": space})
    samples = SearchSamples(Arm(study, "a"), (), (), None, True, 120.0)
    return [samples.point(each) for each in values]


CONDITIONAL: dict[str, Any] = {
    "loss": {"choice": ["wasserstein", "hinge", "least_squares"]},
    "penalty": {"choice": ["none", "wgan_gp"]},
    "penalty_weight": {"log_uniform": [0.1, 100]},
    "network.width": {"choice": [16, 32, 128]},
    "z_dim": {"integer": [10, 30]},
}


def test_values_lie_as_they_are_drawn(tmp_path: Path) -> None:
    with_penalty = {"loss": "hinge", "penalty": "wgan_gp", "penalty_weight": 10, "network.width": 32, "z_dim": 15}
    without = {"loss": "hinge", "penalty": "none", "network.width": 128, "z_dim": 30}
    half = math.sqrt(0.5)
    first, second = points(CONDITIONAL, with_penalty, without)
    assert first == pytest.approx([0, half, 0, 0, half, 2 / 3, 1, 0.5, 0.25])
    assert second == pytest.approx([0, half, 0, half, 0, 0.5, 0, 1, 1])


def test_a_hyperparameter_that_some_trials_lack_is_learned_from_the_others() -> None:
    """Trials with a penalty score 5 higher, and by its weight; trials without one have no weight."""
    rng = np.random.default_rng(0)
    common = [{"loss": "hinge", "network.width": int(rng.choice([16, 32, 128])), "z_dim": 20} for _ in range(24)]
    weights = 10 ** rng.uniform(-1, 2, size=24)
    values = [
        each | ({"penalty": "wgan_gp", "penalty_weight": float(weight)} if i % 2 else {"penalty": "none"})
        for i, (each, weight) in enumerate(zip(common, weights, strict=True))
    ]
    scores = np.array([5 + math.log10(weights[i]) if i % 2 else 0.0 for i in range(24)]) + 0.1 * rng.normal(size=24)
    process = GaussianProcess(np.array(points(CONDITIONAL, *values)), scores)
    base = {"loss": "hinge", "network.width": 32, "z_dim": 20}
    asked = [base | {"penalty": "none"}, *(base | {"penalty": "wgan_gp", "penalty_weight": w} for w in (0.3, 30.0))]
    mean = process.samples(np.array(points(CONDITIONAL, *asked)), np.eye(3)).mean(axis=0)
    np.testing.assert_allclose(mean, [0, 5 + math.log10(0.3), 5 + math.log10(30)], atol=0.4)


def test_one_configuration_tells_nothing(tmp_path: Path) -> None:
    """A choice with a single value: the trials differ in their seeds alone."""
    folder = write_synthetic_run(str(tmp_path), search={"lsgan": completed(9)}, confirm={})
    run = load_run(folder)
    same = run.trials[0].config.searched
    run = replace(
        run, trials=tuple(replace(t, config=t.config.model_copy(update={"searched": same})) for t in run.trials)
    )
    assert search_samples(run, "lsgan") == "the trials tried fewer than 3 configurations"
