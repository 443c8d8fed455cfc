"""The hyperparameters that losses and penalties were published with."""

from gan_study.config.base import Scalar
from gan_study.config.names import CONVOLUTIONAL
from gan_study.config.own.parts import is_own
from gan_study.config.values.betas import betas_text

# least_squares, wasserstein with weight clipping, dragan: Lucic et al. 2018, the authors' defaults (compare_gan v1
# params.py), where WGAN's RMSProp is replaced by Adam and Adam's beta2 is left at 0.999. wgan_gp: Gulrajani et al.
# 2017, algorithm 1. non_saturating, and minimax in its place: Radford et al. 2015 (DCGAN), section 4. hinge: Miyato
# et al. 2018 (SNGAN), table 1, setting C. relativistic: Jolicoeur-Martineau 2018, section 5, CIFAR-10.
_LOSSES: dict[tuple[str, str | None], dict[str, Scalar]] = {
    ("hinge", None): {"g_lr": 2e-4, "d_lr": 2e-4, "beta1": 0.5, "beta2": 0.999, "d_steps_per_g_step": 1},
    ("least_squares", None): {"g_lr": 2e-4, "d_lr": 2e-4, "beta1": 0.5, "beta2": 0.999, "d_steps_per_g_step": 1},
    ("minimax", None): {"g_lr": 2e-4, "d_lr": 2e-4, "beta1": 0.5, "beta2": 0.999, "d_steps_per_g_step": 1},
    ("non_saturating", None): {"g_lr": 2e-4, "d_lr": 2e-4, "beta1": 0.5, "beta2": 0.999, "d_steps_per_g_step": 1},
    ("non_saturating", "dragan"): {"g_lr": 1e-4, "d_lr": 1e-4, "beta1": 0.5, "beta2": 0.999, "d_steps_per_g_step": 1},
    ("relativistic", None): {"g_lr": 2e-4, "d_lr": 2e-4, "beta1": 0.5, "beta2": 0.999, "d_steps_per_g_step": 1},
    ("wasserstein", None): {"g_lr": 5e-5, "d_lr": 5e-5, "beta1": 0.5, "beta2": 0.999, "d_steps_per_g_step": 5},
    ("wasserstein", "wgan_gp"): {"g_lr": 1e-4, "d_lr": 1e-4, "beta1": 0.0, "beta2": 0.9, "d_steps_per_g_step": 5},
}
_PENALTIES: dict[str, dict[str, Scalar]] = {
    "dragan": {"penalty_weight": 10.0},  # Kodali et al. 2017, algorithm 1
    "r1": {"penalty_weight": 10.0},  # Mescheder et al. 2018, section 6
    "r1+r2": {"penalty_weight": 10.0},  # each as by itself; Huang et al. 2024 (R3GAN) choose one for each data set
    "r2": {"penalty_weight": 10.0},  # Mescheder et al. 2018, section 6
    "weight_clip": {"clip_value": 0.01},  # Arjovsky et al. 2017, algorithm 1
    "wgan_gp": {"penalty_weight": 10.0},  # Gulrajani et al. 2017, algorithm 1
}

_NORM_FREE_PENALTIES = ("r1", "r1+r2", "r2", "wgan_gp")
"""Penalties of each image's own gradient, which batch norm would mix (WGAN-GP paper, section 4)."""
_NORM_FREE_NETWORKS = ("mlp", "resnet")
"""Networks published without a norm in the discriminator."""


def paper_defaults(loss: str, penalty: str) -> dict[str, Scalar]:
    """The hyperparameters a loss with a penalty was published with, by dotted name (sources above).

    An own loss takes those of DCGAN, and an own penalty has the weight 1.
    """
    loss = "non_saturating" if is_own(loss) else loss
    defaults = _LOSSES.get((loss, penalty)) or _LOSSES.get((loss, None), {})
    both = {"lr": defaults["g_lr"]} if defaults and defaults["g_lr"] == defaults["d_lr"] else {}
    if defaults:
        both["betas"] = betas_text(float(defaults["beta1"]), float(defaults["beta2"]))
    return {**both, **defaults, **({"penalty_weight": 1.0} if is_own(penalty) else _PENALTIES.get(penalty, {}))}


def takes_single_gradients(penalty: str) -> bool:
    """Return True if a penalty is one of each image's own gradient, as an own penalty may be."""
    return penalty in _NORM_FREE_PENALTIES or is_own(penalty)


def default_discriminator_norm(penalty: str, network: str, spectral_norm: bool, conditional: str = "none") -> str:
    """The papers' norm in the discriminator: batch; none with spectral norm, where each image's gradient counts, or in
    a projection discriminator (Miyato & Koyama 2018).
    """
    plain = spectral_norm or takes_single_gradients(penalty) or network in _NORM_FREE_NETWORKS
    plain = plain or conditional == "projection"
    return "none" if plain else "batch"


def default_g_norm(network: str) -> str:
    """The published norm in the generator: none in mlp, else batch."""
    return "none" if network == "mlp" else "batch"


def default_upsample(network: str) -> str | None:
    """The published way in which the generator doubles its feature maps; None if it has none."""
    if network not in CONVOLUTIONAL:
        return None
    return "nearest" if network == "resnet" else "transposed"
