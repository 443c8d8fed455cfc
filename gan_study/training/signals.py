"""What an evaluation sees besides the score: cheap signs of collapse and of how the two players stand.

The generated images that are compared with each other are the first of those that the score is made from. Nothing here
touches the training: the players are left as they were, and the numbers come from a stream of their own.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from gan_study.config.names import LossName
from gan_study.config.training import TrainingConfig
from gan_study.data.datasets import Dataset
from gan_study.diagnosis.measures.discriminator import logits_to_accuracy, losses_to_jensen_shannon
from gan_study.diagnosis.measures.image_signals import duplicate_share, latent_sensitivity, mean_distance
from gan_study.gan.conversion import to_float, to_uint8
from gan_study.gan.losses import LOSSES
from gan_study.gan.packing import pack_images
from gan_study.runs.records import SignalsRecord
from gan_study.training.distributed import Workers
from gan_study.training.randomness import Stream, draw_latents, stream_seed
from gan_study.training.state import TrainingState

_NUM_COMPARED = 256
"""Images of the averaged generator, at most, that are compared with each other."""
_NUM_JUDGED = 128
"""Images of each kind, at most, that the discriminator judges."""


class _Scale(NamedTuple):
    """The discriminator's logits under one loss."""

    best_real: float
    """Where a real image adds nothing to the loss (wasserstein: no more than its logit)."""
    best_fake: float
    """Where a generated image adds nothing."""
    boundary: float | None
    """Above it the discriminator takes an image for real; None if the logits have no zero."""


_SCALES: dict[LossName, _Scale] = {
    "hinge": _Scale(1, -1, 0),
    "least_squares": _Scale(1, 0, 0.5),
    "minimax": _Scale(np.inf, -np.inf, 0),
    "non_saturating": _Scale(np.inf, -np.inf, 0),
    "wasserstein": _Scale(0, 0, None),
}
"""Without the relativistic loss, which knows differences of logits alone."""
_CROSS_ENTROPIES = ("minimax", "non_saturating")


@dataclass(frozen=True, eq=False)
class Probe:
    """The images and latents that all evaluations of a training see."""

    real_distance: float | None
    """Mean distance of training images in [-1, 1]; None of fewer than two, or if all are equal."""
    judged: Tensor
    """Held-out images NCHW in [-1, 1], as many as divide into stacks of `pac`; fewer than two stacks are not judged."""
    z: Tensor
    """(N, z_dim) latents of as many generated images, which are judged beside them."""


@dataclass(eq=False)
class Shown:
    """What a generator has first made while it was watched: at most `_NUM_COMPARED` images, from their latents."""

    z: list[Tensor]
    """(n, z_dim) each."""
    images: list[Tensor]
    """(n, ...) each, in [-1, 1]."""

    def add(self, generator: nn.Module, arguments: tuple[Tensor, ...], images: Tensor) -> None:
        """Keep what is still wanted of a call of `generator`; a forward hook."""
        wanted = _NUM_COMPARED - sum(len(part) for part in self.images)
        if wanted > 0:
            self.z.append(arguments[0][:wanted])
            self.images.append(images[:wanted])


@contextmanager
def watch(generator: nn.Module) -> Iterator[Shown]:
    """What `generator` makes first while this is open."""
    shown = Shown([], [])
    hook = generator.register_forward_hook(shown.add)
    try:
        yield shown
    finally:
        hook.remove()


def make_probe(training: TrainingConfig, dataset: Dataset, workers: Workers) -> Probe:
    """The probe of a training, a function of its seed alone."""
    random = np.random.default_rng(stream_seed(training.seed, Stream.SIGNALS))
    num_judged = min(_NUM_JUDGED, len(dataset.held_out_indices)) // training.pac * training.pac
    num_compared = min(_NUM_COMPARED, len(dataset.train_indices))
    compared = dataset.images[np.sort(random.choice(dataset.train_indices, num_compared, replace=False))]
    judged = dataset.images[np.sort(random.choice(dataset.held_out_indices, num_judged, replace=False))]
    dtype = getattr(torch, training.precision)
    pixels = to_float(torch.from_numpy(compared)).flatten(1).numpy()
    return Probe(
        real_distance=(mean_distance(pixels) or None) if num_compared >= 2 else None,
        judged=to_float(torch.from_numpy(judged).to(workers.device), dtype).to(memory_format=torch.channels_last),
        z=draw_latents(training, num_judged, Stream.SIGNALS).to(workers.device, dtype),
    )


@torch.no_grad()
def take_signals(
    state: TrainingState, probe: Probe, shown: Shown, training: TrainingConfig, workers: Workers
) -> SignalsRecord:
    """The signs of trouble of a training where it stands; the same on every rank. Collective.

    shown: what its averaged generator has been seen to make.

    Every rank judges, because synchronised batch norm wants company; what rank 0 saw counts.
    """
    logits = _logits(state, probe, training)
    images = {"images": torch.cat(shown.images)} if shown.images else {}
    non_finite = tuple(name for name, output in (images | logits).items() if not output.isfinite().all())
    values: dict[str, Any] = {"non_finite": non_finite}
    if workers.is_first and "images" not in non_finite:
        values |= _image_signals(torch.cat(shown.z), images["images"], probe)
    if logits and not logits.keys() & non_finite:
        values |= judge_logits(training.loss, bool(training.label_smoothing), **logits)
    own = SignalsRecord.model_validate(values)
    return workers.from_first_rank(lambda: own)


def _image_signals(z: Tensor, images: Tensor, probe: Probe) -> dict[str, Any]:
    latents, pixels = z.float().cpu().numpy(), images.float().flatten(1).cpu().numpy()
    duplicates = duplicate_share(to_uint8(images).cpu().numpy())
    if len(images) < 2:
        return {"duplicates": duplicates}
    # Each image beside the one half the set further on.
    pairs = slice(0, len(z) // 2), slice(len(z) // 2, len(z) // 2 * 2)
    return {
        "duplicates": duplicates,
        "pairwise_distance_ratio": probe.real_distance and mean_distance(pixels) / probe.real_distance,
        "latent_sensitivity": latent_sensitivity(*(latents[i] for i in pairs), *(pixels[i] for i in pairs)),
    }


def _logits(state: TrainingState, probe: Probe, training: TrainingConfig) -> dict[str, Tensor]:
    """What the discriminator, as it is in training, gives held-out images and those of the generator it plays against.

    Empty for a loss whose single logits mean nothing, and with too few held-out images.
    """
    num = len(probe.judged)
    if training.loss not in _SCALES or num < 2 * training.pac:
        return {}
    with _buffers_kept(state.generator, state.discriminator):
        return {
            "real_logits": state.discriminator(pack_images(probe.judged, training.pac)),
            "fake_logits": state.discriminator(pack_images(state.generator(probe.z), training.pac)),
        }


@contextmanager
def _buffers_kept(*networks: nn.Module) -> Iterator[None]:
    """Networks in training mode change as they judge: running statistics, the vectors of spectral normalisation.

    Copies of the whole networks would cost as much as what they judge.
    """
    kept = [(buffer, buffer.clone()) for network in networks for buffer in network.buffers()]
    try:
        yield
    finally:
        for buffer, value in kept:
            buffer.copy_(value)


def judge_logits(loss: LossName, is_smoothed: bool, real_logits: Tensor, fake_logits: Tensor) -> dict[str, float]:
    """The signals of `SignalsRecord` that finite logits, (N,) each, hold under a loss other than relativistic.

    is_smoothed: whether the training smooths its labels, so that the discriminator's aim is another.
    """
    scale, real, fake = _SCALES[loss], real_logits.double().cpu(), fake_logits.double().cpu()
    lost = LOSSES[loss].discriminator
    found = {
        "d_loss_real": float(lost(real, torch.full_like(fake, scale.best_fake))),
        "d_loss_fake": float(lost(torch.full_like(real, scale.best_real), fake)),
    }
    if scale.boundary is None:
        return {**found, "wasserstein": float(real.mean() - fake.mean())}
    accuracy = logits_to_accuracy((real - scale.boundary).numpy(), (fake - scale.boundary).numpy())
    found |= {"d_accuracy_real": accuracy.real, "d_accuracy_fake": accuracy.fake}
    if loss in _CROSS_ENTROPIES and not is_smoothed:
        found["jensen_shannon"] = losses_to_jensen_shannon(found["d_loss_real"], found["d_loss_fake"])
    return found
