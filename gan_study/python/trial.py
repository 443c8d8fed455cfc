"""One trial of a run: its scores, its diagnosis, and its trained generator."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gan_study.analysis.run_data import RunData, TrialData
from gan_study.analysis.trial_verdicts import TrialVerdict
from gan_study.config.base import Scalar
from gan_study.config.training import TrialConfig
from gan_study.errors import InputError, first_line
from gan_study.evaluation.snapshots import counted_snapshot_place
from gan_study.python.messages import warn
from gan_study.runs.folder import RunFolder

if TYPE_CHECKING:
    import pandas as pd
    from PIL import Image
    from torch import Tensor, device, nn

    from gan_study.evaluation.generators import TrainedGenerator

_MOST_IMAGES = 1_000_000


@dataclass(frozen=True)
class Diagnosis:
    """The verdict on a trained generator, with its evidence. `str()` gives its sentence."""

    verdict: str
    """The verdict in words, such as `partial collapse`."""
    sentence: str
    """The verdict and its reason."""
    missing_classes: tuple[str, ...]
    """Names of the classes with hardly any image; empty if they are unknown."""
    late_collapse: bool
    """True if the generator was better before the end of its training."""
    is_failure: bool
    """True if the verdict names a failure, or if the trial diverged or failed."""
    is_measured: bool
    """True if its images were measured. Without that, the verdict rests on the logs of the training alone."""
    details: TrialVerdict = field(repr=False)
    """The findings, and all measures with their controls."""

    @classmethod
    def of(cls, found: TrialVerdict) -> "Diagnosis":
        """Return the diagnosis with this verdict."""
        verdict = found.verdict
        return cls(
            found.word,
            verdict.sentence,
            verdict.missing_classes,
            verdict.late_collapse,
            found.is_failure,
            found.is_measured,
            found,
        )

    def __str__(self) -> str:
        return self.sentence


class Trial:
    """One training of a run. `Run.best` and `Run.trial` return it."""

    def __init__(self, folder: RunFolder, run: RunData, data: TrialData) -> None:
        """data: the trial, which is one of `run`, which was read from `folder`."""
        self._folder, self._run, self._data = folder, run, data

    def __repr__(self) -> str:
        score = "no score" if self.score is None else f"score {self.score:.4g}"
        return f"<Trial {self.arm}/{self.name}: {self._run.state_text(self._data.state)}, {score}>"

    @property
    def arm(self) -> str:
        """Name of its arm."""
        return self._data.config.arm

    @property
    def name(self) -> str:
        """Its name within the arm, such as `search_003`."""
        return self._data.name

    @property
    def state(self) -> str:
        """Its state: running, completed, stopped, diverged or failed."""
        return self._data.state.value

    @property
    def score(self) -> float | None:
        """The score that counts by `objective.at`; lower is better. None while it runs, and if it has none."""
        return self._data.score

    @property
    def hyperparameters(self) -> dict[str, Scalar]:
        """The searched values, by dotted name such as `network.width`."""
        return dict(self._data.config.searched)

    @property
    def config(self) -> TrialConfig:
        """All settings of the training (`config.training`) and of the trial around it."""
        return self._data.config

    @property
    def metrics(self) -> "pd.DataFrame":
        """Its evaluations, as in `Run.metrics`."""
        from gan_study.python.tables import metrics_table

        return metrics_table([self._data], self._run.objective)

    @property
    def diagnosis(self) -> Diagnosis | None:
        """The verdict on its generator, as the report shows it; None before the trial has ended.

        If `is_measured` is False, `diagnose` measures the images.
        """
        found = self._run.verdict_of(self._data)
        return None if found is None else Diagnosis.of(found)

    def diagnose(self, *, again: bool = False) -> Diagnosis:
        """Measure the images of its generator that counts, as `python -m gan_study diagnose` does.

        This takes seconds to minutes and needs the data set. The result is kept in the run folder if the trial has
        ended, and returned from there the next time.

        Args:
            again: measure even if the run folder holds a result.

        Raises InputError if there is no snapshot, or the data set cannot be loaded or has changed.
        """
        from gan_study.evaluation.diagnosed_snapshot import read_or_measure

        place = counted_snapshot_place(self._folder.trial(self.arm, self.name))
        return Diagnosis.of(read_or_measure(place, again, lambda text: None, warn).verdict)

    def generator(self, device: "str | device" = "cpu") -> "nn.Module":
        """Load its generator that counts by `objective.at`, the last or the best.

        The module maps latents (N, `config.training.num_inputs`) to images NCHW float in [-1, 1], is in evaluation
        mode, and has the averaged weights (EMA) by which it was scored.

        Args:
            device: where to put it, such as `cuda` or `cuda:1`.

        Raises InputError if there is no snapshot, its weights are not finite, or torch has no such device.
        """
        return self._load(device).generator

    def sample(
        self, num: int = 16, *, seed: int = 0, class_name: str | None = None, device: "str | device" = "cpu"
    ) -> "Tensor":
        """Draw images, (num, C, H, W) uint8 in [0, 255] on the CPU: C is 1 for grey, 3 for colour.

        A seed always gives the same images, those of `python -m gan_study sample --num`. `class_name` is the name or
        number of the class of all images of a conditional GAN; by default the classes have the shares of the training
        images.

        Raises InputError as `generator` does, if there is no such class, and unless num is from 1 to 1,000,000.
        """
        import torch

        from gan_study.evaluation.classes import find_class
        from gan_study.evaluation.sampling import draw_images

        if not 1 <= num <= _MOST_IMAGES:
            raise InputError(f"sample: num must be from 1 to {_MOST_IMAGES:,}, but got num={num}; choose another")
        found = self._load(device)
        number = None if class_name is None else find_class(found, class_name)
        return torch.cat(list(draw_images(found.generator, found.training, num, seed, number)))

    def grid(
        self,
        columns: int = 8,
        rows: int = 8,
        *,
        scale: int | None = None,
        seed: int = 0,
        class_name: str | None = None,
        device: "str | device" = "cpu",
    ) -> "Image.Image":
        """Draw the images of `sample` as one picture, row by row. A notebook shows it; `save` writes it.

        Args:
            columns, rows: images in a row and in a column.
            scale: pixels on a side of the square that shows one pixel; by default the least that makes the picture 512
                pixels wide.
            seed, class_name, device: as in `sample`.
        """
        from PIL import Image

        from gan_study.evaluation.sampling import enlarge_for_grid
        from gan_study.training.output.sample_grid import grid_pixels

        images = self.sample(columns * rows, seed=seed, class_name=class_name, device=device)
        return Image.fromarray(grid_pixels(enlarge_for_grid(images, columns, scale), columns))

    def _load(self, device: "str | device") -> "TrainedGenerator":
        import torch

        from gan_study.evaluation.generators import load_trained_generator

        found = load_trained_generator(counted_snapshot_place(self._folder.trial(self.arm, self.name)))
        try:
            found.generator.to(torch.device(device))
        except (RuntimeError, AssertionError) as error:  # torch's, for an unknown device and for one that is not here
            raise InputError(
                f"generator: torch must have the device, but got device={device} ({first_line(error)}); give such as "
                "cpu or cuda"
            ) from error
        return found
