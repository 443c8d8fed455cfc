"""Whole trainings with other optimizers, penalties, latents, norms and stacks: resumed, shared, refused."""

import re
from pathlib import Path
from typing import Any

import pytest
import torch
from support.prepared_objective import Prepared
from support.tiny_training import BATCH_SIZE, files, measured, run, tiny_trial, trial_folder

from gan_study.errors import InputError
from gan_study.extractors.objective import Objective
from gan_study.training.batch_source import BatchSource
from gan_study.training.distributed import Workers
from gan_study.training.loop import train
from gan_study.training.measures.scores import generator_to_stats
from gan_study.training.output.sample_grid import sample_grid_png

MLP = {"name": "mlp", "width": 16}
TRAININGS: dict[str, dict[str, Any]] = {
    "dragan, rmsprop, layer norm": {
        "penalty": "dragan",
        "optimizer": "rmsprop",
        "network": {"name": "dcgan", "width": 4, "discriminator_norm": "layer"},
    },
    # Ten steps with a penalty at 0, 3, 6 and 9, and checkpoints after 4 and 8.
    "lazy r1, relativistic, spectral norm": {
        "loss": "relativistic",
        "penalty": "r1",
        "penalty_every": 3,
        "network": {"name": "dcgan", "width": 4, "spectral_norm": True},
    },
    "augmented, mirrored, falling rates": {
        "loss": "relativistic",
        "penalty": "r1+r2",
        "augment": ["colour", "translation", "cutout", "flip"],
        "dataset": {"name": "digits", "image_size": 16, "flip": True},
        "lr_schedule": "linear",
    },
    "adaptive augmentations of stacks": {
        "loss": "hinge",
        "penalty": "r1",
        "pac": 2,
        "augment": {"adaptive": ["colour", "flip"], "target": 0.1, "ramp_kimg": 0.3},
        "dataset": {"name": "digits", "image_size": 16, "flip": True},
        "evaluate_every_kimg": 0.06,  # within the four steps from one adjustment to the next
    },
    "bf16": {"precision": "bf16", "loss": "hinge", "network": {"name": "dcgan", "width": 4, "spectral_norm": True}},
    "projection": {"conditional": "projection", "loss": "hinge", "network": {"name": "dcgan", "width": 4}},
    "concat, penalty at points between": {
        "conditional": "concat",
        "penalty": "wgan_gp",
        "augment": "translation",
        "z_distribution": "uniform",
    },
    "stacks, smoothed labels, uniform latents": {
        "loss": "minimax",
        "label_smoothing": 0.1,
        "penalty": "dragan",
        "pac": 2,
        "z_distribution": "uniform",
        "network": MLP,
    },
}


@pytest.mark.parametrize("name", TRAININGS)
@pytest.mark.parametrize("num_evaluations", [2, 3])
def test_an_abandoned_training_ends_as_an_uninterrupted_one(
    name: str, num_evaluations: int, prepared: Prepared, objective: Objective, tmp_path: Path
) -> None:
    config = tiny_trial(**TRAININGS[name])
    whole = run(config, prepared, tmp_path / "whole", objective)
    run(config, prepared, tmp_path / "abandoned", objective, num_evaluations)
    run(config, prepared, tmp_path / "abandoned", objective)
    resumed = trial_folder(tmp_path / "abandoned").read_evaluations()
    assert measured(resumed) == measured([p.evaluation for p in whole if p.evaluation])
    assert files(tmp_path / "abandoned", "samples", "snapshots") == files(tmp_path / "whole", "samples", "snapshots")


@pytest.mark.parametrize("values", [{}, {"z_distribution": "uniform"}])
def test_training_and_evaluation_have_the_same_latents(
    values: dict[str, Any], prepared: Prepared, objective: Objective
) -> None:
    training = tiny_trial(**values).training
    _, trained, *_ = BatchSource(training, prepared.dataset, Workers()).draw(0)
    seen = [trained]

    class Spy(torch.nn.Linear):
        """A generator that keeps its latents."""

        def forward(self, z: torch.Tensor) -> torch.Tensor:
            seen.append(z)
            return super().forward(z).tanh().reshape(-1, 1, 16, 16)

    spy = Spy(training.z_dim, 256)
    generator_to_stats(spy, objective, training, Workers())
    sample_grid_png(spy, training)
    assert sum(len(z) for z in seen) == BATCH_SIZE + objective.num_samples + 64
    # Of 160 or more normal numbers, a third lies outside [-1, 1].
    assert {bool(z.abs().max() <= 1) for z in seen} == {training.z_distribution == "uniform"}


def test_stacks_that_do_not_fit_into_a_worker_s_part(prepared: Prepared, objective: Objective, tmp_path: Path) -> None:
    steps = train(tiny_trial(pac=4), prepared.dataset, objective, trial_folder(tmp_path), Workers(0, 2))
    expected = (
        "training.pac: each worker's part of the batch must divide into groups of pac images, "
        f"but got pac=4 and batch_size={BATCH_SIZE} with 2 workers; change one of them"
    )
    with pytest.raises(InputError, match=f"^{re.escape(expected)}$"):
        next(steps)
    assert not tmp_path.joinpath("status.json").exists()
