"""All trials of a study as the director knows them, with the facts about them that it needs again and again."""

from bisect import insort
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from gan_study.config.training import PHASES
from gan_study.runs.records.measurements import EvaluationRecord
from gan_study.runs.records.status import TrialState
from gan_study.search.director.trial_record import TrialRecord


@dataclass
class _Search:
    """The trials of one repeat of an arm's phase. As none is ever removed, both numbers only grow."""

    trials: dict[int, TrialRecord] = field(default_factory=dict)
    num_opened: int = 0
    num_ended: int = 0


class StudyTrials(Mapping[tuple[str, str], TrialRecord]):
    """The trials by (arm, name). None is ever removed, and none changes after its end.

    A search among thousands of trials for each of their messages would take the driver longer than the trials train.
    """

    def __init__(self) -> None:
        self.observers: list[Callable[[TrialRecord], None]] = []
        """Each is called with a trial after it has been added or closed, or has a new evaluation."""
        self._by_key: dict[tuple[str, str], TrialRecord] = {}
        self._by_phase: defaultdict[tuple[str, str], list[TrialRecord]] = defaultdict(list)
        self._searches: defaultdict[tuple[str, str, int], _Search] = defaultdict(_Search)
        self._states: defaultdict[tuple[str, str], Counter[TrialState]] = defaultdict(Counter)
        self._best: dict[tuple[str, str], TrialRecord] = {}
        self._completed: defaultdict[str, list[TrialRecord]] = defaultdict(list)

    def __getitem__(self, key: tuple[str, str]) -> TrialRecord:
        return self._by_key[key]

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._by_key)

    def __len__(self) -> int:
        return len(self._by_key)

    def add(self, trial: TrialRecord) -> None:
        """Add a new trial, which may have ended."""
        config = trial.config
        self._by_key[config.arm, config.name] = trial
        phase = config.arm, config.phase
        insort(self._by_phase[phase], trial, key=_place)
        self._searches[*phase, config.repeat].trials[config.index] = trial
        self._states[phase][TrialState.RUNNING] += 1
        if trial.state.is_final:
            self.close(trial, trial.state)
        else:
            self._notify(trial)

    def add_evaluation(self, trial: TrialRecord, evaluation: EvaluationRecord) -> None:
        """Append an evaluation to those of an unfinished trial."""
        trial.evaluations.append(evaluation)
        self._notify(trial)

    def close(self, trial: TrialRecord, state: TrialState) -> None:
        """Set the final state of a trial that has not been closed yet."""
        trial.state = state
        arm, phase = trial.config.arm, trial.config.phase
        self._states[arm, phase][TrialState.RUNNING] -= 1
        self._states[arm, phase][state] += 1
        if state is TrialState.COMPLETED and trial.score is not None:
            self._best[arm, phase] = min(self._best.get((arm, phase), trial), trial, key=_rank)
            if phase != "confirm":
                insort(self._completed[arm], trial, key=_rank)
        self._notify(trial)

    def of_phase(self, arm: str, phase: str) -> Sequence[TrialRecord]:
        """Return an arm's trials of one phase, by repeat and index: a live view."""
        return self._by_phase[arm, phase]

    def completed(self, arm: str) -> Sequence[TrialRecord]:
        """Return an arm's completed search and refine trials with a score, the lowest score first: a live view."""
        return self._completed[arm]

    def states(self, arm: str, phase: str) -> Counter[TrialState]:
        """Return how many of an arm's trials of one phase are in each state."""
        return self._states[arm, phase].copy()

    def best(self, arm: str, phase: str) -> TrialRecord | None:
        """Return an arm's completed trial of one phase with the lowest score; None if none has a score."""
        return self._best.get((arm, phase))

    def is_unfinished(self, arm: str, phase: str) -> bool:
        """Return True if a trial of this phase has not ended."""
        return self._states[arm, phase][TrialState.RUNNING] > 0

    def num_opened(self, arm: str, phase: str, repeat: int) -> int:
        """Return the index of the first trial that does not exist yet in a repeat of an arm's phase."""
        search = self._searches[arm, phase, repeat]
        while search.num_opened in search.trials:
            search.num_opened += 1
        return search.num_opened

    def num_ended(self, arm: str, phase: str, repeat: int) -> int:
        """Return the index of the first trial that has not ended, or does not exist yet."""
        search = self._searches[arm, phase, repeat]
        while search.num_ended in search.trials and search.trials[search.num_ended].state.is_final:
            search.num_ended += 1
        return search.num_ended

    def _notify(self, trial: TrialRecord) -> None:
        for observer in self.observers:
            observer(trial)


def _place(trial: TrialRecord) -> tuple[int, int]:
    config = trial.config
    return config.repeat if config.phase == "search" else 0, config.index


def _rank(trial: TrialRecord) -> tuple[float, int, int, int]:
    return trial.score or 0.0, PHASES.index(trial.config.phase), trial.config.index, trial.config.repeat
