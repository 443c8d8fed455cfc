"""A generator with self-attention and a loss of one's own, for own_gan.yaml.

`python -m gan_study check studies/own_gan.py` tries these parts. Each parameter with a type and a default is a
hyperparameter: a study may fix it or search it.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import relu


class SelfAttention(nn.Module):
    """Each pixel of x (N, C, H, W) looks at all others, as in SAGAN (Zhang et al. 2019); it starts as the identity."""

    def __init__(self, num_channels: int) -> None:
        super().__init__()
        self.query_key_value = nn.Conv2d(num_channels, 3 * num_channels, kernel_size=1)
        self.gain = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        """Return x plus the attended values times a learned gain."""
        query, key, value = self.query_key_value(x).flatten(2).transpose(1, 2).chunk(3, dim=2)
        weights = (query @ key.transpose(1, 2) / query.shape[2] ** 0.5).softmax(dim=2)
        return x + self.gain * (weights @ value).transpose(1, 2).unflatten(2, x.shape[2:])


class AttentionGenerator(nn.Sequential):
    """z (N, z_dim) to images (N, num_channels, image_size, image_size) in [-1, 1]."""

    def __init__(self, image_size: int, num_channels: int, z_dim: int, width: int = 32, attention: bool = True) -> None:
        quarter = image_size // 4
        super().__init__(
            nn.Linear(z_dim, 2 * width * quarter**2),
            nn.Unflatten(1, (2 * width, quarter, quarter)),
            nn.BatchNorm2d(2 * width),
            nn.ReLU(),
            SelfAttention(2 * width) if attention else nn.Identity(),
            nn.ConvTranspose2d(2 * width, width, kernel_size=4, stride=2, padding=1),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.ConvTranspose2d(width, num_channels, kernel_size=4, stride=2, padding=1),
            nn.Tanh(),
        )


class AttentionDiscriminator(nn.Sequential):
    """Images to logits (N,). It has no batch norm, so each image is judged on its own."""

    def __init__(self, image_size: int, num_channels: int, width: int = 32, attention: bool = True) -> None:
        quarter = image_size // 4
        super().__init__(
            nn.Conv2d(num_channels, width, kernel_size=4, stride=2, padding=1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(width, 2 * width, kernel_size=4, stride=2, padding=1),
            nn.LeakyReLU(0.2),
            SelfAttention(2 * width) if attention else nn.Identity(),
            nn.Flatten(),
            nn.Linear(2 * width * quarter**2, 1),
            nn.Flatten(0),
        )


def one_sided_discriminator(real_logits: Tensor, fake_logits: Tensor, margin: float = 1.0) -> Tensor:
    """Least squares that no longer pull a logit which lies beyond its target."""
    return 0.5 * relu(margin - real_logits).square().mean() + 0.5 * relu(margin + fake_logits).square().mean()


def one_sided_generator(real_logits: Tensor, fake_logits: Tensor, margin: float = 1.0) -> Tensor:
    """The generator wants its images to be judged as real ones."""
    return 0.5 * relu(margin - fake_logits).square().mean()
