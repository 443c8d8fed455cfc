"""What draws an arm's configurations: Optuna's samplers, by the names that a study file uses."""

import hashlib
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.exceptions import ExperimentalWarning
from optuna.samplers import BaseSampler, CmaEsSampler, GPSampler, QMCSampler, RandomSampler, TPESampler
from optuna.storages import InMemoryStorage
from optuna.trial import FrozenTrial, TrialState

from gan_study.config.base import Scalar
from gan_study.config.parameters import Parameter
from gan_study.config.sampling import joint_parameters, startup_trials
from gan_study.config.study import StudyConfig
from gan_study.config.training import Phase
from gan_study.search.distributions import distribution

_Space = dict[str, BaseDistribution]


def make_sampler(
    study: StudyConfig,
    parts: Sequence[object],
    index: int,
    parameters: Sequence[Parameter],
    fixed: Mapping[str, Scalar],
    get_trials: Callable[[], list[FrozenTrial]],
    phase: Phase = "search",
) -> BaseSampler:
    """The sampler of an arm's trial `index` in a phase.

    Every trial has one of its own: what is drawn depends on the trial's number and on what has been told, not on how
    often the study was resumed. Optuna's joint samplers find out what they may draw from the trials that were
    told; here they are given `joint_parameters`, so that a first trial outside its ranges takes nothing from them.
    gp imports torch, which takes seconds; no other sampler does.

    Args:
        study: names the sampler, its seed and its start-up trials.
        parts: enter the seed, so that every arm, phase and repeat has its own.
        index: the trial's number within arm and phase.
        parameters: all that the arm searches.
        fixed: the arm's fixed values by dotted name.
        get_trials: all trials of the arm that Optuna knows.
        phase: search or refine.
    """
    name = study.search.sampler
    seed = _seed(study.search.seed, *parts, index)
    space = {p.label: distribution(p.range) for p in joint_parameters(name, parameters, fixed)}
    with warnings.catch_warnings():
        # Optuna calls constant_liar experimental since version 2.8, its Sobol sequences since 3.0.
        warnings.simplefilter("ignore", ExperimentalWarning)
        match name:
            case "random":
                return RandomSampler(seed=seed)
            case "sobol":
                sequence = _seed(study.search.seed, *parts, "sobol")
                # The papers' configuration is no point of the sequence.
                chosen = phase == "search" and study.search.first_trial == "paper_defaults"
                return _SobolSampler(space, index - chosen, sequence)
            case "gp":
                return _JointGPSampler(space, get_trials, startup_trials(study), seed)
            case "cmaes":
                return _JointCmaEsSampler(space, startup_trials(study), seed)
            case "tpe":
                # constant_liar keeps trials that run at once apart.
                return TPESampler(n_startup_trials=startup_trials(study), constant_liar=True, seed=seed)


def keeps_state(study: StudyConfig) -> bool:
    """Whether the sampler writes what it needs later into the trials it has drawn, also where the values are given."""
    return study.search.sampler == "cmaes"


class GivenValues(BaseSampler):
    """Gives a trial values by label that were chosen, or drawn before: Optuna's own way, to enqueue them, passes the
    sampler by, so that one with state would forget that it has drawn them.

    drawn_by: the sampler that has drawn them, if it keeps a state.
    """

    def __init__(self, values: Mapping[str, Scalar], drawn_by: BaseSampler | None = None) -> None:
        self._values = values
        self._drawn_by = drawn_by

    def infer_relative_search_space(self, study: optuna.Study, trial: FrozenTrial) -> _Space:
        """What the sampler before has drawn together."""
        return self._drawn_by.infer_relative_search_space(study, trial) if self._drawn_by else {}

    def sample_relative(self, study: optuna.Study, trial: FrozenTrial, search_space: _Space) -> dict[str, Any]:
        """Nothing, after the sampler before has written its state."""
        if self._drawn_by is not None:
            self._drawn_by.sample_relative(study, trial, search_space)
        return {}

    def sample_independent(
        self, study: optuna.Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """The value given."""
        return self._values[param_name]


class _SobolSampler(QMCSampler):
    """One point of a scrambled Sobol sequence with a dimension for every parameter, conditional ones too.

    Optuna counts the points in its storage, as many as were drawn before in this process, and draws the first one
    at random. Here the trial's number is the position.
    """

    def __init__(self, space: _Space, position: int, seed: int) -> None:
        super().__init__(qmc_type="sobol", scramble=True, seed=seed, warn_independent_sampling=False)
        self._space = space
        self._position = position

    def infer_relative_search_space(self, study: optuna.Study, trial: FrozenTrial) -> _Space:
        return self._space

    def _find_sample_id(self, study: optuna.Study, search_space: _Space) -> int:
        return self._position


class _JointCmaEsSampler(CmaEsSampler):
    """CMA-ES over a space that is known beforehand. Its state lies in the trials of the Optuna study."""

    def __init__(self, space: _Space, num_startup: int, seed: int) -> None:
        super().__init__(n_startup_trials=num_startup, warn_independent_sampling=False, seed=seed)
        self._space = space

    def infer_relative_search_space(self, study: optuna.Study, trial: FrozenTrial) -> _Space:
        return self._space


class _JointGPSampler(GPSampler):
    """A Gaussian process over a space that is known beforehand, learning from the trials that have all of it."""

    def __init__(self, space: _Space, get_trials: Callable[[], list[FrozenTrial]], num_startup: int, seed: int) -> None:
        super().__init__(n_startup_trials=num_startup, warn_independent_sampling=False, seed=seed)
        self._space = space
        self._get_trials = get_trials

    def infer_relative_search_space(self, study: optuna.Study, trial: FrozenTrial) -> _Space:
        return self._space

    def sample_relative(self, study: optuna.Study, trial: FrozenTrial, search_space: _Space) -> dict[str, Any]:
        if not search_space:
            return {}
        whole = optuna.create_study(
            storage=InMemoryStorage(), directions=study.directions, sampler=RandomSampler(), study_name="whole"
        )
        seen = (TrialState.COMPLETE, TrialState.RUNNING)
        whole.add_trials(t for t in self._get_trials() if t.state in seen and search_space.keys() <= t.params.keys())
        whole.ask()  # stands for `trial`
        drawn: dict[str, Any] = super().sample_relative(whole, whole.get_trials(deepcopy=False)[-1], search_space)
        return drawn


def _seed(seed: int, *parts: object) -> int:
    """A seed of its own (32 bits) for every arm and trial."""
    text = "/".join(map(str, (seed, *parts)))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")
