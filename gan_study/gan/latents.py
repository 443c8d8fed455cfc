"""The latent vectors that a generator turns into images."""

import torch
from torch import Tensor

from gan_study.config.training import ZDistribution


def draw_z(num: int, z_dim: int, distribution: ZDistribution, generator: torch.Generator | None = None) -> Tensor:
    """(num, z_dim) float32 on the CPU: normal, N(0, 1), or uniform on [-1, 1].

    The numbers are `generator`'s, by default torch's global ones.
    """
    if distribution == "normal":
        return torch.randn(num, z_dim, generator=generator)
    return torch.rand(num, z_dim, generator=generator) * 2 - 1
