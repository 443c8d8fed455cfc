"""The work behind `diagnose`: the verdict on trained generators, with every finding."""

import json

from rich.console import Console

from gan_study.cli.diagnose_text import Found, print_one, print_overview, print_study_state
from gan_study.cli.preparation.run_folder import warn_of_lost_trials
from gan_study.cli.terminal.messages import print_warning
from gan_study.cli.terminal.outcome import make_console, say
from gan_study.data.datasets import load_dataset
from gan_study.errors import InputError
from gan_study.evaluation.end_diagnosis import TrialDiagnosis, diagnose_trial
from gan_study.evaluation.snapshots import SnapshotPlace, find_snapshot, open_place, trials_with_snapshots
from gan_study.extractors.objective import load_objective
from gan_study.runs.counted import counted_snapshot
from gan_study.runs.diagnosis import DiagnosisRecord
from gan_study.runs.folder import RunFolder
from gan_study.runs.records import TrialState
from gan_study.runs.trial_folder import TrialFolder
from gan_study.training.distributed import choose_device


def diagnose(location: str, *, again: bool, as_json: bool) -> None:
    """Print the diagnosis of a snapshot, of the one that counts of a trial, or of those of a run's confirmed trials.

    Of several trials a line each is printed. What a trial's diagnosis.json holds of that snapshot is read, unless
    `again`; else it is measured, and written there once the trial has ended. Raises InputError if there is nothing to
    look at, StorageError if a file does not fit.
    """
    progress, place = Console(stderr=True), open_place(location)
    found = [_diagnosis(target, again, progress) for target in _targets(place, location)]
    if as_json:
        print(json.dumps([_as_json(each.target, each.record) for each in found], indent=2))
        return
    console = make_console()
    if isinstance(place, RunFolder):
        print_study_state(console, place)
    if len(found) == 1:
        print_one(console, found[0])
    else:
        print_overview(console, found)


def _targets(place: SnapshotPlace | TrialFolder | RunFolder | None, location: str) -> list[SnapshotPlace]:
    if not isinstance(place, RunFolder):
        return [find_snapshot(location)]
    warn_of_lost_trials(location)
    found = trials_with_snapshots(place)
    if not found:
        raise InputError(
            f"{place.location}: a diagnosis needs a trial with a snapshot, but got none; wait for the first evaluation"
        )
    return found


def _diagnosis(target: SnapshotPlace, again: bool, progress: Console) -> Found:
    trial = target.trial
    counts = target.cur_nimg == counted_snapshot(trial, target.config.training.objective.at)
    known = trial.read_diagnosis() if counts and not again else None
    if known is not None and known.cur_nimg == target.cur_nimg:
        return Found(target, known, _state(target), is_kept=True)
    say(progress, f"measuring {target.config.arm}/{target.config.name} at {target.cur_nimg:,} images")
    diagnosis = _measure(target)
    state = _state(target)
    if counts and state.is_final:
        diagnosis.write(trial)
        say(progress, f"kept in {trial.storage.location}/diagnosis.json, which a report reads too")
    return Found(target, diagnosis.record, state, is_kept=False)


def _state(target: SnapshotPlace) -> TrialState:
    status = target.trial.read_status()
    return TrialState.RUNNING if status is None else status.state


def _measure(target: SnapshotPlace) -> TrialDiagnosis:
    objective = target.run.read_objective()
    if objective is None:
        raise InputError(
            f"{target.run.location}: a trial is diagnosed by its study's objective, but got no "
            "objective/objective.json; copy the whole run folder"
        )
    dataset = load_dataset(target.config.training.dataset)
    for warning in dataset.warnings:
        print_warning(warning)
    scorer = load_objective(target.run.storage, objective, dataset).to(choose_device(use_gpu=True))
    return diagnose_trial(target.trial, target.config, dataset, scorer, target.cur_nimg)


def _as_json(target: SnapshotPlace, record: DiagnosisRecord) -> dict[str, object]:
    return {"arm": target.config.arm, "trial": target.config.name, **record.model_dump(mode="json")}
