"""Random numbers as a function of (seed, stream, images seen), drawn for the global batch.

So a resumed run draws what an uninterrupted one would have drawn, and each worker can take its rows of the
same numbers whatever the number of workers.
"""

from enum import IntEnum

import numpy as np
import torch
from torch import Tensor

from gan_study.config.training import TrainingConfig
from gan_study.gan.latents import draw_z


class Stream(IntEnum):
    """What the numbers are for; each stream is independent of the others."""

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


def seeded_generator(seed: int, stream: Stream, cur_nimg: int = 0) -> torch.Generator:
    """A CPU generator whose numbers depend on nothing but the arguments."""
    generator = torch.Generator()
    generator.manual_seed(stream_seed(seed, stream, cur_nimg))
    return generator


def draw_latents(training: TrainingConfig, num: int, stream: Stream, index: int = 0) -> Tensor:
    """(num, z_dim) float32 on the CPU, from a training's distribution of latents and its seed.

    index: images seen by the generator, or the number of a draw; each gives other latents.
    """
    return draw_z(num, training.z_dim, training.z_distribution, seeded_generator(training.seed, stream, index))


def stream_seed(seed: int, stream: Stream, cur_nimg: int = 0) -> int:
    """A 63-bit seed, mixed by NumPy's SeedSequence so that neighbouring arguments give unrelated numbers."""
    state = np.random.SeedSequence([seed, int(stream), cur_nimg]).generate_state(1, np.uint64)
    return int(state[0] >> np.uint64(1))
