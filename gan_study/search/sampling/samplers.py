"""The samplers that draw an arm's configurations: Optuna's, chosen by name in the study file."""

import hashlib
import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.exceptions import ExperimentalWarning
from optuna.samplers import BaseSampler, CmaEsSampler, GPSampler, RandomSampler, TPESampler
from optuna.storages import InMemoryStorage
from optuna.trial import FrozenTrial, TrialState

from gan_study.config.arms.arm import Arm
from gan_study.config.arms.parameters import Parameter
from gan_study.config.base import Scalar
from gan_study.config.search.order import search_lag
from gan_study.config.search.sampling import LEARNING_SAMPLERS, joint_parameters, startup_trials
from gan_study.config.search.stopping import stops_trials
from gan_study.config.study import StudyConfig
from gan_study.config.training import Phase
from gan_study.search.sampling.distributions import at_share, distribution

_Space = dict[str, BaseDistribution]
_ACQUISITION_DIGITS = 9
"""Digits after the point of a logarithm that tpe compares."""
_LEAST_SCORE = 1e-6
"""Least score whose logarithm gp uses, as a share of the failure score. Rounding can make a distance 0 or negative."""


SETTINGS: dict[str, dict[str, Any]] = {
    "random": {},
    "sobol": {"scramble": True},
    "tpe": {
        # Each hyperparameter is drawn by itself. Joint draws found no clearly better configurations in searches of 12
        # to 100 trials. Single draws also learn conditional hyperparameters, and are equal in Optuna 4.9 and 5.0.
        "multivariate": False,
        "group": False,
        "n_ei_candidates": 24,
        "constant_liar": True,  # keeps trials that run at once apart
    },
    "gp": {"deterministic_objective": False},
    "cmaes": {
        "x0": None,
        "sigma0": None,
        "popsize": None,
        "use_separable_cma": False,
        "with_margin": False,
        "lr_adapt": False,
    },
}
"""All other settings on which a sampler's draws depend, besides seed and study: Optuna's defaults change."""


def sampler_settings(study: StudyConfig) -> dict[str, Any]:
    """Return the settings of a study's sampler, by Optuna's names for them."""
    name = study.search.sampler
    settings = {**SETTINGS[name]}
    if name in LEARNING_SAMPLERS:
        # A trial of number `startup_trials` knows fewer results than that, and is the first that learns.
        settings["n_startup_trials"] = max(1, startup_trials(study) - (search_lag(study) or 1) + 1)
    if name == "cmaes":
        settings["consider_pruned_trials"] = stops_trials(study)
    return settings


def make_sampler(
    arm: Arm,
    parts: Sequence[object],
    index: int,
    parameters: Sequence[Parameter],
    get_trials: Callable[[], list[FrozenTrial]],
    failure_score: float,
    phase: Phase = "search",
) -> BaseSampler:
    """Make the sampler of an arm's trial `index` in a phase.

    Every trial has a sampler of its own, so that its draws depend on the trial's number and on the reported trials, not
    on how often the study was resumed. Optuna's joint samplers infer their search space from the reported trials; here
    they receive `joint_parameters`, because a first trial outside its ranges would make that space smaller. `draws.py`
    shows whether two versions of Optuna draw alike. Only gp imports torch, which takes seconds.

    Args:
        arm: the arm; its study holds the sampler's name, its seed and its number of start-up trials.
        parts: enter the seed, so that every arm, phase and repeat has its own.
        index: the trial's number within arm and phase.
        parameters: the arm's searched parameters, with the ranges of this phase.
        get_trials: returns all trials of the arm that Optuna knows.
        failure_score: the highest score that is reported of any trial.
        phase: search or refine.
    """
    study = arm.study
    name = study.search.sampler
    seed = _seed(study.search.seed, *parts, index)
    settings = sampler_settings(study)
    space = {p.label: distribution(p.range) for p in joint_parameters(name, parameters, arm.fixed)}
    with warnings.catch_warnings():
        # Optuna has called constant_liar experimental since 2.8. From 5.0 on it advises against
        # constraints_func, in favour of a method that 4.9 does not have.
        warnings.simplefilter("ignore", ExperimentalWarning)
        warnings.simplefilter("ignore", FutureWarning)
        match name:
            case "random":
                return RandomSampler(seed=seed)
            case "sobol":
                sequence = _seed(study.search.seed, *parts, "sobol")
                # The papers' configuration is not a point of the sequence.
                chosen = phase == "search" and study.search.first_trial == "paper_defaults"
                return _SobolSampler(space, index - chosen, sequence)
            case "gp":
                floor = _LEAST_SCORE * failure_score
                return _JointGPSampler(space, get_trials, floor, seed, settings)
            case "cmaes":
                return _JointCmaEsSampler(space, seed, settings)
            case "tpe":
                ended = [trial for trial in get_trials() if trial.state is not TrialState.RUNNING]
                if all(_is_failure(trial)[0] > 0 for trial in ended):
                    # TPE would take the first failures for good trials.
                    settings["n_startup_trials"] = max(settings["n_startup_trials"], len(ended) + 1)
                return _RoundedTPESampler(seed=seed, constraints_func=_is_failure, **settings)


def _is_failure(trial: FrozenTrial) -> tuple[float]:
    """Return a number above 0 for a trial that failed, diverged or collapsed: TPE then ranks it behind all others.

    By their score alone such trials would rank among the completed ones. If a scheduler stops most trials, few are
    completed, and TPE would count failures among its best. Trials in Optuna's state FAIL are no remedy, because TPE
    ignores them.
    """
    return (1.0 if trial.user_attrs.get("state") in ("diverged", "failed") else 0.0,)


def keeps_state(study: StudyConfig) -> bool:
    """Return True if the sampler keeps a state in the trials that it has drawn, and so must also see given values."""
    return study.search.sampler == "cmaes"


class GivenValues(BaseSampler):
    """Gives a trial values, by label, that were chosen or drawn before.

    Optuna's own way is to enqueue them. This bypasses the sampler, so that one with a state would not know of them.

    drawn_by: the sampler that drew the values, if it keeps a state.
    """

    def __init__(self, values: Mapping[str, Scalar], drawn_by: BaseSampler | None = None) -> None:
        self._values = values
        self._drawn_by = drawn_by

    def infer_relative_search_space(self, study: optuna.Study, trial: FrozenTrial) -> _Space:
        """Return the search space of the sampler that drew the values."""
        return self._drawn_by.infer_relative_search_space(study, trial) if self._drawn_by else {}

    def sample_relative(self, study: optuna.Study, trial: FrozenTrial, search_space: _Space) -> dict[str, Any]:
        """Let the sampler that drew the values write its state; return no values."""
        if self._drawn_by is not None:
            self._drawn_by.sample_relative(study, trial, search_space)
        return {}

    def sample_independent(
        self, study: optuna.Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """Return the given value."""
        return self._values[param_name]


class _SobolSampler(BaseSampler):
    """Draws one point of a scrambled Sobol sequence, with a dimension for every parameter, also for conditional ones.

    Optuna's own sampler takes the position from a counter in its storage, and before version 5.0 it draws choices at
    random. Here the trial's number is the position. A trial with a number below 0 is drawn at random.
    """

    def __init__(self, space: _Space, position: int, seed: int) -> None:
        self._space = space
        self._position = position
        self._seed = seed

    def infer_relative_search_space(self, study: optuna.Study, trial: FrozenTrial) -> _Space:
        """Return the space of all searched parameters."""
        return self._space

    def sample_relative(self, study: optuna.Study, trial: FrozenTrial, search_space: _Space) -> dict[str, Any]:
        """Return the values at the sequence's point."""
        if not search_space or self._position < 0:
            return {}
        from scipy.stats import qmc  # takes a second

        sequence = qmc.Sobol(len(search_space), scramble=True, seed=self._seed)
        if self._position > 0:
            sequence.fast_forward(self._position)
        point = sequence.random(1)[0]
        return {name: at_share(each, float(u)) for (name, each), u in zip(search_space.items(), point, strict=True)}

    def sample_independent(
        self, study: optuna.Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """Draw a value at random, if the sequence has no dimension for the parameter."""
        random = RandomSampler(seed=self._seed)
        return random.sample_independent(study, trial, param_name, param_distribution)


class _RoundedTPESampler(TPESampler):
    """TPE that takes candidates for equally good if they differ by rounding alone, and then draws the first of them.

    Values of a choice that equally many good and bad trials have had are equally good. Which of them came out ahead
    depended on the last digits, which differ between kinds of processors, and so did all later draws.
    """

    def _compute_acquisition_func(self, *args: Any, **kwargs: Any) -> Any:
        return super()._compute_acquisition_func(*args, **kwargs).round(_ACQUISITION_DIGITS)


class _JointCmaEsSampler(CmaEsSampler):
    """CMA-ES over a given search space. Its state lies in the trials of the Optuna study.

    If the scheduler stops trials, these count with their last score: a generation of completed trials alone would
    take most of a search.
    """

    def __init__(self, space: _Space, seed: int, settings: dict[str, Any]) -> None:
        random = RandomSampler(seed=seed)
        super().__init__(seed=seed, independent_sampler=random, warn_independent_sampling=False, **settings)
        self._space = space

    def infer_relative_search_space(self, study: optuna.Study, trial: FrozenTrial) -> _Space:
        return self._space


class _JointGPSampler(GPSampler):
    """A Gaussian process over a given search space. It learns from the trials that have a value for all parameters.

    It learns the logarithms of scores, because scores span two to three powers of ten: failures would set the scale
    of the scores themselves, and all good trials would look equal. A stopped trial counts with its last score.
    """

    def __init__(
        self,
        space: _Space,
        get_trials: Callable[[], list[FrozenTrial]],
        floor: float,
        seed: int,
        settings: dict[str, Any],
    ) -> None:
        random = RandomSampler(seed=seed)
        super().__init__(seed=seed, independent_sampler=random, warn_independent_sampling=False, **settings)
        self._space = space
        self._get_trials = get_trials
        self._floor = floor

    def infer_relative_search_space(self, study: optuna.Study, trial: FrozenTrial) -> _Space:
        return self._space

    def sample_relative(self, study: optuna.Study, trial: FrozenTrial, search_space: _Space) -> dict[str, Any]:
        if not search_space:
            return {}
        shown = optuna.create_study(
            storage=InMemoryStorage(), directions=study.directions, sampler=RandomSampler(), study_name="shown"
        )
        shown.add_trials(
            seen
            for each in self._get_trials()
            if search_space.keys() <= each.params.keys() and (seen := self._as_shown(each)) is not None
        )
        shown.ask()  # in place of `trial`
        drawn: dict[str, Any] = super().sample_relative(shown, shown.get_trials(deepcopy=False)[-1], search_space)
        return drawn

    def _as_shown(self, trial: FrozenTrial) -> FrozenTrial | None:
        """Return a trial as the Gaussian process learns it; None if it does not."""
        if trial.state is TrialState.RUNNING:
            return trial
        if trial.state is TrialState.PRUNED and trial.intermediate_values:
            values = [trial.intermediate_values[max(trial.intermediate_values)]]
        elif trial.state is TrialState.COMPLETE:
            values = list(trial.values)
        else:
            return None
        score, *others = values
        return optuna.trial.create_trial(
            params=trial.params,
            distributions=trial.distributions,
            values=[math.log(max(score, self._floor)), *others],
        )


def _seed(seed: int, *parts: object) -> int:
    """Return a seed of 32 bits for these parts, one for every arm and trial."""
    text = "/".join(map(str, (seed, *parts)))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")
