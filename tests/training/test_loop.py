"""The whole loop on tiny settings: its evaluations, counters and files."""

import io
import math
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load
from support.prepared_objective import Prepared
from support.present import present
from support.tiny_training import BATCH_SIZE, files, measured, numbers, run, tiny_trial, trial_folder

from gan_study.errors import InputError
from gan_study.extractors.objective import Objective
from gan_study.gan.conversion import to_uint8
from gan_study.gan.networks import build_networks
from gan_study.runs.records.measurements import LossRecord
from gan_study.runs.records.status import TrialState
from gan_study.training.batch_source import BatchSource
from gan_study.training.distributed import Workers
from gan_study.training.loop import train
from gan_study.training.randomness import Stream, seeded_generator
from gan_study.training.state import build_state
from gan_study.training.steps import accumulate_d_gradients, accumulate_g_gradients


@pytest.fixture
def evaluated(prepared: Prepared, objective: Objective, tmp_path: Path) -> Any:
    def images_at(**values: Any) -> list[int]:
        progress = run(tiny_trial(**values), prepared, tmp_path, objective)
        return [p.evaluation.cur_nimg for p in progress if p.evaluation is not None]

    return images_at


def test_a_training(prepared: Prepared, objective: Objective, tmp_path: Path) -> None:
    config = tiny_trial()
    progress = run(config, prepared, tmp_path, objective)
    evaluations = [p.evaluation for p in progress if p.evaluation is not None]
    assert len(evaluations) == len(progress)
    assert [e.cur_nimg for e in evaluations] == [0, 80, 160, 200]
    assert [e.num_d_steps for e in evaluations] == [e.num_g_steps for e in evaluations] == [0, 4, 8, 10]
    assert [p.status.state.value for p in progress] == ["running", "running", "running", "completed"]
    for earlier, later in pairwise(evaluations):
        assert 0 <= earlier.train_sec < later.train_sec
        assert 0 < earlier.evaluate_sec < later.evaluate_sec
    assert evaluations[0].losses is None
    for e in evaluations:
        assert e.score is not None
        assert e.score > 0
        assert e.class_shares is not None
        assert sum(e.class_shares) == pytest.approx(1, abs=1e-12)
    for e in evaluations[1:]:
        assert e.losses is not None
        assert e.losses.penalty is None
        assert present(e.losses.g_grad_norm) > 0
        assert present(e.losses.d_grad_norm) > 0
    folder = trial_folder(tmp_path)
    assert folder.read_evaluations() == evaluations
    status = folder.read_status()
    assert status == progress[-1].status
    assert (status.state, status.reason, status.cur_nimg, status.num_restarts) == (TrialState.COMPLETED, None, 200, 0)
    assert status.start_time is not None
    assert status.end_time is not None
    assert status.start_time < status.end_time
    assert status.pid is None
    assert folder.sample_nimgs() == [0, 80, 160, 200]
    assert folder.checkpoint_nimgs() == []
    best = min(evaluations, key=lambda e: e.score or 0).cur_nimg
    assert folder.snapshot_nimgs() == sorted({best, 200})


def test_the_status_while_it_runs(prepared: Prepared, objective: Objective, tmp_path: Path) -> None:
    run(tiny_trial(), prepared, tmp_path, objective, num_evaluations=2)
    folder = trial_folder(tmp_path)
    status = folder.read_status()
    assert status is not None
    assert status.state is TrialState.RUNNING
    assert status.pid is not None
    assert status.host
    assert folder.checkpoint_nimgs() == [0, 80]
    assert [e.cur_nimg for e in folder.read_evaluations()] == [0, 80]


@pytest.mark.parametrize(
    ("total_kimg", "evaluate_every_kimg", "expected"),
    [
        (0.2, 0.2, [0, 200]),
        (0.2, 0.05, [0, 60, 100, 160, 200]),  # the first step at or after each multiple of 50
        (0.19, 0.1, [0, 100, 200]),  # whole steps: 190 images take ten of them
        (0.1, 0.001, [0, 20, 40, 60, 80, 100]),  # no more often than every step
        (0.001, 0.001, [0, 20]),
        (0.0001, 0.0001, [0, 20]),
    ],
)
def test_when_it_evaluates(evaluated: Any, total_kimg: float, evaluate_every_kimg: float, expected: list[int]) -> None:
    assert evaluated(total_kimg=total_kimg, evaluate_every_kimg=evaluate_every_kimg) == expected


def test_kimg_that_are_no_whole_number_as_a_float(evaluated: Any) -> None:
    # 4.046 * 1000 is 4046.0000000000005, and 4046 images are 289 steps of 14.
    network = {"name": "mlp", "width": 4}
    assert evaluated(network=network, batch_size=14, total_kimg=4.046, evaluate_every_kimg=4.046) == [0, 4046]


def test_counters_with_three_discriminator_steps_for_each_generator_step(
    prepared: Prepared, objective: Objective, tmp_path: Path
) -> None:
    # Evaluations at 4, 8 and 10 discriminator steps, in the middle of a round.
    progress = run(tiny_trial(d_steps_per_g_step=3), prepared, tmp_path, objective)
    counted = [(e.num_d_steps, e.num_g_steps, e.cur_nimg) for p in progress if (e := p.evaluation)]
    assert counted == [(0, 0, 0), (4, 1, 80), (8, 2, 160), (10, 3, 200)]


def test_losses_are_null_until_both_players_have_made_a_step(
    prepared: Prepared, objective: Objective, tmp_path: Path
) -> None:
    progress = run(tiny_trial(d_steps_per_g_step=5), prepared, tmp_path, objective)
    assert [p.evaluation.losses is None for p in progress if p.evaluation] == [True, True, False, False]


def test_the_first_step_s_losses_are_those_of_its_parts(
    prepared: Prepared, objective: Objective, tmp_path: Path
) -> None:
    config = tiny_trial(total_kimg=0.02, evaluate_every_kimg=0.02, loss="wasserstein", penalty="wgan_gp",
                        d_steps_per_g_step=1)  # fmt: skip
    last = run(config, prepared, tmp_path, objective)[-1].evaluation
    assert last is not None
    training = config.training
    state = build_state(training, 1, torch.device("cpu"))
    real_images, z, mix, *_ = BatchSource(training, prepared.dataset, Workers()).draw(0)
    fake_images = state.generator(z)
    d = numbers(accumulate_d_gradients(training, state.discriminator, real_images, fake_images, mix))
    state.d_optimizer.step()
    g = numbers(accumulate_g_gradients(training, state.generator, state.discriminator, fake_images))
    assert d.real_logit is not None
    assert d.fake_logit is not None
    assert last.losses == LossRecord(
        d_loss=d.loss,
        g_loss=g.loss,
        penalty=d.penalty,
        real_logit=d.real_logit,
        fake_logit=d.fake_logit,
        d_grad_norm=d.grad_norm,
        g_grad_norm=g.grad_norm,
        g_output_gradient=g.output_gradient,
    )


def test_losses_are_means_since_the_evaluation_before(prepared: Prepared, objective: Objective, tmp_path: Path) -> None:
    # The same training, evaluated after every step and after every second one.
    every = run(tiny_trial(evaluate_every_kimg=0.02), prepared, tmp_path / "every", objective)
    second = run(tiny_trial(evaluate_every_kimg=0.04), prepared, tmp_path / "second", objective)
    steps = [p.evaluation.losses for p in every[1:] if p.evaluation]
    pairs = [p.evaluation.losses for p in second[1:] if p.evaluation]
    assert (len(steps), len(pairs)) == (10, 5)
    for name in ("d_loss", "g_loss", "real_logit", "fake_logit", "d_grad_norm", "g_grad_norm"):
        values = np.array([getattr(losses, name) for losses in steps])
        means = [getattr(losses, name) for losses in pairs]
        np.testing.assert_allclose(means, values.reshape(5, 2).mean(1), rtol=1e-12)
    assert [p.evaluation.score for p in every[::2] if p.evaluation] == [
        p.evaluation.score for p in second if p.evaluation
    ]


def test_the_first_score_is_that_of_the_untrained_generator(
    prepared: Prepared, objective: Objective, tmp_path: Path
) -> None:
    (first,) = run(tiny_trial(), prepared, tmp_path, objective, num_evaluations=1)
    assert first.evaluation is not None
    # Untrained generators differ in width and seed, but all of them make grey noise.
    assert first.evaluation.score == pytest.approx(prepared.record.untrained_score, rel=0.5)


def test_the_snapshot_makes_the_images_of_the_sample_grid(
    prepared: Prepared, objective: Objective, tmp_path: Path
) -> None:
    config = tiny_trial()
    run(config, prepared, tmp_path, objective)
    training, folder = config.training, trial_folder(tmp_path)
    generator, _ = build_networks(training.network, 16, 1, training.z_dim)
    generator.load_state_dict(load(folder.read_snapshot(200)))
    z = torch.randn(64, training.z_dim, generator=seeded_generator(training.seed, Stream.SAMPLE_GRID))
    with torch.no_grad():
        images = to_uint8(generator.eval()(z))
    grid = np.asarray(Image.open(io.BytesIO(folder.read_samples(200))))
    # Each tile has a frame of one pixel.
    tiles = grid.reshape(8, 18, 8, 18).transpose(0, 2, 1, 3).reshape(64, 18, 18)
    difference = tiles[:, 1:-1, 1:-1].astype(int) - images[:, 0].numpy().astype(int)
    assert np.abs(difference).max() <= 1  # another memory layout, another rounding
    assert np.ptp(tiles[:, 1:-1, 1:-1]) > 16
    for edge in (tiles[:, 0], tiles[:, -1], tiles[:, :, 0], tiles[:, :, -1]):
        assert (edge == 128).all()


def test_the_best_and_the_newest_snapshot_are_kept(prepared: Prepared, objective: Objective, tmp_path: Path) -> None:
    # Learning this fast makes scores go up and down, and the last is not the best.
    progress = run(tiny_trial(g_lr=0.1, d_lr=0.1, total_kimg=0.6), prepared, tmp_path, objective)
    scores = {p.evaluation.cur_nimg: p.evaluation.score or math.inf for p in progress if p.evaluation}
    best = min(scores, key=lambda nimg: scores[nimg])
    assert 0 < best < 600, "this training shows nothing: choose one whose best score is in its middle"
    assert trial_folder(tmp_path).snapshot_nimgs() == [best, 600]


def test_a_training_that_has_ended_gives_its_end_again(
    prepared: Prepared, objective: Objective, tmp_path: Path
) -> None:
    first = run(tiny_trial(), prepared, tmp_path, objective)
    before = files(tmp_path, "samples", "snapshots")
    again = run(tiny_trial(), prepared, tmp_path, objective)
    assert again == first[-1:]
    assert files(tmp_path, "samples", "snapshots") == before
    assert len(trial_folder(tmp_path).read_evaluations()) == 4


def test_seeds_differ_and_repeat(prepared: Prepared, objective: Objective, tmp_path: Path) -> None:
    runs = {
        name: run(tiny_trial(seed=seed), prepared, tmp_path / name, objective)
        for name, seed in (("a", 0), ("b", 0), ("c", 1))
    }
    scores = {name: measured([p.evaluation for p in steps if p.evaluation]) for name, steps in runs.items()}
    assert scores["a"] == scores["b"]
    assert scores["a"][0].score != scores["c"][0].score
    assert files(tmp_path / "a", "samples", "snapshots") == files(tmp_path / "b", "samples", "snapshots")


def test_a_longer_training_scores_better(prepared: Prepared, objective: Objective, tmp_path: Path) -> None:
    config = tiny_trial(
        network={"name": "dcgan", "width": 8}, g_lr=2e-3, d_lr=2e-3, ema_half_life_kimg=0.1,
        batch_size=32, total_kimg=6, evaluate_every_kimg=6,
    )  # fmt: skip
    first, last = (p.evaluation for p in run(config, prepared, tmp_path, objective))
    assert first is not None
    assert last is not None
    assert first.score is not None
    assert last.score is not None
    assert last.score < first.score / 2


def test_only_the_train_part_is_learned(prepared: Prepared, objective: Objective, tmp_path: Path) -> None:
    images = prepared.dataset.images.copy()
    images[prepared.dataset.held_out_indices] = 255
    changed = replace(prepared, dataset=replace(prepared.dataset, images=images))
    run(tiny_trial(), prepared, tmp_path / "a", objective)
    run(tiny_trial(), changed, tmp_path / "b", objective)
    assert files(tmp_path / "a", "snapshots") == files(tmp_path / "b", "snapshots")


def test_a_batch_that_does_not_divide_among_the_workers(
    prepared: Prepared, objective: Objective, tmp_path: Path
) -> None:
    steps = train(tiny_trial(), prepared.dataset, objective, trial_folder(tmp_path), Workers(0, 3))
    with pytest.raises(InputError) as caught:
        next(steps)
    assert str(caught.value) == (
        f"training.batch_size: the batch must divide among the workers, but got batch_size={BATCH_SIZE} "
        "with 3 workers; change one of them"
    )
    assert not tmp_path.joinpath("status.json").exists()
