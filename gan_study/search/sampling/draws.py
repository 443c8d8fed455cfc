"""How an installed Optuna draws: a small search in memory, by which two versions or machines can be told apart."""

import math
from collections.abc import Sequence

from optuna.storages import InMemoryStorage

from gan_study.config.study import StudyConfig
from gan_study.runs.records import EvaluationRecord, TrialState
from gan_study.search.sampling.arm_search import ArmSearch

_NUM_TRIALS = 9
_FAILURE_SCORE = 1000.0
_TOLERANCE = 1e-3
"""Relative difference of two samples that count as equal: machines round differently in the last digits."""


def sample_draws(sampler: str) -> tuple[float, ...]:
    """The learning rates and widths that a sampler draws in a search of known scores, one trial after the other.

    Three trials are drawn before tpe and gp learn; then some trials have been stopped, and one has diverged. tpe takes
    hundredths of a second, gp some seconds.
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
            "search": {"sampler": sampler, "scheduler": "asha", "first_trial": "sampled"}
            | ({"startup_trials": 3} if sampler in ("tpe", "gp") else {}),
        }
    )
    search = ArmSearch(study, "only", InMemoryStorage(), _FAILURE_SCORE)
    drawn: list[float] = []
    for index in range(_NUM_TRIALS):
        values = search.ask(index)
        rate, width = float(values["g_lr"]), float(values["network.width"])
        drawn += [rate, width]
        score = 20 * math.exp(abs(math.log10(rate) + 3.5) + (64 - width) / 60 + float(values["beta1"]))
        state = TrialState.COMPLETED
        for cur_nimg in range(1000, 5000, 1000):
            if search.report(index, _evaluation(cur_nimg, score * (1 + (4000 - cur_nimg) / 4000))):
                state = TrialState.STOPPED
                break
        search.tell(index, TrialState.DIVERGED if index == 1 else state, score)
    return tuple(float(f"{value:.5g}") for value in drawn)


def are_alike(one: Sequence[float], other: Sequence[float]) -> bool:
    """Whether two samples are of the same draws."""
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
