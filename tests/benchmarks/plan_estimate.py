"""The time that `plan` estimates for a study, beside the time that it takes: five short studies of different kinds.

Each begins with an empty cache, is planned in a process of its own (which measures this machine for two seconds) and is
then run by `python -m gan_study run`, with its report. A study whose data GAN_STUDY_DATA does not hold is left out, and
the last line counts them.

    python tests/benchmarks/plan_estimate.py [--only NAME ...] [--keep FOLDER]
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ARMS: dict[str, Any] = {
    "lsgan": {"loss": "least_squares", "network": {"name": "dcgan", "width": 16}},
    "wgan": {"loss": "wasserstein", "penalty": "wgan_gp", "network": {"name": "dcgan", "width": 16}},
}
RATES = {"g_lr": {"log_uniform": [1e-4, 1e-2]}, "d_lr": {"log_uniform": [1e-4, 1e-2]}}
STUDIES: dict[str, dict[str, Any]] = {
    "digits": {
        "dataset": {"name": "digits"},
        "objective": {"num_samples": 1000},
        "budget": {"trials_per_arm": 4, "total_kimg": 40, "evaluate_every_kimg": 5},
        "arms": ARMS,
        "search": {"scheduler": "asha"},
        "confirm": {"top_k": 1, "seeds": 2},
    },
    "mnist": {
        "dataset": {"name": "mnist", "max_images": 10_000},
        "objective": {"num_samples": 1000},
        "budget": {"trials_per_arm": 3, "total_kimg": 60, "evaluate_every_kimg": 10},
        "arms": {"lsgan": ARMS["lsgan"]},
        "search": {"scheduler": "none"},
        "confirm": {"top_k": 1, "seeds": 2},
    },
    "letters": {
        "dataset": {"name": "image_folder", "path": "letters.zip", "image_size": 16},
        "objective": {"num_samples": 2000},
        "budget": {"trials_per_arm": 4, "total_kimg": 30, "evaluate_every_kimg": 5},
        "arms": {"hinge": {"loss": "hinge", "network": {"name": "dcgan", "width": 32, "spectral_norm": True}}},
        "search": {"scheduler": "asha"},
        "confirm": {"top_k": 1, "seeds": 3},
    },
    "infogan": {
        "dataset": {"name": "mnist", "image_size": 28, "max_images": 5000},
        "objective": {"num_samples": 500},
        "budget": {"trials_per_arm": 2, "total_kimg": 3, "evaluate_every_kimg": 1},
        "arms": {"wgan_gp": {"loss": "wasserstein", "penalty": "wgan_gp", "network": {"name": "infogan", "width": 32}}},
        "search": {"scheduler": "none"},
        "confirm": {"top_k": 1, "seeds": 2},
    },
    "autoencoder": {
        "dataset": {"name": "digits", "image_size": 16},
        "objective": {"extractor": "autoencoder", "num_samples": 1000},
        "budget": {"trials_per_arm": 6, "total_kimg": 100, "evaluate_every_kimg": 10},
        "arms": {"mlp": {"loss": "non_saturating", "network": "mlp"}},
        "search": {"scheduler": "none"},
        "confirm": {"top_k": 1, "seeds": 2},
    },
}
"""Without name and search space, which are the same for all."""

PLAN = """
import dataclasses, json, sys
from gan_study.cli.preparation.machine_pace import measure_pace
from gan_study.config.reading.load import load_study
from gan_study.config.estimates.study_time import estimate_time
from gan_study.data.inspection.inspection import count_train_images
study = load_study(sys.argv[1], [])
images = study.dataset.known_train_images or count_train_images(study.dataset).num_train
estimate = estimate_time(study, images, measure_pace(study))
parts = {k: v for k, v in vars(estimate).items() if k.endswith("_sec")}
print(json.dumps({"total": estimate.total_sec, "parts": parts, "ratio": estimate.pace.machine}))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=STUDIES, default=list(STUDIES))
    parser.add_argument("--keep", type=Path, help="a folder in which the runs are left")
    options = parser.parse_args()
    ratios, left_out = {}, []
    with tempfile.TemporaryDirectory() as scratch:
        place = options.keep or Path(scratch)
        for name in options.only:
            if STUDIES[name]["dataset"]["name"] != "digits" and not os.environ.get("GAN_STUDY_DATA"):
                left_out.append(name)
                continue
            ratios[name] = compare(name, place / name)
    within = sum(1 / 1.5 <= ratio <= 1.5 for ratio in ratios.values())
    print(
        f"within a factor of 1.5: {within} of {len(ratios)}; left out for want of data: {', '.join(left_out) or 'none'}"
    )


def compare(name: str, place: Path) -> float:
    """Print estimate, wall time and their ratio, and give the ratio."""
    place.mkdir(parents=True)
    study = place / "study.yaml"
    study.write_text(json.dumps({"name": name, "search_space": RATES, **STUDIES[name]}))  # JSON is YAML
    environment = {**os.environ, "GAN_STUDY_CACHE": str(place / "cache")}
    planned = subprocess.run(
        [sys.executable, "-c", PLAN, str(study)], env=environment, capture_output=True, text=True, check=True
    )
    estimate = json.loads(planned.stdout)
    start = time.perf_counter()
    command = [sys.executable, "-m", "gan_study", "run", str(study), "--out", str(place / "run")]
    with (place / "output.txt").open("w") as output:
        subprocess.run(command, env=environment, stdout=output, stderr=subprocess.STDOUT, check=True)
    wall = time.perf_counter() - start
    ratio: float = estimate["total"] / wall
    parts = ", ".join(f"{part.removesuffix('_sec')} {seconds:.0f}" for part, seconds in estimate["parts"].items())
    print(
        f"{name:12} estimate {estimate['total']:.0f} s, measured {wall:.0f} s, ratio {ratio:.2f} "
        f"(machine {estimate['ratio']:.2f}; {parts})",
        flush=True,
    )
    return ratio


if __name__ == "__main__":
    main()
