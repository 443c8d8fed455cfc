"""One arm's search: an Optuna study with its own sampler and pruner."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, suppress
from functools import partial

import optuna
from optuna.samplers import BaseSampler
from optuna.storages import InMemoryStorage
from optuna.trial import TrialState as OptunaState

from gan_study.config.arms.arm import Arm
from gan_study.config.arms.parameters import Parameter
from gan_study.config.arms.resolved_training import ASSUMED_TRAIN_IMAGES, first_trial_values
from gan_study.config.base import Scalar
from gan_study.config.search.order import search_lag
from gan_study.config.search.sampling import LEARNING_SAMPLERS, all_configurations
from gan_study.config.space import IntegerRange, contains
from gan_study.config.training import Phase
from gan_study.runs.records.measurements import EvaluationRecord
from gan_study.runs.records.status import TrialState
from gan_study.search.sampling.distributions import distribution, suggest
from gan_study.search.sampling.objective_values import ObjectiveValues, TrialEnd, directions
from gan_study.search.sampling.pruners import make_pruner
from gan_study.search.sampling.samplers import GivenValues, keeps_state, make_sampler
from gan_study.search.sampling.search_storage import SearchStorage

_MOST_ATTEMPTS = 10
"""Most draws for one trial; then the untried configuration nearest to the last draw is used. gp draws only once,
because it would find the same optimum again, in seconds for each draw."""


class ArmSearch:
    """Draws configurations from Optuna and reports their results to it. Trials are identified by their index.

    Every reported value is finite: scores are cut at `failure_score`, which also replaces a missing score. Stopped
    trials are closed as pruned, with their intermediate values. Diverged and failed trials are closed as completed
    with the failure score, because samplers ignore trials in Optuna's state FAIL. In a fixed order, draws and stops of
    trial i depend on the results of trials 0 to i - lag alone.
    """

    def __init__(
        self,
        arm: Arm,
        storage: SearchStorage,
        failure_score: float,
        num_train_images: int = ASSUMED_TRAIN_IMAGES,
        *,
        repeat: int = 0,
        phase: Phase = "search",
        parameters: Sequence[Parameter] | None = None,
    ) -> None:
        study = arm.study
        self._study = study
        self._arm = arm
        self._repeat = repeat
        self._phase = phase
        self._storage = storage
        self._lag = search_lag(study, phase)
        self._parameters = arm.parameters if parameters is None else parameters
        self._fixed = arm.fixed
        self._failure_score = failure_score
        self._values = ObjectiveValues(arm, failure_score, num_train_images)
        # An evolution strategy needs its own draws, even if they repeat.
        self._untried = [] if keeps_state(study) else [*(all_configurations(self._parameters, self._fixed) or ())]
        self._tried: list[dict[str, Scalar]] = []
        self._trials: dict[int, optuna.Trial] = {}
        self._reported: dict[int, set[int]] = {}
        self._interval = max(1, round(1000 * study.budget.evaluate_every_kimg))
        self.optuna_study = optuna.create_study(
            storage=storage,
            study_name=optuna_name(arm, repeat) if phase == "search" else f"{study.name}/{arm.name}/{phase}",
            directions=directions(study.search.objectives),
            pruner=make_pruner(study, num_train_images),
        )

    def draw_configuration(self, index: int) -> dict[str, Scalar]:
        """Open trial `index` and return its searched values: the paper's for the first trial, else the sampler's.

        If the number of configurations is finite, none is drawn twice before all have been tried.
        """
        if self._is_paper_trial(index):
            return self.open_trial(index, first_trial_values(self._arm))
        with self._known_to(index):
            if self._untried:
                return self.open_trial(index, self._draw_from(index, self._untried))
            values = self._open_optuna_trial(index, self._parameters, self._sampler(index))
        self._note_tried(values)
        return values

    def open_trial(self, index: int, values: dict[str, Scalar]) -> dict[str, Scalar]:
        """Open trial `index` with given values. Optuna receives only those that lie inside their range."""
        # The sampler may see a value only if its parameter is active under these values.
        active = [p for p in self._parameters if p.name in values and p.is_active({**self._fixed, **values})]
        inside = [p for p in active if contains(p.range, values[p.name])]
        with self._known_to(index):
            drawn_by = self._sampler(index) if keeps_state(self._study) and not self._is_paper_trial(index) else None
            self._open_optuna_trial(index, inside, GivenValues({p.label: values[p.name] for p in inside}, drawn_by))
        self._note_tried(values)
        return values

    def import_trials(self, other: "ArmSearch") -> None:
        """Import the ended trials of another search of the arm that lie inside this one's ranges."""
        ranges = {p.label: p.range for p in self._parameters}
        for values in other._tried:
            self._note_tried(values)
        for trial in other.optuna_study.get_trials(states=(OptunaState.COMPLETE, OptunaState.PRUNED)):
            if all(name in ranges and contains(ranges[name], value) for name, value in trial.params.items()):
                self.optuna_study.add_trial(
                    optuna.create_trial(
                        state=trial.state,
                        values=trial.values,
                        params=trial.params,
                        distributions={name: distribution(ranges[name]) for name in trial.params},
                        user_attrs={**trial.user_attrs, "phase": "search"},
                        system_attrs={k: v for k, v in trial.system_attrs.items() if k.startswith("constraints")},
                        intermediate_values=trial.intermediate_values,
                    )
                )

    def record_replaced_trial(
        self, index: int, values: dict[str, Scalar], scores: Sequence[tuple[int, float | None]]
    ) -> None:
        """Record a training of trial `index` that a copy has replaced, as pruned, with its (images, score) pairs."""
        self.open_trial(index, values)
        for cur_nimg, score in scores:
            self._trials[index].report(self._values.score(score), step=self._step(index, cur_nimg))
        self.close_trial(index, TrialState.STOPPED, None)

    def report_evaluation(self, index: int, evaluation: EvaluationRecord) -> bool:
        """Report an evaluation's score; return True if the trial must stop.

        With several objectives Optuna accepts no scores on the way, and no trial is stopped. A trial that ends between
        two regular evaluations, as with a budget in seconds, is not compared at its end.
        """
        if len(self._study.search.objectives) > 1:
            return False
        trial = self._trials[index]
        step = self._step(index, evaluation.cur_nimg)
        trial.report(self._values.score(evaluation.curve_score), step=step)
        with self._known_to(index):
            return step % self._interval == 0 and trial.should_prune()

    def close_trial(self, index: int, state: TrialState, score: float | None, end: TrialEnd | None = None) -> None:
        """Close trial `index` with its last score and, for several objectives, its other results."""
        end = end or TrialEnd()
        trial = self._trials.pop(index)
        trial.set_user_attr("state", state.value)
        self.optuna_study.sampler = self._sampler(index)  # it records in a closed trial whether that has failed
        match state:
            case TrialState.COMPLETED:
                self.optuna_study.tell(trial, self._values.of_end(score, end))
            case TrialState.DIVERGED | TrialState.FAILED:
                self.optuna_study.tell(trial, self._values.of_failure(end))
            case TrialState.STOPPED:
                self.optuna_study.tell(trial, state=OptunaState.PRUNED)
            case TrialState.RUNNING:
                raise AssertionError("a running trial is not closed")

    @property
    def is_ordered(self) -> bool:
        """True if what a trial knows of the others depends on its index alone, and so is the same when replayed."""
        return self._lag is not None

    def _known_to(self, index: int) -> AbstractContextManager[None]:
        """Let sampler and pruner see the results that trial `index` knows."""
        return self._storage.hiding_from(None if self._lag is None else index - self._lag + 1)

    def _note_tried(self, values: dict[str, Scalar]) -> None:
        self._tried.append(values)
        with suppress(ValueError):
            self._untried.remove(values)

    def _is_paper_trial(self, index: int) -> bool:
        """Return True if the trial has the paper's values, which are chosen, not drawn."""
        return index == 0 and self._phase == "search" and self._study.search.first_trial == "paper_defaults"

    def _draw_from(self, index: int, untried: Sequence[dict[str, Scalar]]) -> dict[str, Scalar]:
        """Draw an untried configuration for trial `index`, or else take the untried one nearest to the last draw."""
        values: dict[str, Scalar] = {}
        for attempt in range(1 if self._study.search.sampler == "gp" else _MOST_ATTEMPTS):
            study = optuna.create_study(
                storage=InMemoryStorage(),
                directions=self.optuna_study.directions,
                sampler=self._sampler(index, attempt),
                study_name=self.optuna_study.study_name,
            )
            if self._study.search.sampler in LEARNING_SAMPLERS:
                study.add_trials(self.optuna_study.get_trials(deepcopy=False))
            values = self._suggest(study.ask(), self._parameters)
            if values in untried:
                return values
        return min(untried, key=lambda other: self._distance(values, other))

    def _distance(self, a: dict[str, Scalar], b: dict[str, Scalar]) -> float:
        """Return the distance of two configurations: 1 for a choice that differs, for integers a share of the range."""
        widths = {
            p.name: p.range.integer[1] - p.range.integer[0]
            for p in self._parameters
            if isinstance(p.range, IntegerRange)
        }
        total = 0.0
        for name in a.keys() | b.keys():
            x, y = a.get(name), b.get(name)
            if x != y:
                both = isinstance(x, int) and isinstance(y, int) and name in widths
                total += abs(int(x or 0) - int(y or 0)) / widths[name] if both else 1.0
        return total

    def _sampler(self, index: int, attempt: int = 0) -> BaseSampler:
        """Make the sampler of a trial; each attempt has another seed."""
        parts: list[object] = [self._arm.name, *([self._phase] if self._phase != "search" else [])]
        parts += [self._repeat] if self._repeat else []
        parts += [f"attempt {attempt}"] if attempt else []
        return make_sampler(
            self._arm,
            parts,
            index,
            self._parameters,
            partial(self.optuna_study.get_trials, deepcopy=False),
            self._failure_score,
            self._phase,
        )

    def _open_optuna_trial(
        self, index: int, parameters: Sequence[Parameter], sampler: BaseSampler
    ) -> dict[str, Scalar]:
        self.optuna_study.sampler = sampler
        trial = self.optuna_study.ask()
        trial.set_user_attr("index", index)
        self._trials[index] = trial
        self._reported[index] = set()
        return self._suggest(trial, parameters)

    def _suggest(self, trial: optuna.Trial, parameters: Sequence[Parameter]) -> dict[str, Scalar]:
        values: dict[str, Scalar] = {}
        for parameter in parameters:
            if parameter.is_active({**self._fixed, **values}):
                values[parameter.name] = suggest(trial, parameter)
        return values

    def _step(self, index: int, cur_nimg: int) -> int:
        """Return the images seen, rounded down to the evaluation interval, at which trials are compared.

        The last batch before an evaluation may go beyond the interval, by more images the larger the batch.
        """
        step = cur_nimg // self._interval * self._interval
        reported = self._reported[index]
        # A training may end within the interval that was last reported.
        step = cur_nimg if step in reported else step
        reported.add(step)
        return step


def optuna_name(arm: Arm, repeat: int = 0) -> str:
    """Return the name of the Optuna study of one repeat of an arm's search."""
    return f"{arm.study.name}/{arm.name}" + (f"/repeat_{repeat}" if repeat else "")
