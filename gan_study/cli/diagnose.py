"""The work behind `diagnose`: find or measure the diagnoses of trained generators, and print them."""

import json

from rich.console import Console

from gan_study.cli.diagnose_text import print_one, print_overview, print_study_state
from gan_study.cli.preparation.claim import warn_of_lost_trials
from gan_study.cli.terminal.messages import print_warning
from gan_study.cli.terminal.outcome import make_console, print_line
from gan_study.errors import InputError
from gan_study.evaluation.diagnosed_snapshot import read_or_measure
from gan_study.evaluation.snapshots import SnapshotPlace, find_snapshot, open_place, trials_with_snapshots
from gan_study.runs.folder import RunFolder
from gan_study.runs.records.diagnosis import DiagnosisRecord
from gan_study.runs.trial_folder import TrialFolder


def diagnose(location: str, *, again: bool, as_json: bool) -> None:
    """Print the diagnosis of a snapshot, of a trial's snapshot that counts, or of each confirmed trial of a run.

    Several trials get a line each. The diagnosis is read from the trial's diagnosis.json, unless `again`. Otherwise it
    is measured, and written there if the trial has ended. Raises InputError if there is no snapshot, StorageError if a
    record does not fit this version of gan_study.
    """
    progress, place = Console(stderr=True), open_place(location)
    found = [
        read_or_measure(target, again, lambda text: print_line(progress, text), print_warning)
        for target in snapshots_to_diagnose(place, location)
    ]
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


def snapshots_to_diagnose(place: SnapshotPlace | TrialFolder | RunFolder | None, location: str) -> list[SnapshotPlace]:
    """The snapshot at `location`, or that of each trial if `place` is a run folder; warns of trials that were lost."""
    if not isinstance(place, RunFolder):
        return [find_snapshot(location)]
    warn_of_lost_trials(location)
    found = trials_with_snapshots(place)
    if not found:
        raise InputError(
            f"{place.location}: a diagnosis needs a trial with a snapshot, but got none; wait for the first evaluation"
        )
    return found


def _as_json(target: SnapshotPlace, record: DiagnosisRecord) -> dict[str, object]:
    return {"arm": target.config.arm, "trial": target.config.name, **record.model_dump(mode="json")}
