"""A small autoencoder of the data set, whose bottleneck gives the features of images without labels.

It learns the appearance of images rather than their content, so it sees variety within a class, to which a classifier
is blind. Its distances are not comparable with the FID.
"""

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn

from gan_study.config.extractors import EXTRACTORS
from gan_study.data.datasets import Dataset
from gan_study.extractors.extractor import Extractor, apply_network, shrink_images, shrunk_size
from gan_study.extractors.fitting import Indices, Lesson, fit_network, num_steps
from gan_study.extractors.fitting_state import StateFile
from gan_study.extractors.kinds import FeatureNetwork, TrainedKind
from gan_study.gan.conversion import to_float

BOTTLENECK_DIMS = 64


class Autoencoder(FeatureNetwork):
    """Strided convolutions down to less than 8 pixels a side, 64 features, and a mirrored decoder."""

    dims = BOTTLENECK_DIMS

    def __init__(self, image_size: int, num_channels: int) -> None:
        super().__init__()
        encoder: list[nn.Module] = []
        decoder: list[nn.Module] = []
        size, channels, width = shrunk_size(image_size), num_channels, 32
        while size >= 8:
            encoder += [nn.Conv2d(channels, width, 4, stride=2, padding=1), nn.ReLU()]
            # An odd size loses its last row on the way down, which the padding of the output brings back.
            up = nn.ConvTranspose2d(width, channels, 4, stride=2, padding=1, output_padding=size % 2)
            decoder = [up, nn.ReLU(), *decoder] if decoder else [up]
            size, channels, width = size // 2, width, 64
        flat = channels * size * size
        self.encoder = nn.Sequential(*encoder, nn.Flatten(), nn.Linear(flat, BOTTLENECK_DIMS))
        self.decoder = nn.Sequential(
            nn.Linear(BOTTLENECK_DIMS, flat), nn.ReLU(), nn.Unflatten(1, (channels, size, size)), *decoder
        )

    def forward(self, images_uint8: Tensor) -> tuple[Tensor, None]:
        """NCHW uint8 in [0, 255] => features (N, 64), and no logits."""
        return self.encoder(shrink_images(to_float(images_uint8))), None

    def reconstruct(self, features: Tensor) -> Tensor:
        """Features (N, 64) => images NCHW float, about in [-1, 1], at most 64 pixels a side."""
        images: Tensor = self.decoder(features)
        return images


def train(
    dataset: Dataset,
    seed: int = 0,
    kimg: float = EXTRACTORS["autoencoder"].most_kimg,
    device: torch.device | None = None,
    file: StateFile | None = None,
) -> Autoencoder:
    """The autoencoder trained on the train part, without labels; repeatable on one machine; see `fit_network`."""

    def loss(network: Autoencoder, chosen: Indices) -> Tensor:
        images_uint8 = torch.from_numpy(dataset.images[chosen]).to(next(network.parameters()).device)
        features, _ = network(images_uint8)
        return nn.functional.mse_loss(network.reconstruct(features), shrink_images(to_float(images_uint8)))

    most_steps = num_steps(kimg, EXTRACTORS["autoencoder"].most_epochs, len(dataset.train_indices))
    lesson = Lesson(
        lambda: _build(dataset),
        loss,
        lambda network, chosen: float(loss(network, chosen)),
    )
    return fit_network(lesson, dataset.train_indices, most_steps, seed, device, file)


def reconstruction_error(network: Autoencoder, dataset: Dataset) -> float | None:
    """Share of the held-out images' variance that is lost: 0 for perfect reconstruction, 1 for their mean image in
    place of each.

    None if there is no variance, as in a single image or in equal images.
    """
    indices, lost, images_seen = dataset.held_out_indices, 0.0, []
    for part in np.array_split(indices, max(1, len(indices) // 100)):
        images_uint8 = torch.from_numpy(dataset.images[part])
        features, _ = apply_network(network, images_uint8)
        images = shrink_images(to_float(images_uint8))
        with torch.no_grad():
            lost += float((network.reconstruct(features) - images).double().square().sum())
        images_seen.append(images)
    images = torch.cat(images_seen).double()
    variance = float((images - images.mean(0)).square().sum())
    return lost / variance if variance > 0 else None


def _build(dataset: Dataset) -> Autoencoder:
    return Autoencoder(dataset.image_size, dataset.num_channels)


def _measure(extractor: Extractor, dataset: Dataset) -> Extractor:
    assert isinstance(extractor.network, Autoencoder)
    return replace(extractor, reconstruction_error=reconstruction_error(extractor.network, dataset))


KIND = TrainedKind("autoencoder", recipe="3", layer="bottleneck", build=_build, train=train, measure=_measure)
