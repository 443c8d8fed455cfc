"""A study whose run folder is in an object store, a server of its own, by the command line."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.command import LIMIT_SEC, SHORT, Running, errors_in, gan_study
from support.s3_process import S3Process, s3_process

from gan_study.cli.sample import sample
from gan_study.evaluation.sampling import SampleRequest
from gan_study.runs.folder import RunFolder
from gan_study.runs.outage import WAIT_ENVIRONMENT
from gan_study.runs.records.status import TrialState

pytestmark = [pytest.mark.ray, pytest.mark.slow]


@pytest.fixture(scope="module")
def server() -> Iterator[S3Process]:
    with s3_process() as server:
        yield server


def test_a_study_survives_the_outages_of_its_store(
    server: S3Process, tmp_path: Path, ray_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store is away for a while during `run`, and for longer than its users wait during `extend`."""
    study = tmp_path / "tiny.yaml"
    study.write_text(SHORT.replace("kimg: 1, evaluate_every_kimg: 0.5", "kimg: 3, evaluate_every_kimg: 1"))
    folder = RunFolder("s3://bucket/runs/tiny")
    trial = folder.trial("lsgan", "search_000")
    with Running(tmp_path, "run", study, "--out", "s3://bucket/runs", "--address", ray_address) as command:
        command.wait_until(lambda: bool(trial.read_evaluations()))
        with server.away():
            command.wait_until(lambda: "warning: s3://bucket/runs/tiny: the object store does not" in command.err)
        refused = gan_study("resume", folder.location)
        assert command.process.wait(LIMIT_SEC) == 0
        assert "the object store answers again after" in command.err
    assert refused.returncode == 2
    assert f"but got pid={command.process.pid}, at work since" in refused.stderr
    assert server.keys("runs/tiny/report.html") == ["runs/tiny/report.html"]

    monkeypatch.setenv(WAIT_ENVIRONMENT, "2")
    added, ended = folder.trial("lsgan", "search_001"), trial.read_evaluations()
    more = ("--set", "budget.trials_per_arm=2", "--address", ray_address)
    with Running(tmp_path, "extend", folder.location, *more) as command:
        command.wait_until(lambda: bool(added.read_evaluations()))
        with server.away():
            assert command.process.wait(LIMIT_SEC) == 2
    error = errors_in(command.err)[-1]
    assert "must answer within 2 seconds, but got no answer (" in error
    assert "gan_study resume" in error
    assert "Traceback" not in command.out + command.err

    resumed = gan_study("resume", folder.location, "--address", ray_address)
    assert resumed.returncode == 0, resumed.stderr
    assert "Traceback" not in resumed.stderr
    assert trial.read_evaluations() == ended
    statuses = [folder.trial(arm, name).read_status() for arm in folder.arms() for name in folder.trials(arm)]
    assert [status.state for status in statuses if status is not None] == [TrialState.COMPLETED] * 4
    assert not [key for key in server.keys("runs/tiny/") if ".ray" in key or ".claim" in key]
    sample(folder.location, SampleRequest(), str(tmp_path / "images"), None, None)
    assert (tmp_path / "images" / "grid.png").exists()
