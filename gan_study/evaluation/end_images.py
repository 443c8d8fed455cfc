"""Pictures of a trained generator for the report, which does not import torch."""

import torch
from torch import nn

from gan_study.config.training import TrainingConfig
from gan_study.gan.generation import generate_uint8
from gan_study.gan.latents import input_path
from gan_study.runs.counted_generator import counted_snapshot
from gan_study.runs.trial_folder import TrialFolder
from gan_study.training.output.sample_grid import grid_latents, grid_png
from gan_study.training.output.snapshot import load_generator

NUM_PATHS = 4
"""Paths between latents, a row of images for each."""
NUM_STEPS = 9
"""Steps of a path; a row holds one image more."""


def write_end_images(trial: TrialFolder, training: TrainingConfig, num_channels: int) -> bool:
    """Write samples/interpolation.png from the snapshot that counts. Return False if an image is not finite."""
    cur_nimg = counted_snapshot(trial, training.objective.at)
    assert cur_nimg is not None, "a trial that has completed has its snapshots"
    generator = load_generator(trial.read_snapshot(cur_nimg), training, num_channels)
    picture = interpolation_png(generator, training)
    if picture is not None:
        trial.write_interpolation(picture)
    return picture is not None


def interpolation_png(generator: nn.Module, training: TrainingConfig) -> bytes | None:
    """A PNG of four rows of ten images on paths between latents; None if a pixel is not finite.

    The ends are the first eight latents of the trial's sample grid: the first row leads from its first image to its
    second, the next one from the third to the fourth, and so on.
    """
    ends = grid_latents(training)[: 2 * NUM_PATHS]
    paths = [input_path(training, pair, NUM_STEPS) for pair in ends.split(2)]
    ((images, are_finite),) = generate_uint8(generator, [torch.cat(paths)])
    return grid_png(images, NUM_STEPS + 1) if are_finite else None
