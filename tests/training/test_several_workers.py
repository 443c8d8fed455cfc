"""Two and three workers train as one does; torchrun starts them once for all tests here, with several_workers.py."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from support import several_workers
from support.prepared_objective import Prepared
from support.tiny_training import files, measured, tiny_trial, trial_folder
from threadpoolctl import threadpool_limits
from torch import Tensor

from gan_study.extractors.objective import Objective
from gan_study.gan.penalties import GRADIENT_PENALTIES
from gan_study.runs.records.status import TrialState
from gan_study.training.batch_source import BatchSource
from gan_study.training.distributed import Workers

TOLERANCE = 1e-10
"""The largest relative difference of weights and gradients in float64. Measured: 9e-13."""


def start_workers(num: int, prepared: Prepared, folder: Path) -> Path:
    """The folder with the output of several_workers.py."""
    several_workers.start_shared(prepared, prepared.load(), folder / "start")
    script, tests = Path(several_workers.__file__), Path(__file__).parent.parent
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", str(num)]
    answer = subprocess.run(
        [*torchrun, str(script), prepared.folder.location, str(folder)],
        env={
            **os.environ,
            "OMP_NUM_THREADS": "1",
            "PYTHONPATH": os.pathsep.join([str(tests), os.environ.get("PYTHONPATH", "")]),
        },
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert answer.returncode == 0, answer.stderr[-4000:]
    return folder


@pytest.fixture(scope="module")
def out(prepared: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output of two workers."""
    return start_workers(2, prepared, tmp_path_factory.mktemp("two_workers"))


@pytest.fixture(scope="module")
def outs(out: Path, prepared: Prepared, tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """The outputs of two and of three workers."""
    return {2: out, 3: start_workers(3, prepared, tmp_path_factory.mktemp("three_workers"))}


def given(out: Path, name: str) -> list[dict[str, Any]]:
    """The progress of all ranks, which must be the same."""
    first, *others = (json.loads(file.read_text())[name] for file in sorted(out.glob("given-*.json")))
    assert others
    assert all(other == first for other in others)
    progress: list[dict[str, Any]] = first
    return progress


def relative_difference(found: dict[str, Tensor], expected: dict[str, Tensor]) -> float:
    """The largest difference of any value, relative to the largest value of its tensor; that of zeros is absolute."""
    assert found.keys() == expected.keys()
    differences = ((found[name] - expected[name]).abs().max() for name in expected)
    largest = (tensor.abs().max() for tensor in expected.values())
    return max((d / size if size > 0 else d).item() for d, size in zip(differences, largest, strict=True))


def last_gradients(optimizer: dict[str, Any]) -> dict[str, Tensor]:
    """Adam's first moments, which are the gradients of the last step, as beta1 is 0."""
    return {name: moments["exp_avg"] for name, moments in optimizer["state"].items()}


def shared_files(out: Path) -> dict[str, bytes]:
    """The files that `finish_shared` has left, without seconds, times and process ids."""
    found = files(out / "shared", "samples", "snapshots")
    folder = trial_folder(out / "shared")
    evaluation, diagnosis, scores = folder.read_evaluations()[-1], folder.read_diagnosis(), folder.read_final_scores()
    assert diagnosis is not None
    assert scores is not None
    assert evaluation.best is not None
    assert evaluation.coverage is not None
    assert evaluation.early_score is not None
    records = {
        "evaluation": measured([evaluation])[0],
        "diagnosis": diagnosis.model_copy(update={"seconds": 0.0}),
        "scores": scores.model_copy(update={"seconds": 0.0}),
    }
    return found | {name: record.model_dump_json(indent=1).encode() for name, record in records.items()}


def numbers(losses: dict[str, float | None] | None) -> dict[str, float]:
    return {name: value for name, value in (losses or {}).items() if value is not None}


def checkpoint(location: Path) -> dict[str, Any]:
    folder = trial_folder(location)
    last = folder.read_checkpoint(folder.checkpoint_nimgs()[-1])
    content: dict[str, Any] = torch.load(io.BytesIO(last), weights_only=True)
    return content


@pytest.mark.parametrize(("world_size", "pac"), [(2, 1), (4, 1), (5, 2), (3, 1), (3, 2)])
@pytest.mark.parametrize("cur_nimg", [0, 1480])
@pytest.mark.parametrize("penalty", ["none", "wgan_gp", "dragan", "r1"])
def test_the_workers_rows_are_the_one_worker_s(
    prepared: Prepared, world_size: int, pac: int, cur_nimg: int, penalty: str
) -> None:
    training = tiny_trial(penalty=penalty, pac=pac, augment="cutout", conditional="concat").training
    whole, *parts = (
        BatchSource(training, prepared.dataset, workers).draw(cur_nimg)
        for workers in (Workers(), *(Workers(rank, world_size) for rank in range(world_size)))
    )
    if whole.noise is not None:
        num_noise = {"wgan_gp": 1, "dragan": 1 + pac * 256, "r1": 0}[penalty]
        assert whole.noise.shape == (20 // pac, num_noise, 1, 1)
    for rows, *pieces in zip(whole, *parts, strict=True):
        if rows is None:
            assert penalty not in GRADIENT_PENALTIES
            assert pieces == [None] * world_size
        else:
            assert torch.equal(torch.cat(pieces), rows)
            stacks = [len(piece) * (20 // pac) // len(rows) for piece in pieces]
            assert max(stacks) - min(stacks) == (20 // pac % world_size > 0)
            assert [Workers(rank, world_size).own_weight(20 // pac) for rank in range(world_size)] == pytest.approx(
                [num * world_size * pac / 20 for num in stacks]
            )


@pytest.mark.slow
@pytest.mark.parametrize("name", several_workers.WITHOUT_BATCH_NORM)
def test_several_workers_learn_what_one_learns(
    name: str, outs: dict[int, Path], prepared: Prepared, objective: Objective, tmp_path: Path
) -> None:
    values = several_workers.WITHOUT_BATCH_NORM[name]
    alone = several_workers.train_to_last_checkpoint(values, prepared, objective, tmp_path, Workers())
    expected = checkpoint(tmp_path)
    assert expected["counters"]["num_d_steps"] == 4
    for num_workers, out in outs.items():
        found = checkpoint(out / name)
        assert found["counters"]["num_d_steps"] == 4
        for network in ("generator", "discriminator", "g_ema"):
            difference = relative_difference(found[network], expected[network])
            assert difference <= TOLERANCE, f"{network} on {num_workers} workers"
        for optimizer in ("g_optimizer", "d_optimizer"):
            difference = relative_difference(last_gradients(found[optimizer]), last_gradients(expected[optimizer]))
            assert difference <= TOLERANCE, f"{optimizer} on {num_workers} workers"
        assert found.get("augment_probability") == expected.get("augment_probability")
        for several, one in zip(given(out, name), several_workers.as_json(alone), strict=True):
            assert several["state"] == one["state"]
            assert several["evaluation"]["score"] == pytest.approx(one["evaluation"]["score"], rel=1e-6)
            assert several["evaluation"]["class_shares"] == list(one["evaluation"]["class_shares"])
            losses = numbers(several["evaluation"]["losses"])
            assert losses == pytest.approx(numbers(one["evaluation"]["losses"]), rel=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize(("num_workers", "mean_sign"), [(2, 0.25), (3, 0.5)])
def test_all_workers_augment_with_the_probability_of_the_whole_batch(
    num_workers: int, mean_sign: float, outs: dict[int, Path]
) -> None:
    expected = {"value": 0.2, "sign_sum": 2 * mean_sign, "num_steps": 2}
    assert given(outs[num_workers], "probability") == [pytest.approx(expected)]


@pytest.mark.slow
@pytest.mark.parametrize("name", several_workers.DISCRIMINATORS)
def test_gradients_of_two_workers_are_the_one_worker_s(name: str, out: Path) -> None:
    expected = several_workers.discriminator_gradients(several_workers.DISCRIMINATORS[name], Workers())
    for rank in (0, 1):
        found = torch.load(out / f"gradients-{name}-{rank}.pt", weights_only=True)
        # A Wasserstein loss does not see a bias of the last layer: that gradient is 0 but for rounding.
        seen = {key: gradient for key, gradient in expected.items() if gradient.abs().max() > 1e-12}
        assert len(seen) >= 4
        assert relative_difference({key: found[key] for key in seen}, seen) <= TOLERANCE


@pytest.mark.slow
def test_two_workers_with_batch_norm_resume_bit_for_bit(out: Path) -> None:
    whole, resumed = (trial_folder(out / name) for name in ("whole", "resumed"))
    evaluations = whole.read_evaluations()
    assert measured(resumed.read_evaluations()) == measured(evaluations)
    assert evaluations[-1].best is not None
    assert evaluations[-1].best.cur_nimg in whole.snapshot_nimgs()
    written = files(out / "whole", "samples", "snapshots")
    assert len(written) >= 5
    assert files(out / "resumed", "samples", "snapshots") == written
    status = resumed.read_status()
    assert status is not None
    assert (status.state, status.num_restarts) == (TrialState.COMPLETED, 1)


@pytest.mark.slow
@pytest.mark.parametrize("what", ["images", "loss"])
def test_what_is_not_finite_on_one_worker_ends_both(what: str, out: Path) -> None:
    *begun, last = given(out, f"spoiled {what}")
    assert [p["evaluation"]["cur_nimg"] for p in begun] == [0]
    assert last["state"] == "diverged"
    assert last["evaluation"] is None
    assert f"at discriminator step {several_workers.PLANTED_AT}, after 40 images" in last["reason"]
    status = trial_folder(out / f"spoiled-{what}").read_status()
    assert status is not None
    assert (status.state, status.cur_nimg) == (TrialState.DIVERGED, 40)


@pytest.mark.slow
def test_what_is_not_finite_on_one_worker_sends_both_back(out: Path) -> None:
    progress = given(out, "back")
    assert [p["evaluation"]["cur_nimg"] for p in progress] == [0, 80, 160, 200]
    assert progress[-1]["state"] == "completed"
    for name in ("back", "back-resumed"):
        status = trial_folder(out / name).read_status()
        assert status is not None
        assert [(back.cur_nimg, back.to_nimg) for back in status.rollbacks] == [(60, 0)]
    assert given(out, "back-resumed") == progress
    assert files(out / "back-resumed", "snapshots") == files(out / "back", "snapshots")


@pytest.mark.slow
def test_evaluation_and_end_work_of_several_workers_are_the_one_worker_s_to_the_last_bit(
    outs: dict[int, Path], prepared: Prepared, objective: Objective, tmp_path: Path
) -> None:
    several_workers.start_shared(prepared, objective, tmp_path / "start")
    with threadpool_limits(1):  # as torchrun's processes have it: BLAS adds up in another order on more threads
        several_workers.finish_shared(prepared, objective, tmp_path, Workers())
    expected = shared_files(tmp_path)
    assert "samples/interpolation.png" in expected
    for out in outs.values():
        assert shared_files(out) == expected


@pytest.mark.slow
def test_a_failure_on_one_worker_reaches_all(outs: dict[int, Path]) -> None:
    for out in outs.values():
        (received,) = given(out, "failures")
        assert received.pop("no run folder").startswith("StorageError: /nowhere: every machine of the cluster must see")
        assert received == {
            "an image is not finite": "None",
            "no memory": "MemoryError: planted",
            "use": "ValueError: planted",
            "full disk": "StorageError: the disk is full",
            "odd": "RuntimeError: OddError: ab",
        }


@pytest.mark.parametrize("world_size", [1, 2, 3, 5])
@pytest.mark.parametrize("num", [1, 3, 7, 30])
def test_workers_share_parts_in_their_order(world_size: int, num: int) -> None:
    parts = range(num)
    shares = [Workers(rank, world_size).own_parts(parts, least_first=3) for rank in range(world_size)]
    assert [part for share in shares for part in share] == list(parts)
    assert len(shares[0]) == max(-(-num // world_size), min(3, num))
    if num == 30:
        assert max(map(len, shares)) - min(map(len, shares)) <= 1
