"""A search of a small DCGAN on tiny digits, for benchmarks of searches."""

from typing import Any

from gan_study.config.arms.arm import arms_of
from gan_study.config.arms.resolved_training import ASSUMED_TRAIN_IMAGES, first_trial_values, resolve_training
from gan_study.config.study import StudyConfig
from gan_study.data.datasets import Dataset, load_dataset
from gan_study.extractors.objective import Objective, load_objective, prepare_objective
from gan_study.runs.folder import RunFolder

NUM_SAMPLES = 5000
NUM_CHECKS = 8
"""Evaluations along a training, of which asha's rungs are the first and those at three times as many images each."""
RANDOM: dict[str, Any] = {"search": {"sampler": "random", "scheduler": "none"}, "checks": 1}


def make_study(trials: int, kimg: float, seed: int, way: dict[str, Any]) -> StudyConfig:
    """One arm of a small DCGAN whose learning rates, betas, width and loss's weight are searched."""
    early = {"early_num_samples": way["early"]} if "early" in way else {}
    # The defaults of a study of so many trials.
    startup = {"startup_trials": max(1, trials // 3)} if way["search"]["sampler"] == "tpe" else {}
    lag = {"lag": max(2, round(trials / 8))}
    return StudyConfig.model_validate(
        {
            "name": "search_cost",
            "dataset": {"name": "digits", "image_size": 16},
            "objective": {"extractor": "domain_classifier", "num_samples": NUM_SAMPLES, **early},
            "budget": {
                "trials_per_arm": trials if way is RANDOM else 100 * trials,
                "total_kimg": kimg,
                "evaluate_every_kimg": kimg / way.get("checks", NUM_CHECKS),
            },
            "arms": {"wgan_gp": {"network": "dcgan", "loss": "wasserstein", "penalty": "wgan_gp"}},
            "search_space": {
                "g_lr": {"log_uniform": [1e-5, 1e-2]},
                "d_lr": {"log_uniform": [1e-5, 1e-2]},
                "beta1": {"uniform": [0, 0.9]},
                "beta2": {"choice": [0.9, 0.99, 0.999]},
                "penalty_weight": {"log_uniform": [0.1, 100]},
                "network.width": {"choice": [8, 12, 16]},
            },
            "search": {**way["search"], **startup, **lag, "first_trial": "sampled", "seed": seed},
            "confirm": {"top_k": 0},
        }
    )


def prepare(study: StudyConfig, folder: RunFolder) -> tuple[Dataset, Objective]:
    """Make the study's objective as `gan_study run` does."""
    arm = arms_of(study)[0]
    training = resolve_training(arm, first_trial_values(arm), study.search.seed, ASSUMED_TRAIN_IMAGES)
    dataset = load_dataset(training.dataset)
    return dataset, load_objective(folder.storage, prepare_objective(training, dataset, folder), dataset)
