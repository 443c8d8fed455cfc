"""The device that a command line names."""

import torch

from gan_study.config.reading.suggestions import no_such
from gan_study.errors import InputError
from gan_study.training.distributed import choose_device

_DEVICES = ("auto", "cpu", "cuda")


def device_named(name: str) -> torch.device:
    """Return the device for auto, cpu or cuda. Raises InputError for another name, and for cuda without a GPU."""
    if name not in _DEVICES:
        raise InputError(f"--device: {no_such('device', name, _DEVICES)}")
    device = choose_device(use_gpu=name != "cpu")
    if name == "cuda" and device.type != "cuda":
        raise InputError("--device: cuda needs a GPU that torch can use, but got none; use auto or cpu")
    return device
