"""Every record of a run folder is read back as it was written; missing, damaged and newer files are distinguished."""

import json
from pathlib import Path
from typing import Any

import pytest
from support.synthetic_run import OBJECTIVE

from gan_study.config.training import TrainingConfig, TrialConfig
from gan_study.errors import InputError, StorageError
from gan_study.runs.folder import RunFolder
from gan_study.runs.records.environment import Environment, Surroundings
from gan_study.runs.records.measurements import OFFICIAL_INCEPTION_HASH, EvaluationRecord, LossRecord
from gan_study.runs.records.status import StudyStatus, TrialState, TrialStatus
from gan_study.runs.trial_folder import TrialFolder

CONFIG = TrialConfig(
    name="search_000",
    arm="lsgan",
    searched={"g_lr": 1e-5, "network.width": 16},
    training=TrainingConfig.model_validate({"dataset": {"name": "digits"}, "network": "dcgan", "loss": "wasserstein"}),
)
STATUS = TrialStatus(state=TrialState.DIVERGED, reason="the loss is not finite", cur_nimg=123, num_restarts=2, pid=7)
KEY = OBJECTIVE.key
STUDY_STATUS = StudyStatus(state="interrupted", start_time=1.5, elapsed_sec=2.5, num_concurrent_trials=3)
EARLIER = Surroundings(versions={"torch": "2.7"}, hosts=("4 cores",), commit="1a2b3c4+", command="gan_study run")
ENVIRONMENT = Environment(
    versions={"torch": "2.8"}, hosts=("2 cores",), commit=None, command="gan_study resume", earlier=(EARLIER,)
)
LOSSES = LossRecord(
    d_loss=0.1, g_loss=1 / 3, penalty=None, real_logit=-0.5, fake_logit=1e-300, d_grad_norm=1e300, g_grad_norm=0.0
)


def evaluation(cur_nimg: int, score: float | None, losses: LossRecord | None) -> EvaluationRecord:
    return EvaluationRecord(
        cur_nimg=cur_nimg,
        num_d_steps=cur_nimg // 10,
        num_g_steps=cur_nimg // 30,
        train_sec=0.1,
        evaluate_sec=0.2,
        score=score,
        class_shares=(0.5, 0.5),
        losses=losses,
    )


EVALUATIONS = [evaluation(0, 40.5, None), evaluation(1000, None, LOSSES), evaluation(2000, 1 / 3, LOSSES)]


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return RunFolder(str(tmp_path))


@pytest.fixture
def trial(run: RunFolder) -> TrialFolder:
    return run.trial("lsgan", "search_000")


def test_records_come_back_as_they_were_written(run: RunFolder, trial: TrialFolder) -> None:
    run.write_study_text("name: Fréchet\n")
    run.write_objective(OBJECTIVE)
    run.write_environment(ENVIRONMENT)
    run.write_study_status(STUDY_STATUS)
    trial.write_config(CONFIG)
    trial.write_status(STATUS)
    trial.write_evaluations(EVALUATIONS)
    run, trial = RunFolder(run.location), RunFolder(run.location).trial("lsgan", "search_000")
    assert run.read_study_text() == "name: Fréchet\n"
    assert run.read_objective() == OBJECTIVE
    assert run.read_environment() == ENVIRONMENT
    assert run.read_study_status() == STUDY_STATUS
    assert trial.read_config() == CONFIG
    assert trial.read_status() == STATUS
    assert trial.read_evaluations() == EVALUATIONS
    assert (run.arms(), run.trials("lsgan")) == (["lsgan"], ["search_000"])


def test_what_was_not_written_is_none_or_nothing(run: RunFolder, trial: TrialFolder) -> None:
    assert (run.read_objective(), run.read_environment(), run.read_study_status()) == (None, None, None)
    assert (trial.read_config(), trial.read_status()) == (None, None)
    assert (run.arms(), run.trials("lsgan"), trial.read_evaluations()) == ([], [], [])
    assert trial.sample_nimgs() == trial.snapshot_nimgs() == trial.checkpoint_nimgs() == []
    trial.keep_snapshots(set())
    trial.delete_checkpoints()
    for read in (trial.read_samples, trial.read_snapshot, trial.read_checkpoint):
        with pytest.raises(FileNotFoundError):
            read(0)


def test_evaluations_are_one_line_each_with_null_for_what_is_not_there(trial: TrialFolder) -> None:
    trial.write_evaluations(EVALUATIONS)
    lines = trial.storage.read_text("metrics.jsonl").splitlines()
    assert [json.loads(line)["cur_nimg"] for line in lines] == [0, 1000, 2000]
    assert json.loads(lines[0])["losses"] is json.loads(lines[1])["score"] is None
    trial.write_evaluations(EVALUATIONS[:1])
    assert trial.read_evaluations() == EVALUATIONS[:1]


def test_where_a_study_has_begun(run: RunFolder) -> None:
    with pytest.raises(InputError) as caught:
        run.require_run()
    assert str(caught.value) == (
        f"{run.location}: a run folder contains a study.yaml, but this one does not; "
        "give the folder that `gan_study run` printed"
    )
    run.write_study_text("name: x\n")
    run.require_run()


WRITERS: dict[str, Any] = {
    "arms/lsgan/search_000/config.json": lambda run: run.trial("lsgan", "search_000").write_config(CONFIG),
    "arms/lsgan/search_000/status.json": lambda run: run.trial("lsgan", "search_000").write_status(STATUS),
    "objective/objective.json": lambda run: run.write_objective(OBJECTIVE),
    "environment.json": lambda run: run.write_environment(ENVIRONMENT),
    "study_status.json": lambda run: run.write_study_status(STUDY_STATUS),
}
READERS: dict[str, Any] = {
    "arms/lsgan/search_000/config.json": lambda run: run.trial("lsgan", "search_000").read_config(),
    "arms/lsgan/search_000/status.json": lambda run: run.trial("lsgan", "search_000").read_status(),
    "arms/lsgan/search_000/metrics.jsonl": lambda run: run.trial("lsgan", "search_000").read_evaluations(),
    "objective/objective.json": lambda run: run.read_objective(),
    "environment.json": lambda run: run.read_environment(),
    "study_status.json": lambda run: run.read_study_status(),
}


@pytest.mark.parametrize("name", WRITERS)
def test_a_file_of_a_later_version_is_refused_with_the_way_out(run: RunFolder, name: str) -> None:
    WRITERS[name](run)
    values = json.loads(run.storage.read_text(name))
    assert values["schema_version"] == 1
    run.storage.write_text(name, json.dumps({**values, "schema_version": 2}))
    with pytest.raises(StorageError) as caught:
        READERS[name](run)
    assert str(caught.value) == (
        f"{run.location}/{name}: the file does not fit this version of gan_study "
        "(schema_version: Input should be 1); read it with the version in environment.json"
    )


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("content", [b"{}", b"[]"])
def test_a_file_of_another_form_is_a_message(run: RunFolder, name: str, content: bytes) -> None:
    run.storage.write_bytes(name, content)
    with pytest.raises(StorageError) as caught:
        READERS[name](run)
    assert str(caught.value).startswith(f"{run.location}/{name}: the file does not fit this version of gan_study (")
    assert str(caught.value).endswith("; read it with the version in environment.json")


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize(
    ("content", "place", "reason"),
    [
        (b'{"cut sh', "1:8", "EOF while parsing a string"),
        (b"\xff\xfe\n", "1:1", "expected value"),
        (b"\x00\n", "1:1", "expected value"),
    ],
)
def test_a_damaged_file_is_a_message(run: RunFolder, name: str, content: bytes, place: str, reason: str) -> None:
    run.storage.write_bytes(name, content)
    with pytest.raises(StorageError) as caught:
        READERS[name](run)
    message = str(caught.value)
    assert message.startswith(
        f"{run.location}/{name}:{place}: a record must be whole, but this file is cut short or damaged ({reason}); "
        "copy it again from where the run was made"
    )
    assert "version" not in message
    # The score of a run's trials is what objective.json says it is.
    assert (", or remove it: " in message) == (name != "objective/objective.json")


def test_the_place_in_a_damaged_file(run: RunFolder, trial: TrialFolder) -> None:
    trial.write_evaluations(EVALUATIONS)
    trial.storage.write_text("metrics.jsonl", trial.storage.read_text("metrics.jsonl")[:-20])
    trial.storage.write_text("status.json", '{\n "state": \n')
    place = trial.storage.location
    with pytest.raises(StorageError, match=rf"^{place}/metrics\.jsonl:3:\d+: .*: its trial then has no scores$"):
        trial.read_evaluations()
    with pytest.raises(StorageError, match=rf"^{place}/status\.json:3:1: .*: its trial then counts as unfinished$"):
        trial.read_status()
    run.storage.write_bytes("study.yaml", b"name: x\n# \xe9\n")
    with pytest.raises(StorageError, match=r"study\.yaml:2: the text must be UTF-8, but got the byte 0xe9, so"):
        run.read_study_text()


def test_samples_snapshots_and_checkpoints(trial: TrialFolder) -> None:
    for nimg in (99_999_999, 0, 123_456_789, 3_000):
        trial.write_samples(nimg, b"png %d" % nimg)
        trial.write_snapshot(nimg, b"weights %d" % nimg)
    assert trial.sample_nimgs() == trial.snapshot_nimgs() == [0, 3_000, 99_999_999, 123_456_789]
    assert trial.read_samples(3_000) == b"png 3000"
    assert trial.read_snapshot(99_999_999) == b"weights 99999999"
    assert trial.storage.list_names("samples")[:2] == ["00000000.png", "00003000.png"]
    trial.keep_snapshots({99_999_999, 0, 77})
    assert trial.snapshot_nimgs() == [0, 99_999_999]
    assert trial.sample_nimgs() == [0, 3_000, 99_999_999, 123_456_789]


def test_a_checkpoint_and_the_one_before_it_are_kept(trial: TrialFolder) -> None:
    for nimg, kept in ((0, [0]), (1_000, [0, 1_000]), (2_000, [1_000, 2_000])):
        trial.add_checkpoint(nimg, b"state %d" % nimg)
        assert trial.checkpoint_nimgs() == kept
        assert trial.read_checkpoint(nimg) == b"state %d" % nimg
    trial.storage.write_bytes("checkpoints/00003000.pt", b"state 3000")  # killed before the older one was removed
    assert trial.checkpoint_nimgs() == [1_000, 2_000, 3_000]
    trial.add_checkpoint(4_000, b"state 4000", {1_000, None})
    assert trial.checkpoint_nimgs() == [1_000, 3_000, 4_000]
    trial.delete_checkpoints({3_000})
    assert trial.checkpoint_nimgs() == [3_000]
    trial.delete_checkpoints()
    assert trial.checkpoint_nimgs() == []


def test_a_reader_s_own_files_do_no_harm(trial: TrialFolder) -> None:
    trial.write_samples(1_000, b"png")
    for name in ("notes.txt", ".DS_Store", ".writing-01234567-00002000.png"):
        trial.storage.write_bytes(f"samples/{name}", b"mine")
    assert trial.sample_nimgs() == [1_000]


def test_the_name_of_a_score() -> None:
    assert KEY.label() == "FD[domain_classifier@1a2b3c4d,hidden,d=64]/N=5000v1797:all/uint8-16px"
    assert not KEY.is_published_fid
    official = {"extractor": "inception", "dims": 2048, "weights_hash": OFFICIAL_INCEPTION_HASH}
    inception = KEY.model_copy(update=official)
    assert inception.is_published_fid
    assert not inception.model_copy(update={"weights_hash": "1a2b3c4d"}).is_published_fid
    assert not inception.model_copy(update={"dims": 768}).is_published_fid


@pytest.mark.parametrize("state", TrialState)
def test_only_a_running_trial_goes_on(state: TrialState) -> None:
    assert state.is_final == (state.value != "running")


@pytest.mark.parametrize("name", ["..", ".", "", "../x", "/tmp/x", "a\\b"])
def test_a_name_that_leads_out_of_the_run_folder_is_refused(tmp_path: Path, name: str) -> None:
    """Names come from files, such as the configuration that `train` is given."""
    folder = RunFolder(str(tmp_path))
    for arm, trial in ((name, "trial"), ("arm", name)):
        with pytest.raises(InputError, match="is the name of a folder in it, but got name="):
            folder.trial(arm, trial)
