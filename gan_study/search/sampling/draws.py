"""A sample of the draws of the installed Optuna, which shows whether two versions or machines draw alike."""

import math
from collections.abc import Sequence

from gan_study.config.arms.arm import Arm
from gan_study.config.study import StudyConfig
from gan_study.runs.records.measurements import EvaluationRecord
from gan_study.runs.records.status import TrialState
from gan_study.search.sampling.arm_search import ArmSearch
from gan_study.search.sampling.search_storage import SearchStorage

_NUM_TRIALS = 9
_FAILURE_SCORE = 1000.0
_TOLERANCE = 1e-3
"""Largest relative difference of equal draws: machines round the last digits differently."""


def sample_draws(sampler: str) -> tuple[float, ...]:
    """Return the learning rate and the width of each trial that a sampler draws in a small search of known scores.

    tpe and gp learn after three trials, of which one has diverged; later trials are also stopped. The search takes
    hundredths of a second with tpe and some seconds with gp.
    """
    study = StudyConfig.model_validate(
        {
            "name": "draws",
            "dataset": {"name": "digits", "image_size": 16},
            "budget": {"trials_per_arm": _NUM_TRIALS, "total_kimg": 4, "evaluate_every_kimg": 1},
            "arms": {"only": {"network": "dcgan", "loss": "least_squares"}},
            "search_space": {
                "g_lr": {"log_uniform": [1e-5, 1e-2]},
                "network.width": {"integer": [8, 64]},
                "beta1": {"choice": [0.0, 0.5, 0.9]},
            },
            "search": {"sampler": sampler, "scheduler": "asha", "first_trial": "sampled", "lag": 1}
            | ({"startup_trials": 3} if sampler in ("tpe", "gp") else {}),
        }
    )
    search = ArmSearch(Arm(study, "only"), SearchStorage(), _FAILURE_SCORE)
    drawn: list[float] = []
    for index in range(_NUM_TRIALS):
        values = search.draw_configuration(index)
        rate, width = float(values["g_lr"]), float(values["network.width"])
        drawn += [rate, width]
        score = 20 * math.exp(abs(math.log10(rate) + 3.5) + (64 - width) / 60 + float(values["beta1"]))
        state = TrialState.COMPLETED
        for cur_nimg in range(1000, 5000, 1000):
            if search.report_evaluation(index, _evaluation(cur_nimg, score * (1 + (4000 - cur_nimg) / 4000))):
                state = TrialState.STOPPED
                break
        search.close_trial(index, TrialState.DIVERGED if index == 1 else state, score)
    return tuple(float(f"{value:.5g}") for value in drawn)


def are_alike(one: Sequence[float], other: Sequence[float]) -> bool:
    """Return True if two samples hold the same draws."""
    return len(one) == len(other) and all(
        math.isclose(a, b, rel_tol=_TOLERANCE) for a, b in zip(one, other, strict=True)
    )


def _evaluation(cur_nimg: int, score: float) -> EvaluationRecord:
    return EvaluationRecord(
        cur_nimg=cur_nimg,
        num_d_steps=0,
        num_g_steps=0,
        train_sec=0.0,
        evaluate_sec=0.0,
        score=score,
        class_shares=None,
        losses=None,
    )
