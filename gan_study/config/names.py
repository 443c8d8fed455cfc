"""The names a study may use, and what may be combined. `gan/` and `data/` hold the code behind them.

These are plain literals so that reading a study needs no torch; a test holds them against the
dictionaries in `gan/` and `data/`.
"""

from typing import Literal, get_args

LossName = Literal["least_squares", "non_saturating", "wasserstein"]
PenaltyName = Literal["none", "weight_clip", "wgan_gp"]
NetworkName = Literal["dcgan", "mlp"]
DatasetName = Literal["digits", "mnist"]
HyperparameterName = Literal[
    "penalty_weight",
    "clip_value",
    "batch_size",
    "g_lr",
    "d_lr",
    "beta1",
    "beta2",
    "d_steps_per_g_step",
    "z_dim",
    "ema_half_life_kimg",
    "network.width",
    "network.discriminator_norm",
]
"""What an arm may fix or search; a dot leads into a group."""

LOSSES: tuple[str, ...] = get_args(LossName)
PENALTIES: tuple[str, ...] = get_args(PenaltyName)
NETWORKS: tuple[str, ...] = get_args(NetworkName)
DATASETS: tuple[str, ...] = get_args(DatasetName)
HYPERPARAMETERS: tuple[str, ...] = get_args(HyperparameterName)

NETWORK_IMAGE_SIZES: dict[str, tuple[int, ...] | None] = {
    "dcgan": (16, 32, 64, 128),
    "mlp": None,
}
"""Image sizes each network can be built for; None means any."""

WEIGHTED_PENALTIES = ("wgan_gp",)
"""Penalties that are added to the discriminator's loss and so have a `penalty_weight`."""

LABELLED_DATASETS = ("digits", "mnist")
"""Data sets with class labels, which the domain classifier needs."""
