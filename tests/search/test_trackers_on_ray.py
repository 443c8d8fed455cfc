"""A study on a real cluster with every installed tracker, whose records are read from its files."""

import sqlite3
import struct
from collections.abc import Iterator
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path

import pytest
from support.tiny_study import tiny_folder, tiny_study
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from gan_study.runs.folder import RunFolder
from gan_study.search.run import run_study

pytestmark = [pytest.mark.ray, pytest.mark.slow]
INSTALLED = ["tensorboard", *(name for name in ("mlflow", "wandb") if find_spec(name))]
NAMES = ["confirm_000_seed_0", "search_000"]


@pytest.fixture(scope="module")
def folder(ray_address: str, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    study = tiny_study(
        arms={"lsgan": {"network": "dcgan", "loss": "least_squares"}},
        budget={"trials_per_arm": 1, "total_kimg": 1, "evaluate_every_kimg": 0.5},
        trackers=INSTALLED,
        resources={"max_concurrent_trials": 1},
    )
    folder = tiny_folder(tmp_path_factory.mktemp("run") / "tiny", study)
    warnings: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        for name in ("MLFLOW_TRACKING_URI", "WANDB_MODE", "WANDB_PROJECT"):
            patch.delenv(name, raising=False)
        patch.chdir(tmp_path_factory.mktemp("elsewhere"))
        run_study(study, folder, address=ray_address, on_stage=warnings.append)
        assert list(Path.cwd().iterdir()) == []
    assert [text for text in warnings if text.startswith("warning")] == []
    return folder


def scores(folder: RunFolder, name: str) -> list[tuple[int, float]]:
    return [(e.cur_nimg, e.score) for e in folder.trial("lsgan", name).read_evaluations() if e.score is not None]


def test_tensorboard_has_every_trial_under_its_name(folder: RunFolder) -> None:
    place = folder.storage.local_path("trackers/tensorboard")
    assert sorted(path.name for path in (place / "lsgan").iterdir()) == NAMES
    for name in NAMES:
        events = EventAccumulator(str(place / "lsgan" / name)).Reload()
        found = [(event.step, event.value) for event in events.Scalars("score")]
        expected = scores(folder, name)
        assert [step for step, _ in found] == [step for step, _ in expected] == [0, 512, 1024]
        assert [value for _, value in found] == pytest.approx([score for _, score in expected], rel=1e-6)
        grids = {event.step: event.encoded_image_string for event in events.Images("samples")}
        assert sorted(grids) == folder.trial("lsgan", name).sample_nimgs() != []
        config = folder.trial("lsgan", name).read_config()
        assert config is not None
        content = events.SummaryMetadata("_hparams_/session_start_info").plugin_data.content
        assert b"network.width" in content


def test_nothing_lies_elsewhere_in_the_run_folder(folder: RunFolder) -> None:
    assert sorted(folder.trackers().list_names()) == sorted(INSTALLED)
    root = folder.storage.local_path("")
    strays = [path for path in root.rglob("*tfevents*") if "trackers/tensorboard" not in str(path)]
    assert strays == []
    assert not (root / ".ray").exists()


@pytest.mark.skipif("mlflow" not in INSTALLED, reason="needs `pip install 'gan_study[mlflow]'`")
def test_mlflow_has_every_trial(folder: RunFolder) -> None:
    with closing(sqlite3.connect(folder.storage.local_path("trackers/mlflow/mlflow.db"))) as database:
        runs = {
            name: (status, run) for name, status, run in database.execute("SELECT name, status, run_uuid FROM runs")
        }
        assert sorted(runs) == [f"lsgan/{name}" for name in NAMES]
        for name in NAMES:
            status, run = runs[f"lsgan/{name}"]
            query = "SELECT step, value FROM metrics WHERE run_uuid = ? AND key = 'score' ORDER BY step"
            assert database.execute(query, (run,)).fetchall() == scores(folder, name)
            assert status == "FINISHED"


@pytest.mark.skipif("wandb" not in INSTALLED, reason="needs `pip install 'gan_study[wandb]'`")
def test_wandb_has_an_offline_run_of_every_trial(folder: RunFolder) -> None:
    from wandb.proto import wandb_internal_pb2

    for name in NAMES:
        place = folder.storage.local_path(f"trackers/wandb/lsgan/{name}/wandb")
        (file,) = place.glob("offline-run-*/*.wandb")
        steps, run_name = [], ""
        for data in log_records(file.read_bytes()):
            record = wandb_internal_pb2.Record.FromString(data)
            run_name = record.run.display_name or run_name
            items = {item.key or item.nested_key[0]: item.value_json for item in record.history.item}
            if "score" in items:
                steps.append((int(items["_step"]), float(items["score"])))
        assert run_name == f"lsgan/{name}"
        assert [step for step, _ in steps] == [step for step, _ in scores(folder, name)]
        assert [score for _, score in steps] == pytest.approx([score for _, score in scores(folder, name)])


def log_records(content: bytes) -> Iterator[bytes]:
    """The records of a .wandb file: a head of 7 bytes, then LevelDB's log format, in blocks of 32 KiB.

    A part of a record has a checksum (4 bytes), its size (2) and its kind (1: whole, 4: last).
    """
    place, parts = 7, b""
    while place < len(content):
        left = 32768 - place % 32768
        if left < 7:
            place += left
            continue
        size, kind = struct.unpack("<HB", content[place + 4 : place + 7])
        parts += content[place + 7 : place + 7 + size]
        place += 7 + size
        if kind in (1, 4):
            yield parts
            parts = b""
