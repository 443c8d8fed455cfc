"""Numbers that the host reads from tensors, for each of which it would wait for a GPU, counted on the CPU."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.prepared_objective import Prepared
from support.tiny_training import run, tiny_trial
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from gan_study.extractors.objective import Objective
from gan_study.runs.records.status import TrialState
from gan_study.training import loop
from gan_study.training.measures.evaluator import Evaluator
from gan_study.training.measures.means import LossMeans


class HostReads(TorchDispatchMode):
    """Counts reads: at evaluations, and between them."""

    at_evaluations = 0
    between = 0
    _is_evaluating = False

    def at_evaluation(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, whose reads count as those of an evaluation."""

        def evaluate(*arguments: Any) -> Any:
            self._is_evaluating = True
            try:
                return function(*arguments)
            finally:
                self._is_evaluating = False

        return evaluate

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if func.name() == "aten::_local_scalar_dense":
            self.at_evaluations += self._is_evaluating
            self.between += not self._is_evaluating
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize(
    "values",
    [
        {"loss": "hinge", "network": {"name": "dcgan", "width": 4, "spectral_norm": True}},
        {"loss": "wasserstein", "penalty": "wgan_gp", "d_steps_per_g_step": 2},
        {"network": {"name": "dcgan", "width": 4, "depth": 1, "attention": 8, "g_spectral_norm": True}},
        {"loss": "wasserstein", "penalty": "weight_clip", "optimizer": "rmsprop"},
        {"loss": "relativistic", "penalty": ["r1", "r2"], "augment": ["flip", "colour", "translation", "cutout"]},
        {"loss": "hinge", "penalty": "r1", "pac": 2, "augment": {"adaptive": ["flip", "cutout"], "ramp_kimg": 0.1}},
        {
            "dataset": {"name": "digits", "image_size": 16, "flip": True},
            "lr_schedule": "cosine",
            "ema_half_life_kimg": [1, 0],
        },
        {"loss": "relativistic", "penalty": "dragan", "pac": 2},
        {"loss": "minimax", "penalty": "r1", "penalty_every": 2, "label_smoothing": 0.1},
    ],
)
def test_no_step_reads_a_number(
    values: dict[str, Any],
    prepared: Prepared,
    objective: Objective,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    reads = HostReads()  # type: ignore[no-untyped-call]
    monkeypatch.setattr(Tensor, "tolist", lambda tensor: [number.item() for number in tensor.flatten()])
    monkeypatch.setattr(Evaluator, "evaluate", reads.at_evaluation(Evaluator.evaluate))
    monkeypatch.setattr(LossMeans, "read", reads.at_evaluation(LossMeans.read))
    monkeypatch.setattr(loop, "most_unread_steps", lambda device: 100)  # as on a GPU
    with reads:
        *_, last = run(tiny_trial(**values), prepared, tmp_path, objective)
    assert last.status.state is TrialState.COMPLETED
    assert reads.at_evaluations > 0
    assert reads.between == 0
