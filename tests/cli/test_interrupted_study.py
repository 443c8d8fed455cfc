"""Studies that end before their time, each on a Ray of its own, and how they go on."""

import re
import signal
from pathlib import Path

import pytest
from support.command import LIMIT_SEC, ONE_AT_A_TIME, TINY, Running, errors_in, gan_study, gan_study_on_a_terminal

from gan_study.runs.folder import RunFolder
from gan_study.runs.records.measurements import EvaluationRecord
from gan_study.runs.records.status import TrialState, TrialStatus

pytestmark = [pytest.mark.ray, pytest.mark.slow]

LONGER = ONE_AT_A_TIME + TINY.replace("kimg: 1, evaluate_every_kimg: 0.5", "kimg: 2, evaluate_every_kimg: 0.5")
SEARCH_ONLY = LONGER.replace("top_k: 1", "top_k: 0")


@pytest.fixture
def study(tmp_path: Path, extractor_cache: Path) -> Path:
    path = tmp_path / "tiny.yaml"
    path.write_text(SEARCH_ONLY)
    return path


def statuses(folder: RunFolder) -> dict[tuple[str, str], TrialStatus]:
    found = {(a, n): folder.trial(a, n).read_status() for a in folder.arms() for n in folder.trials(a)}
    return {key: status for key, status in found.items() if status is not None}


def names(folder: RunFolder, final: bool) -> list[tuple[str, str]]:
    return [key for key, status in statuses(folder).items() if status.state.is_final == final]


def in_the_middle(folder: RunFolder) -> bool:
    """Something is finished, and something unfinished has a checkpoint after some training."""
    waiting = [folder.trial(*key).checkpoint_nimgs() for key in names(folder, final=False)]
    return bool(names(folder, final=True)) and any(nimgs and nimgs[-1] >= 512 for nimgs in waiting)


def evaluations(folder: RunFolder, key: tuple[str, str]) -> list[EvaluationRecord]:
    return folder.trial(*key).read_evaluations()


def study_state(folder: RunFolder) -> str:
    status = folder.read_study_status()
    assert status is not None
    return status.state


def files_of(folder: RunFolder, keys: list[tuple[str, str]]) -> dict[str, tuple[int, int]]:
    """The trials' own files; timeline.webp is the report's, made from them."""
    places = [folder.storage.local_path(f"arms/{arm}/{name}") for arm, name in keys]
    found = [path for place in places for path in place.rglob("*") if path.is_file() and path.name != "timeline.webp"]
    return {str(path): (path.stat().st_ino, path.stat().st_mtime_ns) for path in found}


def test_a_killed_study_goes_on_at_once(study: Path, tmp_path: Path) -> None:
    """One command both begins the study and continues it."""
    folder = RunFolder(str(tmp_path / "tiny"))
    words = ("run", study, "--resume", "--out", tmp_path)
    with Running(tmp_path, *words) as command:
        command.wait_until(lambda: in_the_middle(folder))
        command.process.send_signal(signal.SIGKILL)
        command.process.wait()
    finished, unfinished = names(folder, final=True), names(folder, final=False)
    assert study_state(folder) == "running"
    files = files_of(folder, finished)
    checkpoints = {key: (folder.trial(*key).checkpoint_nimgs() or [-1])[-1] for key in unfinished}
    measured = {key: [e for e in evaluations(folder, key) if e.cur_nimg <= checkpoints[key]] for key in unfinished}

    found = gan_study(*words)
    assert found.returncode == 0, found.stderr
    assert errors_in(found.stderr) == []
    assert study_state(folder) == "completed"
    assert {status.state for status in statuses(folder).values()} == {TrialState.COMPLETED}
    assert len(statuses(folder)) == 4
    assert files_of(folder, finished) == files
    assert any(checkpoint >= 512 for checkpoint in checkpoints.values())
    for key in unfinished:
        # The seconds in them would differ if the images before the checkpoint had been trained on again.
        assert evaluations(folder, key)[: len(measured[key])] == measured[key]
        assert statuses(folder)[key].num_restarts == 1
        assert [e.cur_nimg for e in evaluations(folder, key)] == list(range(0, 2049, 512))
    for key in set(statuses(folder)) - set(unfinished):
        assert statuses(folder)[key].num_restarts == 0


@pytest.fixture(scope="module")
def interrupted(extractor_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[RunFolder, str]:
    """The run folder and the output of a study that Ctrl-C has ended in the middle."""
    place = tmp_path_factory.mktemp("interrupted")
    study = place / "tiny.yaml"
    study.write_text(LONGER)
    folder = RunFolder(str(place / "tiny"))
    with Running(place, "run", study, "--out", place) as command:
        command.wait_until(lambda: in_the_middle(folder))
        assert command.own_processes()  # or the look at them below would mean nothing
        refused = gan_study("resume", place / "tiny")
        assert refused.returncode == 2
        assert f"got pid={command.process.pid} still at work on it" in refused.stderr
        status, seconds = command.interrupt()
        assert status == 130
        assert seconds < 20
        assert errors_in(command.err) == []
        assert command.own_processes() == []
        return folder, command.out


def test_ctrl_c_says_how_to_go_on(interrupted: tuple[RunFolder, str]) -> None:
    folder, out = interrupted
    assert out.endswith(
        "\nInterrupted; nothing that was finished is lost. Go on with:\n"
        f"  python -m gan_study resume {folder.location}\n"
    )
    assert study_state(folder) == "interrupted"
    assert not folder.storage.exists(".ray")


def test_a_terminal_shows_a_live_table(interrupted: tuple[RunFolder, str], ray_address: str) -> None:
    """The interrupted study, continued on a terminal."""
    folder, _ = interrupted
    status, shown = gan_study_on_a_terminal("resume", folder.location, "--address", ray_address)
    assert status == 0, shown
    assert study_state(folder) == "completed"
    assert len(names(folder, final=True)) == 6
    drawn = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown)
    assert re.search(r"arm +phase +done +running +stopped +diverged +failed +best score", drawn)
    assert re.search(r"(lsgan|wgan) +(search|confirm) +\d/\d +[12] +0 +0 +0 +", drawn)
    assert re.search(r"wgan +confirm +", drawn)
    assert re.search(r"\d+ s: about \d+ s left", drawn)
    assert "\x1b[2K" in shown  # the table is removed at the end,
    lines = drawn.rstrip().splitlines()
    assert lines[-1].rstrip() == f"Report: {folder.location}/report.html"
    verdicts = [number for number, line in enumerate(lines) if re.match(r"(lsgan|wgan), \d+ trainings?: ", line)]
    assert len(verdicts) == 2
    assert re.search(r"\b(lsgan|wgan)\b", lines[verdicts[-1] + 1])  # who leads, before notes and the report


def test_ctrl_c_while_ray_starts(study: Path, tmp_path: Path, ray_address: str) -> None:
    with Running(tmp_path, "run", study, "--out", tmp_path) as command:
        command.wait_until(lambda: "starting Ray" in command.out)
        command.wait_until(lambda: bool(command.own_processes()))
        status, seconds = command.interrupt()
        assert status == 130
        assert seconds < 20
        assert f"python -m gan_study resume {tmp_path}/tiny\n" in command.out
        assert errors_in(command.err) == []
        assert command.own_processes() == []
    assert RunFolder(str(tmp_path / "tiny")).arms() == []


def test_sigterm_ends_a_study_as_ctrl_c_does(study: Path, tmp_path: Path, ray_address: str) -> None:
    """Told to be verbose, so that Ray's own words can be looked at too."""
    folder = RunFolder(str(tmp_path / "tiny"))
    with Running(tmp_path, "run", study, "--out", tmp_path, "--address", ray_address, "--verbose") as command:
        command.wait_until(lambda: bool(folder.arms()))
        command.process.send_signal(signal.SIGTERM)
        assert command.process.wait(LIMIT_SEC) == 130
        assert "Traceback" not in command.err
        assert "SIGTERM" not in command.err
        assert "Connecting to existing Ray cluster" in command.err
        assert command.out.endswith(f"\n  python -m gan_study resume {tmp_path}/tiny --address {ray_address}\n")
    assert study_state(folder) == "interrupted"
