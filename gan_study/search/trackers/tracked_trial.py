"""A trial with the attributes that Ray's tracker callbacks use."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gan_study.config.arms.flat_training import flat_training
from gan_study.config.training import TrialConfig
from gan_study.runs.trial_folder import TrialFolder


@dataclass(eq=False)
class TrackedTrial:
    """A trial with the attributes that Ray's callbacks read from a Tune trial."""

    trial_id: str
    order: TrialConfig
    folder: Path
    """The folder of the tracker's files of this trial."""
    experiment_dir_name: str
    """The study's name."""
    trial_folder: TrialFolder
    """The folder of the trial's own files."""
    config: dict[str, Any] = field(init=False)
    """The hyperparameters by dotted name."""

    def __post_init__(self) -> None:
        self.config = {**flat_training(self.order.training), "phase": self.order.phase}

    def __str__(self) -> str:
        return f"{self.order.arm}/{self.order.name}"

    @property
    def evaluated_params(self) -> dict[str, Any]:
        """`config`, under another of Ray's names."""
        return self.config

    @property
    def local_path(self) -> str:
        """`folder`, under Ray's name."""
        return str(self.folder)

    def read_samples(self, cur_nimg: int) -> bytes | None:
        """Return the PNG of the sample grid at `cur_nimg` images; None if there is none."""
        try:
            return self.trial_folder.read_samples(cur_nimg)
        except FileNotFoundError:
            return None

    def init_local_path(self) -> None:
        """Make the folder."""
        self.folder.mkdir(parents=True, exist_ok=True)
