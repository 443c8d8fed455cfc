"""The latent vectors that a generator turns into images."""

import math

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


def latent_path(waypoints: Tensor, num_steps: int, distribution: ZDistribution, closed: bool = False) -> Tensor:
    """Latents along a path through `waypoints` (K, z_dim), K >= 2, in `num_steps` steps from each to the next.

    Gives ((K - 1) * num_steps + 1, z_dim), the waypoints among them; a closed path goes on from the last to just before
    the first, (K * num_steps, z_dim), so that it can be shown again and again. Normal latents are followed on great
    circles (spherical interpolation, Shoemake 1985; White 2016, "Sampling generative networks", section 2.1), since
    their norms lie near sqrt(z_dim) and a straight line would leave that shell; uniform ones on straight lines, which
    stay in the cube. Raises ValueError below two waypoints or one step.
    """
    if len(waypoints) < 2 or num_steps < 1:
        raise ValueError(
            f"latent_path: a path needs at least 2 waypoints and 1 step, but got num_waypoints={len(waypoints)}, "
            f"num_steps={num_steps}; give more"
        )
    ends = waypoints.roll(-1, 0) if closed else waypoints[1:]
    between = spherical if distribution == "normal" else torch.lerp
    fractions = [step / num_steps for step in range(num_steps)]
    legs = [
        between(start, end, fraction)
        for start, end in zip(waypoints[: len(ends)], ends, strict=True)
        for fraction in fractions
    ]
    return torch.stack(legs if closed else [*legs, waypoints[-1]])


def spherical(start: Tensor, end: Tensor, fraction: float) -> Tensor:
    """The point at `fraction` in [0, 1] of the way from `start` (z_dim,) to `end` on a great circle.

    sin((1 - f) a) / sin(a) * start + sin(f a) / sin(a) * end with the angle a between the two; along a straight line
    where they have (almost) one direction, or opposite ones, between which no great circle is the shortest.
    """
    cosine = torch.nn.functional.cosine_similarity(start.double(), end.double(), dim=0).clamp(-1, 1).item()
    angle = math.acos(cosine)
    if math.sin(angle) < 1e-4:
        return torch.lerp(start, end, fraction)
    weights = math.sin((1 - fraction) * angle) / math.sin(angle), math.sin(fraction * angle) / math.sin(angle)
    return weights[0] * start + weights[1] * end
