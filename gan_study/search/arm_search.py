"""One arm's search: its own Optuna study with its own sampler and its own rungs of successive halving."""

import hashlib
import warnings
from collections.abc import Sequence
from typing import Any

import optuna
from optuna.exceptions import ExperimentalWarning
from optuna.pruners import BasePruner, NopPruner, SuccessiveHalvingPruner
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.storages import BaseStorage
from optuna.trial import TrialState as OptunaState

from gan_study.config.arms import first_trial_values
from gan_study.config.base import Scalar
from gan_study.config.parameters import Parameter, arm_parameters, fixed_values
from gan_study.config.space import Choice, IntegerRange, LogUniformRange, UniformRange, contains
from gan_study.config.study import StudyConfig
from gan_study.runs.records import EvaluationRecord, TrialState


class ArmSearch:
    """Asks Optuna for configurations and tells it what became of them. Trials go by their index in the search.

    Every value told is finite: scores are cut at `failure_score`, which also stands for a score that does not
    exist. Stopped trials are told as pruned with their intermediate values, failed ones as failed.
    """

    def __init__(
        self, study: StudyConfig, arm: str, storage: BaseStorage, failure_score: float, repeat: int = 0
    ) -> None:
        self._config = study
        self._arm = arm
        self._repeat = repeat
        self._parameters = arm_parameters(study, arm)
        self._fixed = fixed_values(study, arm)
        self._failure_score = failure_score
        self._trials: dict[int, optuna.Trial] = {}
        self._study = optuna.create_study(
            storage=storage, study_name=optuna_name(study, arm, repeat), direction="minimize", pruner=_pruner(study)
        )

    def ask(self, index: int) -> dict[str, Scalar]:
        """The searched values of the arm's trial `index`: the paper's for the first, else the sampler's."""
        if index == 0 and self._config.search.first_trial == "paper_defaults":
            return self.ask_for(index, first_trial_values(self._config, self._arm))
        return self._ask(index, self._parameters)

    def ask_for(self, index: int, values: dict[str, Scalar]) -> dict[str, Scalar]:
        """Open trial `index` with given values. Optuna is not shown those that lie outside their range."""
        # A range that exists under these values, and no other, says what the sampler may see.
        active = [p for p in self._parameters if p.name in values and p.is_active({**self._fixed, **values})]
        inside = [p for p in active if contains(p.range, values[p.name])]
        self._study.enqueue_trial({p.label: values[p.name] for p in inside})
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

    def _ask(self, index: int, parameters: Sequence[Parameter]) -> dict[str, Scalar]:
        # A sampler of its own for every trial: what is drawn depends on the trial's number and on what has been
        # told, not on how often the study was resumed.
        self._study.sampler = _sampler(self._config, _seed(self._config.search.seed, self._arm, index, self._repeat))
        trial = self._study.ask()
        trial.set_user_attr("index", index)
        self._trials[index] = trial
        values: dict[str, Scalar] = {}
        for parameter in parameters:
            if parameter.is_active({**self._fixed, **values}):
                values[parameter.name] = _suggest(trial, parameter)
        return values

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


def _suggest(trial: optuna.Trial, parameter: Parameter) -> Scalar:
    label = parameter.label
    match parameter.range:
        case UniformRange(uniform=(low, high)):
            return trial.suggest_float(label, low, high)
        case LogUniformRange(log_uniform=(low, high)):
            return trial.suggest_float(label, low, high, log=True)
        case IntegerRange(integer=(first, last)):
            return trial.suggest_int(label, first, last)
        case Choice(choice=values):
            chosen: Any = trial.suggest_categorical(label, values)  # Optuna knows no type of their own for it
            value: Scalar = chosen
            return value


def optuna_name(study: StudyConfig, arm: str, repeat: int = 0) -> str:
    """The name of the Optuna study of one repeat of an arm's search."""
    return f"{study.name}/{arm}/repeat_{repeat}" if repeat else f"{study.name}/{arm}"


def _seed(seed: int, arm: str, index: int, repeat: int) -> int:
    words = f"{seed}/{arm}/{repeat}/{index}" if repeat else f"{seed}/{arm}/{index}"
    return int.from_bytes(hashlib.sha256(words.encode()).digest()[:4], "big")
