"""Several trials in threads of one process: each ends as it would alone, whatever happens to the others."""

import sys
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import pytest
import torch
from support.prepared_objective import Prepared
from support.tiny_training import files, measured, tiny_trial

from gan_study.config.training import TrainingConfig, TrialConfig
from gan_study.search.trials import serving
from gan_study.search.trials.begin_trial import begin_trial
from gan_study.search.trials.messages import TrialOrder, is_last, read_failure
from gan_study.search.trials.serving import serve_together
from gan_study.training import loop
from gan_study.training.distributed import Workers
from gan_study.training.progress import Progress
from gan_study.training.state import TrainingState, set_rates_

FAILING_SEED, FAILS_AT = 3, 120
"""Seed of the trial `failing`, which fails once, and the images that it has seen then."""
BATCH_NORM = {"name": "mlp", "discriminator_norm": "batch"}
"""A network that one stack of images is too few for."""


@dataclass
class Line:
    """A slot's line to an exchange that has a list of orders for it."""

    orders: list[TrialOrder]
    num_reports: int | None = None
    """Reports after which the trial is stopped."""
    messages: list[dict[str, Any]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def take(self) -> dict[str, Any] | None:
        return self.orders[0].to_tune() if self.orders else None

    def report(self, message: dict[str, Any]) -> bool:
        self.messages.append(message)
        if is_last(message) or len(self.messages) == self.num_reports:
            self.orders.pop(0)
            return False
        return True

    def fail(self, reason: str) -> None:
        self.failures.append(reason)


def trial(name: str, **values: Any) -> TrialConfig:
    return tiny_trial(**values).model_copy(update={"arm": name.partition("_")[0], "name": name})


def trials(suffix: str) -> dict[str, TrialConfig]:
    """Trials of different networks, losses and precisions, by what happens to them."""
    short = {"precision": "bf16", "network": {"name": "dcgan", "width": 8}}
    given: dict[str, dict[str, Any]] = {
        "diverging": {"loss": "wasserstein", "d_lr": 1e18, "network": {"name": "mlp"}},
        "failing": {**short, "loss": "hinge", "seed": FAILING_SEED},
        "stopped": {
            "network": {"name": "dcgan", "width": 4, "spectral_norm": True},
            "loss": "non_saturating",
            "total_kimg": 2,
        },
        "undisturbed": {**short, "penalty": "wgan_gp", "loss": "wasserstein", "total_kimg": 0.4},
    }
    return {name: trial(f"{name}_{suffix}", **values) for name, values in given.items()}


@pytest.fixture
def hasty_threads() -> Iterator[None]:
    """Python changes from one thread to another many times within each step."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


def order(config: TrialConfig, prepared: Prepared) -> TrialOrder:
    return TrialOrder(config, prepared.folder.location)


def train_alone(order: TrialOrder, num_reports: int | None) -> None:
    """Train in this thread, as a process with one trial does."""
    training = begin_trial(order, Workers())
    for _ in islice(training, num_reports):
        pass
    training.close()


def fail_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the training with the seed of `failing` raise an error between two evaluations."""
    left = [1]

    def set_rates_or_fail(state: TrainingState, config: TrainingConfig, lr_factor: float) -> None:
        if config.seed == FAILING_SEED and state.counters.cur_nimg == FAILS_AT and left:
            left.pop()
            raise RuntimeError("the step has failed\nfor a reason")
        set_rates_(state, config, lr_factor)

    monkeypatch.setattr(loop, "set_rates_", set_rates_or_fail)


def test_each_trial_ends_as_it_would_alone(
    prepared: Prepared, hasty_threads: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    num_reports = {"stopped": 3}
    for name, config in trials("alone").items():
        train_alone(order(config, prepared), num_reports.get(name))
    fail_once(monkeypatch)
    lines = {name: Line([order(c, prepared)], num_reports.get(name)) for name, c in trials("together").items()}
    serve_together([*lines.values()], torch.device("cpu"))

    ends = {name: line.messages[-1]["state"] for name, line in lines.items()}
    assert ends == {"diverging": "diverged", "failing": "completed", "stopped": "running", "undisturbed": "completed"}
    failures = {name: line.failures for name, line in lines.items() if line.failures}
    assert failures == {"failing": ["RuntimeError: the step has failed"]}
    for name in lines:
        alone, together = (prepared.folder.trial(name, f"{name}_{how}") for how in ("alone", "together"))
        assert measured(together.read_evaluations()) == measured(alone.read_evaluations()), name
        assert len(alone.read_evaluations()) > (name != "diverging"), name
        found, expected = (files(each.storage.location, "samples", "snapshots") for each in (together, alone))
        assert found == expected, name
        statuses = [each.read_status() for each in (alone, together)]
        assert [status.reason for status in statuses if status] == [statuses[0].reason if statuses[0] else None] * 2


def test_a_fault_of_the_configuration_ends_its_trial_alone(prepared: Prepared) -> None:
    """The slot then trains its next order."""
    wrong, right = trial("wrong_batch", batch_size=2, pac=2, network=BATCH_NORM), trial("right_batch")
    line, other = Line([order(wrong, prepared), order(right, prepared)]), Line([])
    serve_together([line, other], torch.device("cpu"))
    assert "training.batch_size" in str(read_failure(line.messages[0]))
    assert line.messages[-1]["state"] == "completed"


def test_a_trial_that_begins_anew_waits_until_its_former_slot_has_left_it(
    prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two slots have the same order, as after the loss of the exchange."""
    training: list[str] = []
    at_once: list[int] = []

    def noted(order: TrialOrder, workers: Workers) -> Generator[Progress, None, None]:
        training.append(order.config.name)
        at_once.append(len(training))
        try:
            yield from begin_trial(order, workers)
        finally:
            training.pop()

    monkeypatch.setattr(serving, "begin_trial", noted)
    lines = [Line([order(trial("begun_twice"), prepared)]) for _ in range(2)]
    serve_together(lines, torch.device("cpu"))
    assert at_once == [1, 1]
    assert [line.messages[-1]["state"] for line in lines] == ["completed"] * 2
    assert sorted(len(line.messages) for line in lines) == [1, 4]


def test_a_lost_gpu_ends_the_process(prepared: Prepared, monkeypatch: pytest.MonkeyPatch) -> None:
    """After such an error, all that a process does on its GPU fails."""
    error = torch.AcceleratorError("CUDA error: an illegal memory access was encountered")

    def lose_gpu(*arguments: object) -> None:
        raise error

    monkeypatch.setattr(loop, "set_rates_", lose_gpu)
    line = Line([order(trial("lost_gpu"), prepared)])
    with pytest.raises(torch.AcceleratorError):
        serve_together([line, Line([])], torch.device("cpu"))
    assert line.failures == []
