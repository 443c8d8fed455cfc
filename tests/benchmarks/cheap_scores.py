"""Rank trained generators by cheap scores, and compare the ranks with those by the full Frechet distance.

Random configurations of the small DCGAN of search_cost.py are trained on digits, and the generators at the middle and
at the end of each training are scored by the Frechet distance and by MIND (1,000 directions) from few and from many
images. Printed is Spearman's rank correlation with the Frechet distance of 5,000 other images, with the CPU seconds of
each score: images and features, then the distance.

    python tests/benchmarks/cheap_scores.py [--trials 24] [--kimg 10] [--seed 0]

With the values above it takes about four minutes on one core.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import mean

import numpy as np
import torch
from scipy.stats import spearmanr

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.small_search import RANDOM, make_study, prepare

from gan_study.config.arms.arm import Arm
from gan_study.config.arms.trial_configs import search_trial_config
from gan_study.config.training import TrialConfig
from gan_study.data.datasets import Dataset
from gan_study.evaluation.batch_features import batches_to_features
from gan_study.evaluation.generators import load_trained_generator
from gan_study.evaluation.snapshots import SnapshotPlace
from gan_study.extractors.objective import Objective
from gan_study.extractors.real_features import load_or_compute_features
from gan_study.gan.generation import generate_uint8
from gan_study.metrics.frechet import gaussian_to_frechet_distance
from gan_study.metrics.mind import features_to_mind
from gan_study.metrics.statistics import Features, features_to_stats
from gan_study.runs.folder import RunFolder
from gan_study.search.sampling.arm_search import ArmSearch
from gan_study.search.sampling.search_storage import SearchStorage
from gan_study.training.distributed import Workers
from gan_study.training.loop import train
from gan_study.training.randomness import Stream, draw_latents

FULL = 5000
NUMS = (500, 1000, 5000)
BATCH_SIZE = 500


def trained(config: TrialConfig, folder: RunFolder, dataset: Dataset, objective: Objective) -> list[SnapshotPlace]:
    """Train a configuration; return its generators at the middle and at the end, or fewer if it has diverged."""
    trial, found = folder.trial(config.arm, config.name), list[SnapshotPlace]()
    middle = 500 * config.training.total_kimg
    for progress in train(config, dataset, objective, trial, Workers()):
        evaluation = progress.evaluation
        if evaluation is None or evaluation.score is None or evaluation.cur_nimg < middle:
            continue
        content = trial.read_snapshot(evaluation.cur_nimg)  # The loop keeps only some.
        copy = RunFolder(f"{folder.location}_kept").trial(config.arm, f"{config.name}_{len(found)}")
        copy.write_snapshot(evaluation.cur_nimg, content)
        found.append(SnapshotPlace(copy, config, evaluation.cur_nimg))
    return [found[0], found[-1]] if len(found) > 1 else found


def features_of(place: SnapshotPlace, num: int, index: int, objective: Objective) -> Features:
    """The features (num, d) of images from one set of latents."""
    z = draw_latents(place.config.training, num, Stream.EVALUATION, index)
    images = (batch for batch, _ in generate_uint8(load_trained_generator(place).generator, z.split(BATCH_SIZE)))
    return batches_to_features(objective.extractor.network, images)[0]


def timed(compute: Callable[[], float]) -> tuple[float, float]:
    start = time.process_time()
    value = compute()
    return value, time.process_time() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=24)
    parser.add_argument("--kimg", type=float, default=10, help="thousands of images of a whole training")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(1)
    full: list[float] = []
    scores: dict[tuple[str, int], list[float]] = {}
    seconds: dict[tuple[str, int], list[tuple[float, float]]] = {}
    with tempfile.TemporaryDirectory() as place:
        way = {**RANDOM, "checks": 2}
        study = make_study(options.trials, options.kimg, options.seed, way)
        folder = RunFolder(f"{place}/run")
        dataset, objective = prepare(study, folder)
        real, _ = load_or_compute_features(objective.extractor, dataset, dataset.split_indices("all"))

        def frechet(features: Features) -> float:
            found = gaussian_to_frechet_distance(features_to_stats(features).to_gaussian(), objective.reference)
            assert found is not None, "the generators' weights are finite"
            return found.value

        def mind(features: Features) -> float:
            return features_to_mind(features, real)

        arm = Arm(study, "wgan_gp")
        search = ArmSearch(arm, SearchStorage(), objective.record.failure_score)
        for index in range(options.trials):
            config = search_trial_config(
                arm, index, search.draw_configuration(index), objective.record.num_train_images
            )
            for snapshot in trained(config, folder, dataset, objective):
                full.append(frechet(features_of(snapshot, FULL, 1, objective)))
                for num in NUMS:
                    start = time.process_time()
                    features = features_of(snapshot, num, 0, objective)
                    made = time.process_time() - start
                    for name, compute in (("FD", frechet), ("MIND", mind)):
                        value, taken = timed(partial(compute, features))
                        scores.setdefault((name, num), []).append(value)
                        seconds.setdefault((name, num), []).append((made, taken))
            print(f"{index + 1} of {options.trials} trained, {len(full)} generators", flush=True)
    for (name, num), values in sorted(scores.items()):
        correlation = spearmanr(values, full).statistic
        best = np.array(full) <= np.quantile(full, 0.5)
        among_best = spearmanr(np.array(values)[best], np.array(full)[best]).statistic
        made, taken = (mean(each) for each in zip(*seconds[name, num], strict=True))
        print(
            f"{name} of {num:,} images: rank correlation {correlation:.3f}, among the better half {among_best:.3f}; "
            f"{made:.2f} s for images and features, {taken:.3f} s for the distance"
        )


if __name__ == "__main__":
    main()
