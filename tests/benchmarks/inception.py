"""Images per second through Inception, pytorch-fid's and ours, and by how much the features differ.

`python tests/benchmarks/inception.py [--images 100] [--threads 2] [--rounds 3]`. The weights are random, but the real
ones up to Mixed_6e where GAN_STUDY_DATA holds them; the time does not depend on them. pytorch-fid's code reads PNG
files in batches of 50 with as many reading processes as there are threads, as its command does by default; its network
is also measured alone, on images in memory, as ours are. Rounds alternate, and the best of each counts. The script also
prints the rate of a plain matrix product on the machine.
"""

import argparse
import contextlib
import io
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from pytorch_fid import fid_score

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.machine_speed import count_operations, matmul_rate
from support.reference_inception import real_weights_as_far_as_here, reference_features, reference_network

from gan_study.extractors.extractor import apply_network
from gan_study.extractors.inception import InceptionFeatures

BATCH_SIZE = 50


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--images", type=int, default=100)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--dims", type=int, default=2048, choices=[64, 192, 768, 2048])
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    weights = real_weights_as_far_as_here()
    reference, ours = reference_network(weights, options.dims), InceptionFeatures(weights, options.dims)
    random = np.random.default_rng(0)
    # Patches of 8 pixels, which look more like an image than independent pixels do.
    coarse = random.integers(0, 256, (options.images, 3, 4, 4), dtype=np.uint8)
    images = torch.from_numpy(coarse.repeat(8, axis=2).repeat(8, axis=3))
    with tempfile.TemporaryDirectory() as folder:
        files = write_files(images, Path(folder))
        runs: dict[str, Callable[[], torch.Tensor]] = {
            "pytorch-fid from files": lambda: from_files(files, reference, options.dims, options.threads),
            "pytorch-fid's network": lambda: torch.cat(
                [reference_features(reference, part / 255) for part in images.split(BATCH_SIZE)]
            ),
            "ours": lambda: apply_network(ours, images)[0],
        }
        product = matmul_rate()
        seconds, features = dict.fromkeys(runs, float("inf")), {}
        for _ in range(options.rounds):
            for name, run in runs.items():
                start = time.perf_counter()
                features[name] = run()
                seconds[name] = min(seconds[name], time.perf_counter() - start)
    print(f"{options.images} images of 32 pixels, dims={options.dims}, {options.threads} threads")
    for name in runs:
        difference = (features[name] - features["ours"]).abs().max().item()
        rate, ratio = options.images / seconds[name], seconds[name] / seconds["ours"]
        print(f"{name:24} {rate:6.2f} images/s; ours is {ratio:.2f} times as fast; largest difference {difference:.1e}")
    operations = count_operations(lambda: reference_features(reference, images[:1] / 255))
    reached = operations * options.images / seconds["ours"]
    print(
        f"ours: {reached / 1e9:.0f} of the {product / 1e9:.0f} billion operations a second that a matrix product "
        f"reaches here ({reached / product:.0%}, counted as pytorch-fid's network does it)"
    )
    print(f"features lie between {features['ours'].min():.2f} and {features['ours'].max():.2f}")


def write_files(images: torch.Tensor, folder: Path) -> list[Path]:
    files = [folder / f"{number:06}.png" for number in range(len(images))]
    for file, image in zip(files, images.numpy(), strict=True):
        Image.fromarray(image.transpose(1, 2, 0)).save(file)
    return files


def from_files(files: list[Path], network: torch.nn.Module, dims: int, num_workers: int) -> torch.Tensor:
    with contextlib.redirect_stderr(io.StringIO()):  # its progress bar
        features = fid_score.get_activations(files, network, BATCH_SIZE, dims, "cpu", num_workers)
    return torch.from_numpy(features).float()


if __name__ == "__main__":
    main()
