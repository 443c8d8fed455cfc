"""Random numbers as a function of (seed, stream, images seen), drawn for the global batch.

A resumed run therefore draws the same numbers as an uninterrupted one, and any number of workers share the rows of
the same numbers.
"""

from enum import IntEnum

import numpy as np
import torch
from torch import Tensor

from gan_study.config.training import TrainingConfig
from gan_study.gan.latents import draw_inputs


class Stream(IntEnum):
    """The purposes of random numbers; each has a stream that is independent of the others."""

    WEIGHTS = 1
    LATENTS = 2
    PENALTY = 3
    SAMPLE_GRID = 4
    EVALUATION = 5
    SIGNALS = 6
    DIAGNOSIS = 7
    COVERAGE = 8
    FINAL_SCORES = 9
    BEST_SCORE = 10
    FLIPS = 11
    AUGMENTATION = 12
    OWN_PARTS = 13


def seeded_generator(seed: int, stream: Stream, cur_nimg: int = 0) -> torch.Generator:
    """Return a CPU generator whose numbers depend only on the arguments."""
    generator = torch.Generator()
    generator.manual_seed(stream_seed(seed, stream, cur_nimg))
    return generator


def draw_latents(training: TrainingConfig, num: int, stream: Stream, index: int = 0) -> Tensor:
    """(num, z_dim) float32 on the CPU, from a training's distribution of latents and its seed.

    index: images seen by the generator, or the number of a draw; each gives other latents.
    """
    return draw_inputs(training, num, seeded_generator(training.seed, stream, index))


def seed_own_parts(training: TrainingConfig, cur_nimg: int, rank: int) -> None:
    """Seed torch's global random numbers, from which own parts draw, as by dropout; without own parts, do nothing."""
    if training.code:
        torch.manual_seed(stream_seed(training.seed, Stream.OWN_PARTS, cur_nimg) + rank)


def stream_seed(seed: int, stream: Stream, cur_nimg: int = 0) -> int:
    """Return a 63-bit seed, mixed by NumPy's SeedSequence so that neighbouring arguments give unrelated numbers."""
    state = np.random.SeedSequence([seed, int(stream), cur_nimg]).generate_state(1, np.uint64)
    return int(state[0] >> np.uint64(1))
