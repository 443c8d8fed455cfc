"""A trial of own parts on a tiny batch, before anything is trained with them."""

import io
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from gan_study.config.own.parts import is_own, own_names_in
from gan_study.config.paper_defaults import takes_single_gradients
from gan_study.config.training import TrainingConfig
from gan_study.errors import InputError
from gan_study.gan.latents import draw_inputs
from gan_study.gan.own_randomness import OwnRandomness
from gan_study.gan.packing import pack_images
from gan_study.gan.parts import OWN_NUMBERS, loss_of, networks_of, own_augmentation, own_place_of, penalty_of
from gan_study.own_code import own_errors

_NUM_STACKS = 4
"""Stacks of `pac` images in the tiny batch."""
_FAR = 10
"""Values of augmented images may leave [-1, 1], but not by as much as those in [0, 255]."""
_BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm)


def require_sound_parts(training: TrainingConfig, num_channels: int) -> None:
    """Raise InputError, with a line for each fault, unless the own parts of a training do what a training needs.

    The code must have been loaded. Checked are the shapes and the range of the outputs, finite values, gradients of
    every parameter (also through a gradient penalty or an augmentation), a round trip of the weights, and equal weights
    from equal seeds.
    A training without own parts, whose data set may be an own one, is sound.
    """
    if not any(map(own_names_in, (training.network.name, training.loss, training.penalty, training.augment))):
        return
    unconditional = training.model_copy(update={"conditional": "none"})  # as own parts are called in either case
    try:
        problems = list(_faults(unconditional, num_channels))
    except InputError as error:
        problems = list(error.problems)
    if problems:
        raise InputError(problems)


def batch_norm_note(training: TrainingConfig, num_channels: int) -> str | None:
    """A sentence if an own discriminator has batch norm, and a penalty of each image's gradient; None if not.

    The code must have been loaded.
    """
    if not is_own(training.network.name) or not takes_single_gradients(training.penalty):
        return None
    _, discriminator = _networks(training, num_channels)
    names = [name for name, module in discriminator.named_modules() if isinstance(module, _BATCH_NORMS)]
    if not names:
        return None
    return (
        f"{own_place_of(training, training.network.name)}: the discriminator has batch norm ({', '.join(names[:3])}), "
        f"which mixes the gradients of all images, but {training.penalty} is a penalty of each image's own (WGAN-GP "
        "paper, section 4); leave the norm out, or normalise each image by itself"
    )


def _faults(training: TrainingConfig, num_channels: int) -> Iterator[str]:
    generator, discriminator = _networks(training, num_channels)
    num, size = _NUM_STACKS * training.pac, training.dataset.image_size
    network = own_place_of(training, training.network.name)
    with OwnRandomness(0):
        z = draw_inputs(training, num)
        real_images = torch.rand(num, num_channels, size, size) * 2 - 1
    fake_images, other_images = _twice(generator, "the generator", generator, z)
    if wrong := _wrong_images(fake_images, (num, num_channels, size, size)):
        yield f"{network}: the generator {wrong}"
        return
    judge = _judge(discriminator, training.pac)
    real_logits, other_logits = _twice(discriminator, "the discriminator", judge, real_images)
    fake_logits = _drawn("the discriminator", judge, fake_images)
    for logits in (real_logits, fake_logits):
        if not isinstance(logits, Tensor) or tuple(logits.shape) != (_NUM_STACKS,) or not logits.isfinite().all():
            yield (
                f"{network}: the discriminator must give one finite logit for each of {_NUM_STACKS} inputs, of shape "
                f"({_NUM_STACKS},), but got {_described(logits)}"
            )
            return
    if not torch.equal(other_images, fake_images) or not torch.equal(other_logits, real_logits):
        yield f"{network}: {_unseeded('what both players return')}"
    for name in own_names_in(training.augment):
        yield from _augmentation_faults(training, name, real_images)
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
        logits = judge(real_images), judge(fake_images)
        loss, again = (_drawn(f"the {player}'s loss", getattr(losses, player), *logits) for _ in range(2))
        if not isinstance(loss, Tensor) or loss.dim() > 0 or not loss.isfinite():
            yield f"{place}: the {player}'s loss must be one finite number, but got {_described(loss)}"
            continue
        if not loss.requires_grad:
            yield f"{place}: the {player}'s loss must depend on the logits, but it does not"
            continue
        if not torch.equal(loss, again):
            yield f"{place}: {_unseeded(f'the loss of the {player}')}"
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
    given = {"real images": real, "generated images": fake, "noise": noise}
    given |= {f"weight {name}": value for name, value in discriminator.named_parameters()}
    before = {name: value.detach().clone() for name, value in given.items()}
    value, again = _twice(discriminator, "the penalty", penalty.value, discriminator, real, fake, noise)
    if changed := [name for name, value in before.items() if not torch.equal(value, given[name])]:
        yield (
            f"{place}: the penalty must leave its inputs and the weights as they are, but got a change of "
            f"{', '.join(changed[:5])}; work on copies, without operations that end in _"
        )
        return
    if not isinstance(value, Tensor) or value.dim() > 0 or not value.isfinite():
        yield f"{place}: the penalty must be one finite number, but got {_described(value)}"
    elif not value.requires_grad:
        yield (
            f"{place}: the penalty must depend on the discriminator's weights, but it does not; differentiate with "
            "create_graph=True, and through operations that can be differentiated twice"
        )
    else:
        if not torch.equal(value, again):
            yield f"{place}: {_unseeded('the penalty')}"
        with own_errors("the penalty's backward pass"):
            value.backward()


def _augmentation_faults(training: TrainingConfig, name: str, images: Tensor) -> Iterator[str]:
    place, change = own_place_of(training, name), own_augmentation(training, name).change
    with OwnRandomness(2):
        numbers = torch.rand(len(images), OWN_NUMBERS)
    leaf = images.clone().requires_grad_()
    given = leaf * 1
    changed, again = (_drawn("the augmentation", change, given, numbers) for _ in range(2))
    if not isinstance(changed, Tensor) or changed.shape != images.shape or changed.dtype != images.dtype:
        shape = f"{tuple(images.shape)} and type {images.dtype}"
        yield f"{place}: the augmentation must return images of shape {shape}, but got {_described(changed)}"
        return
    if not torch.equal(given, leaf):
        yield f"{place}: the augmentation must leave the images that it gets as they are; return changed copies"
    elif not torch.equal(changed, again):
        yield f"{place}: {_unseeded('the changed images')}"
    if not changed.isfinite().all() or changed.detach().abs().max() > _FAR:
        yield f"{place}: the augmentation must keep images in about [-1, 1], but got values beyond {_FAR} or not finite"
    gradient = None
    if changed.requires_grad:
        with own_errors("the augmentation's backward pass"):
            (gradient,) = torch.autograd.grad(changed.square().sum(), leaf, allow_unused=True)
    if gradient is None or not gradient.any() or not gradient.isfinite().all():
        yield (
            f"{place}: finite gradients must pass through the augmentation to the images, but got "
            f"{'none' if gradient is None or not gradient.any() else 'others'}; change them by torch's functions alone"
        )


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


def _drawn(what: str, function: Callable[..., Tensor], *given: object) -> Tensor:
    """Call a part with torch's global random numbers at a fixed seed, which are put back."""
    with torch.random.fork_rng(devices=[]), own_errors(what):
        torch.manual_seed(0)
        return function(*given)


def _judge(discriminator: nn.Module, pac: int) -> Callable[[Tensor], Tensor]:
    return lambda images: discriminator(pack_images(images, pac))


def _twice(network: nn.Module, what: str, function: Callable[..., Tensor], *given: object) -> tuple[Tensor, Tensor]:
    """Call a part twice, with the same state of a network, which a call may change: statistics, or vectors of norms."""
    state = {name: value.clone() for name, value in network.state_dict().items()}
    again = _drawn(what, function, *given)
    network.load_state_dict(state)
    return _drawn(what, function, *given), again


def _unseeded(what: str) -> str:
    return (
        f"torch's seed must decide {what}, but a second call with the same seed returned something else; draw random "
        "numbers by torch's functions alone, without numpy or random"
    )


def _described(value: object) -> str:
    if not isinstance(value, Tensor):
        return type(value).__name__
    if value.dim() == 0:
        return f"{float(value.detach()):g}"
    finite = "" if value.isfinite().all() else " with values that are not finite"
    return f"shape {tuple(value.shape)}{finite}"
