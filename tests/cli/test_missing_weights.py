"""A study scored by Inception whose weights are not there, or not what they should be: told before anything starts."""

from pathlib import Path

import pytest
from support.command import TINY, gan_study
from support.synthetic_run import OBJECTIVE

from gan_study.config.data import ObjectiveConfig
from gan_study.errors import InputError
from gan_study.extractors.inception_weights import OFFICIAL_NAME, PARTIAL_NAME
from gan_study.workflow.data_files import fetch_weights

HINT = "`objective.extractor: autoencoder` works, and domain_classifier for images with class labels"


@pytest.fixture
def study(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.yaml"
    path.write_text(TINY.replace("{num_samples: 200}", "{extractor: inception, num_samples: 200}"))
    return path


@pytest.fixture
def nowhere(tmp_path: Path) -> dict[str, str | None]:
    """The environment of a machine without weights and network; its folder for data sets is `data`."""
    (tmp_path / "data").mkdir()
    return {
        "GAN_STUDY_DATA": str(tmp_path / "data"),
        "GAN_STUDY_INCEPTION_WEIGHTS": None,
        "TORCH_HOME": str(tmp_path / "torch"),
        "RAY_TMPDIR": str(tmp_path / "ray"),
        "http_proxy": "http://127.0.0.1:9",
        "https_proxy": "http://127.0.0.1:9",
        "no_proxy": None,
    }


def weights_row(study: Path, environment: dict[str, str | None], *options: object) -> str:
    found = gan_study("plan", study, "--no-measure", *options, environment=environment)
    assert (found.returncode, found.stderr) == (0, "")
    text = " ".join(found.stdout.split())
    return text[text.index(" weights ") : text.index(" search ")].removeprefix(" weights ")


def test_the_plan_says_whether_and_where_they_are(study: Path, tmp_path: Path, nowhere: dict[str, str | None]) -> None:
    hub, data = tmp_path / "torch/hub/checkpoints", tmp_path / "data"
    told = weights_row(study, nowhere)
    assert told.startswith(
        f"not on this machine yet; inception: its weights must be on this machine, but got no {OFFICIAL_NAME}"
    )
    assert f"in {data} or {hub}; put the file into one of them" in told
    assert (
        f"; without it, {HINT}, or `objective.dims: 768` with {PARTIAL_NAME}, put in {data}; else `run` tries" in told
    )
    assert not (tmp_path / "torch").exists()
    (data / OFFICIAL_NAME).write_bytes(b"an error page")
    wrong = weights_row(study, nowhere)
    assert wrong.startswith(f"none that can be used; {data / OFFICIAL_NAME}: a file of this name must have the SHA-256")
    text = gan_study("plan", study, "--no-measure", "--set", "objective={num_samples: 200}", environment=nowhere).stdout
    assert " weights " not in text


def test_the_plan_says_where_they_are(study: Path, data_folder: Path) -> None:
    if not (data_folder / PARTIAL_NAME).exists():
        pytest.skip(f"needs {PARTIAL_NAME} in GAN_STUDY_DATA")
    environment: dict[str, str | None] = {"GAN_STUDY_INCEPTION_WEIGHTS": None, "TORCH_HOME": "/nowhere"}
    path = data_folder / PARTIAL_NAME
    assert weights_row(study, environment, "--set", "objective.dims=768") == f"found in {path}"
    told = weights_row(study, environment, "--inception-weights", path)
    assert told.startswith(
        f"none that can be used; {path}: this must be a file of Inception's weights with all layers up"
    )


def test_a_download_is_tried_before_ray_and_what_does_not_come_is_told_together(
    study: Path, tmp_path: Path, nowhere: dict[str, str | None]
) -> None:
    found = gan_study("run", study, "--out", tmp_path / "runs", environment=nowhere)
    hub = tmp_path / "torch/hub/checkpoints"
    assert found.returncode == 2
    assert f"inception's weights are not in {hub}: trying to download them there (up to 10 s until" in found.stdout
    (line,) = found.stderr.splitlines()
    assert line.startswith("error: inception: its weights must be on this machine or be downloaded, but got no ")
    assert f"; without it, {HINT}" in line
    study.write_text(study.read_text().replace("name: digits", "name: kmnist"))
    both = gan_study("run", study, "--out", tmp_path / "runs", environment=nowhere).stderr.splitlines()
    assert [line.split(":")[1].strip() for line in both] == [f"{tmp_path}/data/KMNIST/raw", "inception"]
    assert not (tmp_path / "runs").exists()
    assert not (tmp_path / "ray").exists()


@pytest.mark.parametrize("is_named", [False, True])
def test_a_file_that_cannot_be_used_is_told_together_with_the_rest(
    study: Path, tmp_path: Path, nowhere: dict[str, str | None], is_named: bool
) -> None:
    path = tmp_path / "own.pth" if is_named else tmp_path / "data" / OFFICIAL_NAME
    path.write_bytes(b"an error page")
    study.write_text(study.read_text().replace("tiny", "ti ny"))
    options = ["--inception-weights", path] if is_named else []
    found = gan_study("run", study, "--out", tmp_path / "runs", *options, environment=nowhere)
    assert found.returncode == 2
    assert found.stdout == ""
    first, second = found.stderr.splitlines()
    assert first.startswith(f"error: {study}:1:7: ")
    rule = "this must be a file of Inception's weights" if is_named else "a file of this name must have the SHA-256"
    assert second.startswith(f"error: {path}: {rule}")
    assert HINT in second
    # What a cluster has is not known here.
    joined = gan_study("run", study, "--out", tmp_path / "runs", "--address", "127.0.0.1:1", environment=nowhere)
    assert len(joined.stderr.splitlines()) == 1


def test_a_begun_study_asks_for_the_weights_that_it_was_begun_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own.pth").write_bytes(b"weights")
    monkeypatch.setenv("GAN_STUDY_INCEPTION_WEIGHTS", str(tmp_path / "own.pth"))
    monkeypatch.setenv("GAN_STUDY_DATA", str(tmp_path))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    objective = ObjectiveConfig.model_validate({"extractor": "inception", "dims": 64})
    told: list[str] = []
    fetch_weights(objective, None, told.append)
    begun = OBJECTIVE.model_copy(update={"key": OBJECTIVE.key.model_copy(update={"weights_hash": "12345678"})})
    with pytest.raises(InputError, match="made with the weights 12345678, but no file here has this hash"):
        fetch_weights(objective, begun, told.append)
    fetch_weights(ObjectiveConfig(), begun, told.append)
    assert told == []
