"""The signals of planted failures and of a healthy generator; measuring them changes nothing."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from support.prepared_objective import Prepared
from support.tiny_training import measured, numbers, run, tiny_trial, trial_folder
from torch import Tensor, nn

from gan_study.config.training import TrainingConfig, TrialConfig
from gan_study.extractors.objective import Objective
from gan_study.gan.conversion import to_float
from gan_study.gan.latents import draw_z
from gan_study.runs.records.measurements import EvaluationRecord, SignalsRecord
from gan_study.training import loop
from gan_study.training.distributed import Workers
from gan_study.training.measures.signals import first_images, logits_to_signals, make_probe, measure_signals
from gan_study.training.state import TrainingState, build_state
from gan_study.training.steps import accumulate_g_gradients

ONE_WORKER = Workers()


class Pool(nn.Module):
    """Answers any latents with real images, one after the other and again from the first."""

    def __init__(self, images_uint8: np.ndarray) -> None:
        super().__init__()
        self.images, self.num_given = to_float(torch.from_numpy(images_uint8)), 0

    def forward(self, z: Tensor) -> Tensor:
        given = torch.arange(self.num_given, self.num_given + len(z)) % len(self.images)
        self.num_given += len(z)
        return self.images[given]


def look(state: TrainingState, prepared: Prepared, training: TrainingConfig, num: int = 300) -> SignalsRecord:
    """The signals of a training whose averaged generator has just made `num` images."""
    with first_images(state.g_ema) as images, torch.no_grad():
        for z in draw_z(num, training.z_dim, training.z_distribution, torch.Generator().manual_seed(0)).split(100):
            state.g_ema(z)
    return measure_signals(state, make_probe(training, prepared.dataset, ONE_WORKER), images, training, ONE_WORKER)


def signals_of(prepared: Prepared, images: Callable[[np.ndarray], np.ndarray | nn.Module]) -> SignalsRecord:
    """The signals of an averaged generator made from training images in random order."""
    training = tiny_trial().training
    state = build_state(training, 1, ONE_WORKER.device)
    order = np.random.default_rng(0).permutation(prepared.dataset.train_indices)
    made = images(prepared.dataset.images[order])
    state.g_ema = made if isinstance(made, nn.Module) else Pool(made)
    return look(state, prepared, training)


def test_a_healthy_generator(prepared: Prepared) -> None:
    found = signals_of(prepared, lambda images: images)
    assert found.non_finite == ()
    assert found.duplicates == 0
    assert found.pairwise_distance_ratio == pytest.approx(1, abs=0.03)
    assert found.latent_sensitivity is not None
    assert found.latent_sensitivity > 0.2


def test_a_generator_that_ignores_its_latents(prepared: Prepared) -> None:
    found = signals_of(prepared, lambda images: images[:1])
    assert found.duplicates == 255 / 256
    assert found.pairwise_distance_ratio == pytest.approx(0, abs=1e-6)
    assert found.latent_sensitivity == 0


def test_a_generator_of_64_images(prepared: Prepared) -> None:
    found = signals_of(prepared, lambda images: images[:64])
    assert found.duplicates == 0.75
    assert found.pairwise_distance_ratio == pytest.approx(1, abs=0.05)  # blind to it


def test_images_that_are_not_finite(prepared: Prepared) -> None:
    class Broken(nn.Module):
        def forward(self, z: Tensor) -> Tensor:
            images = torch.zeros(len(z), 1, 16, 16)
            images[7, 0, 3, 3] = math.nan
            return images

    found = signals_of(prepared, lambda images: Broken())  # in each of its batches
    assert found.non_finite == ("images",)
    assert found.duplicates is found.pairwise_distance_ratio is found.latent_sensitivity is None
    assert found.d_accuracy_real is not None  # the players are another matter


def test_fewer_images_than_are_wanted(prepared: Prepared) -> None:
    training = tiny_trial().training
    state = build_state(training, 1, ONE_WORKER.device)
    state.g_ema = Pool(prepared.dataset.images[prepared.dataset.train_indices])
    found = look(state, prepared, training, num=81)
    assert found.pairwise_distance_ratio == pytest.approx(1, abs=0.05)
    assert found.latent_sensitivity is not None
    one = look(state, prepared, training, num=1)
    assert (one.duplicates, one.pairwise_distance_ratio, one.latent_sensitivity) == (0, None, None)


def test_images_are_those_of_the_score(
    prepared: Prepared, objective: Objective, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # All that is made at an evaluation: the score's images, those that are judged, and the sample grid's.
    made: list[int] = []
    monkeypatch.setattr(nn.Tanh, "forward", lambda self, values: made.append(len(values)) or torch.tanh(values))  # type: ignore[func-returns-value]
    config = tiny_trial(total_kimg=0.02, evaluate_every_kimg=0.02)
    run(config, prepared, tmp_path, objective)
    num_judged = min(128, len(prepared.dataset.held_out_indices))
    num_at_evaluation = config.training.objective.num_samples + num_judged + 64
    assert sum(made) == 2 * num_at_evaluation + config.training.batch_size


def test_logits_that_are_not_finite(prepared: Prepared) -> None:
    training = tiny_trial().training
    state = build_state(training, 1, ONE_WORKER.device)
    with torch.no_grad():
        next(state.discriminator.parameters()).fill_(math.inf)
    found = look(state, prepared, training)
    assert found.non_finite == ("real_logits", "fake_logits")
    assert found.d_accuracy_real is found.d_loss_real is None
    assert found.duplicates is not None


LN2 = math.log(2)


@pytest.mark.parametrize(
    ("loss", "is_smoothed", "real", "fake", "expected"),
    [
        # Of two real logits one lies on the wrong side, of two fake ones none does.
        ("hinge", False, [2.0, -1.0], [-3.0, -0.5],
         {"d_loss_real": 1.0, "d_loss_fake": 0.25, "d_accuracy_real": 0.5, "d_accuracy_fake": 1.0}),
        # The targets are 1 and 0, so the boundary lies at 1/2.
        ("least_squares", False, [0.6, 0.4], [0.4, 0.0],
         {"d_loss_real": 0.13, "d_loss_fake": 0.04, "d_accuracy_real": 0.5, "d_accuracy_fake": 1.0}),
        ("minimax", False, [0.0, 0.0], [0.0, 0.0],
         {"d_loss_real": LN2, "d_loss_fake": LN2, "d_accuracy_real": 0.5, "d_accuracy_fake": 0.5,
          "jensen_shannon": 0.0}),
        ("non_saturating", False, [50.0], [-50.0],
         {"d_loss_real": 0.0, "d_loss_fake": 0.0, "d_accuracy_real": 1.0, "d_accuracy_fake": 1.0,
          "jensen_shannon": LN2}),
        ("non_saturating", True, [0.0], [0.0],
         {"d_loss_real": LN2, "d_loss_fake": LN2, "d_accuracy_real": 0.5, "d_accuracy_fake": 0.5}),
        ("wasserstein", False, [5.0, 3.0], [1.0, -2.0],
         {"d_loss_real": -4.0, "d_loss_fake": -0.5, "wasserstein": 4.5}),
    ],
)  # fmt: skip
def test_what_logits_say(
    loss: Any, is_smoothed: bool, real: list[float], fake: list[float], expected: dict[str, float]
) -> None:
    found = logits_to_signals(loss, is_smoothed, torch.tensor(real), torch.tensor(fake))
    assert found == pytest.approx(expected, abs=1e-7)


def test_the_jensen_shannon_divergence_of_two_gaussians() -> None:
    # N(0, 1) and N(2, 1) have the optimal logits -2x + 2 (Goodfellow et al. 2014); numerical integration gives 0.3368.
    random = torch.Generator().manual_seed(0)
    real, fake = (torch.randn(200_000, generator=random, dtype=torch.float64) + mean for mean in (0, 2))
    found = logits_to_signals("minimax", False, -2 * real + 2, -2 * fake + 2)
    assert found["jensen_shannon"] == pytest.approx(0.3368, abs=0.003)


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"loss": "wasserstein", "penalty": "wgan_gp"},
        {"loss": "non_saturating", "network": {"name": "dcgan", "width": 4, "spectral_norm": True}},
        {"loss": "hinge", "pac": 4},
        {"loss": "relativistic"},
    ],
)
def test_which_signals_a_loss_has_and_that_the_training_is_left_as_it_is(
    values: dict[str, Any], prepared: Prepared
) -> None:
    training = tiny_trial(**values).training
    state = build_state(training, 1, ONE_WORKER.device)
    before, random = state.to_bytes(), torch.get_rng_state()
    found = look(state, prepared, training)
    assert state.to_bytes() == before
    assert torch.equal(torch.get_rng_state(), random)
    assert all(p.requires_grad for p in state.discriminator.parameters())
    assert look(state, prepared, training) == found
    given = {name for name, value in found if value is not None}
    images = {"non_finite", "duplicates", "pairwise_distance_ratio", "latent_sensitivity"}
    losses, accuracy = {"d_loss_real", "d_loss_fake"}, {"d_accuracy_real", "d_accuracy_fake"}
    assert (
        given
        == images
        | {
            "least_squares": losses | accuracy,
            "wasserstein": losses | {"wasserstein"},
            "non_saturating": losses | accuracy | {"jensen_shannon"},
            "hinge": losses | accuracy,
            "relativistic": set(),
        }[training.loss]
    )


def test_every_evaluation_holds_its_signals(prepared: Prepared, objective: Objective, tmp_path: Path) -> None:
    run(tiny_trial(), prepared, tmp_path, objective)
    evaluations = trial_folder(tmp_path).read_evaluations()
    assert all(e.signals is not None and e.signals.non_finite == () for e in evaluations)
    assert len({e.signals.d_loss_real for e in evaluations if e.signals}) == len(evaluations)
    losses = [e.losses for e in evaluations[1:]]
    assert all(part is not None and part.g_output_gradient for part in losses)


def test_the_gradient_at_the_generator_s_output() -> None:
    # The critic is linear, so that every image's gradient is its weight, of norm 3.
    class Linear(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.tensor([1.0, 2.0, -2.0, 0.0]))

        def forward(self, images: Tensor) -> Tensor:
            return images.flatten(1) @ self.weight

    training = tiny_trial(loss="wasserstein").training
    generator = nn.Linear(2, 4)
    for num in (3, 50):
        images = generator(torch.randn(num, 2)).reshape(num, 1, 2, 2)
        measures = numbers(accumulate_g_gradients(training, generator, Linear(), images))
        assert measures.output_gradient == pytest.approx(3, rel=1e-6)


def plant(monkeypatch: pytest.MonkeyPatch, value: float) -> None:
    """From the first step on, all weights of the averaged generator are `value`: it ignores its latents."""

    def spoil(g_ema: nn.Module, *arguments: Any) -> None:
        with torch.no_grad():
            for parameter in g_ema.parameters():
                parameter.fill_(value)

    monkeypatch.setattr(loop, "update_ema", spoil)


def stopping() -> TrialConfig:
    config = tiny_trial()
    return config.model_copy(update={"diagnosis": config.diagnosis.model_copy(update={"on_collapse": "stop"})})


def test_a_collapsed_training_is_stopped(
    prepared: Prepared, objective: Objective, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch, 0.0)
    progress = run(stopping(), prepared, tmp_path, objective)
    assert [(p.evaluation.cur_nimg, p.status.state.value) for p in progress if p.evaluation] == [
        (0, "running"), (80, "running"), (160, "stopped"),
    ]  # fmt: skip
    status, folder = progress[-1].status, trial_folder(tmp_path)
    assert folder.read_status() == status
    assert (status.collapsed, status.cur_nimg, status.pid) == (True, 160, None)
    assert status.reason == (
        "collapsed: The latent sensitivity of the last two evaluations, over the highest of all, is 0, below 0.1 "
        "(a ratio; metrics.jsonl has the values themselves). "
        "The mean distance of generated pairs in the last two evaluations, over that of real ones, is 0, below 0.5."
    )
    assert folder.checkpoint_nimgs() == []
    assert 160 in folder.snapshot_nimgs()
    assert run(stopping(), prepared, tmp_path, objective) == progress[-1:]


def test_images_that_are_not_finite_stop_it_at_once(
    prepared: Prepared, objective: Objective, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch, math.nan)
    progress = run(stopping(), prepared, tmp_path, objective)
    assert [p.status.state.value for p in progress] == ["running", "stopped"]
    assert progress[-1].status.reason == "collapsed: The number of non-finite quantities (images) is 1, above 0."
    last = progress[-1].evaluation
    assert last is not None
    assert last.score is None


def test_what_is_only_recorded_goes_on(
    prepared: Prepared, objective: Objective, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch, 0.0)
    progress = run(tiny_trial(), prepared, tmp_path, objective)
    assert progress[-1].status.state.value == "completed"
    assert not progress[-1].status.collapsed


def test_a_healthy_training_is_not_stopped(prepared: Prepared, objective: Objective, tmp_path: Path) -> None:
    def evaluations(config: TrialConfig, name: str) -> list[EvaluationRecord]:
        return measured([p.evaluation for p in run(config, prepared, tmp_path / name, objective) if p.evaluation])

    watched = evaluations(stopping(), "watched")
    assert [e.cur_nimg for e in watched] == [0, 80, 160, 200]
    assert watched == evaluations(tiny_trial(), "unwatched")


def test_the_state_is_what_the_signals_are_of(prepared: Prepared) -> None:
    # The averaged generator's images and the players' logits come from where they say.
    training = tiny_trial().training

    def found(change: Callable[[TrainingState], nn.Module] | None = None) -> SignalsRecord:
        state = build_state(training, 1, ONE_WORKER.device)
        with torch.no_grad():
            for parameter in change(state).parameters() if change is not None else ():
                parameter.mul_(1.5)
        return look(state, prepared, training)

    base, of_g_ema = found(), found(lambda state: state.g_ema)
    assert of_g_ema.latent_sensitivity != base.latent_sensitivity
    assert of_g_ema.d_loss_fake == base.d_loss_fake
    of_generator = found(lambda state: state.generator)
    assert (of_generator.d_loss_real, of_generator.duplicates) == (base.d_loss_real, base.duplicates)
    assert of_generator.d_loss_fake != base.d_loss_fake
    assert found(lambda state: state.discriminator).d_loss_real != base.d_loss_real
