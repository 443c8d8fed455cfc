"""Largest resident memory of one training on MNIST, on the CPU. Needs GAN_STUDY_DATA with MNIST's files in it.

GAN_STUDY_DATA=<folder> python tests/benchmarks/memory.py [--image-size 32]
"""

import argparse
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

CONFIG = """
training:
  dataset: {{name: mnist, image_size: {image_size}}}
  network: {{name: dcgan, width: 64}}
  loss: least_squares
  total_kimg: 2
  evaluate_every_kimg: 1
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--image-size", type=int, default=32)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "mnist.yaml"
        config.write_text(CONFIG.format(image_size=options.image_size))
        command = [sys.executable, "-m", "gan_study", "train", str(config), "--out", f"{folder}/run"]
        # Twice: the first call trains the domain classifier, the second has it from the cache.
        subprocess.run(command, check=True)
        subprocess.run([*command[:-1], f"{folder}/run2"], check=True)
    peak_gib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024**2
    print(
        f"largest resident memory of a training on MNIST at {options.image_size} px: {peak_gib:.2f} GiB (asked for: 2)"
    )


if __name__ == "__main__":
    main()
