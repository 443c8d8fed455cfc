"""`diagnose` on a snapshot, a trial and a run: what is measured, what is read, what is printed."""

import json
from collections.abc import Callable
from pathlib import Path
from shutil import copytree
from typing import Any, Literal

import pytest
from support.prepared_objective import Prepared
from typer.testing import CliRunner

from gan_study.cli.main import app
from gan_study.config.training import TrainingConfig, TrialConfig
from gan_study.diagnosis.undecided import order_of_rules
from gan_study.errors import InputError
from gan_study.runs.folder import RunFolder
from gan_study.runs.records.status import StudyStatus, TrialState
from gan_study.search.trials.begin_trial import begin_trial
from gan_study.search.trials.messages import TrialOrder
from gan_study.training.distributed import Workers

TRAINING: dict[str, Any] = {
    "dataset": {"name": "digits", "image_size": 16},
    "objective": {"num_samples": 200},
    "network": {"name": "mlp", "width": 4},
    "loss": "non_saturating",
    "batch_size": 20,
    "z_dim": 8,
    "g_lr": 0.01,
    "total_kimg": 0.1,
    "evaluate_every_kimg": 0.06,
}


@pytest.fixture(scope="module")
def run(prepared: Prepared, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A run with a search trial and a confirmed one, which has its diagnosis."""
    folder = RunFolder(str(tmp_path_factory.mktemp("run")))
    for name in prepared.folder.storage.list_names("objective"):
        folder.storage.write_bytes(f"objective/{name}", prepared.folder.storage.read_bytes(f"objective/{name}"))
    for name, phase in (("search_000", "search"), ("confirm_000_seed_0", "confirm")):
        config = TrialConfig(arm="ns", name=name, phase=phase, training=TrainingConfig.model_validate(TRAINING))
        folder.trial("ns", name).write_config(config)
        for _ in begin_trial(TrialOrder(config, folder.location), Workers()):
            pass
    return folder


Asked = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def asked() -> Asked:
    """The output of --json."""

    def ask(location: object, *options: str) -> list[dict[str, Any]]:
        result = CliRunner().invoke(app, ["diagnose", str(location), "--json", *options], catch_exceptions=False)
        records: list[dict[str, Any]] = json.loads(result.stdout)
        return records

    return ask


def test_a_run_shows_the_diagnosis_that_is_there(run: RunFolder, asked: Asked) -> None:
    trial = run.trial("ns", "confirm_000_seed_0")
    before = trial.storage.read_bytes("diagnosis.json")
    (record,) = asked(run.location)
    assert record == {"arm": "ns", "trial": "confirm_000_seed_0", **json.loads(before)}
    assert trial.storage.read_bytes("diagnosis.json") == before
    (again,) = asked(run.location, "--again")
    assert {**again, "seconds": 0} == {**record, "seconds": 0}
    assert again["seconds"] != record["seconds"]
    written = trial.read_diagnosis()
    assert written is not None
    assert written.seconds == again["seconds"]


def test_a_trial_is_measured_and_its_diagnosis_kept(run: RunFolder, asked: Asked) -> None:
    trial = run.trial("ns", "search_000")
    assert trial.read_diagnosis() is None
    (record,) = asked(trial.storage.location)
    assert (record["trial"], record["cur_nimg"], record["diagnostics"]["num"]) == ("search_000", 100, 150)
    kept = trial.read_diagnosis()
    assert kept is not None
    assert kept.model_dump(mode="json") == {k: v for k, v in record.items() if k not in ("arm", "trial")}
    trial.storage.delete("diagnosis.json")


def test_a_trial_that_has_not_ended_keeps_none(run: RunFolder, asked: Asked, tmp_path: Path) -> None:
    source, copy = run.trial("ns", "search_000"), RunFolder(str(tmp_path)).trial("ns", "half")
    config, status = source.read_config(), source.read_status()
    assert config is not None
    assert status is not None
    for name in run.storage.list_names("objective"):
        RunFolder(str(tmp_path)).storage.write_bytes(f"objective/{name}", run.storage.read_bytes(f"objective/{name}"))
    copy.write_config(config.model_copy(update={"name": "half"}))
    copy.write_status(status.model_copy(update={"state": TrialState.RUNNING}))
    copy.write_snapshot(60, source.read_snapshot(source.snapshot_nimgs()[-1]))
    assert asked(tmp_path)[0]["cur_nimg"] == 60  # none was confirmed, so that it is all trials
    assert copy.read_diagnosis() is None
    assert printed(copy.storage.location)[1].startswith("The trial has not ended (running)")


def test_a_snapshot_on_the_way_is_measured_and_not_kept(run: RunFolder, asked: Asked) -> None:
    trial = run.trial("ns", "search_000")
    trial.write_snapshot(60, trial.read_snapshot(100))
    (record,) = asked(f"{trial.storage.location}/snapshots/00000060.safetensors")
    assert record["cur_nimg"] == 60
    assert trial.read_diagnosis() is None
    # Two evaluations, at 0 and 60, belong to it, and how the training ended does not.
    findings = {finding["name"]: finding["value"] for finding in record["verdict"]["findings"]}
    assert findings["diverged"] is None
    assert findings["still_falling"] is None
    trial.keep_snapshots({100})


def printed(location: object, *options: str) -> list[str]:
    """The lines on standard output."""
    result = CliRunner().invoke(app, ["diagnose", str(location), *options], catch_exceptions=False)
    return result.stdout.splitlines()


def test_one_trial_is_told_in_full(run: RunFolder) -> None:
    first, second, *rest = printed(run.location)
    record = run.trial("ns", "confirm_000_seed_0").read_diagnosis()
    assert record is not None
    assert (
        first
        == f"ns/confirm_000_seed_0 after 100 images (its last evaluation, which counts): {record.verdict.sentence}"
    )
    assert second == "Kept from an earlier diagnosis (diagnosis.json); --again measures again."
    assert f"How the verdict is chosen: {order_of_rules()}" in rest
    row = next(line for line in rest if line[2:].startswith("coverage_partial "))
    coverage = record.diagnostics.coverage
    assert coverage is not None
    words = row[2:].split(maxsplit=5)
    assert words[1:5] == [f"{coverage.value:.4g}", "<", f"{0.75 * coverage.control:.4g}", f"{coverage.control:.4g}"]
    assert words[5] == "coverage (0.75 of the control)"
    (basis,) = (line for line in rest if line.startswith("150 generated images at 0.1 kimg in features of "))
    assert record.extractor in basis
    assert (
        "The study asks for 2,000 (diagnosis.num_samples), but only half the held-out images can be the control"
        in basis
    )
    assert printed(run.location, "--again")[1] != second


def test_a_run_of_several_trials_has_a_line_for_each(run: RunFolder, tmp_path: Path) -> None:
    copy = RunFolder(str(tmp_path / "run"))
    copytree(run.location, copy.location)
    copy.trial("ns", "confirm_000_seed_0").storage.delete("diagnosis.json")
    source, config = copy.trial("ns", "search_000"), copy.trial("ns", "search_000").read_config()
    assert config is not None
    source.write_config(config.model_copy(update={"phase": "confirm"}))
    write_study_status(copy, "running")
    assert printed(copy.trial("ns", "search_000").storage.location)[1] == ""  # measured now, so that it is kept below
    note, *lines, counts = printed(copy.location)
    assert note.startswith("The study has not ended (running): more trials may come")
    assert counts.startswith("2 trials: ")
    rows = {line.split()[0]: line.split(maxsplit=1)[1] for line in lines if line.startswith("ns/")}
    assert set(rows) == {"ns/confirm_000_seed_0", "ns/search_000"}
    assert rows["ns/confirm_000_seed_0"].startswith("measured now  ")
    assert rows["ns/search_000"].startswith("kept ")
    for name, row in rows.items():
        record = copy.trial(*name.split("/")).read_diagnosis()
        assert record is not None
        decisive = [f.name for f in record.verdict.decisive if f.fires]
        assert decisive
        assert record.verdict.name.word in row
        assert all(name in row for name in decisive)
    assert any(line.endswith(f"diagnose {copy.location}/arms/ns/confirm_000_seed_0") for line in lines)
    write_study_status(copy, "completed")
    heading, *_, last = printed(copy.location)
    assert heading.startswith("trial ")
    assert last == counts


def write_study_status(run: RunFolder, state: Literal["running", "completed"]) -> None:
    run.storage.write_bytes("study.yaml", b"name: s\n")
    run.write_study_status(StudyStatus(state=state, start_time=0.0))


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("nothing", "a trained generator is a snapshot, the folder of a trial or the folder of a run, but got none of"),
        ("a.safetensors", r"a snapshot is read with its trial's config\.json, but there is no"),
        (
            "{run}/arms/ns/search_000/snapshots/00000070.safetensors",
            "there is no such snapshot; those of the trial are: 00",
        ),
        (
            "{run}/arms/ns/gone/snapshots/00000070.safetensors",
            "there is no .*/arms/ns/gone/config.json; leave it where",
        ),
    ],
)
def test_bad_places(place: str, message: str, run: RunFolder, tmp_path: Path) -> None:
    location = place.format(run=run.location)
    with pytest.raises(InputError, match=message):
        CliRunner().invoke(app, ["diagnose", str(tmp_path / location)], catch_exceptions=False)


def test_a_run_without_its_objective(run: RunFolder, tmp_path: Path) -> None:
    copy, source = RunFolder(str(tmp_path)).trial("ns", "search_000"), run.trial("ns", "search_000")
    config = source.read_config()
    assert config is not None
    copy.write_config(config)
    with pytest.raises(InputError, match="needs a trial with a snapshot, but got none"):
        CliRunner().invoke(app, ["diagnose", str(tmp_path)], catch_exceptions=False)
    copy.write_snapshot(100, source.read_snapshot(100))
    with pytest.raises(InputError, match=r"but got no objective/objective\.json"):
        CliRunner().invoke(app, ["diagnose", str(tmp_path)], catch_exceptions=False)
