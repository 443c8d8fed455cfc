"""Load trained generators from the snapshots that `snapshots` finds."""

from dataclasses import dataclass

from safetensors import SafetensorError
from torch import nn

from gan_study.config.training import TrainingConfig
from gan_study.errors import InputError
from gan_study.evaluation.own_code import load_trusted_code
from gan_study.evaluation.snapshots import SnapshotPlace, choose_snapshot, open_place
from gan_study.training.output.snapshot import load_generator, snapshot_error


@dataclass(frozen=True, eq=False)
class TrainedGenerator:
    """A trained generator and its origin."""

    source: SnapshotPlace
    """The snapshot that holds it."""
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
        """The trial's training configuration."""
        return self.source.config.training


def load_generator_at(location: str) -> TrainedGenerator | None:
    """Load the generator at a location; None if neither a snapshot nor the folder of a trial or a run is there.

    In the folder of a trial or a run, `snapshots.find_snapshot` chooses the snapshot. Raises InputError if the folder
    holds no snapshot or it cannot be used, StorageError if a record does not fit this version of gan_study.
    """
    place = open_place(location)
    return None if place is None else load_trained_generator(choose_snapshot(place, location))


def load_trained_generator(source: SnapshotPlace) -> TrainedGenerator:
    """Load the generator of a snapshot. Raises InputError if it is another network's or its weights are not finite."""
    generator, num_channels = _load(source)
    if not all(value.isfinite().all() for value in generator.state_dict().values()):
        raise InputError(
            f"{source.location}: a generator's weights must be finite, but got some that are not; give another snapshot"
        )
    return TrainedGenerator(source, generator, num_channels)


def _load(source: SnapshotPlace) -> tuple[nn.Module, int]:
    """Load the generator. Its channels are found by trying 1 and 3: the data set need not be on this machine."""
    content, training = source.trial.read_snapshot(source.cur_nimg), source.config.training
    load_trusted_code(training.code, source.run)
    problem: RuntimeError | SafetensorError | None = None
    for num_channels in (1, 3) if training.dataset.channels is None else (training.dataset.channels,):
        try:
            return load_generator(content, training, num_channels), num_channels
        except (RuntimeError, SafetensorError) as error:
            problem = error
    assert problem is not None, "at least one number of channels is tried"
    raise snapshot_error(source.location, problem) from problem
