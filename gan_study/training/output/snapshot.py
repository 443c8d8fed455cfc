"""A trained generator, loaded from a snapshot."""

import torch
from safetensors import SafetensorError
from safetensors.torch import load
from torch import nn

from gan_study.config.training import TrainingConfig
from gan_study.errors import InputError, first_line
from gan_study.gan.networks.layers import fix_spectral_norms_
from gan_study.gan.parts import networks_of


def load_generator(snapshot: bytes, config: TrainingConfig, num_channels: int) -> nn.Module:
    """The averaged generator in evaluation mode on the CPU: z (N, z_dim) => images NCHW float in [-1, 1].

    All its layers are plain ones: spectral norms are computed here once.

    Args:
        snapshot: the bytes that `TrialFolder.read_snapshot` returns.
        config: the configuration of the training that wrote it.
        num_channels: the channels of the images it learned.

    Raises RuntimeError if the snapshot is of another network, SafetensorError if it is damaged: see `snapshot_error`.
    """
    weights = load(snapshot)
    num_classes = len(weights.get("choice.centres", ()))
    shares = (1 / num_classes,) * num_classes if num_classes else None  # those of the snapshot replace them
    with torch.random.fork_rng(devices=[]):
        generator, _ = networks_of(config, num_channels, shares)
    generator.load_state_dict(weights)
    fix_spectral_norms_(generator.eval())
    return generator.requires_grad_(False)


def snapshot_error(place: str, error: RuntimeError | SafetensorError) -> InputError:
    """Return the user's error for the snapshot at `place`, for which `load_generator` has raised `error`."""
    reason = first_line(error)
    if isinstance(error, SafetensorError):
        return InputError(
            f"{place}: a snapshot must be whole, but this file is cut short or damaged; copy it again from where it "
            f"was trained, or give another snapshot ({reason})"
        )
    return InputError(
        f"{place}: a snapshot must hold the generator of its trial's config.json, but got other content ({reason}); "
        "give a snapshot as the training has written it"
    )
