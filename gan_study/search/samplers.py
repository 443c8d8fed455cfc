"""What draws an arm's configurations: Optuna's samplers, by the names that a study file uses."""

import hashlib
import warnings

from optuna.exceptions import ExperimentalWarning
from optuna.samplers import BaseSampler, RandomSampler, TPESampler

from gan_study.config.study import StudyConfig


def make_sampler(study: StudyConfig, arm: str, index: int) -> BaseSampler:
    """The sampler of the arm's trial `index`.

    Every trial has one of its own: what is drawn depends on the trial's number and on what has been told, not on
    how often the study was resumed.
    """
    seed = _seed(study.search.seed, arm, index)
    if study.search.sampler == "random":
        return RandomSampler(seed=seed)
    startup = study.search.startup_trials or max(1, study.budget.trials_per_arm // 3)
    with warnings.catch_warnings():
        # constant_liar keeps trials that run at once apart; Optuna calls it experimental since version 2.8.
        warnings.simplefilter("ignore", ExperimentalWarning)
        return TPESampler(n_startup_trials=startup, constant_liar=True, seed=seed)


def _seed(seed: int, *parts: object) -> int:
    """A seed of its own (32 bits) for every arm and trial."""
    text = "/".join(map(str, (seed, *parts)))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")
