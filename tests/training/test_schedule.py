"""Rates that change in the middle of a training."""

import io
from pathlib import Path
from typing import Any

import pytest
import torch
from pydantic import ValidationError
from support.prepared_objective import Prepared
from support.tiny_training import files, measured, run, tiny_trial, trial_folder

from gan_study.extractors.objective import Objective
from gan_study.training.state import build_state, set_rates_

RATES = {"g_lr": 0.01, "d_lr": 0.01, "beta1": 0.5, "beta2": 0.999}
LATER = {"from_kimg": 0.08, "g_lr": 0.002, "d_lr": 0.03, "beta1": 0.1, "beta2": 0.9}
LAST = {"from_kimg": 0.13, "g_lr": 0.05, "d_lr": 0.001, "beta1": 0.7, "beta2": 0.99}


def scheduled(*entries: dict[str, float], **values: Any) -> Any:
    return tiny_trial(**{**RATES, **values}, schedule=entries)


def checkpoint(location: Path) -> dict[str, Any]:
    folder = trial_folder(location)
    content: dict[str, Any] = torch.load(
        io.BytesIO(folder.read_checkpoint(folder.checkpoint_nimgs()[-1])), weights_only=True
    )
    return content


@pytest.mark.parametrize("optimizer", ["adam", "rmsprop"])
def test_a_point_is_reached_by_the_step_that_starts_there(
    optimizer: str, prepared: Prepared, objective: Objective, tmp_path: Path
) -> None:
    """At 0.08 kimg the fifth step starts, and the eighth is the first after 0.13."""
    config = scheduled(LATER, LAST, optimizer=optimizer, evaluate_every_kimg=0.02)
    for num_evaluations, rates in ((5, RATES), (6, LATER), (8, LATER), (9, LAST)):
        place = tmp_path / str(num_evaluations)
        run(config, prepared, place, objective, num_evaluations)
        for name in ("g", "d"):
            (group,) = checkpoint(place)[f"{name}_optimizer"]["param_groups"]
            assert group["lr"] == rates[f"{name}_lr"]
            if optimizer == "adam":
                assert tuple(group["betas"]) == (rates["beta1"], rates["beta2"])
            else:
                assert group["alpha"] == rates["beta2"]


def test_before_the_first_point_nothing_differs(prepared: Prepared, objective: Objective, tmp_path: Path) -> None:
    run(scheduled(), prepared, tmp_path / "plain", objective)
    run(scheduled(LATER), prepared, tmp_path / "scheduled", objective)
    plain, changed = (trial_folder(tmp_path / p).read_evaluations() for p in ("plain", "scheduled"))
    assert measured(plain[:2]) == measured(changed[:2])
    assert plain[2].score != changed[2].score


@pytest.mark.parametrize("num_evaluations", [1, 2, 3])
def test_an_abandoned_one_ends_bit_for_bit_as_an_uninterrupted_one(
    num_evaluations: int, prepared: Prepared, objective: Objective, tmp_path: Path
) -> None:
    config = scheduled(LATER, LAST)
    run(config, prepared, tmp_path / "whole", objective)
    run(config, prepared, tmp_path / "resumed", objective, num_evaluations)
    run(config, prepared, tmp_path / "resumed", objective)
    assert files(tmp_path / "resumed", "snapshots") == files(tmp_path / "whole", "snapshots")
    whole, resumed = (trial_folder(tmp_path / p).read_evaluations() for p in ("whole", "resumed"))
    assert measured(resumed) == measured(whole)


def test_a_checkpoint_of_other_rates_goes_on_with_the_schedule(
    prepared: Prepared, objective: Objective, tmp_path: Path
) -> None:
    """As a population copies one: trained without the entry up to its point, then with it."""
    run(scheduled(LATER), prepared, tmp_path / "whole", objective)
    run(scheduled(), prepared, tmp_path / "copied", objective, num_evaluations=2)
    run(scheduled(LATER), prepared, tmp_path / "copied", objective)
    assert files(tmp_path / "copied", "snapshots") == files(tmp_path / "whole", "snapshots")


def test_learning_rates_fall_over_the_training(prepared: Prepared, objective: Objective, tmp_path: Path) -> None:
    """The last of ten steps starts at 0.9 of the training, and the fifth at 0.4."""
    config = scheduled(LATER, g_lr_schedule="linear", d_lr_schedule={"step": {"at": [0.4], "factor": 0.1}})
    for num_evaluations, g_lr, d_lr in ((2, 0.01 * (1 - 0.3), 0.01), (3, 0.002 * (1 - 0.7), 0.03 * 0.1)):
        place = tmp_path / str(num_evaluations)
        run(config, prepared, place, objective, num_evaluations)
        found = [checkpoint(place)[f"{name}_optimizer"]["param_groups"][0]["lr"] for name in ("g", "d")]
        assert found == pytest.approx([g_lr, d_lr])
    run(config, prepared, tmp_path / "whole", objective)
    run(config, prepared, tmp_path / "2", objective)
    assert files(tmp_path / "2", "snapshots") == files(tmp_path / "whole", "snapshots")


def test_rollbacks_lower_the_rates_of_a_schedule(prepared: Prepared) -> None:
    training = scheduled(g_lr_schedule="linear", d_lr_schedule="constant").training
    state = build_state(training, 1, torch.device("cpu"))
    state.counters.cur_nimg = 100  # half of the training
    set_rates_(state, training, lr_factor=0.5)
    rates = [optimizer.param_groups[0]["lr"] for optimizer in (state.g_optimizer, state.d_optimizer)]
    assert rates == [0.01 * 0.5 * 0.5, 0.01 * 0.5]


def test_entries_follow_each_other() -> None:
    with pytest.raises(ValidationError, match=r"got from_kimg=0\.08 after from_kimg=0\.13; sort them"):
        scheduled(LAST, LATER)
