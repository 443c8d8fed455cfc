"""The diagnosis of a snapshot, read from its trial's folder or measured."""

from collections.abc import Callable
from dataclasses import dataclass

from gan_study.analysis.trial_verdicts import TrialVerdict
from gan_study.data.datasets import load_dataset
from gan_study.errors import InputError
from gan_study.evaluation.end_diagnosis import TrialDiagnosis, diagnose_trial
from gan_study.evaluation.own_code import load_trusted_code
from gan_study.evaluation.snapshots import SnapshotPlace
from gan_study.extractors.objective import load_objective
from gan_study.runs.counted_generator import counted_snapshot
from gan_study.runs.records.diagnosis import DiagnosisRecord
from gan_study.runs.records.status import TrialState
from gan_study.training.distributed import Workers, choose_device


@dataclass(frozen=True)
class DiagnosedSnapshot:
    """The diagnosis of a snapshot, and its origin."""

    target: SnapshotPlace
    record: DiagnosisRecord
    state: TrialState
    """The trial's state."""
    is_kept: bool
    """True if the diagnosis was read from diagnosis.json instead of measured now."""

    @property
    def name(self) -> str:
        """The trial's name on the terminal."""
        return f"{self.target.config.arm}/{self.target.config.name}"

    @property
    def verdict(self) -> TrialVerdict:
        """The verdict in the form of the report."""
        return TrialVerdict(self.record.verdict, True, self.state, self.record)


def read_or_measure(
    target: SnapshotPlace, again: bool, notify: Callable[[str], None], warn: Callable[[str], None]
) -> DiagnosedSnapshot:
    """Read the diagnosis of a snapshot that counts from its trial's diagnosis.json, or measure the snapshot.

    Args:
        target: the snapshot.
        again: measure even if diagnosis.json holds a result.
        notify: receives lines of progress.
        warn: receives warnings about the data set's files.

    A new diagnosis is written into the trial's folder if the snapshot counts and the trial has ended. Raises InputError
    if the run folder lacks its objective, or the data set cannot be loaded or has changed.
    """
    trial, name = target.trial, f"{target.config.arm}/{target.config.name}"
    counts = target.cur_nimg == counted_snapshot(trial, target.config.training.objective.at)
    known = trial.read_diagnosis() if counts and not again else None
    if known is not None and known.cur_nimg == target.cur_nimg:
        return DiagnosedSnapshot(target, known, _state(target), is_kept=True)
    notify(f"measuring {name} at {target.cur_nimg:,} images")
    diagnosis = _measure(target, warn)
    state = _state(target)
    if counts and state.is_final:
        diagnosis.write(trial)
        notify(f"kept in {trial.storage.location}/diagnosis.json, which a report reads too")
    return DiagnosedSnapshot(target, diagnosis.record, state, is_kept=False)


def _state(target: SnapshotPlace) -> TrialState:
    status = target.trial.read_status()
    return TrialState.RUNNING if status is None else status.state


def _measure(target: SnapshotPlace, warn: Callable[[str], None]) -> TrialDiagnosis:
    objective = target.run.read_objective()
    if objective is None:
        raise InputError(
            f"{target.run.location}: a trial is diagnosed by its study's objective, but got no "
            "objective/objective.json; copy the whole run folder"
        )
    load_trusted_code(target.config.training.code, target.run)
    dataset = load_dataset(target.config.training.dataset)
    for warning in dataset.warnings:
        warn(warning)
    workers = Workers(device=choose_device(use_gpu=True))
    scorer = load_objective(target.run.storage, objective, dataset).to(workers.device)
    return diagnose_trial(target.trial, target.config, dataset, scorer, workers, target.cur_nimg)
