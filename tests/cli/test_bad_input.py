"""Whatever a user gives that is wrong: exit status 2, one clear message, nothing begun."""

from pathlib import Path

import pytest
from support.command import TINY, errors_in, gan_study

from gan_study.cli.main import app
from gan_study.errors import InputError


def refused(*arguments: object, environment: dict[str, str | None] | None = None) -> str:
    """The message of a command that is refused."""
    found = gan_study(*arguments, environment=environment)
    assert found.returncode == 2, found
    assert "Traceback" not in found.stderr
    assert "Error" not in found.stderr  # a class's name is no message
    (line,) = errors_in(found.stderr)
    return line.removeprefix("error: ")


@pytest.fixture
def study(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.yaml"
    path.write_text(TINY)
    return path


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("budget:", "bugdet:", "{file}:4:1: bugdet: "),
        ("total_kimg: 1,", "total_kimg: soon,", "{file}:4:41: budget.total_kimg: "),
        (TINY[TINY.index("arms:") : TINY.index("defaults:")], "arms: {}\n", "{file}:5:7: arms: "),
        ("penalty: wgan_gp,", "penalty: weight_clip, penalty_weight: 10,", "{file}:7:"),
        ("[1e-4, 1e-2]", "[1e-2, 1e-4]", "{file}:10:23: search_space.g_lr"),
        ("{log_uniform: [1e-4, 1e-2]}", "{log_uniform: [1e-4, 1e-2}", "{file}:10:"),
    ],
    ids=["unknown_key", "wrong_type", "no_arms", "impossible_pair", "upside_down_range", "syntax"],
)
def test_a_wrong_study_file(study: Path, tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in TINY
    study.write_text(TINY.replace(old, new))
    found = gan_study("run", study, "--out", tmp_path / "runs")
    assert found.returncode == 2
    assert found.stdout == ""
    lines = [line for line in found.stderr.splitlines() if line.startswith(f"error: {message.format(file=study)}")]
    assert lines, found.stderr
    assert all(line.startswith("error: ") for line in found.stderr.splitlines())
    assert not (tmp_path / "runs").exists()


def test_a_study_file_that_is_not_there(tmp_path: Path) -> None:
    assert refused("run", tmp_path / "nothing.yaml").startswith(f"{tmp_path}/nothing.yaml: there is no such file")


def test_an_output_folder_in_whose_place_a_file_stands(study: Path, tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("a file")
    message = refused("run", study, "--out", tmp_path / "runs")
    assert message.startswith(f"{tmp_path}/runs/tiny: there is a file where a folder is needed")
    assert message.endswith("remove it, or choose another --out")
    assert (tmp_path / "runs").read_text() == "a file"


def test_a_run_folder_that_exists(study: Path, tmp_path: Path) -> None:
    out = tmp_path / "my runs"
    (out / "tiny").mkdir(parents=True)
    (out / "tiny" / "study.yaml").write_text(TINY)
    message = refused("run", study, "--out", out)
    # As after Ctrl-C while Ray starts: whoever corrects the study file wants to run it, not to resume.
    assert message.endswith(
        f"but got {out}/tiny with a run in it of which nothing is trained yet; continue it with `python -m gan_study "
        f"resume '{out}/tiny'`, remove {out}/tiny if no process runs it, or choose another --out"
    )
    assert [path.name for path in (out / "tiny").iterdir()] == ["study.yaml"]
    (out / "tiny" / "arms" / "lsgan" / "search_000").mkdir(parents=True)
    message = refused("run", study, "--out", out)
    assert message.endswith(
        f"with a run in it; continue it with `python -m gan_study resume '{out}/tiny'`, or choose another --out"
    )


@pytest.mark.parametrize("verb", ["resume", "report"])
def test_a_folder_that_is_no_run(tmp_path: Path, verb: str) -> None:
    message = refused(verb, tmp_path)
    assert message == (
        f"{tmp_path}: a run folder contains a study.yaml, but this one does not; give the folder that "
        "`gan_study run` printed"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_train_is_no_run(tmp_path: Path) -> None:
    trial = tmp_path / "my runs" / "arms" / "train" / "trial"
    trial.mkdir(parents=True)
    (trial / "config.json").write_text("{}")
    assert refused("resume", tmp_path / "my runs") == (
        f"{tmp_path}/my runs: a run folder contains a study.yaml, but this one has trainings by `train`; continue one "
        f"with `python -m gan_study train '{trial}/config.json' --out '{tmp_path}/my runs'`"
    )
    (tmp_path / "my runs" / "environment.json").write_text("{}")
    assert "but this one does not; " in refused("resume", tmp_path / "my runs"), "a study that has lost its study.yaml"


@pytest.mark.parametrize("verb", ["resume", "report"])
def test_a_run_folder_that_is_not_there(tmp_path: Path, verb: str) -> None:
    assert refused(verb, tmp_path / "runs" / "tiny") == (
        f"{tmp_path}/runs/tiny: there is no such folder; give the folder that `run` printed, or start a study with "
        "`python -m gan_study run <study file>`"
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("verb", ["run", "resume", "train"])
@pytest.mark.parametrize(("option", "wanted"), [("--data-root", "folder"), ("--inception-weights", "file")])
def test_a_place_that_is_not_there(study: Path, tmp_path: Path, verb: str, option: str, wanted: str) -> None:
    with pytest.raises(InputError) as caught:
        app([verb, str(study), option, str(tmp_path / "nothing")], standalone_mode=False)
    rule = f"{option}: a {wanted} must be there, but got {tmp_path}/nothing without one; check the path"
    assert str(caught.value) == rule


@pytest.mark.parametrize("verb", ["run", "resume"])
def test_a_place_of_this_machine_for_a_cluster_that_has_its_own(study: Path, tmp_path: Path, verb: str) -> None:
    with pytest.raises(InputError) as caught:
        app([verb, str(study), "--data-root", str(tmp_path), "--address", "10.0.0.1:6379"], standalone_mode=False)
    message = str(caught.value)
    assert message.startswith("--data-root: a cluster that is joined has places of its own, but got --address 10.0.0.1")
    assert "set GAN_STUDY_DATA on each of its machines" in message


def test_train_is_given_a_study(study: Path) -> None:
    assert refused("train", study).startswith(f"{study}: `train` trains one configuration, but got a whole study; ")


def test_a_run_folder_whose_file_is_broken(tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text(TINY)
    (tmp_path / "study_status.json").write_text('{"state": "runn')
    assert f"{tmp_path}/study_status.json:1:15: a record must be whole, but" in refused("resume", tmp_path)


@pytest.mark.ray  # although it needs no cluster: `auto` would find one that another process has started
@pytest.mark.parametrize("address", ["127.0.0.1:1", "auto"])
def test_an_address_where_no_cluster_is(study: Path, tmp_path: Path, address: str) -> None:
    environment: dict[str, str | None] = {"RAY_ADDRESS": None, "RAY_TMPDIR": str(tmp_path)}
    message = refused("run", study, "--out", tmp_path, "--address", address, environment=environment)
    assert message.startswith(f"--address: a Ray cluster must be running there, but got address={address} (")
    assert not (tmp_path / "tiny" / "study.yaml").exists()  # the next `run` is not refused


@pytest.mark.ray
def test_data_that_is_not_on_the_cluster(study: Path, tmp_path: Path, ray_address: str) -> None:
    """The data is looked for where the trials run; without it nothing has begun."""
    study.write_text(TINY.replace("name: digits", "name: image_folder, path: nowhere.zip"))
    message = refused("run", study, "--out", tmp_path, "--address", ray_address)
    assert "there must be a folder or archive of images, but got path=nowhere.zip" in message
    assert not (tmp_path / "tiny").exists()  # the next `run` is not refused


def test_data_that_is_not_on_this_machine(study: Path, tmp_path: Path) -> None:
    study.write_text(TINY.replace("name: digits", "name: image_folder, path: nowhere.zip"))
    message = refused("run", study, "--out", tmp_path, environment={"RAY_TMPDIR": str(tmp_path / "ray")})
    assert "there must be a folder or archive of images, but got path=nowhere.zip" in message
    assert list(tmp_path.iterdir()) == [study]  # nor was Ray started for it


NO_NETWORK: dict[str, str | None] = {
    "http_proxy": "http://127.0.0.1:9",
    "https_proxy": "http://127.0.0.1:9",
    "no_proxy": None,
}


def test_data_that_cannot_be_downloaded_leaves_nothing_and_says_what_is_tried(study: Path, tmp_path: Path) -> None:
    study.write_text(TINY.replace("name: digits", "name: kmnist"))
    data = tmp_path / "data"
    data.mkdir()
    environment = {**NO_NETWORK, "GAN_STUDY_DATA": str(data), "RAY_TMPDIR": str(tmp_path / "ray")}
    for out in (tmp_path / "new" / "runs", tmp_path):
        found = gan_study("run", study, "--out", out, environment=environment)
        assert found.returncode == 2
        assert f"kmnist is not in {data}/KMNIST/raw: trying to download it there (up to 15 s until" in found.stdout
        assert found.stderr.startswith(f"error: {data}/KMNIST/raw: KMNIST's four idx files (plain or .gz) must be here")
        assert "could not be downloaded" in found.stderr
        assert sorted(tmp_path.iterdir()) == [data, study]


def test_what_this_machine_lacks_is_told_together_with_what_is_wrong_in_the_file(study: Path, tmp_path: Path) -> None:
    study.write_text(TINY.replace("name: digits", "name: image_folder, path: nowhere.zip").replace("tiny", "ti ny"))
    many = ["--set", "resources.cpus_per_worker=99999"]
    environment: dict[str, str | None] = {"RAY_OVERRIDE_RESOURCES": None}
    found = gan_study("run", study, "--out", tmp_path / "runs", *many, environment=environment)
    lines = found.stderr.splitlines()
    assert found.returncode == 2
    assert [line.split(": ")[1] for line in lines] == [f"{study}:1:7", "dataset.path", "resources"]
    assert "a trial must fit on this machine, but got 99999 CPUs needed (workers_per_trial=1, " in lines[2]
    # What a cluster has is not known here.
    joined = gan_study("run", study, "--out", tmp_path / "runs", *many, "--address", "127.0.0.1:1")
    assert [line.split(": ")[1] for line in joined.stderr.splitlines()] == [f"{study}:1:7"]
    assert list(tmp_path.iterdir()) == [study]
