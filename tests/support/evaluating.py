"""Helpers of the tests of `evaluate`: calls of the command, and collections and generators to compare."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save

from gan_study.cli.evaluate import evaluate
from gan_study.config.training import TrainingConfig, TrialConfig
from gan_study.errors import InputError
from gan_study.evaluation.collections.options import EvaluateOptions
from gan_study.gan.networks import build_networks
from gan_study.metrics.statistics import Gaussian
from gan_study.runs.storage import Storage
from gan_study.runs.trial_folder import TrialFolder

SIZE = 8


def write_images(folder: Path, nums: dict[str, int], seed: int, size: tuple[int, int] = (SIZE, SIZE)) -> None:
    """Grey noise, (height, width), in a folder for each class: `dark` ones around level 70, others around 180."""
    random = np.random.default_rng(seed)
    for name, num in nums.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        for index in range(num):
            levels = random.normal(70 if name == "dark" else 180, 30, size).clip(0, 255).astype(np.uint8)
            Image.fromarray(levels).save(folder / name / f"{index}.png")


def found(capsys: pytest.CaptureFixture[str], generated: object, reference: object, **options: Any) -> dict[str, Any]:
    """The output of `evaluate --json`."""
    evaluate(str(generated), str(reference), EvaluateOptions(as_json=True, **options))
    evaluation: dict[str, Any] = json.loads(capsys.readouterr().out)
    return evaluation


def printed(capsys: pytest.CaptureFixture[str], generated: object, reference: object, **options: Any) -> str:
    evaluate(str(generated), str(reference), EvaluateOptions(**options))
    return capsys.readouterr().out


def refused(generated: object, reference: object, **options: Any) -> str:
    with pytest.raises(InputError) as caught:
        evaluate(str(generated), str(reference), EvaluateOptions(**options))
    return str(caught.value)


def gaussian(dims: int, num: int | None, mean: float = 0) -> Gaussian:
    return Gaussian(num, np.full(dims, float(mean)), np.eye(dims))


def tiny_trial(folder: Path, dataset: dict[str, Any], objective: dict[str, Any] | None = None) -> TrialConfig:
    """A trial with two snapshots of an untrained generator, each of other weights."""
    training = {"dataset": dataset, "network": {"name": "mlp", "width": 8}, "loss": "least_squares", "z_dim": 4}
    training |= {"objective": objective} if objective else {}
    config = TrialConfig(training=TrainingConfig.model_validate(training))
    files = TrialFolder(Storage(folder))
    files.write_config(config)
    for nimg in (1000, 2000):
        torch.manual_seed(nimg)
        generator, _ = build_networks(config.training.network, config.training.dataset.image_size, 1, 4)
        files.write_snapshot(nimg, save(generator.state_dict()))
    return config
