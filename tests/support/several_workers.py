"""Trainings that the tests run in one process and under torchrun; as a script it does all of them on its workers.

usage: torchrun --nproc_per_node 2 several_workers.py PREPARED_FOLDER OUT_FOLDER

With three workers, it does only those without batch norm, and the evaluations. OUT_FOLDER/start holds the training of
`start_shared`.
"""

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import torch
from torch import Tensor, nn

from gan_study.config.names import LOSSES, PENALTIES
from gan_study.config.training import TrialConfig, WorkersConfig
from gan_study.errors import StorageError
from gan_study.evaluation.end_coverage import coverage_measure
from gan_study.evaluation.whole_trial import train_and_finish
from gan_study.extractors.objective import Objective
from gan_study.gan.networks import build_networks
from gan_study.search.trials.begin_trial import begin_trial
from gan_study.search.trials.messages import TrialOrder
from gan_study.training import loop
from gan_study.training.adaptive_strength import AugmentProbability
from gan_study.training.batch_source import Batch, BatchSource
from gan_study.training.distributed import Workers, join_process_group
from gan_study.training.measures.evaluator import Evaluator
from gan_study.training.measures.generated import GeneratedBlock, use_generated
from gan_study.training.measures.means import LossMeans
from gan_study.training.measures.signals import make_probe
from gan_study.training.output.checkpoints import load_latest
from gan_study.training.progress import Progress
from gan_study.training.state import build_state
from gan_study.training.steps import StepMeasures, accumulate_d_gradients
from support.prepared_objective import Prepared, prepare_digits
from support.tiny_training import BATCH_SIZE, measured, run, tiny_trial, trial_folder

MLP = {"name": "mlp", "width": 16}
WGAN_GP = {"loss": "wasserstein", "penalty": "wgan_gp", "d_steps_per_g_step": 2}
# Five steps without batch norm, of which the checkpoint is left after four; Adam's first moment is the last gradient.
# The batch divides among two and three workers, also in stacks of two.
SHORT: dict[str, Any] = {
    "network": MLP,
    "precision": "float64",
    "batch_size": 12,
    "beta1": 0.0,
    "d_steps_per_g_step": 1,
    "total_kimg": 0.06,
    "evaluate_every_kimg": 0.048,
}
LAZY = {"penalty_every": 2}
STACKS: dict[str, dict[str, Any]] = {
    "none": {"loss": "minimax", "label_smoothing": 0.1},
    "dragan": {"loss": "relativistic"},
    "r1": {"loss": "non_saturating", **LAZY},
    "r2": {"loss": "relativistic", **LAZY},
    "weight_clip": {"loss": "wasserstein"},
    "wgan_gp": WGAN_GP,
}
"""One training for each penalty whose discriminator judges two images together."""
UNEVEN: dict[str, Any] = {"batch_size": 20, "total_kimg": 0.1, "evaluate_every_kimg": 0.08}
"""A batch of which three workers have parts of 7, 7 and 6 images, or of 8, 6 and 6 in stacks of two."""
ADAPTIVE: dict[str, Any] = {"loss": "hinge", "augment": {"adaptive": ["colour"], "target": 0.01, "ramp_kimg": 0.06}}
WITHOUT_BATCH_NORM: dict[str, dict[str, Any]] = {
    **{
        f"{loss}, {penalty}": {**SHORT, "loss": loss, "penalty": penalty, **(LAZY if penalty == "r2" else {})}
        for loss in LOSSES
        for penalty in PENALTIES
    },
    **{f"stacks, {penalty}": {**SHORT, "penalty": penalty, "pac": 2, **values} for penalty, values in STACKS.items()},
    **{f"uneven, {penalty}": {**SHORT, "penalty": penalty, **values, **UNEVEN} for penalty, values in STACKS.items()},
    "uneven stacks": {**SHORT, "pac": 2, **WGAN_GP, **UNEVEN},
    "projection": {**SHORT, "loss": "hinge", "conditional": "projection"},
    "concat, stacks": {**SHORT, "pac": 2, **WGAN_GP, "conditional": "concat"},
    "adaptive": {**SHORT, **ADAPTIVE},
    "uneven, adaptive": {**SHORT, **ADAPTIVE, "pac": 2, **UNEVEN},
}
DISCRIMINATORS: dict[str, dict[str, Any]] = {"least_squares": {}, "wgan_gp": WGAN_GP}
NUM_SAMPLES = 1250
PLANTED_AT = 3
"""The step in which one rank's numbers are spoiled."""


def train_to_last_checkpoint(
    values: dict[str, Any], prepared: Prepared, objective: Objective, location: Path, workers: Workers
) -> list[Progress]:
    """Two of a training's three evaluations; what it leaves is the checkpoint of the second."""
    key = objective.record.key.model_copy(update={"num_generated": 40})
    quick = replace(objective, record=objective.record.model_copy(update={"key": key}))
    elastic = WorkersConfig(num_workers=3, min_workers=1)
    config = tiny_trial(**values).model_copy(update={"workers": elastic})
    return run(config, prepared, location, quick, 2, workers)


def discriminator_gradients(values: dict[str, Any], workers: Workers) -> dict[str, Tensor]:
    """The gradients of one step of dcgan's discriminator without batch norm, which its generator always has."""
    shape = {"name": "dcgan", "width": 4, "discriminator_norm": "none"}
    training = tiny_trial(network=shape, **values).training
    torch.manual_seed(0)
    _, discriminator = build_networks(training.network, 16, 1, training.z_dim)
    random = torch.Generator().manual_seed(1)
    real_images, fake_images = (
        torch.rand(BATCH_SIZE, 1, 16, 16, generator=random, dtype=torch.float64) * 2 - 1 for _ in range(2)
    )
    mix = torch.rand(BATCH_SIZE, 1, 1, 1, generator=random, dtype=torch.float64)
    accumulate_d_gradients(
        training,
        workers.wrap(discriminator.double(), "per_rank"),
        workers.own_rows(real_images, BATCH_SIZE),
        workers.own_rows(fake_images, BATCH_SIZE),
        workers.own_rows(mix, BATCH_SIZE) if training.penalty == "wgan_gp" else None,
    )
    return {name: parameter.grad for name, parameter in discriminator.named_parameters() if parameter.grad is not None}


@contextmanager
def spoiled(what: str, workers: Workers, once: bool = False) -> Iterator[None]:
    """From step PLANTED_AT on, or in that step alone, the last rank's real images or its loss are not a number."""
    calls = 0

    def due() -> bool:
        nonlocal calls
        calls += 1
        is_time = calls == PLANTED_AT if once else calls >= PLANTED_AT
        return is_time and workers.rank == workers.world_size - 1

    draw = BatchSource.draw

    def draw_spoiled(source: BatchSource, cur_nimg: int) -> Batch:
        batch = draw(source, cur_nimg)
        return Batch(batch.real_images * float("nan"), batch.z, batch.noise) if due() else batch

    def accumulate_spoiled(*arguments: Any) -> StepMeasures[Tensor]:
        measures = accumulate_d_gradients(*arguments)
        return replace(measures, loss=measures.loss * float("nan")) if due() else measures

    with (
        mock.patch.object(BatchSource, "draw", draw_spoiled)
        if what == "images"
        else mock.patch.object(loop, "accumulate_d_gradients", accumulate_spoiled)
    ):
        yield


def as_json(progress: list[Progress]) -> list[dict[str, Any]]:
    """Return the progress as JSON, without times and process ids."""
    return [
        {
            "state": p.status.state.value,
            "reason": p.status.reason,
            "evaluation": measured([p.evaluation])[0].model_dump() if p.evaluation else None,
        }
        for p in progress
    ]


def do_with_batch_norm(
    prepared: Prepared, objective: Objective, out: Path, workers: Workers
) -> dict[str, list[dict[str, Any]]]:
    """Trainings that are interrupted, spoiled or rolled back; return their progress by name."""
    given = {}
    confirmed = tiny_trial().model_copy(update={"phase": "confirm"})
    for folder, parts in (("whole", (None,)), ("resumed", (2, None))):
        for part in parts:
            run(confirmed, prepared, out / folder, objective, part, workers)
    for what in ("images", "loss"):
        with spoiled(what, workers):
            progress = run(tiny_trial(), prepared, out / f"spoiled-{what}", objective, workers=workers)
        given[f"spoiled {what}"] = as_json(progress)
    returning = tiny_trial()
    diagnosis = returning.diagnosis.model_copy(update={"on_collapse": "rollback"})
    returning = returning.model_copy(update={"diagnosis": diagnosis})
    for folder, parts in (("back", (None,)), ("back-resumed", (2, None))):
        with spoiled("loss", workers, once=True):
            progress = run(returning, prepared, out / folder, objective, parts[0], workers)
        for part in parts[1:]:
            progress += run(returning, prepared, out / folder, objective, part, workers)
        given[folder] = as_json(progress)
    return given


def shared_trial() -> TrialConfig:
    """A confirmed trial with batch norm whose end asks for all that is measured."""
    objective = {"num_samples": NUM_SAMPLES, "early_num_samples": 450, "final_draws": 2, "at": "best"}
    trial = tiny_trial(objective=objective, batch_size=12)  # which divides among two and three workers
    return trial.model_copy(update={"phase": "confirm", "measure_coverage": True})


def many_samples(objective: Objective) -> Objective:
    """The objective with enough samples for several batches on each of three workers, and with a last one of 50."""
    key = objective.record.key.model_copy(update={"num_generated": NUM_SAMPLES})
    return replace(objective, record=objective.record.model_copy(update={"key": key}))


def start_shared(prepared: Prepared, objective: Objective, location: Path) -> None:
    """Train the shared trial on one worker up to its second evaluation."""
    run(shared_trial(), prepared, location, many_samples(objective), 2)


def finish_shared(prepared: Prepared, objective: Objective, out: Path, workers: Workers) -> None:
    """Copy what `start_shared` has left, evaluate it as if it were the training's end, and do the end work."""
    config, objective = shared_trial(), many_samples(objective)
    workers.on_first_rank(lambda: shutil.copytree(out / "start", out / "shared"))
    folder = trial_folder(out / "shared")
    state = build_state(config.training, 1, workers.device)
    status, evaluations = load_latest(state, folder, workers)
    coverage = coverage_measure(config, prepared.dataset, objective, workers)
    probe = make_probe(config.training, prepared.dataset, workers)
    Evaluator(config, objective, folder, workers, coverage, probe).evaluate(
        state, status, evaluations[:-1], LossMeans(), is_end=True
    )
    (_,) = train_and_finish(config, prepared.dataset, objective, folder, workers)


class Failing(nn.Module):
    """A generator and the extractor of its images' pixels, one of which fails on the last rank alone."""

    def __init__(self, failure: str, workers: Workers) -> None:
        super().__init__()
        self.failure = failure if workers.rank == workers.world_size - 1 else ""

    def forward(self, z: Tensor) -> Tensor:
        images = z.reshape(-1, 1, 2, 2)
        return images * float("nan") if self.failure == "an image is not finite" else images

    def extract(self, images_uint8: Tensor) -> tuple[Tensor, None]:
        if self.failure == "no memory":
            raise MemoryError("planted")
        return images_uint8.flatten(1).float(), None


class OddError(Exception):
    """An error that another process cannot make again."""

    def __init__(self, first: str, second: str) -> None:
        super().__init__(first + second)


def fail(error: Exception) -> None:
    raise error


def shared_failures(prepared: Prepared, workers: Workers) -> dict[str, str]:
    """Return what each rank receives if one of them fails, in a few of the ways in which ranks wait for each other."""

    def generate(failure: str, use: Callable[[GeneratedBlock], object] = lambda block: None) -> object:
        failing = Failing(failure, workers)
        return use_generated(failing, torch.zeros(900, 4), failing, workers, use)

    run_folder = "/nowhere" if workers.rank == workers.world_size - 1 else prepared.folder.location
    calls: dict[str, Callable[[], object]] = {
        "no run folder": lambda: next(begin_trial(TrialOrder(shared_trial(), run_folder), workers)),
        "an image is not finite": lambda: generate("an image is not finite"),
        "no memory": lambda: generate("no memory"),
        "use": lambda: generate("", lambda block: fail(ValueError("planted"))),
        "full disk": lambda: workers.from_first_rank(lambda: fail(StorageError("the disk is full"))),
        "odd": lambda: workers.on_first_rank(lambda: fail(OddError("a", "b"))),
    }
    received = {}
    for name, call in calls.items():
        try:
            received[name] = str(call())
        except Exception as error:
            received[name] = f"{type(error).__name__}: {error}"
    return received


def shared_probability(workers: Workers) -> dict[str, float]:
    """Adaptive augmentations after six steps in which the first rank alone takes its real images for generated ones."""
    probability = AugmentProbability(target=0.1, rise_per_step=0.05)
    for number in range(1, 7):
        probability.observe(torch.tensor(1.0 if workers.rank else -0.5), number, 1.0, workers)
    return {name: float(value) for name, value in probability.state_dict().items()}


def main(prepared_location: str, out: Path) -> None:
    with join_process_group(use_gpu=False) as workers:
        prepared = prepare_digits(prepared_location)  # is there already
        objective, given = prepared.load(), {}
        for name, values in WITHOUT_BATCH_NORM.items():
            given[name] = as_json(train_to_last_checkpoint(values, prepared, objective, out / name, workers))
        finish_shared(prepared, objective, out, workers)
        given["failures"] = [shared_failures(prepared, workers)]
        given["probability"] = [shared_probability(workers)]
        if workers.world_size == 2:
            for name, values in DISCRIMINATORS.items():
                torch.save(discriminator_gradients(values, workers), out / f"gradients-{name}-{workers.rank}.pt")
            given |= do_with_batch_norm(prepared, objective, out, workers)
        (out / f"given-{workers.rank}.json").write_text(json.dumps(given))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
    # All is written. On a busy machine, torch's own threads may abort a process that ends while they still run.
    os._exit(0)
