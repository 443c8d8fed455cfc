"""Trainings that take a fraction of a second, and helpers for their files."""

from itertools import islice
from typing import Any

from torch import Tensor

from gan_study.config.training import TrainingConfig, TrialConfig
from gan_study.extractors.objective import Objective
from gan_study.runs.records.measurements import EvaluationRecord
from gan_study.runs.storage import Storage
from gan_study.runs.trial_folder import TrialFolder
from gan_study.training.distributed import Workers
from gan_study.training.loop import train
from gan_study.training.progress import Progress
from gan_study.training.steps import PlayerStep, StepMeasures, read_steps
from support.prepared_objective import Prepared

BATCH_SIZE = 20


def tiny_trial(**values: Any) -> TrialConfig:
    """Ten steps on 16-pixel digits with an evaluation every four, unless `values` of the training say otherwise.

    The learning rates are high, so that these few steps leave nothing as it was.
    """
    training = {
        "dataset": {"name": "digits", "image_size": 16},
        "objective": {"num_samples": 200},
        "network": {"name": "dcgan", "width": 4},
        "loss": "least_squares",
        "batch_size": BATCH_SIZE,
        "z_dim": 8,
        "g_lr": 0.01,
        "d_lr": 0.01,
        "ema_half_life_kimg": 0.01,
        "total_kimg": 0.2,
        "evaluate_every_kimg": 0.08,
        **values,
    }
    return TrialConfig(training=TrainingConfig.model_validate(training))


def trial_folder(location: object) -> TrialFolder:
    return TrialFolder(Storage(str(location)))


def run(
    config: TrialConfig,
    prepared: Prepared,
    location: object,
    objective: Objective,
    num_evaluations: int | None = None,
    workers: Workers | None = None,
) -> list[Progress]:
    """Train to the end, or abandon the training, like a process that dies, after so many evaluations."""
    steps = train(config, prepared.dataset, objective, trial_folder(location), workers or Workers())
    progress = list(islice(steps, num_evaluations))
    steps.close()
    return progress


def numbers(measures: StepMeasures[Tensor]) -> StepMeasures[float]:
    """The measures of a step as plain numbers."""
    (step,) = read_steps([PlayerStep("generator", measures)])
    return step.measures


def measured(evaluations: list[EvaluationRecord]) -> list[EvaluationRecord]:
    """The evaluations without seconds and numbers of workers, which differ from run to run."""
    return [
        e.model_copy(update={"train_sec": 0.0, "evaluate_sec": 0.0, "device_sec": None, "num_workers": None})
        for e in evaluations
    ]


def files(location: object, *folders: str) -> dict[str, bytes]:
    storage = Storage(str(location))
    names = [f"{folder}/{name}" for folder in folders for name in storage.list_names(folder)]
    return {name: storage.read_bytes(name) for name in names}
