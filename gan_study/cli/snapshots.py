"""Trained generators as a command line names them: a snapshot's file, a trial folder, or a whole run folder."""

from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError
from torch import nn

from gan_study.analysis.run_data import best_trial
from gan_study.config.training import TrainingConfig
from gan_study.errors import InputError
from gan_study.report.load import load_run
from gan_study.runs.folder import RunFolder, TrialFolder
from gan_study.runs.storage import Storage
from gan_study.training.snapshot import load_generator

_SUFFIX = ".safetensors"


@dataclass(frozen=True, eq=False)
class Snapshot:
    """A trained generator, and which training it is of."""

    place: str
    """The snapshot's file."""
    training: TrainingConfig
    """What the trial trained."""
    generator: nn.Module
    """z (N, z_dim) => images NCHW float in [-1, 1], on the CPU in evaluation mode."""
    num_channels: int
    """1 for grey, 3 for colour."""


def find_snapshot(location: str) -> Snapshot | None:
    """The snapshot at a location; None if neither a snapshot nor the folder of a trial or a run is there.

    Of a trial it is the last one; of a run it is the last one of the best confirmed trial, or, if none was
    confirmed, of the best trial. Raises InputError if there is no snapshot in the folder or it cannot be used,
    StorageError if a record does not fit this version of gan_study.
    """
    is_uri = "://" in location
    place = location.rstrip("/") if is_uri else str(Path(location).expanduser().absolute())
    if place.endswith(_SUFFIX):
        folder, _, name = place.rpartition("/")
        return _read(TrialFolder(Storage(folder.rpartition("/")[0])), name)
    if not is_uri and not Path(place).is_dir():
        return None
    storage = Storage(place)
    if storage.exists("study.yaml"):
        return _last(_best_trial(RunFolder(place)))
    # Images may lie beside a config.json too, but hardly beside both.
    if storage.exists("config.json") and (storage.exists("status.json") or storage.exists("snapshots")):
        return _last(TrialFolder(storage))
    return None


def _best_trial(folder: RunFolder) -> TrialFolder:
    run = load_run(folder)
    confirmed = [trial for trial in run.trials if trial.config.phase == "confirm"]
    best = best_trial(confirmed) or best_trial(run.trials)
    if best is None:
        raise InputError(
            f"{folder.location}: the best trial of a run is taken, but got none with a score; "
            "give the folder of a trial, or one of its snapshots"
        )
    return folder.trial(best.config.arm, best.name)


def _last(trial: TrialFolder) -> Snapshot:
    nimgs = trial.snapshot_nimgs()
    if not nimgs:
        raise InputError(
            f"{trial.storage.location}: the last snapshot of a trial is taken, but got none in its folder snapshots; "
            "wait for its first evaluation, or give another trial"
        )
    return _read(trial, f"{nimgs[-1]:08d}{_SUFFIX}")


def _read(trial: TrialFolder, name: str) -> Snapshot:
    place = f"{trial.storage.location}/snapshots/{name}"
    config = trial.read_config()
    if config is None:
        raise InputError(
            f"{place}: a snapshot is read with its trial's config.json, but there is no "
            f"{trial.storage.location}/config.json; leave it where the training has put it"
        )
    try:
        content = trial.storage.read_bytes(f"snapshots/{name}")
    except FileNotFoundError:
        known = ", ".join(f"{nimg:08d}{_SUFFIX}" for nimg in trial.snapshot_nimgs()) or "none"
        raise InputError(f"{place}: there is no such snapshot; those of the trial are: {known}") from None
    generator, num_channels = _load(content, config.training, place)
    if not all(value.isfinite().all() for value in generator.state_dict().values()):
        raise InputError(
            f"{place}: a generator's weights must be finite, but got some that are not; give another snapshot"
        )
    return Snapshot(place, config.training, generator, num_channels)


def _load(content: bytes, training: TrainingConfig, place: str) -> tuple[nn.Module, int]:
    """The generator and its number of channels, which is tried out: the data set need not be on this machine."""
    reason = ""
    for num_channels in (1, 3) if training.dataset.channels is None else (training.dataset.channels,):
        try:
            return load_generator(content, training, num_channels), num_channels
        except (RuntimeError, SafetensorError) as error:
            reason = str(error).partition("\n")[0]
    raise InputError(
        f"{place}: a snapshot must hold the generator of its trial's config.json, but got another content ({reason}); "
        "give a snapshot that is as the training has written it"
    )
