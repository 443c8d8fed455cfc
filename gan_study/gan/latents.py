"""Latent vectors for a generator."""

import torch
from torch import Tensor

from gan_study.config.hyperparameters import ZDistribution
from gan_study.config.training import TrainingConfig

_SMALLEST_SINE = 1e-6
"""Sine of the angle between two latents below which a straight line replaces the arc."""


def draw_z(num: int, z_dim: int, distribution: ZDistribution, generator: torch.Generator | None = None) -> Tensor:
    """(num, z_dim) float32 on the CPU: normal, N(0, 1), or uniform on [-1, 1].

    The numbers are `generator`'s, by default torch's global ones.
    """
    if distribution == "normal":
        return torch.randn(num, z_dim, generator=generator)
    return torch.rand(num, z_dim, generator=generator) * 2 - 1


def draw_inputs(training: TrainingConfig, num: int, generator: torch.Generator | None = None) -> Tensor:
    """Inputs (num, `num_inputs`) of a training's generator, as `draw_z` draws them.

    The last number of a conditional GAN's input decides the class, so that the classes have the shares of the training
    images. The latent vectors are those of a training that is not conditional.
    """
    z = draw_z(num, training.z_dim, training.z_distribution, generator)
    if training.conditional == "none":
        return z
    return torch.cat([z, draw_z(num, 1, training.z_distribution, generator)], dim=1)


def input_path(training: TrainingConfig, corners: Tensor, num_steps: int, *, closed: bool = False) -> Tensor:
    """Inputs on the way from each corner to the next, as `z_path` finds latents; corners: (K, `num_inputs`).

    The number that decides a conditional GAN's class is the first corner's all the way.
    """
    path = z_path(corners[:, : training.z_dim], num_steps, training.z_distribution, closed=closed)
    return torch.cat([path, corners[:1, training.z_dim :].expand(len(path), -1)], dim=1)


def z_path(corners: Tensor, num_steps: int, distribution: ZDistribution, *, closed: bool = False) -> Tensor:
    """Latents on the way from each corner to the next, where the generator has learned to find latents.

    Between normal latents the way is an arc (`slerp`): the middle of the straight line between two is too close to
    the origin. Between uniform ones it is the straight line, which stays in their cube.

    Args:
        corners: (K, z_dim), K at least 1; as `draw_z` gives them.
        num_steps: steps from one corner to the next, at least 1.
        distribution: what the corners were drawn from.
        closed: go back to the first corner in the end, and leave it out there, so that the path can be repeated.

    Returns (K * num_steps, z_dim) if closed, else ((K - 1) * num_steps + 1, z_dim): each corner, equal to what was
    given, and num_steps - 1 latents at equal parts of the way after it.
    """
    between = slerp if distribution == "normal" else torch.lerp
    shares = torch.arange(num_steps, dtype=corners.dtype, device=corners.device).div_(num_steps).unsqueeze(1)
    starts, ends = corners, corners.roll(-1, dims=0)
    if not closed:
        starts, ends = starts[:-1], ends[:-1]
    legs = [between(start, end, shares) for start, end in zip(starts, ends, strict=True)]
    return torch.cat(legs if closed else [*legs, corners[-1:]])


def slerp(start: Tensor, end: Tensor, shares: Tensor) -> Tensor:
    """Spherical interpolation (Shoemake 1985; of latents, White 2016, arXiv:1609.04468, section 2.1).

    start, end: (z_dim,), of any length; shares: (N, 1) in [0, 1], parts of the angle between the two => (N, z_dim). For
    angles of 0 or 180 degrees, at which the arc is not defined, it is the straight line.
    """
    cosine = torch.nn.functional.cosine_similarity(start, end, dim=0).clamp(-1, 1)
    angle = cosine.acos()
    if angle.sin() < _SMALLEST_SINE:
        return torch.lerp(start, end, shares)
    return (((1 - shares) * angle).sin() * start + (shares * angle).sin() * end) / angle.sin()
