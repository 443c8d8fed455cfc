"""The cost of the diagnosis: at every evaluation as a share of training, and at a trial's end in seconds.

    python tests/benchmarks/diagnosis_cost.py [during] [end] [--num 10000] [--kimg 5]

`during` trains two GANs of the shipped studies (MNIST at 32 pixels with DCGAN of width 32, needs GAN_STUDY_DATA; digits
at 16 pixels with the smallest network of studies/lsgan_vs_wgan.yaml) and times, within one run, what is there for the
diagnosis alone. `end` diagnoses a generator of MNIST in its domain classifier's features, part by part; a measure of n
images wants 2 n held-out ones, so training images join them where the test images are too few. The features of the real
images are those that the study's preparation has left in the cache; the first trial in each process prepares what all
its trials are measured against. One thread. CPU seconds stand beside those of the clock, which count other work of the
machine too. A part's time is without that of the parts inside it.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from types import ModuleType
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from gan_study.config.training import DiagnosisConfig, TrainingConfig, TrialConfig
from gan_study.data.datasets import Dataset, load_dataset
from gan_study.diagnosis import diagnose
from gan_study.diagnosis.measures import memorisation
from gan_study.evaluation import end_diagnosis
from gan_study.evaluation.kept_values import forget_values
from gan_study.extractors import real_features
from gan_study.extractors.objective import Objective, load_objective, prepare_objective
from gan_study.gan.conversion import to_float
from gan_study.runs.folder import RunFolder
from gan_study.training import loop, steps
from gan_study.training.distributed import Workers
from gan_study.training.measures import evaluator
from gan_study.training.state import build_state

MNIST = {
    "dataset": {"name": "mnist", "image_size": 32},
    "network": {"name": "dcgan", "width": 32},
    "loss": "least_squares",
    "objective": {"num_samples": 300},
}
DIGITS = {
    "dataset": {"name": "digits", "image_size": 16},
    "network": {"name": "dcgan", "width": 16},
    "loss": "least_squares",
    "objective": {"num_samples": 300},
}


class Clock:
    """Seconds of the clock and of the CPU in functions, each without those of the timed functions that it calls."""

    def __init__(self) -> None:
        self.spent: dict[str, tuple[float, float]] = {}
        self._inner: list[tuple[float, float]] = [(0.0, 0.0)]

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Time what is done inside."""
        wall, cpu = time.perf_counter(), time.process_time()
        self._inner.append((0.0, 0.0))
        self.spent.setdefault(name, (0.0, 0.0))
        try:
            yield
        finally:
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            inner_wall, inner_cpu = self._inner.pop()
            outer_wall, outer_cpu = self._inner[-1]
            self._inner[-1] = outer_wall + wall, outer_cpu + cpu
            known_wall, known_cpu = self.spent[name]
            self.spent[name] = known_wall + wall - inner_wall, known_cpu + cpu - inner_cpu

    def timed(self, function: Callable[..., Any], name: str) -> Callable[..., Any]:
        """The function, timed."""

        def call(*arguments: Any, **options: Any) -> Any:
            with self.part(name):
                return function(*arguments, **options)

        return call

    @contextmanager
    def watching(self, *functions: tuple[ModuleType, str, str]) -> Iterator[None]:
        """Time functions, each as a module knows it and with the part's name, while this is open."""
        with ExitStack() as stack:
            for module, name, part in functions:
                stack.enter_context(patch.object(module, name, self.timed(getattr(module, name), part)))
            yield

    def cpu(self, *parts: str) -> float:
        """CPU seconds of the parts."""
        return sum(self.spent.get(part, (0.0, 0.0))[1] for part in parts)

    def total(self) -> tuple[float, float]:
        """Seconds of the clock and of the CPU in all parts."""
        wall, cpu = zip(*self.spent.values(), strict=True)
        return sum(wall), sum(cpu)


class AsVaried(nn.Module):
    """Takes a generator's time, and gives real images: those of an untrained one are all alike, which saves time."""

    def __init__(self, generator: nn.Module, images_uint8: NDArray[np.uint8]) -> None:
        super().__init__()
        self.generator, self.images, self.num_given = generator, images_uint8, 0

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        """The next images, one for each latent."""
        self.generator(z)
        given = self.images[self.num_given : self.num_given + len(z)]
        self.num_given += len(z)
        return to_float(torch.from_numpy(given))


def prepared(
    settings: dict[str, Any], folder: RunFolder, dataset: Dataset | None = None
) -> tuple[TrainingConfig, Objective]:
    """A training, and its objective on `dataset` (default: the training's own) made in `folder`."""
    training = TrainingConfig.model_validate(settings)
    dataset = dataset or load_dataset(training.dataset)
    record = prepare_objective(training, dataset, folder)
    return training, load_objective(folder.storage, record, dataset)


def during(settings: dict[str, Any], intervals_kimg: list[float], kimg: float, num: int) -> None:
    """Train `num` times `kimg`, with an evaluation after each; print the diagnosis's share of the CPU time."""
    clock = Clock()
    with tempfile.TemporaryDirectory() as place:
        folder = RunFolder(place)
        training, objective = prepared(settings | {"total_kimg": num * kimg, "evaluate_every_kimg": kimg}, folder)
        dataset = load_dataset(training.dataset)
        config = TrialConfig(training=training, diagnosis=DiagnosisConfig(on_collapse="stop"))
        watched = clock.watching(
            (loop, "make_probe", "probe"),
            (evaluator, "measure_signals", "signals"),
            (evaluator, "answer_collapse", "judging"),
            (evaluator, "score_generator", "score"),
            (evaluator, "write_images", "files"),
            (evaluator, "write_progress", "files"),
            (loop, "build_state", "building"),
            (steps, "output_gradient_norm", "output gradient"),
        )
        with watched, clock.part("training"):
            *_, last = loop.train(config, dataset, objective, folder.trial("arm", "trial"), Workers())
    assert last.status.state == "completed", last.status.reason
    num_evaluations, trained_kimg = num + 1, last.status.cur_nimg / 1000
    per_evaluation = clock.cpu("signals", "judging") / num_evaluations
    of_steps = clock.cpu("output gradient") / trained_kimg
    per_kimg = clock.cpu("training") / trained_kimg
    print(
        f"{dataset.identity}, {training.network.name} of width {training.network.width}: {per_kimg:.3f} CPU s of "
        f"training per kimg ({1 / per_kimg * 1000:.0f} images/s); for the diagnosis {1000 * per_evaluation:.1f} ms an "
        f"evaluation (signals {1000 * clock.cpu('signals') / num_evaluations:.1f}, judging "
        f"{1000 * clock.cpu('judging') / num_evaluations:.1f}), {1000 * of_steps:.2f} ms per kimg in the steps, "
        f"{1000 * clock.cpu('probe'):.1f} ms once"
    )
    for interval in intervals_kimg:
        share = (per_evaluation + of_steps * interval) / (per_kimg * interval)
        print(f"  evaluated every {interval:g} kimg: {100 * share:.2f} % of the training (asked for: under 2 %)")


def at_end(num: int) -> None:
    """Diagnose a generator twice in one process, as two trials of a study, and print the seconds of each part."""
    # The cache is empty at first.
    with tempfile.TemporaryDirectory() as place, patch.dict(os.environ, GAN_STUDY_CACHE=f"{place}/cache"):
        folder = RunFolder(place)
        dataset = load_dataset(TrainingConfig.model_validate(MNIST).dataset)
        lacking = max(0, 2 * num - len(dataset.held_out_indices))
        dataset = replace(
            dataset,
            train_indices=dataset.train_indices[: len(dataset.train_indices) - lacking],
            held_out_indices=np.union1d(
                dataset.held_out_indices, dataset.train_indices[len(dataset.train_indices) - lacking :]
            ),
        )
        training, objective = prepared(MNIST, folder, dataset)
        config = TrialConfig(training=training, diagnosis=DiagnosisConfig(num_samples=num))
        trial = folder.trial("arm", "trial")
        trial.write_snapshot(1000, build_state(training, dataset.num_channels, torch.device("cpu")).snapshot())
        varied = dataset.images[np.random.default_rng(1).permutation(dataset.held_out_indices)[:num]]
        for which in ("first trial of a process", "first trial of another process", "every other trial"):
            if which != "every other trial":
                forget_values()
            clock = Clock()
            generator = AsVaried(build_state(training, dataset.num_channels, torch.device("cpu")).g_ema, varied)
            with (
                patch.object(end_diagnosis, "load_generator", return_value=generator),
                watching_end(clock),
                clock.part("rest"),
            ):
                record = end_diagnosis.diagnose_trial(trial, config, dataset, objective, Workers()).record
            found = record.diagnostics
            assert found.num == num, f"measured {found.num} images"
            assert None not in (found.coverage, found.vendi, found.support, found.c_t), "a part was left out"
            wall, cpu = clock.total()
            print(
                f"{which}: {wall:.1f} s, of the CPU {cpu:.1f} s (asked for: under 60), {found.num:,} images, "
                f"{found.num_train:,} training images"
            )
            for name, (part_wall, part_cpu) in sorted(clock.spent.items(), key=lambda item: -item[1][1]):
                print(f"  {name:34} {part_wall:7.2f} s  {part_cpu:7.2f} s of the CPU")


def watching_end(clock: Clock) -> Any:
    """Time the parts of the diagnosis at a trial's end."""
    return clock.watching(
        (end_diagnosis, "prepare_real_images", "real images: the rest"),
        (real_features, "compute_real_features", "features of real images"),
        (end_diagnosis, "use_generated", "generation and features"),
        (end_diagnosis, "draw_neighbours", "picture of neighbours"),
        (end_diagnosis, "weights_to_spectra", "spectra"),
        (diagnose, "fit_bins", "NDB: bins"),
        (diagnose, "fit_copy_reference", "memorisation: held-out images"),
        (diagnose, "fit_real_pairs", "birthday test: real pairs"),
        (diagnose, "prdc_radii", "precision and kin: real radii"),
        (diagnose, "features_to_prdc", "precision, recall, density, coverage"),
        (diagnose, "features_to_ndb", "NDB"),
        (diagnose, "features_to_memorisation", "memorisation: the rest"),
        (memorisation, "nearest_neighbours", "memorisation: neighbours"),
        (memorisation, "nearest_other_distances", "memorisation: spacing"),
        (diagnose, "features_to_vendi_score", "Vendi score"),
        (diagnose, "birthday_test", "birthday test"),
        (diagnose, "pairwise_distance_ratio", "pairwise distance"),
        (diagnose, "level_deviation", "pixels"),
        (diagnose, "variation_share", "pixels"),
        (diagnose, "duplicate_share", "pixels"),
        (diagnose, "lost_classes", "classes"),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", default=["during", "end"], help="during, end, or both")
    parser.add_argument("--num", type=int, default=10_000, help="images at the end")
    parser.add_argument("--kimg", type=float, default=5, help="thousand images between evaluations of `during`")
    options = parser.parse_args()
    if unknown := set(options.parts) - {"during", "end"}:
        parser.error(f"parts are during and end, but got {', '.join(sorted(unknown))}")
    torch.set_num_threads(1)
    if "during" in options.parts:
        during(DIGITS, [5], options.kimg, 8)  # studies/lsgan_vs_wgan.yaml has 40, in 8 intervals
        during(MNIST, [5, 60], options.kimg, 2)  # studies/gans_on_mnist.yaml has 60
    if "end" in options.parts:
        at_end(options.num)


if __name__ == "__main__":
    main()
