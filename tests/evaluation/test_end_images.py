"""Images on paths between latents: where the paths begin and end, and when there are none."""

import io
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from support.scripted_world import make_evaluation
from torch import Tensor, nn

from gan_study.config.training import TrainingConfig
from gan_study.evaluation.end_images import interpolation_png, write_end_images
from gan_study.runs.records.measurements import BestScore
from gan_study.runs.storage import Storage
from gan_study.runs.trial_folder import TrialFolder
from gan_study.training.output.sample_grid import sample_grid_png
from gan_study.training.state import build_state

TRAINING = TrainingConfig.model_validate(
    {"dataset": {"name": "digits", "image_size": 16}, "network": {"name": "mlp", "width": 4}, "loss": "least_squares"}
)


def tiles(png: bytes) -> np.ndarray:
    """The images of a grid, (rows, columns, 16, 16), without their frames of one pixel."""
    pixels = np.asarray(Image.open(io.BytesIO(png)))
    rows, columns = pixels.shape[0] // 18, pixels.shape[1] // 18
    return pixels.reshape(rows, 18, columns, 18).swapaxes(1, 2)[:, :, 1:-1, 1:-1]


class Linear(nn.Module):
    """Images of one grey, which the first number of the latent sets."""

    def __init__(self, factor: float = 0.25) -> None:
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(factor))

    def forward(self, z: Tensor) -> Tensor:
        return (self.factor * z[:, :1, None, None]).expand(-1, 1, 16, 16)


@pytest.mark.parametrize("distribution", ["normal", "uniform"])
def test_paths_lead_from_images_of_the_sample_grid_to_their_neighbours(distribution: str) -> None:
    training = TRAINING.model_copy(update={"z_distribution": distribution})
    generator = Linear()
    png = interpolation_png(generator, training)
    assert png is not None
    found = tiles(png)[..., 0, 0].astype(int)
    grid = tiles(sample_grid_png(generator, training))[..., 0, 0]
    assert found.shape == (4, 10)
    assert found[:, 0].tolist() == grid[0, 0::2].tolist()
    assert found[:, -1].tolist() == grid[0, 1::2].tolist()
    steps = np.diff(found, axis=1)
    # Straight paths have equal steps, but for the rounding to levels; great circles do not.
    assert (np.ptp(steps, axis=1).max() <= 1) == (distribution == "uniform")


def test_images_that_are_not_finite_give_no_picture() -> None:
    assert interpolation_png(Linear(float("nan")), TRAINING) is None


@pytest.mark.parametrize("at", ["last", "best"])
def test_the_picture_is_of_the_snapshot_that_counts(at: str, tmp_path: Path) -> None:
    trial = TrialFolder(Storage(tmp_path / "trial"))
    assert trial.read_interpolation() is None
    states = [build_state(TRAINING.model_copy(update={"seed": s}), 1, torch.device("cpu")) for s in (1, 2)]
    for nimg, state in zip((1000, 2000), states, strict=True):
        trial.write_snapshot(nimg, state.snapshot())
    best = BestScore(cur_nimg=1000, score=11.0, chosen_by=10.0)
    trial.write_evaluations(
        [make_evaluation(1000, 10.0), make_evaluation(2000, 20.0).model_copy(update={"best": best})]
    )
    objective = TRAINING.objective.model_copy(update={"at": at})
    write_end_images(trial, TRAINING.model_copy(update={"objective": objective}), 1)
    counted = states[0 if at == "best" else 1]
    assert trial.read_interpolation() == interpolation_png(counted.g_ema.eval(), TRAINING)
    # It stands among the sample grids, but is none.
    assert trial.sample_nimgs() == []
