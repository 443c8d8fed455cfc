"""A trial of own parts on a tiny batch, before anything is trained with them."""

import io
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from gan_study.config.own.parts import is_own
from gan_study.config.training import TrainingConfig
from gan_study.errors import InputError
from gan_study.gan.latents import draw_z
from gan_study.gan.own_code import own_errors
from gan_study.gan.own_randomness import OwnRandomness
from gan_study.gan.packing import pack_images
from gan_study.gan.parts import loss_of, networks_of, own_place_of, penalty_of

_NUM_STACKS = 4
"""Stacks of `pac` images in the tiny batch."""


def require_sound_parts(training: TrainingConfig, num_channels: int) -> None:
    """Raise InputError, with a line for each fault, unless the own parts of a training do what a training needs.

    The code must have been loaded. Checked are the shapes and the range of the outputs, finite values, gradients of
    every parameter (also through a gradient penalty), a round trip of the weights, and equal weights from equal seeds.
    """
    try:
        problems = list(_faults(training, num_channels))
    except InputError as error:
        problems = list(error.problems)
    if problems:
        raise InputError(problems)


def _faults(training: TrainingConfig, num_channels: int) -> Iterator[str]:
    generator, discriminator = _networks(training, num_channels)
    num, size = _NUM_STACKS * training.pac, training.dataset.image_size
    network = own_place_of(training, training.network.name)
    with OwnRandomness(0):
        z = draw_z(num, training.z_dim, training.z_distribution)
        real_images = torch.rand(num, num_channels, size, size) * 2 - 1
    fake_images = _seeded("the generator", generator, z)
    if wrong := _wrong_images(fake_images, (num, num_channels, size, size)):
        yield f"{network}: the generator {wrong}"
        return
    judge = _judge(discriminator, training.pac)
    real_logits, fake_logits = (_seeded("the discriminator", judge, images) for images in (real_images, fake_images))
    for logits in (real_logits, fake_logits):
        if not isinstance(logits, Tensor) or tuple(logits.shape) != (_NUM_STACKS,) or not logits.isfinite().all():
            yield (
                f"{network}: the discriminator must give one finite logit for each of {_NUM_STACKS} inputs, of shape "
                f"({_NUM_STACKS},), but got {_described(logits)}"
            )
            return
    again = _seeded("the generator", generator, z), _seeded("the discriminator", judge, real_images)
    if not torch.equal(again[0], fake_images) or not torch.equal(again[1], real_logits):
        yield (
            f"{network}: torch's seed must decide what both players return, but a second call with the same seed "
            "returned something else; draw random numbers by torch's functions alone, without numpy or random"
        )
    yield from _loss_faults(training, generator, discriminator, real_images, fake_images)
    yield from _penalty_faults(training, discriminator, real_images, fake_images.detach())
    if is_own(training.network.name):
        yield from _weight_faults(training, num_channels, (generator, discriminator), network)


def _networks(training: TrainingConfig, num_channels: int) -> tuple[nn.Module, nn.Module]:
    with OwnRandomness(0):
        networks = networks_of(training, num_channels)
    for player, network in zip(("generator", "discriminator"), networks, strict=True):
        if not isinstance(network, nn.Module):
            raise InputError(
                f"{own_place_of(training, training.network.name)}: the {player} must be a torch.nn.Module, but got "
                f"{type(network).__name__}; return the module"
            )
    return networks


def _wrong_images(images: object, shape: tuple[int, ...]) -> str | None:
    """The fault of a generator's output; None if it is images."""
    if not isinstance(images, Tensor) or tuple(images.shape) != shape:
        return f"must turn {shape[0]} latents into images of shape {shape}, but got {_described(images)}"
    if not images.isfinite().all():
        return "must make finite images, but got some that are not"
    low, high = (float(value) for value in images.detach().aminmax())
    return None if low >= -1.001 and high <= 1.001 else f"must make images in [-1, 1], but got {low:.3g} to {high:.3g}"


def _loss_faults(
    training: TrainingConfig,
    generator: nn.Module,
    discriminator: nn.Module,
    real_images: Tensor,
    fake_images: Tensor,
) -> Iterator[str]:
    """Faults of both players' losses, and parameters that no gradient reaches."""
    judge, losses = _judge(discriminator, training.pac), loss_of(training)
    place = own_place_of(training, training.loss if is_own(training.loss) else training.network.name)
    for player, network in (("discriminator", discriminator), ("generator", generator)):
        with own_errors(f"the {player}'s loss"):
            loss = getattr(losses, player)(judge(real_images), judge(fake_images))
        if not isinstance(loss, Tensor) or loss.dim() > 0 or not loss.isfinite():
            yield f"{place}: the {player}'s loss must be one finite number, but got {_described(loss)}"
            continue
        if not loss.requires_grad:
            yield f"{place}: the {player}'s loss must depend on the logits, but it does not"
            continue
        network.zero_grad(set_to_none=True)
        with own_errors("the backward pass"):
            loss.backward(retain_graph=True)
        yield from _without_gradient(network, player, place)


def _without_gradient(network: nn.Module, player: str, place: str) -> Iterator[str]:
    idle = [name for name, parameter in network.named_parameters() if parameter.grad is None]
    if idle:
        shown = ", ".join(idle[:5]) + (f" and {len(idle) - 5} more" if len(idle) > 5 else "")
        yield f"{place}: every parameter of the {player} must get a gradient from its loss, but got none for {shown}"
    if any(p.grad is not None and not p.grad.isfinite().all() for p in network.parameters()):
        yield f"{place}: the gradients of the {player} must be finite, but got some that are not"


def _penalty_faults(
    training: TrainingConfig, discriminator: nn.Module, real_images: Tensor, fake_images: Tensor
) -> Iterator[str]:
    penalty = penalty_of(training)
    if penalty is None:
        return
    real, fake = (pack_images(images, training.pac) for images in (real_images, fake_images))
    with OwnRandomness(1):
        noise = torch.rand(len(real), penalty.num_noise(real[0].numel()), 1, 1)
    if penalty.scale_noise is not None:
        noise = penalty.scale_noise(noise, real)
    place = own_place_of(training, training.penalty if is_own(training.penalty) else training.network.name)
    discriminator.zero_grad(set_to_none=True)
    with own_errors("the penalty"):
        value = penalty.value(discriminator, real, fake, noise)
    if not isinstance(value, Tensor) or value.dim() > 0 or not value.isfinite():
        yield f"{place}: the penalty must be one finite number, but got {_described(value)}"
    elif not value.requires_grad:
        yield (
            f"{place}: the penalty must depend on the discriminator's weights, but it does not; differentiate with "
            "create_graph=True, and through operations that can be differentiated twice"
        )
    else:
        with own_errors("the penalty's backward pass"):
            value.backward()


def _weight_faults(
    training: TrainingConfig, num_channels: int, networks: tuple[nn.Module, nn.Module], place: str
) -> Iterator[str]:
    """Weights that a snapshot would lose, or that the seed does not decide."""
    for player, network, again in zip(
        ("generator", "discriminator"), networks, _networks(training, num_channels), strict=True
    ):
        buffer = io.BytesIO()
        torch.save(network.state_dict(), buffer)
        buffer.seek(0)
        equal = [torch.equal(a, b) for a, b in zip(network.parameters(), again.parameters(), strict=True)]
        if not all(equal):
            yield (
                f"{place}: the seed must decide the {player}'s weights, but two from one seed differ; draw them by "
                "torch's functions alone, without numpy or random"
            )
        again.load_state_dict(torch.load(buffer, weights_only=True))


def _seeded(what: str, function: Callable[[Tensor], Tensor], given: Tensor) -> Tensor:
    """Call a player with torch's global random numbers at a fixed seed, which are put back."""
    with torch.random.fork_rng(devices=[]), own_errors(what):
        torch.manual_seed(0)
        return function(given)


def _judge(discriminator: nn.Module, pac: int) -> Callable[[Tensor], Tensor]:
    return lambda images: discriminator(pack_images(images, pac))


def _described(value: object) -> str:
    if not isinstance(value, Tensor):
        return type(value).__name__
    if value.dim() == 0:
        return f"{float(value.detach()):g}"
    finite = "" if value.isfinite().all() else " with values that are not finite"
    return f"shape {tuple(value.shape)}{finite}"
