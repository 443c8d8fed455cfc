"""The arithmetic of a training: the type of its weights, and the shorter floats in which its networks may compute."""

import torch

from gan_study.config.training import TrainingConfig
from gan_study.errors import InputError


def weights_dtype(training: TrainingConfig) -> torch.dtype:
    """Return the type of weights, images and losses: float32 also for bf16, which is for the inside of networks."""
    return torch.float64 if training.precision == "float64" else torch.float32


def network_arithmetic(training: TrainingConfig, device: torch.device) -> torch.autocast:
    """Return a context in which networks make their large products in bfloat16, if the training is in bf16.

    A pass that is to be differentiated twice must be outside.
    """
    # All threads share torch's cache of shortened weights, and each empties it, which would change another's rounding.
    return torch.autocast(device.type, torch.bfloat16, training.precision == "bf16", cache_enabled=False)


def check_precision(training: TrainingConfig, device: torch.device) -> None:
    """Raise InputError if the device cannot compute in the training's precision."""
    if training.precision == "bf16" and device.type == "cuda" and not torch.cuda.is_bf16_supported():
        raise InputError(
            "training.precision: bf16 needs a GPU that computes in bfloat16, but got "
            f"{torch.cuda.get_device_name(device)}; use precision: float32, or another GPU"
        )
