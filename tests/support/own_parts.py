"""Own parts of every form, and a study that uses them."""

from pathlib import Path

from gan_study.config.arms.arm import Arm
from gan_study.config.arms.resolved_training import first_trial_values, resolve_training
from gan_study.config.reading.load import load_study
from gan_study.config.study import StudyConfig
from gan_study.config.training import TrainingConfig

CODE = """from typing import Literal

import numpy as np
import torch
from torch import nn


class Plain:
    def __init__(self, depth: int = 2, act: Literal["relu", "tanh"] = "relu"):
        self.depth, self.act = depth, nn.ReLU() if act == "relu" else nn.Tanh()

    def generator(self, image_size, num_channels, z_dim):
        hidden = [layer for _ in range(self.depth) for layer in (nn.Linear(z_dim, z_dim), self.act)]
        image = (num_channels, image_size, image_size)
        size = num_channels * image_size**2
        return nn.Sequential(*hidden, nn.Linear(z_dim, size), nn.Tanh(), nn.Unflatten(1, image))

    def discriminator(self, image_size, num_channels):
        size = num_channels * image_size**2
        hidden = [nn.Linear(size, 16), nn.Tanh(), nn.Dropout(0.2)]
        return nn.Sequential(nn.Flatten(), *hidden, nn.Linear(16, 1), nn.Flatten(0))


class PairGenerator(nn.Module):
    def __init__(self, image_size, num_channels, z_dim, width: int = 8):
        super().__init__()
        self.shape, self.scale = (num_channels, image_size, image_size), nn.Parameter(torch.randn(width))
        self.layer = nn.Linear(z_dim, num_channels * image_size**2)

    def forward(self, z):
        return torch.tanh(self.layer(z) * self.scale.mean()).unflatten(1, self.shape)


class PairDiscriminator(nn.Sequential):
    def __init__(self, image_size, num_channels, width: int = 8):
        hidden = [nn.Linear(num_channels * image_size**2, width), nn.ReLU()]
        super().__init__(nn.Flatten(), *hidden, nn.Linear(width, 1), nn.Flatten(0))


def built_generator(image_size, num_channels, z_dim):
    return PairGenerator(image_size, num_channels, z_dim)


def built_discriminator(image_size, num_channels):
    return PairDiscriminator(image_size, num_channels)


def margin_discriminator(real_logits, fake_logits, margin: float = 1):
    return torch.relu(margin - real_logits).mean() + torch.relu(margin + fake_logits).mean()


def margin_generator(real_logits, fake_logits):
    return -fake_logits.mean()


def paired_discriminator(real_logits, fake_logits):
    return torch.nn.functional.softplus(fake_logits - real_logits).mean()


def paired_generator(real_logits, fake_logits):
    return torch.nn.functional.softplus(real_logits - fake_logits).mean()


def slope(discriminator, real_images, fake_images, noise, target: float = 0.0):
    points = (noise * real_images + (1 - noise) * fake_images).detach().requires_grad_()
    (gradient,) = torch.autograd.grad(discriminator(points).sum(), points, create_graph=True)
    return (gradient.flatten(1).norm(dim=1) - target).square().mean()


def norm_free(discriminator, real_images, fake_images):
    return discriminator(real_images).square().mean()


def wobble(images, numbers, strength: float = 0.1, fade: bool = False):
    shift = (numbers[:, :1, None, None] - 0.5) * strength
    return images * 0.5 + shift if fade else images + shift


def shapes(number: int = 200, kind: Literal["both", "bars"] = "both", seed=0):
    random = np.random.default_rng(seed)
    images, labels = random.integers(0, 64, (number, 1, 16, 16), np.uint8), random.integers(0, 2, number)
    images[labels == 1, :, 4:8] = 255
    images[labels == 0, :, :, 4:8] = 255
    if kind == "bars":
        labels[:] = 1
    return images, labels
"""

STUDY = """name: own
dataset: {name: digits, image_size: 16}
objective: {extractor: autoencoder, extractor_kimg: 1, num_samples: 100}
budget: {trials_per_arm: 2, total_kimg: 0.256, evaluate_every_kimg: 0.128}
code: own_parts.py
arms:
  mine:
    network: {name: Plain, depth: 3}
    loss: margin
    penalty: {name: slope, target: 0.5}
    search_space:
      loss.margin: {uniform: [0.5, 2]}
      network.act: {choice: [relu, tanh]}
      penalty_weight: {log_uniform: [0.1, 10]}
  dcgan: {network: dcgan, loss: least_squares}
search_space:
  g_lr: {log_uniform: [1e-4, 1e-3]}
  network.width: {choice: [4, 8]}
confirm: {top_k: 1, seeds: 1}
"""


def write_own_study(folder: Path, *changes: tuple[str, str], code: str = CODE) -> Path:
    """Write the study and its code into a folder, with replacements in the study, and return the study's path."""
    text = STUDY
    for before, after in changes:
        assert before in text, before
        text = text.replace(before, after)
    (folder / "own_parts.py").write_text(code)
    (folder / "own.yaml").write_text(text)
    return folder / "own.yaml"


def own_study(folder: Path, *changes: tuple[str, str], code: str = CODE) -> StudyConfig:
    """The study, read from a folder."""
    return load_study(write_own_study(folder, *changes, code=code))


def own_training(study: StudyConfig, arm: str = "mine") -> TrainingConfig:
    """The first training of an arm."""
    found = Arm(study, arm)
    return resolve_training(found, first_trial_values(found), 0, 1000)
