"""An evaluation's signals besides the score: cheap signs of collapse and of the balance between the two players.

The generated images that are compared with each other are the first of those behind the score. Nothing here affects the
training: the players are left unchanged, and the random numbers come from a separate stream.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from gan_study.config.names import REAL_ABOVE
from gan_study.config.training import TrainingConfig
from gan_study.data.datasets import Dataset
from gan_study.diagnosis.measures.discriminator import logits_to_accuracy, losses_to_jensen_shannon
from gan_study.diagnosis.measures.image_signals import duplicate_share, latent_sensitivity, mean_distance
from gan_study.gan.conversion import to_float, to_uint8
from gan_study.gan.losses import LOSSES
from gan_study.gan.packing import pack_images
from gan_study.gan.parts import classes_of
from gan_study.runs.records.measurements import SignalsRecord
from gan_study.training.distributed import Workers
from gan_study.training.measures.generated import NUM_FIRST
from gan_study.training.precision import weights_dtype
from gan_study.training.randomness import Stream, draw_latents, stream_seed
from gan_study.training.state import TrainingState
from gan_study.training.steps import given_labels

_NUM_JUDGED = 128
"""Most images of each kind that the discriminator judges."""


class _Scale(NamedTuple):
    """The discriminator's logits under one loss."""

    best_real: float
    """Logit of a real image that adds nothing to the loss."""
    best_fake: float
    """Logit of a generated image that adds nothing to the loss."""


_SCALES: dict[str, _Scale] = {
    "hinge": _Scale(1, -1),
    "least_squares": _Scale(1, 0),
    "minimax": _Scale(np.inf, -np.inf),
    "non_saturating": _Scale(np.inf, -np.inf),
    "wasserstein": _Scale(0, 0),
}
"""The relativistic loss is missing, because it only uses differences of logits."""
_CROSS_ENTROPIES = ("minimax", "non_saturating")


@dataclass(frozen=True, eq=False)
class Probe:
    """The images and latents that all evaluations of a training use."""

    real_distance: float | None
    """Mean distance of training images in [-1, 1]; None if there are fewer than two, or if all are equal."""
    judged: Tensor
    """Held-out images NCHW in [-1, 1], a multiple of `pac`. Fewer than two stacks of `pac` images are not judged."""
    z: Tensor
    """(N, `num_inputs`) inputs of the generator for as many generated images, which are judged too."""
    labels: Tensor | None
    """(N,) classes of both kinds of images; None if the GAN is not conditional."""


@dataclass(eq=False)
class FirstImages:
    """The first images of a generator, at most `NUM_FIRST`, with their latents."""

    z: list[Tensor]
    """Parts of shape (n, z_dim)."""
    images: list[Tensor]
    """Parts of shape (n, ...), in [-1, 1]."""

    def add(self, generator: nn.Module, arguments: tuple[Tensor, ...], images: Tensor) -> None:
        """Keep the images of a call of `generator` that are still wanted. This is a forward hook."""
        wanted = NUM_FIRST - sum(len(part) for part in self.images)
        if wanted > 0:
            self.z.append(arguments[0][:wanted])
            self.images.append(images[:wanted])


@contextmanager
def first_images(generator: nn.Module) -> Iterator[FirstImages]:
    """Collect the first images that `generator` makes in this context."""
    found = FirstImages([], [])
    hook = generator.register_forward_hook(found.add)
    try:
        yield found
    finally:
        hook.remove()


def make_probe(training: TrainingConfig, dataset: Dataset, workers: Workers) -> Probe:
    """Return the probe of a training, chosen by its seed alone."""
    random = np.random.default_rng(stream_seed(training.seed, Stream.SIGNALS))
    num_judged = min(_NUM_JUDGED, len(dataset.held_out_indices)) // training.pac * training.pac
    num_compared = min(NUM_FIRST, len(dataset.train_indices))
    compared = dataset.images[np.sort(random.choice(dataset.train_indices, num_compared, replace=False))]
    judged_indices = np.sort(random.choice(dataset.held_out_indices, num_judged, replace=False))
    judged = dataset.images[judged_indices]
    z, labels = draw_latents(training, num_judged, Stream.SIGNALS), None
    if (classes := classes_of(training, dataset.class_shares)) is not None:
        assert dataset.labels is not None, "classes have labels"
        labels = torch.from_numpy(dataset.labels[judged_indices])
        z[:, -1] = classes.choice().centres[labels]
    dtype = weights_dtype(training)
    pixels = to_float(torch.from_numpy(compared)).flatten(1).numpy()
    return Probe(
        real_distance=(mean_distance(pixels) or None) if num_compared >= 2 else None,
        judged=to_float(torch.from_numpy(judged).to(workers.device), dtype).to(memory_format=torch.channels_last),
        z=z.to(workers.device, dtype),
        labels=None if labels is None else labels.to(workers.device),
    )


@torch.no_grad()
def measure_signals(
    state: TrainingState, probe: Probe, first: FirstImages, training: TrainingConfig, workers: Workers
) -> SignalsRecord:
    """Measure the signals of a training at its present state. Collective.

    first: the first images of the averaged generator at this evaluation.

    All ranks compute logits, because synchronised batch norm needs all of them; the signals are rank 0's.
    """
    logits = _logits(state, probe, training)
    return workers.from_first_rank(lambda: _outputs_to_signals(first, logits, probe, training))


def _outputs_to_signals(
    first: FirstImages, logits: dict[str, Tensor], probe: Probe, training: TrainingConfig
) -> SignalsRecord:
    images = {"images": torch.cat(first.images)} if first.images else {}
    non_finite = tuple(name for name, output in (images | logits).items() if not output.isfinite().all())
    values: dict[str, Any] = {"non_finite": non_finite}
    if "images" not in non_finite:
        values |= _image_signals(torch.cat(first.z), images["images"], probe)
    if logits and not logits.keys() & non_finite:
        values |= logits_to_signals(training.loss, bool(training.label_smoothing), **logits)
    return SignalsRecord.model_validate(values)


def _image_signals(z: Tensor, images: Tensor, probe: Probe) -> dict[str, Any]:
    latents, pixels = z.float().cpu().numpy(), images.float().flatten(1).cpu().numpy()
    duplicates = duplicate_share(to_uint8(images).cpu().numpy())
    if len(images) < 2:
        return {"duplicates": duplicates}
    # Each image is paired with the one half the set further on.
    pairs = slice(0, len(z) // 2), slice(len(z) // 2, len(z) // 2 * 2)
    return {
        "duplicates": duplicates,
        "pairwise_distance_ratio": probe.real_distance and mean_distance(pixels) / probe.real_distance,
        "latent_sensitivity": latent_sensitivity(*(latents[i] for i in pairs), *(pixels[i] for i in pairs)),
    }


def _logits(state: TrainingState, probe: Probe, training: TrainingConfig) -> dict[str, Tensor]:
    """Return the logits of held-out images and of the generator's, with both networks as they are in training.

    The dictionary is empty for a loss whose single logits mean nothing, and if there are too few held-out images.
    """
    num = len(probe.judged)
    if training.loss not in _SCALES or num < 2 * training.pac:
        return {}
    judge = given_labels(state.discriminator, probe.labels)
    with _buffers_kept(state.generator, state.discriminator):
        return {
            "real_logits": judge(pack_images(probe.judged, training.pac)),
            "fake_logits": judge(pack_images(state.generator(probe.z), training.pac)),
        }


@contextmanager
def _buffers_kept(*networks: nn.Module) -> Iterator[None]:
    """Restore the networks' buffers at the end of the context.

    In training mode a forward pass changes running statistics and the vectors of spectral normalisation. Copies of the
    whole networks would cost as much as the forward passes.
    """
    kept = [(buffer, buffer.clone()) for network in networks for buffer in network.buffers()]
    try:
        yield
    finally:
        for buffer, value in kept:
            buffer.copy_(value)


def logits_to_signals(loss: str, is_smoothed: bool, real_logits: Tensor, fake_logits: Tensor) -> dict[str, float]:
    """Compute the signals of `SignalsRecord` from finite logits, (N,) each, for any loss but the relativistic.

    is_smoothed: True if the training smooths its labels, so that the discriminator has another optimum.
    """
    scale, real, fake = _SCALES[loss], real_logits.double().cpu(), fake_logits.double().cpu()
    lost = LOSSES[loss].discriminator
    found = {
        "d_loss_real": float(lost(real, torch.full_like(fake, scale.best_fake))),
        "d_loss_fake": float(lost(torch.full_like(real, scale.best_real), fake)),
    }
    if (boundary := REAL_ABOVE.get(loss)) is None:
        return {**found, "wasserstein": float(real.mean() - fake.mean())}
    accuracy = logits_to_accuracy((real - boundary).numpy(), (fake - boundary).numpy())
    found |= {"d_accuracy_real": accuracy.real, "d_accuracy_fake": accuracy.fake}
    if loss in _CROSS_ENTROPIES and not is_smoothed:
        found["jensen_shannon"] = losses_to_jensen_shannon(found["d_loss_real"], found["d_loss_fake"])
    return found
