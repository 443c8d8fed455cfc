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
from pathlib import Path
from typing import Any

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.example_dcgan import Z_DIM, Example
from support.machine_speed import count_operations, matmul_rate
from support.unscored import train_sec, training_of

from gan_study.config.hyperparameters import NetworkConfig
from gan_study.config.training import WorkersConfig
from gan_study.data.datasets import Dataset as Images
from gan_study.data.datasets import load_dataset
from gan_study.gan.conversion import to_float
from gan_study.gan.networks import build_networks

BATCH_SIZE = 64


def our_steps(images: Images, num_steps: int, num_threads: int) -> float:
    """Images per second of the project's own loop over `num_steps` steps after two to warm up."""
    values: dict[str, Any] = {"network": {"name": "dcgan", "width": 64}, "z_dim": Z_DIM, "batch_size": BATCH_SIZE}
    workers = WorkersConfig(cpus_per_worker=num_threads)
    warm, both = (train_sec(images, steps, workers, **values) for steps in (2, num_steps + 2))
    return num_steps * BATCH_SIZE / (both - warm)


def first_losses(images: Images) -> tuple[float, float]:
    """The discriminator's first loss on one batch: the project's and the peer's, which must be equal."""
    from gan_study.training.steps import accumulate_d_gradients

    peer = Example(images)
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
    peer = Example(images)
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
