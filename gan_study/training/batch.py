"""The batch of a training step: the rule for its size, and the random numbers of its penalty and augmentations."""

import torch
from torch import Tensor

from gan_study.config.base import Scalar
from gan_study.config.rules.workers import worker_problem
from gan_study.config.training import TrainingConfig, WorkersConfig
from gan_study.config.values.augment import adaptive_strength
from gan_study.errors import InputError
from gan_study.gan.augmentations import num_numbers
from gan_study.gan.parts import augmentations_of, penalty_of
from gan_study.training.distributed import Workers
from gan_study.training.randomness import Stream, seeded_generator


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
        "network.g_norm": network.g_norm,
    }
    problem = worker_problem(values, workers.world_size, config.batch_statistics, is_elastic)
    if problem is not None:
        raise InputError(f"training.{problem[0][0]}: {problem[1]}")


def draw_penalty_noise(training: TrainingConfig, num_values: int, cur_nimg: int) -> Tensor | None:
    """Draw the gradient penalty's uniform numbers (N / pac, k, 1, 1) for a global batch of N images.

    num_values: numbers in one image. Returns None if the step has no gradient penalty.
    """
    num_d_steps = cur_nimg // training.batch_size
    penalty = penalty_of(training)
    if penalty is None or num_d_steps % (training.penalty_every or 1):
        return None
    num_noise = penalty.num_noise(training.pac * num_values)
    random = seeded_generator(training.seed, Stream.PENALTY, cur_nimg)
    return torch.rand(training.batch_size // training.pac, num_noise, 1, 1, generator=random)


NUM_VIEWS = 4
"""Times that a step's images are augmented: real and generated ones for the discriminator's step, then generated and
real ones for the generator's."""


def draw_chances(training: TrainingConfig, cur_nimg: int) -> Tensor | None:
    """Draw the uniform numbers (N, k) of a global batch's flips and augmentations; None if it has neither.

    The first number of an image decides whether it is mirrored, if the data set is; the others are those of its
    `NUM_VIEWS` augmentations.
    """
    is_adaptive = adaptive_strength(training.augment) is not None
    num_augmented = NUM_VIEWS * num_numbers(augmentations_of(training), is_adaptive)
    streams = {Stream.FLIPS: int(training.dataset.flip), Stream.AUGMENTATION: num_augmented}
    parts = [
        torch.rand(training.batch_size, num, generator=seeded_generator(training.seed, stream, cur_nimg))
        for stream, num in streams.items()
        if num
    ]
    return torch.cat(parts, dim=1) if parts else None
