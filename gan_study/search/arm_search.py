"""One arm's search: its own Optuna study with its own sampler and its own rungs of successive halving."""

import hashlib
import warnings

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.exceptions import ExperimentalWarning
from optuna.pruners import BasePruner, NopPruner, SuccessiveHalvingPruner
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.storages import BaseStorage
from optuna.trial import TrialState as OptunaState

from gan_study.config.arms import arm_search_space, first_trial_values
from gan_study.config.base import Scalar
from gan_study.config.space import Choice, IntegerRange, LogUniformRange, SearchRange, UniformRange, contains
from gan_study.config.study import StudyConfig
from gan_study.runs.records import EvaluationRecord, TrialState


class ArmSearch:
    """Asks Optuna for configurations and tells it what became of them. Trials go by their index in the arm.

    Every value told is finite: scores are cut at `failure_score`, which also stands for a score that does not
    exist. Stopped trials are told as pruned with their intermediate values, failed ones as failed.
    """

    def __init__(self, study: StudyConfig, arm: str, storage: BaseStorage, failure_score: float) -> None:
        self._config = study
        self._arm = arm
        self._space = arm_search_space(study, arm)
        self._failure_score = failure_score
        self._trials: dict[int, optuna.Trial] = {}
        self._study = optuna.create_study(
            storage=storage, study_name=f"{study.name}/{arm}", direction="minimize", pruner=_pruner(study)
        )

    def ask(self, index: int) -> dict[str, Scalar]:
        """The searched values of the arm's trial `index`: the paper's for the first, else the sampler's."""
        if index == 0 and self._config.search.first_trial == "paper_defaults":
            return self.ask_for(index, first_trial_values(self._config, self._arm))
        return self._ask(index, self._space)

    def ask_for(self, index: int, values: dict[str, Scalar]) -> dict[str, Scalar]:
        """Open trial `index` with given values. Optuna is not shown those that lie outside their range."""
        inside = {name: r for name, r in self._space.items() if contains(r, values[name])}
        self._study.enqueue_trial({name: values[name] for name in inside})
        self._ask(index, inside)
        return values

    def report(self, index: int, evaluation: EvaluationRecord) -> bool:
        """Record a score on the way; whether the trial is to be stopped."""
        trial = self._trials[index]
        trial.report(self._told(evaluation.score), step=evaluation.cur_nimg)
        return trial.should_prune()

    def tell(self, index: int, state: TrialState, score: float | None) -> None:
        """Close trial `index` with its last score."""
        trial = self._trials.pop(index)
        trial.set_user_attr("state", state.value)
        match state:
            case TrialState.COMPLETED:
                self._study.tell(trial, self._told(score))
            case TrialState.DIVERGED:
                self._study.tell(trial, self._failure_score)
            case TrialState.STOPPED:
                self._study.tell(trial, state=OptunaState.PRUNED)
            case TrialState.FAILED:
                self._study.tell(trial, state=OptunaState.FAIL)
            case TrialState.RUNNING:
                raise AssertionError("a running trial is not told")

    def _ask(self, index: int, space: dict[str, SearchRange]) -> dict[str, Scalar]:
        # A sampler of its own for every trial: what is drawn depends on the trial's number and on what has been
        # told, not on how often the study was resumed.
        self._study.sampler = _sampler(self._config, _seed(self._config.search.seed, self._arm, index))
        trial = self._study.ask({name: _distribution(r) for name, r in space.items()})
        trial.set_user_attr("index", index)
        self._trials[index] = trial
        return dict(trial.params)

    def _told(self, score: float | None) -> float:
        return self._failure_score if score is None else min(score, self._failure_score)


def _sampler(study: StudyConfig, seed: int) -> BaseSampler:
    if study.search.sampler == "random":
        return RandomSampler(seed=seed)
    startup = study.search.startup_trials or max(1, study.budget.trials_per_arm // 3)
    with warnings.catch_warnings():
        # constant_liar keeps trials that run at once apart; Optuna calls it experimental since version 2.8.
        warnings.simplefilter("ignore", ExperimentalWarning)
        return TPESampler(n_startup_trials=startup, constant_liar=True, seed=seed)


def _pruner(study: StudyConfig) -> BasePruner:
    if study.search.scheduler == "none":
        return NopPruner()
    grace_kimg = study.search.grace_kimg or study.budget.evaluate_every_kimg
    return SuccessiveHalvingPruner(
        min_resource=round(grace_kimg * 1000), reduction_factor=study.search.reduction_factor
    )


def _distribution(search_range: SearchRange) -> BaseDistribution:
    match search_range:
        case UniformRange(uniform=(low, high)):
            return FloatDistribution(low, high)
        case LogUniformRange(log_uniform=(low, high)):
            return FloatDistribution(low, high, log=True)
        case IntegerRange(integer=(first, last)):
            return IntDistribution(first, last)
        case Choice(choice=values):
            return CategoricalDistribution(values)


def _seed(seed: int, arm: str, index: int) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed}/{arm}/{index}".encode()).digest()[:4], "big")
