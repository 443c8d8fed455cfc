"""The names that a study may use for losses, networks, data sets and the like.

They are plain literals so that reading a study needs no torch; a test compares them with the dictionaries in `gan/`
and `data/`, where the code behind them is.
"""

from typing import Literal, get_args

LossName = Literal["hinge", "least_squares", "minimax", "non_saturating", "relativistic", "wasserstein"]
PenaltyName = Literal["none", "dragan", "r1", "r1+r2", "r2", "weight_clip", "wgan_gp"]
NetworkName = Literal["dcgan", "infogan", "mlp", "resnet"]
OptimizerName = Literal["adam", "rmsprop"]
AugmentationName = Literal["colour", "cutout", "flip", "translation"]
DatasetName = Literal[
    "celeba",
    "cifar10",
    "digits",
    "emnist_letters",
    "fashion_mnist",
    "image_folder",
    "kmnist",
    "mnist",
    "stacked_mnist",
]
TrackerName = Literal["mlflow", "tensorboard", "wandb"]
ConditionName = Literal["loss", "penalty", "network.name", "optimizer"]
"""Hyperparameters that decide which others exist."""
SearchObjectiveName = Literal["score", "coverage", "device_sec"]
"""Objectives of a search: the study's score, the share of real neighbourhoods that generated images reach, and the
device-seconds of a trial."""
LOSSES: tuple[str, ...] = get_args(LossName)
PENALTIES: tuple[str, ...] = get_args(PenaltyName)
NETWORKS: tuple[str, ...] = get_args(NetworkName)
DATASETS: tuple[str, ...] = get_args(DatasetName)
AUGMENTATIONS: tuple[str, ...] = get_args(AugmentationName)
OPTIMIZERS: tuple[str, ...] = get_args(OptimizerName)
TRACKERS: tuple[str, ...] = get_args(TrackerName)
CONDITIONS: tuple[str, ...] = get_args(ConditionName)

MAXIMISED = ("coverage",)
"""Objectives of a search that are maximised; the others are minimised."""

NETWORK_IMAGE_SIZES: dict[str, tuple[int, ...] | None] = {
    "dcgan": (16, 32, 64, 128),
    "infogan": (28, 32, 64),
    "mlp": None,
    "resnet": (16, 32, 64, 128),
}
"""Image sizes each network can be built for; None means any."""

CONVOLUTIONAL = ("dcgan", "infogan", "resnet")
"""Networks whose generators double feature maps, and which may attend to them."""

WEIGHTED_PENALTIES = ("dragan", "r1", "r1+r2", "r2", "wgan_gp")
"""Penalties that are added to the discriminator's loss and so have a `penalty_weight`."""

LAZY_PENALTIES = ("r1", "r1+r2", "r2")
"""Penalties that may be evaluated every `penalty_every` discriminator steps only."""

REAL_ABOVE: dict[str, float] = {"hinge": 0.0, "least_squares": 0.5, "minimax": 0.0, "non_saturating": 0.0}
"""Logit above which the discriminator takes an image for real, by loss; other losses only compare logits."""

SMOOTHED_LOSSES = ("minimax", "non_saturating")
"""Losses whose target for real images is a probability, and so has one-sided `label_smoothing`."""

UNLABELLED_DATASETS = ("celeba",)
"""Data sets without class labels, which the domain classifier needs; image_folder has them in subfolders."""

COLOUR_DATASETS = ("celeba", "cifar10", "stacked_mnist")
"""Data sets of colour images; image_folder has them if its images do."""

TRAIN_IMAGES: dict[str, int | None] = {
    "celeba": 162_770,
    "cifar10": 50_000,
    "digits": 1497,
    "emnist_letters": 124_800,
    "fashion_mnist": 60_000,
    "image_folder": None,
    "kmnist": 60_000,
    "mnist": 60_000,
    "stacked_mnist": 128_000,
}
"""Images in the train part; None if the number depends on the files."""
HELD_OUT_IMAGES: dict[str, int | None] = {
    "celeba": 39_829,
    "cifar10": 10_000,
    "digits": 300,
    "emnist_letters": 20_800,
    "fashion_mnist": 10_000,
    "image_folder": None,
    "kmnist": 10_000,
    "mnist": 10_000,
    "stacked_mnist": 26_000,
}
"""Images in the held-out part; None if the number depends on the files."""

ALIASES = {
    "learning_rate": "lr",
    "n_critic": "d_steps_per_g_step",
    "n_dis": "d_steps_per_g_step",
    "lambda": "penalty_weight",
    "gp_weight": "penalty_weight",
    "latent_dim": "z_dim",
    "nz": "z_dim",
    "trials": "trials_per_arm",
    "num_trials": "trials_per_arm",
    "n_trials": "trials_per_arm",
    "kimg": "total_kimg",
    "norm": "discriminator_norm",
    "d_norm": "discriminator_norm",
    "generator_norm": "g_norm",
    "d_spectral_norm": "spectral_norm",
    "self_attention": "attention",
    "gan": "non_saturating",
    "values": "choice",
    "gp": "wgan_gp",
    "gradient_penalty": "wgan_gp",
    "clip": "weight_clip",
    "fashion": "fashion_mnist",
    "cifar": "cifar10",
    "folder": "image_folder",
    "tb": "tensorboard",
    "weights_and_biases": "wandb",
}
"""Names from papers and other tools, with our name to suggest."""
HINTS = {
    ("loss", "ragan"): "relativistic average losses are not supported; relativistic is the paired one (RpGAN, RSGAN)",
    ("loss", "rasgan"): "relativistic average losses are not supported; relativistic is the paired one (RpGAN, RSGAN)",
    ("loss", "ralsgan"): "relativistic average losses are not supported; relativistic is the paired one (RpGAN, RSGAN)",
    ("loss", "wgangp"): "write loss: wasserstein and penalty: wgan_gp",
    ("loss", "sngan"): "write loss: hinge and network: {name: resnet, spectral_norm: true}",
    ("loss", "r3gan"): "write loss: relativistic and penalty: [r1, r2]",
    ("loss", "vanilla"): "write minimax (the paper's game), or non_saturating (the loss that is mostly trained)",
    ("loss", "dragan"): "write penalty: dragan and a loss, such as non_saturating",
}
"""Advice for names that no single name of ours corresponds to, by topic."""


def attention_sizes(network: str, image_size: int) -> tuple[int, ...]:
    """Pixels a side of the feature maps that both players of a network have, and at which they may have attention."""
    if network not in CONVOLUTIONAL:
        return ()
    smallest = image_size // 4 if network == "infogan" else 4
    return tuple(smallest * 2**i for i in range((image_size // smallest).bit_length() - 1))
