"""Trained generators, read from the snapshots that `snapshots` finds."""

from dataclasses import dataclass

from safetensors import SafetensorError
from torch import nn

from gan_study.config.training import TrainingConfig
from gan_study.errors import InputError
from gan_study.evaluation.snapshots import SnapshotPlace, choose, open_place
from gan_study.training.snapshot import load_generator, unusable


@dataclass(frozen=True, eq=False)
class Snapshot:
    """A trained generator, and which training it is of."""

    source: SnapshotPlace
    """Where it lies."""
    generator: nn.Module
    """z (N, z_dim) => images NCHW float in [-1, 1], on the CPU in evaluation mode."""
    num_channels: int
    """1 for grey, 3 for colour."""

    @property
    def place(self) -> str:
        """The snapshot's file."""
        return self.source.location

    @property
    def training(self) -> TrainingConfig:
        """What the trial trained."""
        return self.source.config.training


def find_snapshot(location: str) -> Snapshot | None:
    """The generator at a location; None if neither a snapshot nor the folder of a trial or a run is there.

    Of a trial and of a run it is what `snapshots.find_generator` says. Raises InputError if there is no snapshot in
    the folder or it cannot be used, StorageError if a record does not fit this version of gan_study.
    """
    place = open_place(location)
    return None if place is None else read_snapshot(choose(place, location))


def read_snapshot(source: SnapshotPlace) -> Snapshot:
    """The generator of a snapshot. Raises InputError if it is another network's or not finite."""
    generator, num_channels = _load(source)
    if not all(value.isfinite().all() for value in generator.state_dict().values()):
        raise InputError(
            f"{source.location}: a generator's weights must be finite, but got some that are not; give another snapshot"
        )
    return Snapshot(source, generator, num_channels)


def _load(source: SnapshotPlace) -> tuple[nn.Module, int]:
    """The generator and its number of channels, which is tried out: the data set need not be on this machine."""
    content, training = source.trial.read_snapshot(source.cur_nimg), source.config.training
    problem: RuntimeError | SafetensorError | None = None
    for num_channels in (1, 3) if training.dataset.channels is None else (training.dataset.channels,):
        try:
            return load_generator(content, training, num_channels), num_channels
        except (RuntimeError, SafetensorError) as error:
            problem = error
    assert problem is not None, "at least one number of channels is tried"
    raise unusable(source.location, problem) from problem
