"""Everything that concerns a GPU in one command: its results against the CPU's, then one table of its speeds.

    python tests/benchmarks/gpu.py [--json gpu.json] [--quick] [--device cuda]

It needs torch, this repository with its test extra, and nothing else: no data, weights or network. It takes less than
eight minutes on a machine with one GPU. `--quick` takes small networks and short times, and `--device cpu` runs where
there is no GPU, so that the script itself can be tried; its figures then mean nothing.

Results: trainings in float64 end with the CPU's weights up to rounding, for each loss, penalty and network, and
features of float32 networks are the CPU's. Speeds: images per second of the training loop in float32, TF32 and bf16,
beside the official DCGAN example's way of writing the same step in float32, with the share that it reaches of the
rate of a matrix product and the memory it takes; Inception's features and the Frechet distance beside pytorch-fid;
several trials at once, in one process each and as threads of one process; and what the host waits for in a step.
"""

import argparse
import json
import multiprocessing
import platform
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch
from pytorch_fid.fid_score import calculate_frechet_distance
from safetensors.torch import load
from support.example_dcgan import Example
from support.machine_speed import count_operations, matmul_rate, wait_for
from support.reference_inception import random_weights, reference_features, reference_network
from support.unscored import ONE_WORKER, noise_images, operations_of_a_step, rate_of, train_sec, training_of

from gan_study.config.names import LOSSES, PENALTIES
from gan_study.config.training import TrialConfig
from gan_study.data.datasets import Dataset
from gan_study.extractors.domain_classifier import DomainClassifier
from gan_study.extractors.extractor import apply_network
from gan_study.extractors.inception import InceptionFeatures
from gan_study.metrics.frechet import gaussian_to_frechet_distance, gaussian_to_reference
from gan_study.metrics.statistics import Gaussian, features_to_stats
from gan_study.runs.folder import RunFolder
from gan_study.training.distributed import Workers
from gan_study.training.loop import train
from gan_study.training.pace import Unscored

TOLERANCE = {"training": 1e-6, "features": 1e-3}
"""The largest difference of the GPU's results from the CPU's, relative to the largest number."""
SHAPES = [("dcgan", 32, 64), ("dcgan", 64, 128), ("dcgan", 128, 64), ("resnet", 64, 64)]
"""Network, image size and batch size."""
ARITHMETIC = {"float32": torch.float32, "TF32": torch.float32, "bf16": torch.bfloat16}
AT_ONCE = (1, 4, 16, 64)


class Report:
    """Prints rows as they come, and keeps them."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []

    def add(self, part: str, **values: Any) -> None:
        self.rows.append({"part": part, **values})
        shown = {name: f"{value:.4g}" if isinstance(value, float) else value for name, value in values.items()}
        print(f"{part:12} {'  '.join(f'{name}={value}' for name, value in shown.items())}", flush=True)


@contextmanager
def tf32(is_on: bool) -> Iterator[None]:
    """Let matrix products and convolutions of float32 be computed in TF32, or not."""
    places: list[Any] = [torch.backends.cuda.matmul, torch.backends.cudnn]
    before = [place.allow_tf32 for place in places]
    for place in places:
        place.allow_tf32 = is_on
    try:
        yield
    finally:
        for place, was_on in zip(places, before, strict=True):
            place.allow_tf32 = was_on


def trained_weights(images: Dataset, device: str, **values: Any) -> dict[str, torch.Tensor]:
    """The averaged generator after a short training."""
    config = TrialConfig(training=training_of(images, **values), workers=ONE_WORKER)
    with tempfile.TemporaryDirectory() as place:
        trial = RunFolder(place).trial("a", "t")
        *_, last = train(config, images, Unscored(), trial, Workers(device=torch.device(device)))
        assert last.evaluation is not None, last.status.reason
        return load(trial.read_snapshot(last.evaluation.cur_nimg))


def relative_difference(found: torch.Tensor, expected: torch.Tensor) -> float:
    return ((found.cpu() - expected).abs().max() / expected.abs().max().clamp(min=1e-12)).item()


def check_trainings(report: Report, device: str) -> None:
    """Each loss with each penalty, on networks that take turns; four steps in float64."""
    shapes = [("mlp", 16, {}), ("dcgan", 16, {}), ("infogan", 28, {"batch_size": 8}), ("resnet", 32, {"batch_size": 8})]
    short = {"precision": "float64", "batch_size": 16, "total_kimg": 0.064, "evaluate_every_kimg": 0.064, "z_dim": 8}
    worst: dict[str, float] = {}
    for number, (loss, penalty) in enumerate((loss, penalty) for loss in LOSSES for penalty in PENALTIES):
        name, size, own = shapes[number % len(shapes)]
        values = {**short, **own, "loss": loss, "penalty": penalty, "network": {"name": name, "width": 8}}
        images = noise_images(size, 1, 256)
        on_cpu, on_device = (trained_weights(images, place, **values) for place in ("cpu", device))
        differences = [relative_difference(on_device[key], on_cpu[key]) for key in on_cpu]
        worst[f"{loss}, {penalty}, {name}"] = max(differences)
    which = max(worst, key=worst.__getitem__)
    report.add("check", what="trainings", number=len(worst), difference=worst[which], at=which)
    assert worst[which] <= TOLERANCE["training"], f"{which}: {worst[which]}"


def check_features(report: Report, device: str, quick: bool) -> None:
    """Features of the same networks on both devices."""
    torch.manual_seed(0)
    networks: dict[str, tuple[torch.nn.Module, int, int]] = {
        "domain_classifier": (DomainClassifier(32, 1, 10).eval(), 32, 1)
    }
    if not quick:
        networks["inception"] = (InceptionFeatures(random_weights(), 2048).eval(), 32, 3)
    for name, (network, size, num_channels) in networks.items():
        images = torch.randint(0, 256, (64, num_channels, size, size), dtype=torch.uint8)
        expected = apply_network(network, images)[0]
        found = apply_network(network.to(device), images.to(device))[0]
        difference = relative_difference(found, expected)
        report.add("check", what=f"features of {name}", difference=difference)
        assert difference <= TOLERANCE["features"], f"{name}: {difference}"


def time_steps(report: Report, device: str, seconds: float, width: int) -> None:
    """The training loop in each arithmetic, beside the example's step; on a CPU in float32 alone."""
    for name, size, batch_size in SHAPES:
        images = noise_images(size, 3)
        values: dict[str, Any] = {"network": {"name": name, "width": width}, "batch_size": batch_size, "z_dim": 100}
        operations, example_rate = operations_of_a_step(images, values) / batch_size, None
        if name == "dcgan" and width == 64:  # the example's only network
            with tf32(False):
                example = Example(images, batch_size, device)
                example.steps(20)
                example_rate = example.steps(max(20, int(seconds * example.steps(10) / batch_size)))
            del example
        for arithmetic, dtype in ARITHMETIC.items() if device != "cpu" else [("float32", torch.float32)]:
            if device != "cpu":
                torch.cuda.reset_peak_memory_stats()
            with tf32(arithmetic == "TF32"):
                precision = "bf16" if arithmetic == "bf16" else "float32"
                rate = rate_of(images, device, seconds, precision=precision, **values)
                product = matmul_rate(0.5, device, dtype)
            report.add(
                "step",
                **{"network": f"{name} {size}x{size}, width {width}, batch {batch_size}", "arithmetic": arithmetic},
                images_per_sec=rate,
                times_the_example_in_float32=rate / example_rate if example_rate else None,
                share_of_matrix_rate=rate * operations / product,
                memory_gib=torch.cuda.max_memory_allocated() / 2**30 if device != "cpu" else None,
            )


def best_sec(work: Callable[[], object], device: str, repeats: int = 3) -> float:
    times = []
    for _ in range(repeats):
        wait_for(device)
        start = time.perf_counter()
        work()
        wait_for(device)
        times.append(time.perf_counter() - start)
    return min(times)


def time_scores(report: Report, device: str, num_images: int) -> None:
    """Inception's features and the Frechet distance, beside pytorch-fid's."""
    weights = random_weights()
    ours, theirs = InceptionFeatures(weights, 2048).eval().to(device), reference_network(weights, 2048).to(device)
    images = torch.randint(0, 256, (num_images, 3, 32, 32), dtype=torch.uint8, device=device)

    def reference() -> None:
        for part in images.split(50):
            reference_features(theirs, part / 255).cpu()

    our_sec, their_sec = best_sec(lambda: apply_network(ours, images), device), best_sec(reference, device)
    operations = count_operations(lambda: reference_features(theirs, images[:1] / 255)) * num_images
    report.add(
        "features",
        images_per_sec=num_images / our_sec,
        times_pytorch_fid=their_sec / our_sec,
        share_of_matrix_rate=operations / our_sec / matmul_rate(0.5, device),
    )
    generator = torch.Generator().manual_seed(0)
    real, generated = (
        features_to_stats(torch.randn(4096, 2048, generator=generator, dtype=torch.float64).numpy()).to_gaussian()
        for _ in range(2)
    )
    reference_of_real = gaussian_to_reference(real)
    our_sec = best_sec(lambda: gaussian_to_frechet_distance(generated, reference_of_real), device, 1)
    their_sec = best_sec(lambda: _their_distance(generated, real), device, 1)
    report.add("distance", dims=2048, seconds=our_sec, times_pytorch_fid=their_sec / our_sec)


def _their_distance(a: Gaussian, b: Gaussian) -> float:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        distance: float = calculate_frechet_distance(a.mean, a.covariance, b.mean, b.covariance)
    return distance


def train_beside(device: str, num_steps: int, width: int, barrier: Any) -> None:
    """One of several trainings: wait for the others, then train on a stream of its own."""
    images = noise_images(32, 1, 1024)
    values: dict[str, Any] = {"network": {"name": "dcgan", "width": width}, "batch_size": 64, "z_dim": 100}
    stream = nullcontext() if device == "cpu" else torch.cuda.stream(torch.cuda.Stream(device))
    with stream:
        train_sec(images, 10, ONE_WORKER, device, **values)
        barrier.wait()
        train_sec(images, num_steps, ONE_WORKER, device, **values)
        barrier.wait()


def time_trials_at_once(report: Report, device: str, num_steps: int, width: int, at_once: tuple[int, ...]) -> None:
    """Dcgan at 32 pixels, batch 64: several trainings that begin together, as processes and as threads."""
    alone = None
    for number in at_once:
        for way, context in (("processes", multiprocessing.get_context("spawn")), ("threads", None)):
            barrier: Any = context.Barrier(number + 1) if context else threading.Barrier(number + 1)
            begin: Callable[..., Any] = context.Process if context else threading.Thread
            runs = [begin(target=train_beside, args=(device, num_steps, width, barrier)) for _ in range(number)]
            for run in runs:
                run.start()
            barrier.wait()
            start = time.perf_counter()
            barrier.wait()
            rate = number * num_steps * 64 / (time.perf_counter() - start)
            for run in runs:
                run.join()
            alone = alone or rate
            report.add("at once", trials=number, way=way, images_per_sec=rate, times_one_alone=rate / alone)


def count_waits(report: Report, device: str) -> None:
    """Count the waits of the host for each step between two evaluations, as torch's own check sees them."""
    if device == "cpu":
        report.add("waits", note="only on a GPU")
        return
    images, values = noise_images(32, 1, 1024), {"network": {"name": "dcgan", "width": 64}, "batch_size": 64}
    counts = {}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        torch.cuda.set_sync_debug_mode("warn")
        try:
            for steps in (100, 300):
                before = len(caught)
                train_sec(images, steps, ONE_WORKER, device, **values)
                counts[steps] = sum("synchroniz" in str(warning.message) for warning in caught[before:])
        finally:
            torch.cuda.set_sync_debug_mode("default")
    report.add("waits", for_each_step=(counts[300] - counts[100]) / 200)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    device, quick, report, start = options.device, options.quick, Report(), time.perf_counter()
    torch.set_num_threads(1 if device != "cpu" else torch.get_num_threads())
    name = torch.cuda.get_device_name(device) if device != "cpu" else platform.processor() or "CPU"
    report.add("machine", device=name, torch=torch.__version__, cuda=torch.version.cuda, date=time.strftime("%Y-%m-%d"))
    width = 8 if quick else 64
    with tf32(False):
        check_trainings(report, device)
        check_features(report, device, quick)
    time_steps(report, device, 0.5 if quick else 4.0, width)
    with tf32(False):
        time_scores(report, device, 50 if quick else 2000)
        time_trials_at_once(report, device, 20 if quick else 1000, width, AT_ONCE[:2] if quick else AT_ONCE)
        count_waits(report, device)
    report.add("end", seconds=time.perf_counter() - start)
    if options.json:
        options.json.write_text(json.dumps(report.rows, indent=1))


if __name__ == "__main__":
    main()
