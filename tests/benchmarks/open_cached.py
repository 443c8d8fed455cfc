"""The time to open a cached data set, with the check that all its files are still the same.

Makes a folder of many small BMP files in a number of class folders, decodes it once, and opens it in new processes.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

OPEN = """
import json, sys, time
from gan_study.config.data import DatasetConfig
from gan_study.data import datasets

start, start_cpu = time.perf_counter(), time.process_time()
dataset = datasets.load_dataset(DatasetConfig.model_validate_json(sys.argv[1]))
first = dataset.images[dataset.train_indices[:64]].sum()
print(json.dumps([time.perf_counter() - start, time.process_time() - start_cpu, len(dataset.images)]))
"""
NUM_FOLDERS = 20
BMP_HEADER = (
    b"BM" + (54 + 1024 + 64).to_bytes(4, "little") + bytes(4) + (54 + 1024).to_bytes(4, "little")
    + (40).to_bytes(4, "little") + (8).to_bytes(4, "little") * 2 + (1).to_bytes(2, "little") + (8).to_bytes(2, "little")
    + bytes(24) + b"".join(bytes((level, level, level, 0)) for level in range(256))
)  # fmt: skip
"""The header of an image of 8 x 8 grey pixels."""


def write_images(folder: Path, num_images: int) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (num_images, 64), np.uint8)
    for number, image in enumerate(pixels):
        place = folder / f"class{number % NUM_FOLDERS:02}"
        place.mkdir(exist_ok=True)
        (place / f"{number:06}.bmp").write_bytes(BMP_HEADER + image.tobytes())


def opened(config: dict[str, object]) -> list[float]:
    """Wall and CPU seconds in a process of its own, its imports done, and the number of images."""
    answer = subprocess.run(
        [sys.executable, "-c", OPEN, json.dumps(config)], capture_output=True, text=True, check=True
    )
    values: list[float] = json.loads(answer.stdout)
    return values


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=200_000)
    parser.add_argument("--times", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["GAN_STUDY_CACHE"] = f"{scratch}/cache"
        folder = Path(scratch, "images")
        folder.mkdir()
        write_images(folder, options.images)
        config = {"name": "image_folder", "path": str(folder), "image_size": 8}
        print(f"{options.images:,} files: decoded once in {opened(config)[0]:.1f} s", flush=True)
        opened(config)  # files that were written a moment ago are read once more
        walls, cpus, nums = zip(*(opened(config) for _ in range(options.times)), strict=True)
        assert set(nums) == {options.images}
        print(
            f"  opened from the cache in {statistics.median(walls):.2f} s ({min(walls):.2f} to {max(walls):.2f}), "
            f"{statistics.median(cpus):.2f} s of CPU, {options.times} processes (asked for: 1)"
        )


if __name__ == "__main__":
    main()
