"""The cost of images: their share in a training step, decoding them once, and opening them in every later trial.

Needs GAN_STUDY_DATA with MNIST/raw, letters.zip and faces.zip in it; what is not there is left out, saying so.

    GAN_STUDY_DATA=<folder> python tests/benchmarks/data_loading.py [--threads 2] [--steps 12] [--only-cache]
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import torch
from PIL import Image

from gan_study.config.data import DatasetConfig
from gan_study.config.training import TrainingConfig, TrialConfig, WorkersConfig
from gan_study.data.datasets import Dataset, load_dataset
from gan_study.data.sampler import batch_positions
from gan_study.gan.conversion import to_float
from gan_study.metrics.samples import SampleStats
from gan_study.runs.folder import RunFolder
from gan_study.training.distributed import Workers
from gan_study.training.loop import train

BATCH_SIZE = 64
IN_TRAINING = {
    "digits": {"name": "digits", "image_size": 16},
    "mnist": {"name": "mnist", "image_size": 32},
    "letters.zip": {"name": "image_folder", "path": "letters.zip", "image_size": 32},
    "faces.zip": {"name": "image_folder", "path": "faces.zip", "image_size": 64},
}
SECOND_TRIAL = """
import sys, time
from gan_study.config.data import DatasetConfig
from gan_study.data.datasets import load_dataset
from gan_study.data.sampler import batch_positions

config = DatasetConfig.model_validate_json(sys.argv[1])
start = time.perf_counter()
dataset = load_dataset(config)
batch = dataset.images[dataset.train_indices[batch_positions(0, 0, 64, len(dataset.train_indices))]]
print(time.perf_counter() - start)
"""


class NoScore:
    """A scorer that costs next to nothing: only training steps are timed."""

    num_samples = 2

    def extract(self, images_uint8: torch.Tensor) -> tuple[torch.Tensor, None]:
        return images_uint8.flatten(1)[:, :1].float(), None

    def score(self, samples: SampleStats) -> float | None:
        return 0.0


def step_sec(config: DatasetConfig, dataset: Dataset, num_steps: int, num_threads: int) -> float:
    """Seconds for one step of the project's own loop, loading included, after two to warm up."""
    seconds = []
    for steps in (2, num_steps + 2):
        kimg = steps * BATCH_SIZE / 1000
        training = TrainingConfig.model_validate(
            {
                "dataset": config,
                "network": {"name": "dcgan", "width": 64},
                "loss": "non_saturating",
                "objective": {"extractor": "autoencoder"},
                "total_kimg": kimg,
                "evaluate_every_kimg": kimg,
            }
        )
        trial = TrialConfig(training=training, workers=WorkersConfig(cpus_per_worker=num_threads))
        with tempfile.TemporaryDirectory() as folder:
            *_, last = train(trial, dataset, NoScore(), RunFolder(folder).trial("a", "t"), Workers())
        assert last.evaluation is not None
        seconds.append(last.evaluation.train_sec)
    return (seconds[1] - seconds[0]) / num_steps


def loading_sec(dataset: Dataset, num_batches: int = 200) -> float:
    """Median seconds from a step's number to its images as floats, as the loop does it."""
    seconds = []
    for step in range(num_batches):
        start = time.perf_counter()
        positions = batch_positions(0, step * BATCH_SIZE, BATCH_SIZE, len(dataset.train_indices))
        images = torch.from_numpy(dataset.images[dataset.train_indices[positions]])
        to_float(images).to(memory_format=torch.channels_last)
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def seconds_of(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def build_sec(config: DatasetConfig, cache: Path) -> float:
    """Seconds to decode everything into an empty cache."""
    shutil.rmtree(cache, ignore_errors=True)
    load_dataset.cache_clear()
    return seconds_of(lambda: load_dataset(config))


def second_trial_sec(config: DatasetConfig) -> float:
    """Seconds until a new process, its imports done, has its first batch; the median of five."""
    command = [sys.executable, "-c", SECOND_TRIAL, config.model_dump_json()]
    answers = [subprocess.run(command, capture_output=True, text=True, check=True).stdout for _ in range(5)]
    return statistics.median(map(float, answers))


def png_files(data: Path, folder: Path) -> DatasetConfig:
    """MNIST's 60,000 train images as PNG files in a zip archive."""
    from gan_study.data.sources.idx import parse_idx

    path = folder / "mnist_png.zip"
    source = data / "MNIST/raw/train-images-idx3-ubyte"
    images = parse_idx(source.read_bytes(), str(source))
    with zipfile.ZipFile(path, "w") as archive:
        for number, image in enumerate(images):
            with archive.open(f"{number:05}.png", "w") as file:
                Image.fromarray(image).save(file, "png")
    return DatasetConfig(name="image_folder", path=str(path), image_size=28)


def unpacked(path: Path, folder: Path) -> Path:
    """An archive as a folder of files."""
    with zipfile.ZipFile(path) as archive:
        archive.extractall(folder)
    return folder


def print_shares(data: Path, num_steps: int, num_threads: int) -> None:
    for title, values in IN_TRAINING.items():
        if not there(data, title):
            continue
        config = DatasetConfig.model_validate(values)
        dataset = load_dataset(config)
        load, step = loading_sec(dataset), step_sec(config, dataset, num_steps, num_threads)
        print(
            f"{title} {config.image_size} px: loading {1000 * load:.2f} ms of a step of {1000 * step:.0f} ms: "
            f"{load / step:.2%} (asked for: under 5 %)",
            flush=True,
        )


def there(data: Path, title: str) -> bool:
    name = {"mnist": "MNIST/raw", "digits": ""}.get(title, title)
    if (data / name).exists():
        return True
    print(f"{title}: left out, as there is no {data / name} (GAN_STUDY_DATA)")
    return False


def print_cache_times(data: Path, scratch: Path, cache: Path) -> None:
    if there(data, "mnist"):
        mnist = DatasetConfig(name="mnist", image_size=28)
        print(f"MNIST, 70,000 images 28x28 in idx files: cache built in {build_sec(mnist, cache):.1f} s")
        pngs = png_files(data, scratch)
        print(f"60,000 PNGs 28x28 in a zip: cache built in {build_sec(pngs, cache):.1f} s (asked for: 20)")
        print(f"  second trial: first batch after {second_trial_sec(pngs):.3f} s (asked for: 0.2)", flush=True)
    if there(data, "faces.zip"):
        faces = DatasetConfig(name="image_folder", path="faces.zip", image_size=64)
        print(f"4,000 JPEG faces at 64 px from a zip: cache built in {build_sec(faces, cache):.1f} s (asked for: 20)")
        print(f"  second trial: first batch after {second_trial_sec(faces):.3f} s (asked for: 0.2)")
        path = unpacked(data / "faces.zip", scratch / "faces")
        folder = DatasetConfig(name="image_folder", path=str(path), image_size=64)
        print(f"4,000 JPEG faces at 64 px from a folder: cache built in {build_sec(folder, cache):.1f} s")
        print(f"  second trial: first batch after {second_trial_sec(folder):.3f} s (asked for: 0.2)", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--only-cache", action="store_true", help="no training")
    options = parser.parse_args()
    if not os.environ.get("GAN_STUDY_DATA"):
        parser.error("GAN_STUDY_DATA must be the folder of real data sets, but is not set; set it")
    data = Path(os.environ["GAN_STUDY_DATA"])
    torch.set_num_threads(options.threads)
    with tempfile.TemporaryDirectory() as scratch:
        cache = Path(scratch) / "cache"
        os.environ["GAN_STUDY_CACHE"] = str(cache)
        print_cache_times(data, Path(scratch), cache)
        if not options.only_cache:
            print_shares(data, options.steps, options.threads)


if __name__ == "__main__":
    main()
