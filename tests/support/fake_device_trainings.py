"""Trainings on the fake device, as a script: every network, loss, penalty, optimizer, extractor, and planted mistakes.

usage: python fake_device_trainings.py PREPARED_FOLDER OUT_FOLDER

The last line of its output is JSON: for each training by name, its final state or its error, and each place where the
host waited for the device between two evaluations, and how often the steps' measures were read.
"""

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from itertools import cycle, islice
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import torch
from torch import Tensor

from gan_study.config.names import LOSSES, PENALTIES
from gan_study.data.datasets import Dataset
from gan_study.evaluation.end_coverage import coverage_measure
from gan_study.evaluation.end_diagnosis import diagnose_trial
from gan_study.evaluation.end_scores import compute_final_scores
from gan_study.extractors.autoencoder import Autoencoder
from gan_study.extractors.domain_classifier import DomainClassifier, StackedClassifier
from gan_study.extractors.kinds import FeatureNetwork
from gan_study.extractors.objective import Objective
from gan_study.metrics.frechet import stats_to_reference
from gan_study.metrics.statistics import features_to_stats
from gan_study.training import batch_source, loop, state
from gan_study.training.batch_source import Batch, BatchSource
from gan_study.training.distributed import Workers
from gan_study.training.loop import train
from gan_study.training.measures.evaluator import Evaluator
from gan_study.training.measures.means import LossMeans
from support.fake_device import NAME, HostWaits, fake_tensors, install_fake_device, save_zeros, weights_of_zeros
from support.prepared_objective import Prepared, prepare_digits
from support.tiny_training import tiny_trial, trial_folder

BEFORE_THE_STEPS = [(loop, "build_state"), (loop, "load_latest"), (loop, "make_probe"), (BatchSource, "__init__")]
"""Functions that may wait for the device, beside those of evaluations."""
SIZES = {"dcgan": 16, "infogan": 28, "resnet": 32}
NUM_IMAGES, NUM_HELD_OUT = 500, 100
COVERED: dict[str, dict[str, Any]] = {
    **{
        f"{loss}, {penalty}": {"network": {"name": "mlp", "width": 4}, "loss": loss, "penalty": penalty}
        for loss, penalty in zip(cycle(LOSSES), PENALTIES, strict=False)
    },
    "dcgan": {"network": {"name": "dcgan", "width": 4}, "penalty": "dragan", "pac": 2, "parts": (2, None)},
    "lazy r1": {"network": {"name": "dcgan", "width": 4}, "penalty": "r1", "penalty_every": 2, "gpu_data_share": 0},
    "clipped rmsprop": {
        "network": {"name": "dcgan", "width": 4},
        "loss": "wasserstein",
        "penalty": "weight_clip",
        "optimizer": "rmsprop",
        "d_steps_per_g_step": 2,
        "parts": (2, None),
    },
    "infogan": {
        "network": {"name": "infogan", "width": 4},
        "loss": "non_saturating",
        "label_smoothing": 0.1,
        "z_distribution": "uniform",
    },
    "resnet": {"network": {"name": "resnet", "width": 4, "spectral_norm": True}, "loss": "hinge", "channels": 3},
    "every setting of a network": {
        "network": {
            "name": "dcgan",
            "width": 4,
            "depth": 1,
            "upsample": "bilinear",
            "activation": "silu",
            "attention": 8,
            "g_norm": "layer",
            "spectral_norm": True,
            "g_spectral_norm": True,
        },
        "penalty": "r1",
    },
    "augmented": {
        "network": {"name": "dcgan", "width": 4},
        "loss": "relativistic",
        "penalty": ["r1", "r2"],
        "augment": ["flip", "colour", "translation", "cutout"],
        "lr_schedule": "cosine",
        "ema_half_life_kimg": [1, 0],
        "flip": True,
    },
    "projection": {
        "network": {"name": "dcgan", "width": 4, "spectral_norm": True},
        "loss": "hinge",
        "conditional": "projection",
    },
    "concat": {"network": {"name": "mlp", "width": 4}, "penalty": "wgan_gp", "conditional": "concat"},
    "adaptively augmented": {
        "network": {"name": "dcgan", "width": 4},
        "loss": "hinge",
        "augment": {"adaptive": ["flip", "colour", "translation", "cutout"], "ramp_kimg": 0.1},
    },
    "float64": {
        "network": {"name": "dcgan", "width": 4, "discriminator_norm": "layer"},
        "penalty": "wgan_gp",
        "precision": "float64",
    },
}
_NOT_OF_THE_TRAINING = ("channels", "flip", "gpu_data_share", "parts")
EXTRACTED: dict[str, Any] = {"network": {"name": "mlp", "width": 4}}
EXTRACTORS: dict[str, tuple[int, int, int | None, Callable[[int, int], FeatureNetwork]]] = {
    "domain classifier": (16, 1, 10, lambda size, channels: DomainClassifier(size, channels, 10)),
    "stacked classifier": (32, 3, 1000, lambda size, channels: StackedClassifier(size)),
    "autoencoder": (64, 3, None, Autoencoder),
}
"""Image size, channels, classes and network."""


def noise(size: int, num_channels: int, num_classes: int = 10) -> Dataset:
    """Images of random pixels, with labels, of which a fifth is held out."""
    numbers = np.arange(NUM_IMAGES)
    images = np.random.default_rng(0).integers(0, 256, (NUM_IMAGES, num_channels, size, size), dtype=np.uint8)
    names = tuple(map(str, range(num_classes)))
    return Dataset("digits", images, numbers % num_classes, names, numbers[:-NUM_HELD_OUT], numbers[-NUM_HELD_OUT:])


def objective_of(prepared: Prepared, name: str, dataset: Dataset) -> Objective:
    """The objective of other images, with an extractor of random weights."""
    _, _, num_classes, build = EXTRACTORS[name]
    network, objective = build(dataset.image_size, dataset.num_channels), prepared.load()
    features = np.random.default_rng(0).normal(size=(4 * network.dims, network.dims))
    shares = None if num_classes is None else (1 / num_classes,) * num_classes
    values = {"extractor": name, "dims": network.dims, "dataset": dataset.identity}
    key = objective.record.key.model_copy(update={"num_generated": 100, **values})
    record = objective.record.model_copy(update={"key": key, "real_class_shares": shares})
    frozen = network.eval().requires_grad_(False)
    extractor = replace(objective.extractor, name=name, network=frozen, dims=network.dims)
    return Objective(record, extractor, stats_to_reference(features_to_stats(features)))


@contextmanager
def allowing(waits: HostWaits, place: Any, name: str) -> Iterator[mock.Mock]:
    """Let the host wait for the device inside one function; yield the record of its calls."""
    function = getattr(place, name)

    def allowed(*arguments: Any, **options: Any) -> Any:
        with waits.allowed():
            return function(*arguments, **options)

    with mock.patch.object(place, name, autospec=True, side_effect=allowed) as calls:
        yield calls


def train_on_fake(
    values: dict[str, Any], prepared: Prepared, location: Path, extractor: str = "domain classifier"
) -> dict[str, Any]:
    """Train for four steps with three evaluations, in one or several parts; return the end and the host's waits."""
    size, num_channels, num_classes, _ = EXTRACTORS[extractor]
    size, num_channels = SIZES.get(values["network"]["name"], size), values.get("channels", num_channels)
    config = tiny_trial(
        dataset={"name": "digits", "image_size": size, "channels": num_channels, "flip": "flip" in values},
        objective={"num_samples": 100, "final_draws": 1, "at": "best"},
        total_kimg=0.08,
        evaluate_every_kimg=0.04,
        **{name: value for name, value in values.items() if name not in _NOT_OF_THE_TRAINING},
    )
    kept = config.workers.model_copy(update={"gpu_data_share": values.get("gpu_data_share", 0.25)})
    config = config.model_copy(update={"phase": "confirm", "measure_coverage": True, "workers": kept})
    dataset = noise(size, num_channels, num_classes or 10)
    folder, workers = trial_folder(location), Workers(device=torch.device(NAME, 0))
    with fake_tensors() as waits, ExitStack() as stack:
        stack.enter_context(mock.patch.object(state, "save_tensors", weights_of_zeros))
        stack.enter_context(mock.patch.object(torch, "save", save_zeros))
        stack.enter_context(mock.patch.object(batch_source, "free_memory", return_value=2**30))
        for place, name in BEFORE_THE_STEPS:
            stack.enter_context(allowing(waits, place, name))
        stack.enter_context(allowing(waits, Evaluator, "evaluate"))
        reads = stack.enter_context(allowing(waits, LossMeans, "read"))
        with waits.allowed():
            objective = objective_of(prepared, extractor, dataset).to(workers.device)
        measure = coverage_measure(config, dataset, objective, workers)
        try:
            for num_evaluations in values.get("parts", (None,)):
                *_, last = islice(train(config, dataset, objective, folder, workers, measure), num_evaluations)
            if values == EXTRACTED:
                with waits.allowed():
                    diagnose_trial(folder, config, dataset, objective, workers)
                    compute_final_scores(folder, config.training, dataset, objective, workers)
        except Exception as error:
            return {"end": f"{type(error).__name__}: {error}", "waits": waits.found}
    return {"end": last.status.state.value, "waits": waits.found, "reads": reads.call_count}


def planted(name: str, read: Callable[[Tensor], object]) -> dict[str, tuple[Any, str, Callable[..., Any]]]:
    """The loop's `update_ema` with a read of a weight by the host after it."""

    def update_and_read(g_ema: Any, generator: Any, *arguments: Any) -> None:
        state.update_ema(g_ema, generator, *arguments)
        read(next(generator.parameters()))

    return {name: (loop, "update_ema", update_and_read)}


def draw_on_cpu(source: BatchSource, cur_nimg: int, draw: Callable[..., Batch] = BatchSource.draw) -> Batch:
    batch = draw(source, cur_nimg)
    return Batch(torch.zeros(batch.real_images.shape), batch.z, batch.noise)


PLANTED = {
    "images on the CPU": (BatchSource, "draw", draw_on_cpu),
    **planted("item", lambda weight: weight.sum().item()),
    **planted("tolist", lambda weight: weight.tolist()),
    **planted("__bool__", lambda weight: bool(weight.isfinite().all())),
    **planted("cpu", lambda weight: weight.detach().cpu()),
    **planted("to the device", lambda weight: torch.zeros(1).to(weight.device)),
}


def main(prepared_location: str, out: Path) -> None:
    prepared, found = prepare_digits(prepared_location), {}  # is there already
    install_fake_device()
    for name, values in COVERED.items():
        found[name] = train_on_fake(values, prepared, out / name)
    for name in EXTRACTORS:
        found[name] = train_on_fake(EXTRACTED, prepared, out / name, name)
    for name, (place, function, mistake) in PLANTED.items():
        with mock.patch.object(place, function, mistake):
            found[f"planted: {name}"] = train_on_fake(COVERED["hinge, none"], prepared, out / f"planted {name}")
    print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
    os._exit(0)  # as `install_fake_device` says
