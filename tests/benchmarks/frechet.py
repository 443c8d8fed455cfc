"""The Frechet distance at 2048 dimensions: ours beside pytorch-fid's, on the same statistics.

First with the real side's root at hand, as in a study, where one reference serves all evaluations; then with it
made anew. The three are timed in turn, and the least of each counts. Needs SciPy below 1.18, as pytorch-fid 0.3.0 does.

    python tests/benchmarks/frechet.py [--dims 2048] [--num 10000] [--repeats 4]
"""

import argparse
import time
import warnings
from collections.abc import Callable

import numpy as np
from pytorch_fid.fid_score import calculate_frechet_distance

from gan_study.metrics.frechet import FrechetReference, gaussian_to_frechet_distance, gaussian_to_reference
from gan_study.metrics.statistics import Gaussian, features_to_stats


def random_gaussian(num: int, dims: int, seed: int) -> Gaussian:
    """Statistics of correlated features whose covariance has eigenvalues over four orders of magnitude."""
    random = np.random.default_rng(seed)
    deviations = np.geomspace(1, 0.01, dims)
    mixing = np.eye(dims) + random.normal(size=(dims, dims)) / (4 * dims**0.5)
    return features_to_stats(random.normal(size=(num, dims)) * deviations @ mixing).to_gaussian()


def our_distance(generated: Gaussian, reference: FrechetReference) -> float:
    distance = gaussian_to_frechet_distance(generated, reference)
    assert distance is not None, "the statistics are finite"
    return distance.value


def timed(function: Callable[[], float]) -> tuple[float, float]:
    """Seconds taken, and the value."""
    start = time.perf_counter()
    value = function()
    return time.perf_counter() - start, value


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dims", type=int, default=2048)
    parser.add_argument("--num", type=int, default=10_000)
    parser.add_argument("--repeats", type=int, default=4)
    options = parser.parse_args()
    warnings.filterwarnings("ignore", message="The `disp` argument", category=DeprecationWarning)
    generated, real = (random_gaussian(options.num, options.dims, seed) for seed in (0, 1))
    reference = gaussian_to_reference(real)
    ways: dict[str, Callable[[], float]] = {
        "pytorch-fid": lambda: calculate_frechet_distance(
            generated.mean, generated.covariance, real.mean, real.covariance
        ),
        "ours, root at hand": lambda: our_distance(generated, reference),
        "ours, root made": lambda: our_distance(generated, gaussian_to_reference(real)),
    }
    runs = [{name: timed(way) for name, way in ways.items()} for _ in range(options.repeats)]
    theirs_sec = min(run["pytorch-fid"][0] for run in runs)
    for name, asked in (("pytorch-fid", None), ("ours, root at hand", 8), ("ours, root made", 5)):
        seconds, value = min(run[name][0] for run in runs), runs[0][name][1]
        ratio = "" if asked is None else f", {theirs_sec / seconds:.1f} times as fast (asked for: {asked})"
        print(f"{name}: {value:.9f} in {seconds:.2f} s{ratio}")


if __name__ == "__main__":
    main()
