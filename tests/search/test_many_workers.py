"""Trials of two workers each on a cluster that holds exactly one of them, with early stopping."""

from pathlib import Path

import pytest
from support.tiny_study import tiny_folder, tiny_study
from support.trained_here import train_here

from gan_study.config.arms.arm import Arm
from gan_study.config.arms.resolved_training import first_trial_values
from gan_study.config.arms.trial_configs import search_trial_config
from gan_study.data.datasets import load_dataset
from gan_study.runs.folder import RunFolder
from gan_study.runs.records.status import TrialState
from gan_study.search.run import run_study

pytestmark = [pytest.mark.ray, pytest.mark.slow]

STANDSTILL = 1e-12
"""A learning rate with which nothing is learned, so that the trial is stopped."""


def test_a_stopped_trial_frees_its_workers_for_the_next(ray_address: str, tmp_path: Path) -> None:
    study = tiny_study(
        arms={"lsgan": {"network": "dcgan", "loss": "least_squares"}},
        defaults={"network": {"width": 8}, "g_lr": 3e-3, "d_lr": 1e-3},
        search_space={"g_lr": {"choice": [STANDSTILL]}},
        budget={"trials_per_arm": 2, "total_kimg": 1, "evaluate_every_kimg": 0.25},
        confirm={"top_k": 1, "seeds": 1},
        resources={"workers_per_trial": 2},
    )
    folder: RunFolder = tiny_folder(tmp_path / "tiny", study)
    # Each trial's processes cost Ray Train a minute of the CPU, so the first one is trained without.
    num_images = len(load_dataset(study.dataset).train_indices)
    train_here(search_trial_config(Arm(study, "lsgan"), 0, first_trial_values(Arm(study, "lsgan")), num_images), folder)

    director = run_study(study, folder, address=ray_address)

    states = {name: trial.state for (_, name), trial in director.trials.items()}
    assert states == {
        "search_000": TrialState.COMPLETED,  # with the given rate, which the search space does not hold
        "search_001": TrialState.STOPPED,
        "confirm_000_seed_0": TrialState.COMPLETED,
    }
    evaluations = folder.trial("lsgan", "confirm_000_seed_0").read_evaluations()
    assert [e.cur_nimg for e in evaluations] == [0, 256, 512, 768, 1024]
