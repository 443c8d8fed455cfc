"""The batch of one training step: the rule for its size, and this rank's share of its images and random numbers."""

import torch
from torch import Tensor

from gan_study.config.base import Scalar
from gan_study.config.rules.workers import worker_problem
from gan_study.config.training import TrainingConfig, WorkersConfig
from gan_study.data.datasets import Dataset
from gan_study.data.sampler import batch_positions
from gan_study.errors import InputError
from gan_study.gan.conversion import to_float
from gan_study.gan.penalties import GRADIENT_PENALTIES
from gan_study.training.distributed import Workers
from gan_study.training.randomness import Stream, draw_latents, seeded_generator


def check_batch(training: TrainingConfig, workers: Workers, config: WorkersConfig) -> None:
    """Raise InputError unless the batch divides among the workers and keeps the rules of `config/rules/workers.py`."""
    is_elastic = config.min_workers is not None
    batch = f"batch_size={training.batch_size} with {workers.world_size} workers"
    if training.batch_size % workers.world_size and not is_elastic:
        raise InputError(
            f"training.batch_size: the batch must divide among the workers, but got {batch}; change one of them"
        )
    if training.batch_size // workers.world_size % training.pac and not is_elastic:
        raise InputError(
            "training.pac: each worker's part of the batch must divide into groups of pac images, "
            f"but got pac={training.pac} and {batch}; change one of them"
        )
    network = training.network
    values: dict[str, Scalar] = {
        "batch_size": training.batch_size,
        "pac": training.pac,
        "penalty": training.penalty,
        "network.name": network.name,
        "network.discriminator_norm": network.discriminator_norm,
    }
    problem = worker_problem(values, workers.world_size, config.batch_statistics, is_elastic)
    if problem is not None:
        raise InputError(f"training.{problem[0][0]}: {problem[1]}")


def draw_batch(
    training: TrainingConfig, dataset: Dataset, cur_nimg: int, workers: Workers
) -> tuple[Tensor, Tensor, Tensor | None]:
    """Draw this rank's rows of the global batch that follows `cur_nimg` images.

    Returns real images NCHW float in [-1, 1], latents (N, z_dim), and the gradient penalty's noise (N / pac, k, 1, 1),
    or None if the step has no gradient penalty.
    """
    dtype = getattr(torch, training.precision)

    def load_images(indices: Tensor) -> Tensor:
        images = torch.from_numpy(dataset.images[indices.numpy()]).to(workers.device)
        return to_float(images, dtype).to(memory_format=torch.channels_last)

    positions = batch_positions(training.seed, cur_nimg, training.batch_size, len(dataset.train_indices))
    indices = torch.from_numpy(dataset.train_indices[positions])
    num_stacks = training.num_stacks
    real_images = load_images(workers.own_rows(indices, num_stacks))
    z = draw_latents(training, training.batch_size, Stream.LATENTS, cur_nimg)
    noise = draw_penalty_noise(training, real_images[0].numel(), cur_nimg)
    if noise is not None:
        noise = noise.to(workers.device, dtype)
        if (scale := GRADIENT_PENALTIES[training.penalty].scale_noise) is not None:
            noise = scale(noise, real_images if workers.world_size == 1 else load_images(indices))
        noise = workers.own_rows(noise, num_stacks)
    return real_images, workers.own_rows(z, num_stacks).to(workers.device, dtype), noise


def draw_penalty_noise(training: TrainingConfig, num_values: int, cur_nimg: int) -> Tensor | None:
    """Draw the gradient penalty's uniform numbers (N / pac, k, 1, 1) for a global batch of N images.

    num_values: numbers in one image. Returns None if the step has no gradient penalty.
    """
    num_d_steps = cur_nimg // training.batch_size
    if training.penalty not in GRADIENT_PENALTIES or num_d_steps % (training.penalty_every or 1):
        return None
    num_noise = GRADIENT_PENALTIES[training.penalty].num_noise(training.pac * num_values)
    random = seeded_generator(training.seed, Stream.PENALTY, cur_nimg)
    return torch.rand(training.batch_size // training.pac, num_noise, 1, 1, generator=random)
