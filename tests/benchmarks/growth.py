"""Images per second of dcgan's training as one thing grows: batch, image size, width, or trainings at once.

    python tests/benchmarks/growth.py [--device cpu] [--seconds 3]

Everything else stays at batch 64, 32 pixels, width 32 and one training, each with one thread on a CPU. Each rate comes
with the share that it reaches of the rate of a plain matrix product on the same machine, its roofline.
"""

import argparse
import multiprocessing
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch
from support.machine_speed import matmul_rate
from support.unscored import noise_images, operations_of_a_step, rate_of

BASE: dict[str, Any] = {"batch_size": 64, "size": 32, "width": 32}
GROWTH: dict[str, tuple[int, ...]] = {
    "batch_size": (8, 16, 32, 64, 128, 256),
    "size": (16, 32, 64, 128),
    "width": (8, 16, 32, 64, 128),
}
AT_ONCE = (1, 2, 4)


def measure(shape: dict[str, Any], device: str, seconds: float) -> tuple[float, float]:
    """Return images per second, and operations for an image."""
    torch.set_num_threads(1)
    images = noise_images(shape["size"], 3, 1024)
    network = {"name": "dcgan", "width": shape["width"]}
    values = {"network": network, "batch_size": shape["batch_size"], "z_dim": 100}
    return rate_of(images, device, seconds, **values), operations_of_a_step(images, values) / shape["batch_size"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--seconds", type=float, default=3.0)
    options = parser.parse_args()
    torch.set_num_threads(1)
    for name, sizes in GROWTH.items():
        for size in sizes:
            rate, operations = measure({**BASE, name: size}, options.device, options.seconds)
            share = rate * operations / matmul_rate(0.5, options.device)
            print(f"{name:10} {size:4}  {rate:8.1f} images/s  {share:4.0%} of the matrix rate", flush=True)
    for number in AT_ONCE:
        with ProcessPoolExecutor(number, multiprocessing.get_context("spawn")) as pool:
            work = partial(measure, BASE, options.device)
            rates = [rate for rate, _ in pool.map(work, [options.seconds] * number)]
        print(f"at once    {number:4}  {sum(rates):8.1f} images/s together", flush=True)


if __name__ == "__main__":
    main()
