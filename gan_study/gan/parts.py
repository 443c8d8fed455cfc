"""The networks, the loss and the penalty of a training: ours, or own ones from code that the process has loaded."""

import inspect
from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

from gan_study.config.own.parts import OwnPart, code_hashes, is_own, own_parts
from gan_study.config.training import TrainingConfig
from gan_study.config.values.augment import augmentations_of as augmentation_names
from gan_study.errors import InputError
from gan_study.gan.augmentations import AUGMENTATIONS, Augmentation
from gan_study.gan.losses import LOSSES, Loss
from gan_study.gan.networks import build_networks
from gan_study.gan.networks.conditional import Classes
from gan_study.gan.penalties import GRADIENT_PENALTIES, Discriminator, GradientPenalty
from gan_study.own_code import own_errors, own_object

OWN_NUMBERS = 8
"""Uniform numbers for each image that an own augmentation gets."""


def networks_of(
    training: TrainingConfig, num_channels: int, class_shares: tuple[float, ...] | None = None
) -> tuple[nn.Module, nn.Module]:
    """The generator and the discriminator of a training, as `build_networks` describes them.

    class_shares: the share of each class among the training images, which a conditional GAN needs.

    Raises InputError, which names the user's line, if the code of an own network fails.
    """
    name, size = training.network.name, training.dataset.image_size
    if not is_own(name):
        classes = classes_of(training, class_shares)
        return build_networks(training.network, size, num_channels, training.z_dim, training.pac, classes)
    with own_errors("building the networks"):
        whole = _object(training, name)
        if whole is not None:
            made = whole(**_values(training, "network", whole))
            return made.generator(size, num_channels, training.z_dim), made.discriminator(
                size, training.pac * num_channels
            )
        make_generator, make_discriminator = _pair(training, name, "Generator", "Discriminator")
        generator = make_generator(size, num_channels, training.z_dim, **_values(training, "network", make_generator))
        own = _values(training, "network", make_discriminator)
        return generator, make_discriminator(size, training.pac * num_channels, **own)


def classes_of(training: TrainingConfig, shares: tuple[float, ...] | None) -> Classes | None:
    """The classes that both players know; None for a GAN that is not conditional.

    Raises InputError if it is conditional, and there are no classes.
    """
    if training.conditional == "none":
        return None
    if shares is None:
        raise InputError(
            f"conditional: a conditional GAN needs images with labels, but got conditional={training.conditional} with "
            f"dataset={training.dataset.name}, which has none; sort the images into one folder for each class, or "
            "remove conditional"
        )
    return Classes(training.conditional, shares, training.z_distribution)


def own_generator_call(training: TrainingConfig, num_channels: int) -> tuple[str, str, str]:
    """Return a file of own code, a name in it, and the call that makes the generator as Python text."""
    file, _, name = training.network.name.partition(":")
    inputs = f"{training.dataset.image_size}, {num_channels}, {training.z_dim}"

    def arguments(function: Any) -> list[str]:
        return [f"{key}={value!r}" for key, value in _values(training, "network", function).items()]

    whole = _object(training, training.network.name)
    if whole is not None:
        return file, name, f"{name}({', '.join(arguments(whole))}).generator({inputs})"
    (make,) = _pair(training, training.network.name, "Generator")
    return file, make.__name__, f"{make.__name__}({', '.join([inputs, *arguments(make)])})"


def loss_of(training: TrainingConfig) -> Loss:
    """The losses of both players of a training."""
    if not is_own(training.loss):
        return LOSSES[training.loss]
    generator, discriminator = _pair(training, training.loss, "Generator", "Discriminator")
    uses_real = "real_logits" in _part(training, training.loss).uses
    return Loss(
        discriminator=_with_values(discriminator, _values(training, "loss", discriminator)),
        generator=_with_values(generator, _values(training, "loss", generator)),
        generator_uses_real=uses_real,
    )


def penalty_of(training: TrainingConfig) -> GradientPenalty | None:
    """The penalty that is added to the loss of a training's discriminator; None if nothing is added.

    An own penalty that takes noise gets (N, 1, 1, 1) uniform numbers.
    """
    if not is_own(training.penalty):
        return GRADIENT_PENALTIES.get(training.penalty)
    penalty = _object(training, training.penalty)
    own, takes_noise = _values(training, "penalty", penalty), "noise" in _part(training, training.penalty).uses

    def value(discriminator: Discriminator, real_images: Tensor, fake_images: Tensor, noise: Tensor) -> Tensor:
        given = {"noise": noise} if takes_noise else {}
        found: Tensor = penalty(discriminator, real_images, fake_images, **given, **own)
        return found

    return GradientPenalty(value, lambda num_values: int(takes_noise))


def augmentations_of(training: TrainingConfig) -> list[Augmentation]:
    """The augmentations of a training: ours in their usual order, then own ones in that of their names."""
    names = augmentation_names(training.augment)
    ours = [augmentation for name, augmentation in AUGMENTATIONS.items() if name in names]
    return [*ours, *(own_augmentation(training, name) for name in names if is_own(name))]


def own_augmentation(training: TrainingConfig, name: str) -> Augmentation:
    """The own augmentation of this name, with the training's values of its parameters."""
    function = _object(training, name)
    own = _values(training, "augment", function)
    return Augmentation(lambda images, numbers: function(images, numbers, **own), OWN_NUMBERS)


def own_place_of(training: TrainingConfig, name: str) -> str:
    """The place of a part's definition as `file:line: name`; the bare name of a part of ours."""
    if not is_own(name):
        return name
    file = next(file for file in training.code if f"{file.file}:" == name[: len(file.file) + 1])
    part = name.partition(":")[2]
    return f"{file.place or file.file}:{file.parts[part].line}: {part}"


def _with_values(function: Callable[..., Tensor], own: dict[str, Any]) -> Callable[[Tensor, Tensor], Tensor]:
    return lambda real_logits, fake_logits: function(real_logits, fake_logits, **own)


def _object(training: TrainingConfig, name: str) -> Any:
    return own_object(code_hashes(training.code), name)


def _part(training: TrainingConfig, name: str) -> OwnPart:
    return own_parts(training.code)[name]


def _pair(training: TrainingConfig, name: str, *endings: str) -> tuple[Callable[..., Any], ...]:
    """The two functions or classes of a part, which are written as names of functions or of classes."""
    found = (_object(training, f"{name}_{e.lower()}") or _object(training, name + e) for e in endings)
    return tuple(found)


def _values(training: TrainingConfig, kind: str, function: Any) -> dict[str, Any]:
    """The values of a part's parameters that one of its functions takes."""
    taken = inspect.signature(function).parameters
    own = {name.partition(".")[2]: value for name, value in training.own.items() if name.startswith(f"{kind}.")}
    return {name: value for name, value in own.items() if name in taken}
