"""Training throughput of gan_study against the official PyTorch DCGAN example's way of writing the same step.

Networks, batch, optimizer settings and arithmetic are the same: dcgan 64x64, one channel, width 64, batch 64,
float32. The peer makes three separate passes of the discriminator, keeps its gradients on in the generator's step,
uses torch.optim.Adam as it comes and a DataLoader over images already resized. Both take turns in one process. The
script also prints the rate of a plain matrix product in the same minute.

    python tests/benchmarks/throughput.py [--threads 2] [--rounds 5] [--steps 8]
"""

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.machine_speed import count_operations, matmul_rate
from torch import nn
from torch.utils.data import DataLoader, Dataset

from gan_study.config.hyperparameters import NetworkConfig
from gan_study.config.training import TrainingConfig, TrialConfig, WorkersConfig
from gan_study.data.datasets import Dataset as Images
from gan_study.data.datasets import load_dataset
from gan_study.gan.conversion import to_float
from gan_study.gan.networks import build_networks
from gan_study.metrics.samples import SampleStats
from gan_study.runs.folder import RunFolder
from gan_study.training.distributed import Workers
from gan_study.training.loop import train

BATCH_SIZE = 64
Z_DIM = 100


class NoScore:
    """A scorer that costs next to nothing: only training steps are timed."""

    num_samples = 2

    def extract(self, images_uint8: torch.Tensor) -> tuple[torch.Tensor, None]:
        return images_uint8.flatten(1)[:, :1].float(), None

    def score(self, samples: SampleStats) -> float | None:
        return 0.0


class PeerImages(Dataset[torch.Tensor]):
    """The output of torchvision's ToTensor and Normalize for images that are resized already."""

    def __init__(self, images: Images) -> None:
        self.images = torch.from_numpy(images.images[images.train_indices])

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> torch.Tensor:
        return self.images[index].float().div(255).sub(0.5).div(0.5)


class Peer:
    """github.com/pytorch/examples, dcgan/main.py, its loop written out again for these networks."""

    def __init__(self, images: Images) -> None:
        torch.manual_seed(0)
        network = NetworkConfig(name="dcgan", width=64, discriminator_norm="batch")
        self.net_g, self.net_d = build_networks(network, 64, images.num_channels, Z_DIM)
        self.criterion = nn.BCEWithLogitsLoss()
        self.optimizer_d = torch.optim.Adam(self.net_d.parameters(), lr=2e-4, betas=(0.5, 0.999))
        self.optimizer_g = torch.optim.Adam(self.net_g.parameters(), lr=2e-4, betas=(0.5, 0.999))
        self.loader = DataLoader(PeerImages(images), BATCH_SIZE, shuffle=True, num_workers=2, drop_last=True)
        self.batches = iter(self.loader)

    def steps(self, num_steps: int) -> float:
        start = time.perf_counter()
        for _ in range(num_steps):
            self._step()
        return num_steps * BATCH_SIZE / (time.perf_counter() - start)

    def _step(self) -> None:
        try:
            real = next(self.batches)
        except StopIteration:
            self.batches = iter(self.loader)
            real = next(self.batches)
        ones, zeros = torch.ones(BATCH_SIZE), torch.zeros(BATCH_SIZE)
        self.net_d.zero_grad()
        error_real = self.criterion(self.net_d(real), ones)
        error_real.backward()
        fake = self.net_g(torch.randn(BATCH_SIZE, Z_DIM))
        error_fake = self.criterion(self.net_d(fake.detach()), zeros)
        error_fake.backward()
        self.optimizer_d.step()
        self.net_g.zero_grad()
        error_g = self.criterion(self.net_d(fake), ones)
        error_g.backward()
        self.optimizer_g.step()
        (error_real + error_fake + error_g).item()


def training_of(images: Images, **values: Any) -> TrainingConfig:
    dataset = {"name": images.name, "image_size": 64}
    return TrainingConfig.model_validate({"dataset": dataset, "network": "dcgan", "loss": "non_saturating", **values})


def our_steps(images: Images, num_steps: int, num_threads: int) -> float:
    """Images per second of the project's own loop over `num_steps` steps after two to warm up."""
    rates = {}
    for steps in (2, num_steps + 2):
        kimg = steps * BATCH_SIZE / 1000
        network = {"name": "dcgan", "width": 64}
        training = training_of(images, network=network, z_dim=Z_DIM, total_kimg=kimg, evaluate_every_kimg=kimg)
        config = TrialConfig(training=training, workers=WorkersConfig(cpus_per_worker=num_threads))
        with tempfile.TemporaryDirectory() as folder:
            *_, last = train(config, images, NoScore(), RunFolder(folder).trial("a", "t"), Workers())
        assert last.evaluation is not None
        rates[steps] = last.evaluation.train_sec
    return num_steps * BATCH_SIZE / (rates[num_steps + 2] - rates[2])


def first_losses(images: Images) -> tuple[float, float]:
    """The discriminator's first loss on one batch: the project's and the peer's, which must be equal."""
    from gan_study.training.steps import accumulate_d_gradients

    peer = Peer(images)
    training = training_of(images)
    real = to_float(torch.from_numpy(images.images[images.train_indices[:BATCH_SIZE]]))
    with torch.no_grad():
        fake = peer.net_g(torch.randn(BATCH_SIZE, Z_DIM))
        ones, zeros = torch.ones(BATCH_SIZE), torch.zeros(BATCH_SIZE)
        theirs = peer.criterion(peer.net_d(real), ones) + peer.criterion(peer.net_d(fake), zeros)
    ours = accumulate_d_gradients(training, peer.net_d.to(memory_format=torch.channels_last), real, fake, None).loss
    return ours.item(), theirs.item()


def our_operations(images: Images) -> int:
    """Floating-point operations of one of the project's steps."""
    from gan_study.training.steps import accumulate_d_gradients, accumulate_g_gradients

    training = training_of(images)
    network = NetworkConfig(name="dcgan", width=64, discriminator_norm="batch")
    generator, discriminator = build_networks(network, 64, images.num_channels, Z_DIM)
    real = to_float(torch.from_numpy(images.images[images.train_indices[:BATCH_SIZE]]))

    def step() -> None:
        fake = generator(torch.randn(BATCH_SIZE, Z_DIM))
        accumulate_d_gradients(training, discriminator, real, fake, None)
        accumulate_g_gradients(training, generator, discriminator, fake)

    return count_operations(step)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=8)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    from gan_study.config.data import DatasetConfig

    images = load_dataset(DatasetConfig(name="digits", image_size=64))
    ours, theirs = first_losses(images)
    print(f"first discriminator loss on one batch: gan_study {ours:.6f}, peer {theirs:.6f}")
    peer = Peer(images)
    peer.steps(2)
    ratios, rates, products = [], [], []
    for number in range(options.rounds):
        peer_rate = peer.steps(options.steps)
        our_rate = our_steps(images, options.steps, options.threads)
        ratios.append(our_rate / peer_rate)
        rates.append(our_rate)
        products.append(matmul_rate())
        print(
            f"round {number}: gan_study {our_rate:.1f} images/s, peer {peer_rate:.1f}, ratio {ratios[-1]:.2f}",
            flush=True,
        )
    print(
        f"ratio: median {statistics.median(ratios):.2f}, range {min(ratios):.2f} to {max(ratios):.2f} (asked for: 1.40)"
    )
    reached = our_operations(images) / BATCH_SIZE * statistics.median(rates)
    product = statistics.median(products)
    wanted = 1.4 / statistics.median(ratios) * reached / product
    print(
        f"gan_study: {reached / 1e9:.0f} of the {product / 1e9:.0f} billion operations a second that a matrix product "
        f"reaches here ({reached / product:.0%}); a ratio of 1.40 would take {wanted:.0%}"
    )


if __name__ == "__main__":
    main()
