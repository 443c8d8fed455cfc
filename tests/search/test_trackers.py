"""The trackers' records and their places, without Ray, which only calls the hooks."""

import io
import sqlite3
import time
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from support.scripted_world import make_evaluation, make_study
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from gan_study.config.arms.arm import Arm
from gan_study.config.arms.trial_configs import search_trial_config
from gan_study.config.names import TRACKERS
from gan_study.config.training import TrialConfig
from gan_study.errors import InputError
from gan_study.runs.folder import RunFolder
from gan_study.runs.records.measurements import EvaluationRecord, LossRecord, SignalsRecord
from gan_study.runs.records.status import TrialState, TrialStatus
from gan_study.search.trackers import packages as tracker_packages
from gan_study.search.trackers import trackers
from gan_study.search.trackers.packages import require_trackers
from gan_study.search.trackers.trackers import tracker_callbacks
from gan_study.search.trials.messages import TrialOrder, progress_message, tracker_numbers
from gan_study.training.output.sample_grid import grid_pixels, grid_png
from gan_study.training.progress import Progress


def make_config(index: int = 0) -> TrialConfig:
    return search_trial_config(Arm(make_study(), "wgan"), index, {"g_lr": 1e-3, "d_steps_per_g_step": 5}, 1000)


def evaluation(cur_nimg: int, score: float | None) -> EvaluationRecord:
    losses = LossRecord(
        d_loss=cur_nimg / 100, g_loss=1, penalty=None, real_logit=1, fake_logit=0, d_grad_norm=1, g_grad_norm=1
    )
    changes = {"losses": losses if cur_nimg else None, "class_shares": (0.25, 0.75)}
    return make_evaluation(cur_nimg, score).model_copy(update=changes)


class Tune:
    """Call the hooks of one trial in Tune's order."""

    def __init__(self, callbacks: list[Any], folder: RunFolder, config: TrialConfig, trial_id: str = "a1") -> None:
        self._callbacks = callbacks
        self._order = TrialOrder(config, folder.location)
        self._trial = SimpleNamespace(trial_id=trial_id, config=self._order.to_tune(), last_result=None)

    def _call(self, hook: str, **values: Any) -> None:
        for callback in self._callbacks:
            getattr(callback, hook)(iteration=1, trials=[self._trial], trial=self._trial, **values)

    def start(self) -> None:
        self._call("on_trial_start")

    def result(self, cur_nimg: int, score: float | None, state: TrialState = TrialState.RUNNING) -> None:
        status = TrialStatus(state=state, cur_nimg=cur_nimg)
        known = None if state is TrialState.DIVERGED else evaluation(cur_nimg, score)
        message = progress_message(Progress(status, known), self._order)
        self._call("on_trial_result", result=message)
        self._trial.last_result = message

    def complete(self) -> None:
        self._call("on_trial_complete")


def setup(callbacks: list[Any]) -> list[Any]:
    for callback in callbacks:
        callback.setup()
    return callbacks


def refuse(text: str) -> None:
    raise AssertionError(text)


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder(str(tmp_path / "run"))


def events_of(folder: RunFolder, trial: str) -> EventAccumulator:
    return EventAccumulator(str(folder.storage.local_path(f"trackers/tensorboard/{trial}"))).Reload()


def scalars_of(folder: RunFolder, trial: str, name: str) -> list[tuple[int, float]]:
    return [(event.step, event.value) for event in events_of(folder, trial).Scalars(name)]


def test_an_evaluation_s_numbers_are_flat_and_finite() -> None:
    record = evaluation(500, None).model_copy(update={"signals": SignalsRecord(duplicates=0.5, non_finite=("images",))})
    numbers = tracker_numbers(record)
    assert {"cur_nimg", "num_d_steps", "train_sec", "losses/d_loss", "signals/duplicates"} <= set(numbers)
    assert (numbers["losses/d_loss"], numbers["signals/duplicates"], numbers["smallest_class_share"]) == (5, 0.5, 0.25)
    assert not {"score", "losses/penalty", "signals/non_finite", "signals/wasserstein", "class_shares"} & set(numbers)
    assert all(isinstance(value, int | float) for value in numbers.values())


def test_tensorboard_s_files(folder: RunFolder) -> None:
    config, pixels = make_config(), torch.arange(4 * 16, dtype=torch.uint8).reshape(4, 1, 4, 4)
    with tracker_callbacks(["tensorboard", "tensorboard"], folder, "scripted", refuse) as callbacks:
        assert len(callbacks) == 1
        trial = Tune(setup(callbacks), folder, config)
        trial.start()
        trial.result(0, 50.0)
        folder.trial("wgan", config.name).write_samples(500, grid_png(pixels, 2))
        trial.result(500, None)
        trial.result(1000, 10.0, TrialState.COMPLETED)
        trial.complete()
    name = f"wgan/{config.name}"
    assert scalars_of(folder, name, "score") == [(0, 50.0), (1000, 10.0)]
    assert scalars_of(folder, name, "losses/d_loss") == [(500, 5.0), (1000, 10.0)]
    (image,) = events_of(folder, name).Images("samples")
    assert image.step == 500
    with Image.open(io.BytesIO(image.encoded_image_string)) as shown:
        assert np.array_equal(np.asarray(shown)[:, :, 0], grid_pixels(pixels, 2))
    (written,) = events_of(folder, name).PluginTagToContent("hparams").keys() & {"_hparams_/session_start_info"}
    content = events_of(folder, name).SummaryMetadata(written).plugin_data.content
    for value in (b"penalty_weight", b"network.width", b"wgan_gp", b"g_lr"):
        assert value in content
    (kept,) = folder.storage.local_path("trackers/tensorboard/wgan").iterdir()
    assert kept.name == config.name


def test_a_resumed_trial_goes_on_in_its_tensorboard_run(folder: RunFolder) -> None:
    """The first command is interrupted: the trackers receive no end, but their records are there."""
    config = make_config()
    for trial_id, scores in (("a1", {0: 50.0, 500: 20.0}), ("b2", {500: 20.0, 1000: 10.0})):
        with tracker_callbacks(["tensorboard"], folder, "scripted", refuse) as callbacks:
            trial = Tune(setup(callbacks), folder, config, trial_id)
            trial.start()
            for cur_nimg, score in scores.items():
                trial.result(cur_nimg, score)
        time.sleep(1.1)  # the files' names have seconds, which no two commands share
    found = scalars_of(folder, f"wgan/{config.name}", "score")
    assert sorted(set(found)) == [(0, 50.0), (500, 20.0), (1000, 10.0)]


def test_a_trial_that_starts_again_stays_one_run(folder: RunFolder) -> None:
    with tracker_callbacks(["tensorboard"], folder, "scripted", refuse) as callbacks:
        trial = Tune(setup(callbacks), folder, make_config())
        trial.start()
        trial.result(0, 50.0)
        trial.start()
        trial.result(0, 50.0)
        trial.result(1000, 10.0)
    assert scalars_of(folder, f"wgan/{make_config().name}", "score") == [(0, 50.0), (1000, 10.0)]


def test_a_tracker_that_fails_ends_no_training(
    folder: RunFolder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    found: list[str] = []
    with tracker_callbacks(["tensorboard"], folder, "scripted", found.append) as callbacks:
        trial = Tune(setup(callbacks), folder, make_config())
        trial.start()
        monkeypatch.setattr(
            "tensorboardX.SummaryWriter.add_scalar", lambda *a, **k: (_ for _ in ()).throw(OSError("full"))
        )
        trial.result(0, 50.0)
        trial.result(1000, 10.0)
        trial.complete()
    assert found == ["warning: tensorboard is left out from now on: full"]


def test_no_tracker_leaves_nothing(folder: RunFolder) -> None:
    with tracker_callbacks([], folder, "scripted", refuse) as callbacks:
        assert callbacks == []
    assert not folder.storage.exists()


def test_a_missing_package_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    require_trackers(())
    require_trackers(("tensorboard",))
    monkeypatch.setattr(tracker_packages, "find_spec", lambda name: None if name in ("mlflow", "wandb") else object())
    with pytest.raises(InputError) as caught:
        require_trackers(("wandb", "tensorboard", "mlflow"))
    assert caught.value.problems == tuple(
        f"trackers: {name} needs its package, but got no package named {name}; install it with "
        f"`pip install 'gan_study[{name}]'`, or remove {name}"
        for name in ("wandb", "mlflow")
    )


def test_every_tracker_has_a_logger_and_a_package() -> None:
    assert set(trackers.LOGGERS) == set(tracker_packages.PACKAGES) == set(TRACKERS)


@pytest.fixture
def mlflow_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    if find_spec("mlflow") is None:
        pytest.skip("needs `pip install 'gan_study[mlflow]'`")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


@pytest.mark.parametrize("name", ["50% off", "lr=1e-3?x=2"])
def test_mlflow_is_left_out_where_its_file_would_lie_elsewhere(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    warnings: list[str] = []
    with tracker_callbacks(["mlflow"], RunFolder(str(tmp_path / name)), "scripted", warnings.append) as callbacks:
        setup(callbacks)
    (warning,) = warnings
    assert warning.startswith(f"warning: mlflow is left out from now on: its file cannot lie in {tmp_path / name}/")


@pytest.mark.usefixtures("mlflow_alone")
@pytest.mark.parametrize("name", ["run", "a #run"])
def test_mlflow_s_file(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder = RunFolder(str(tmp_path / name))
    config = make_config()
    with tracker_callbacks(["mlflow"], folder, "scripted", refuse) as callbacks:
        for trial_id, end in (("a1", TrialState.COMPLETED), ("b2", TrialState.DIVERGED)):
            trial = Tune(setup(callbacks) if trial_id == "a1" else callbacks, folder, config, trial_id)
            trial.start()
            trial.result(0, 50.0)
            trial.result(1000, 10.0, end)
            trial.complete()
        open_trial = Tune(callbacks, folder, make_config(1), "c3")
        open_trial.start()
    with closing(sqlite3.connect(folder.storage.local_path("trackers/mlflow/mlflow.db"))) as database:
        runs = database.execute("SELECT name, status, run_uuid FROM runs ORDER BY start_time").fetchall()
        assert [run[:2] for run in runs] == [
            *(("wgan/search_000", "FINISHED"), ("wgan/search_000", "FAILED"), ("wgan/search_001", "FAILED")),
        ]
        scores = "SELECT step, value FROM metrics WHERE run_uuid = ? AND key = 'score' ORDER BY step"
        assert database.execute(scores, (runs[0][2],)).fetchall() == [(0, 50.0), (1000, 10.0)]
        params = dict(database.execute("SELECT key, value FROM params WHERE run_uuid = ?", (runs[0][2],)).fetchall())
    assert (params["penalty"], params["g_lr"], params["phase"]) == ("wgan_gp", "0.001", "search")
    assert [path.name for path in tmp_path.iterdir()] == [name]
