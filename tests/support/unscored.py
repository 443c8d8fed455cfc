"""Trainings whose steps alone cost time: noise for images, and a score that costs next to nothing."""

import tempfile
from typing import Any

import numpy as np
import torch

from gan_study.config.training import TrainingConfig, TrialConfig, WorkersConfig
from gan_study.data.datasets import Dataset
from gan_study.gan.networks import build_networks
from gan_study.runs.folder import RunFolder
from gan_study.training.distributed import Workers
from gan_study.training.loop import train
from gan_study.training.pace import Unscored
from gan_study.training.steps import accumulate_d_gradients, accumulate_g_gradients
from support.machine_speed import count_operations

ONE_WORKER = WorkersConfig(cpus_per_worker=1, gpus_per_worker=1)


def noise_images(size: int, num_channels: int, num: int = 4096) -> Dataset:
    """Noise that calls itself digits, all but the last 64 images to learn from."""
    images = np.random.default_rng(0).integers(0, 256, (num, num_channels, size, size), dtype=np.uint8)
    numbers = np.arange(num)
    return Dataset("digits", images, None, None, train_indices=numbers[:-64], held_out_indices=numbers[-64:])


def training_of(images: Dataset, **values: Any) -> TrainingConfig:
    """A training of these images: dcgan with the non-saturating loss, unless `values` say otherwise."""
    dataset = {"name": images.name, "image_size": images.images.shape[-1]}
    return TrainingConfig.model_validate({"dataset": dataset, "network": "dcgan", "loss": "non_saturating", **values})


def train_sec(images: Dataset, num_steps: int, workers: WorkersConfig, device: str = "cpu", **values: Any) -> float:
    """Seconds of the project's own loop for `num_steps` steps of the discriminator, evaluations left out."""
    training = training_of(images, **values)
    kimg = num_steps * training.batch_size / 1000
    training = training.model_copy(update={"total_kimg": kimg, "evaluate_every_kimg": kimg})
    config = TrialConfig(training=training, workers=workers)
    with tempfile.TemporaryDirectory() as folder:
        trial = RunFolder(folder).trial("a", "t")
        *_, last = train(config, images, Unscored(), trial, Workers(device=torch.device(device)))
    assert last.evaluation is not None, last.status.reason
    return last.evaluation.train_sec


def operations_of_a_step(images: Dataset, values: dict[str, Any]) -> int:
    """Operations of a step of both players, counted on the CPU for a batch of four."""
    training = training_of(images, **{**values, "batch_size": 4, "precision": "float32"})
    size, num_channels = images.images.shape[-1], images.num_channels
    generator, discriminator = build_networks(training.network, size, num_channels, training.z_dim)
    real = torch.rand(4, num_channels, size, size)

    def step() -> None:
        fake = generator(torch.randn(4, training.z_dim))
        accumulate_d_gradients(training, discriminator, real, fake, None)
        accumulate_g_gradients(training, generator, discriminator, fake)

    batch_size: int = values["batch_size"]
    return count_operations(step) * batch_size // 4


def rate_of(images: Dataset, device: str, seconds: float, **values: Any) -> float:
    """Images per second of the project's loop, after a training that warms the device up."""
    steps = 20
    warm = train_sec(images, steps, ONE_WORKER, device, **values)
    steps, batch_size = max(steps, int(seconds * steps / warm)), int(values["batch_size"])
    return steps * batch_size / train_sec(images, steps, ONE_WORKER, device, **values)
