"""All trials of a study as the director knows them, with what is asked of them again and again kept at hand."""

from bisect import insort
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from gan_study.config.training import PHASES
from gan_study.runs.records.status import TrialState
from gan_study.search.director.trial_record import TrialRecord


class StudyTrials(Mapping[tuple[str, str], TrialRecord]):
    """The trials by (arm, name). None is ever removed, and none changes after its end.

    A search among thousands of trials for each of their messages would take the driver longer than the trials train.
    """

    def __init__(self) -> None:
        self._by_key: dict[tuple[str, str], TrialRecord] = {}
        self._by_phase: defaultdict[tuple[str, str], list[TrialRecord]] = defaultdict(list)
        self._places: defaultdict[tuple[str, str], set[tuple[int, int]]] = defaultdict(set)
        self._num_unfinished: Counter[tuple[str, str]] = Counter()
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
        insort(
            self._by_phase[phase], trial, key=lambda t: (t.config.repeat * (t.config.phase == "search"), t.config.index)
        )
        self._places[phase].add((config.index, config.repeat))
        self._num_unfinished[phase] += 1
        if trial.state.is_final:
            self.close(trial, trial.state)

    def close(self, trial: TrialRecord, state: TrialState) -> None:
        """Set the final state of a trial that has not been closed yet."""
        trial.state = state
        arm, phase = trial.config.arm, trial.config.phase
        self._num_unfinished[arm, phase] -= 1
        if phase != "confirm" and state is TrialState.COMPLETED and trial.score is not None:
            insort(self._completed[arm], trial, key=_rank)

    def of_phase(self, arm: str, phase: str) -> Sequence[TrialRecord]:
        """Return an arm's trials of one phase, by repeat and index: a live view."""
        return self._by_phase[arm, phase]

    def completed(self, arm: str) -> Sequence[TrialRecord]:
        """Return an arm's completed search and refine trials with a score, the lowest score first: a live view."""
        return self._completed[arm]

    def is_unfinished(self, arm: str, phase: str) -> bool:
        """Return True if a trial of this phase has not ended."""
        return self._num_unfinished[arm, phase] > 0

    def has(self, arm: str, phase: str, index: int, repeat: int) -> bool:
        """Return True if there is a trial of this phase with this index and repeat."""
        return (index, repeat) in self._places[arm, phase]


def _place(trial: TrialRecord) -> tuple[int, int]:
    config = trial.config
    return config.repeat if config.phase == "search" else 0, config.index


def _rank(trial: TrialRecord) -> tuple[float, int, int, int]:
    return trial.score or 0.0, PHASES.index(trial.config.phase), trial.config.index, trial.config.repeat
