"""The time of a training step on this machine, measured by a short training on noise."""

import tempfile
import time
from collections.abc import Iterator

import numpy as np
import torch

from gan_study.config.training import TrainingConfig, TrialConfig, WorkersConfig
from gan_study.data.datasets import Dataset
from gan_study.metrics.samples import SampleStats
from gan_study.runs.folder import RunFolder
from gan_study.training.distributed import Workers
from gan_study.training.loop import train

_NUM_HELD_OUT = 16
_NUM_CLASSES = 10
"""Classes of the noise, which a conditional GAN needs."""


class Unscored:
    """A scorer that takes almost no time."""

    num_samples = 2

    def extract(self, images_uint8: torch.Tensor) -> tuple[torch.Tensor, None]:
        """Images NCHW uint8 => a pixel of each, (N, 1), as features."""
        return images_uint8.flatten(1)[:, :1].float(), None

    def score(self, samples: SampleStats) -> float | None:
        """Return 0."""
        return 0.0


def one_round_training(training: TrainingConfig, batch_size: int) -> TrainingConfig:
    """Return a training with one round from each evaluation to the next, which `measure_step_sec` measures.

    A round is one generator step with its discriminator steps. A lazy penalty is computed at every step, because a
    round is too short for its interval.
    """
    round_kimg = batch_size * training.d_steps_per_g_step / 1000
    changes = {"batch_size": batch_size, "device_sec": None, "total_kimg": 1000 * round_kimg, "penalty_every": None}
    return training.model_copy(update={**changes, "evaluate_every_kimg": round_kimg, "schedule": ()})


def measure_step_sec(
    training: TrainingConfig, num_channels: int, cpus: int, device: torch.device, seconds: float
) -> float | None:
    """Return the seconds of training for a thousand real images, without evaluations; None if it diverges on noise.

    `training` must come from `one_round_training`; torch uses `cpus` threads. The measurement takes about `seconds`,
    and at least two rounds, of which the first is not counted.
    """
    start, num_threads = time.perf_counter(), torch.get_num_threads()
    try:
        with tempfile.TemporaryDirectory() as place:
            rounds = _train_sec_by_round(training, num_channels, cpus, device, place)
            first = next(rounds, 0.0)
            measured: list[float] = []
            for train_sec in rounds:
                measured.append(train_sec)
                if time.perf_counter() - start > seconds:
                    break
    finally:
        torch.set_num_threads(num_threads)
    if not measured:
        return None
    return (measured[-1] - first) / (len(measured) * training.evaluate_every_kimg)


def _train_sec_by_round(
    training: TrainingConfig, num_channels: int, cpus: int, device: torch.device, place: str
) -> Iterator[float]:
    """Yield, after each round, the seconds of training since the start."""
    size = training.dataset.image_size
    shape = (training.batch_size + _NUM_HELD_OUT, num_channels, size, size)
    images = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    numbers = np.arange(len(images))
    dataset = Dataset(
        name=training.dataset.name,
        images=images,
        labels=numbers % _NUM_CLASSES,
        class_names=tuple(map(str, range(_NUM_CLASSES))),
        train_indices=numbers[_NUM_HELD_OUT:],
        held_out_indices=numbers[:_NUM_HELD_OUT],
    )
    config = TrialConfig(
        name="pace", arm="pace", training=training, workers=WorkersConfig(num_workers=1, cpus_per_worker=cpus)
    )
    folder = RunFolder(place).trial("pace", "pace")
    for progress in train(config, dataset, Unscored(), folder, Workers(device=device)):
        if progress.evaluation is None:
            return  # on noise, with the study's own rates, a training may diverge
        if progress.evaluation.cur_nimg > 0:
            yield progress.evaluation.train_sec
