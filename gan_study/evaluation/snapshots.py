"""Find the snapshot that a command line names by its file, its trial folder or its run folder.

This file does not import torch; `generators` loads the snapshots.
"""

from collections.abc import Sequence, Set
from contextlib import suppress
from dataclasses import dataclass
from os.path import abspath, basename
from pathlib import Path

from gan_study.analysis.arm_comparison import compare_arms
from gan_study.analysis.confirmation import confirmed_arms
from gan_study.analysis.load_run import load_run
from gan_study.analysis.run_data import RunData, TrialData, best_trial
from gan_study.analysis.summary import shown_trial
from gan_study.config.reading.suggestions import no_such
from gan_study.config.training import TrialConfig
from gan_study.errors import InputError, StorageError
from gan_study.evaluation.exports.known import refuse_export
from gan_study.runs.counted_generator import counted_nimg, counted_snapshot
from gan_study.runs.folder import RunFolder
from gan_study.runs.records.status import TrialState, TrialStatus
from gan_study.runs.storage import Storage
from gan_study.runs.trial_folder import TrialFolder

SUFFIX = ".safetensors"
"""Suffix of a snapshot's file."""
TRIAL_NAMES = ("config.json", "status.json", "snapshots")
"""Names by which a trial's folder is recognised."""
_WANTED = "a trained generator is a snapshot, the folder of a trial or the folder of a run"


@dataclass(frozen=True)
class SnapshotPlace:
    """An existing snapshot that is not loaded yet."""

    trial: TrialFolder
    config: TrialConfig
    cur_nimg: int

    @property
    def location(self) -> str:
        """The snapshot's file."""
        return self.trial.snapshot_location(self.cur_nimg)

    @property
    def moment(self) -> str:
        """The moment of the training, such as `after 40,000 images (its best evaluation, which counts)`."""
        evaluations, at = self.trial.read_evaluations(), self.config.training.objective.at
        text = f"after {self.cur_nimg:,} images"
        if not evaluations:
            return text
        last = evaluations[-1]
        names = {last.cur_nimg: "its last evaluation"}
        if last.best is not None and (at == "best" or last.best.cur_nimg != last.cur_nimg):
            names[last.best.cur_nimg] = "its best evaluation"
        name = names.get(self.cur_nimg)
        counts = ", which counts" if self.cur_nimg == counted_nimg(last, at) else ""
        return f"{text} ({name}{counts})" if name else text

    @property
    def run(self) -> RunFolder:
        """The folder three levels above the trial, which is its run folder if it belongs to a study."""
        return RunFolder(self.trial.storage.above(3).location)


def open_place(location: str) -> SnapshotPlace | TrialFolder | RunFolder | None:
    """Return the snapshot, trial folder or run folder at a location; None if there is none of them.

    Raises InputError for a snapshot that does not exist or lies apart from its trial, for the folder of an arm, and for
    files that `export` has written.
    """
    is_uri = "://" in location
    place = location.rstrip("/") if is_uri else abspath(Path(location).expanduser())
    refuse_export(place)
    if place.endswith(SUFFIX):
        return _snapshot(place)
    if not is_uri and not Path(place).is_dir():
        return None
    storage = Storage(place)
    storage.require_bucket()
    if storage.exists("study.yaml"):
        return RunFolder(place)
    if is_trial({name for name in TRIAL_NAMES if storage.exists(name)}):
        return TrialFolder(storage)
    _refuse_arm(place)
    # A folder that `train` has written holds no study.
    return RunFolder(place) if _has_trials(RunFolder(place)) else None


def is_trial(names: Set[str]) -> bool:
    """Return True if a folder with these names in it is the folder of a trial; only TRIAL_NAMES matter."""
    # A folder of images may hold a config.json, but hardly one of the others too.
    return "config.json" in names and not names.isdisjoint({"status.json", "snapshots"})


def _refuse_arm(place: str) -> None:
    """Raise InputError for the folder of an arm, which would pass for a folder of images."""
    run, _, rest = place.rpartition("/arms/")
    if run and rest and "/" not in rest and rest in RunFolder(run).arms() and RunFolder(run).trials(rest):
        raise InputError(
            f"{place}: {_WANTED}, but got the folder of an arm; give {run} or one of the arm's trials, such as "
            f"{place}/{RunFolder(run).trials(rest)[0]}"
        )


def find_snapshot(location: str, arm: str | None = None, trial: str | None = None) -> SnapshotPlace:
    """Find the snapshot at a location: the one named, a trial's one that counts, or that of a run's best trial.

    A run's best trial is the one that represents its winner (or the leading arm) in the report: that arm's best
    confirmed seed. If fewer than two arms are confirmed, it is the best confirmed trial, or else the best of all.

    Args:
        location: as the user wrote it.
        arm: choose in this arm of a run.
        trial: take this trial of a run, whatever its score: `arm/trial`, or its name alone if only one arm has it or
            `arm` is given.

    Raises InputError if there is none, StorageError if a record does not fit this version of gan_study.
    """
    place = open_place(location)
    if place is None:
        raise InputError(f"{location}: {_WANTED}, but got none of them; check the path")
    return choose_snapshot(place, location, arm, trial)


def choose_snapshot(
    place: SnapshotPlace | TrialFolder | RunFolder, location: str, arm: str | None = None, trial: str | None = None
) -> SnapshotPlace:
    """Choose the snapshot as `find_snapshot` does, in a place that `open_place` has found at the location."""
    if isinstance(place, RunFolder):
        return counted_snapshot_place(_named_trial(place, arm, trial) if trial else _best_trial(place, arm))
    if arm is not None or trial is not None:
        option = "--arm" if arm is not None else "--trial"
        raise InputError(
            f"{option}: an arm or a trial is chosen in the folder of a run, but got {location}; leave {option} out, "
            "or give the run folder"
        )
    return place if isinstance(place, SnapshotPlace) else counted_snapshot_place(place)


def counted_snapshot_place(trial: TrialFolder) -> SnapshotPlace:
    """The snapshot of a trial that counts, by `objective.at`: the last or the best.

    Raises InputError if the trial does not have it.
    """
    config = _config(trial, trial.storage.location)
    nimg = counted_snapshot(trial, config.training.objective.at)
    if nimg is None:
        place, which = trial.storage.location, config.training.objective.at
        raise InputError(
            f"{place}: the {which} snapshot of a trial is taken, but got none in its folder snapshots; wait for its "
            "first evaluation, give another trial, or train it again by `python -m gan_study train "
            f"{place}/config.json`"
        )
    return SnapshotPlace(trial, config, nimg)


def _snapshot(place: str) -> SnapshotPlace:
    folder, _, _ = place.rpartition("/")
    trial = TrialFolder(Storage(folder.rpartition("/")[0]))
    config = _config(trial, place)
    nimgs = trial.snapshot_nimgs()
    found = next((nimg for nimg in nimgs if place == SnapshotPlace(trial, config, nimg).location), None)
    if found is None:
        known = ", ".join(basename(trial.snapshot_location(nimg)) for nimg in nimgs) or "none"
        raise InputError(f"{place}: there is no such snapshot; those of the trial are: {known}")
    return SnapshotPlace(trial, config, found)


def _config(trial: TrialFolder, place: str) -> TrialConfig:
    config = trial.read_config()
    if config is None:
        raise InputError(
            f"{place}: a snapshot is read with its trial's config.json, but there is no "
            f"{trial.storage.location}/config.json; leave it where the training has put it"
        )
    return config


def _has_trials(run: RunFolder) -> bool:
    with suppress(StorageError):  # A folder of images may look like arms.
        return any(run.trial(arm, name).storage.exists("config.json") for arm in run.arms() for name in run.trials(arm))
    return False


def trials_with_snapshots(run: RunFolder) -> list[SnapshotPlace]:
    """The counting snapshot of each of a run's confirmed trials, or of all its trials if no confirmed one has one."""
    folders = (run.trial(arm, name) for arm in run.arms() for name in run.trials(arm))
    found = [
        SnapshotPlace(folder, config, nimg)
        for folder in folders
        if (config := folder.read_config()) is not None
        and (nimg := counted_snapshot(folder, config.training.objective.at)) is not None
    ]
    return [place for place in found if place.config.phase == "confirm"] or found


def _named_trial(run: RunFolder, arm: str | None, name: str) -> TrialFolder:
    arms = _check_arm(run, arm)
    owner, slash, rest = name.rpartition("/")
    if slash and arm in (None, owner) and owner in arms:  # The terminal names trials like this.
        return _named_trial(run, owner, rest)
    found = [owner for owner in arms if name in run.trials(owner)]
    if len(found) > 1:
        raise InputError(
            f"--trial: the trial must be of one arm, but got trial={name} of {', '.join(found)}; add --arm, or write "
            f"--trial {found[0]}/{name}"
        )
    if not found:
        known = sorted({known for owner in arms for known in run.trials(owner)})
        raise InputError(f"--trial: {no_such(f'trial of arm {arm}' if arm else 'trial', name, known)}")
    return run.trial(found[0], name)


def _check_arm(run: RunFolder, arm: str | None) -> Sequence[str]:
    """The arms to choose from. Raises InputError, which names the arms, if there is no arm of this name."""
    arms = run.arms()
    if arm is None:
        return arms
    if arm not in arms:
        raise InputError(f"--arm: {no_such('arm', arm, arms)}")
    return [arm]


def _best_trial(run: RunFolder, arm: str | None) -> TrialFolder:
    arms = _check_arm(run, arm)
    best = best_of_study(load_run(run), arm) if run.is_a_run() else _best_of(_trials(run, arms))
    if best is None:
        raise InputError(
            f"{run.location}: the best trial {f'of arm {arm}' if arm else 'of a run'} is taken, but got none with a "
            "score; wait until one has ended, or give the folder of a trial, or one of its snapshots"
        )
    return run.trial(best.config.arm, best.name)


def best_of_study(run: RunData, arm: str | None = None) -> TrialData | None:
    """The trial that represents an arm of a study, or by default its winner, as in `find_snapshot`; None without a
    score."""
    arm = arm or compare_arms(run).leader
    if arm is None:
        return _best_of(run.trials)
    return shown_trial(run, arm, confirmed_arms(run).get(arm))


def _best_of(trials: Sequence[TrialData]) -> TrialData | None:
    return best_trial([trial for trial in trials if trial.config.phase == "confirm"]) or best_trial(trials)


def _trials(run: RunFolder, arms: Sequence[str]) -> list[TrialData]:
    """The trials of a folder without a study, as `train` leaves it."""
    folders = [run.trial(arm, name) for arm in arms for name in run.trials(arm)]
    return [
        TrialData(
            config, folder.read_status() or TrialStatus(state=TrialState.RUNNING), tuple(folder.read_evaluations())
        )
        for folder in folders
        if (config := folder.read_config()) is not None
    ]
