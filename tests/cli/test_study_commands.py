"""Studies run from the command line on the session's cluster: what is printed, and what is left."""

import os
import re
import shutil
import signal
from itertools import pairwise
from pathlib import Path

import pytest
from support.command import LIMIT_SEC, SHORT, TINY, Running, errors_in, gan_study

from gan_study.analysis.sentences.detectable_difference import seeds_warning
from gan_study.config.reading.load import parse_study
from gan_study.runs.folder import RunFolder

pytestmark = [pytest.mark.ray, pytest.mark.slow]


def write_study(folder: Path, text: str) -> Path:
    path = folder / "tiny.yaml"
    path.write_text(text)
    return path


def files(folder: Path) -> dict[str, tuple[int, int]]:
    """Every file of the trials, with what would change if it were written anew."""
    found = [path for path in (folder / "arms").rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): (path.stat().st_ino, path.stat().st_mtime_ns) for path in found}


def running_pids(folder: RunFolder) -> list[int]:
    statuses = [folder.trial(arm, name).read_status() for arm in folder.arms() for name in folder.trials(arm)]
    return [status.pid for status in statuses if status is not None and status.pid is not None]


def outcome(out: str, before: int = 0) -> list[str]:
    """The last lines, from that of the score or from so many before it."""
    lines = out.splitlines()
    return lines[next(i for i, line in enumerate(lines) if line.startswith("Score: ")) - before :]


@pytest.fixture(scope="module")
def finished(ray_address: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str]:
    """The run folder, the output and the messages of a study whose output goes to a file; one process is killed."""
    place = tmp_path_factory.mktemp("piped")
    folder = RunFolder(str(place / "tiny"))
    with Running(place, "run", write_study(place, TINY), "--out", place, "--address", ray_address) as command:
        command.wait_until(lambda: bool(running_pids(folder)))
        os.kill(running_pids(folder)[0], signal.SIGKILL)
        assert command.process.wait(LIMIT_SEC) == 0, command.err
        return place / "tiny", command.out, command.err


def test_a_study_prints_plain_lines_into_a_file(finished: tuple[Path, str, str]) -> None:
    _, out, err = finished
    assert err.splitlines() == [f"warning: {seeds_warning(parse_study(TINY, 'tiny.yaml'))}"]
    assert out.replace("\n", "").isprintable()
    lines = out.splitlines()
    timed = [line for line in lines if re.match(r"\[ *\d+ s\] ", line)]
    assert lines[: len(timed)] == timed
    ended = [line for line in timed if re.search(r"\] \w+/\w+: completed at 1,024 images, score \S+ \(\d of 6", line)]
    assert len(ended) == 6
    # A slow machine prints these in between.
    told = [line for line in timed if "] at work: " not in line and "] preparing: " not in line]
    assert len(told) == 6 + 4  # joining Ray, preparing, how much lies ahead, writing the report
    columns = ("arm", "best search score", "failed in search", "confirmed scores", "by the best evaluations")
    assert re.fullmatch(" +".join([*columns, "failed seeds", "smallest class", "trials *"]), lines[len(timed)])
    assert not any("raylet" in line for line in lines)


def test_a_study_ends_with_the_winner_how_sure_and_the_report(finished: tuple[Path, str, str]) -> None:
    place, out, _ = finished
    score, *lines = outcome(out)
    of_arms, (verdict, *_, report) = lines[:2], lines[2:]  # notes on the verdict may stand between
    assert score.startswith("Score: FD[domain_classifier@")
    assert "not comparable with published FID" in score
    assert [re.sub(r", \d+ trainings?: .*", "", line) for line in of_arms] == ["lsgan", "wgan"]
    assert re.search(r"\b(lsgan|wgan)\b", verdict)
    assert report == f"Report: {place}/report.html"
    assert (place / "report.html").stat().st_size > 100_000


def test_resuming_a_finished_study_writes_the_report_alone(finished: tuple[Path, str, str]) -> None:
    place, out, _ = finished
    before = files(place)
    (place / "report.html").unlink()
    found = gan_study("resume", place)
    assert found.returncode == 0
    assert files(place) == before
    assert (place / "report.html").exists()
    head, *rest = found.stdout.splitlines()
    assert head == "Nothing is left to train: every trial of the study has ended. The report is written again."
    assert rest == outcome(out, 3)  # the table, the scores, the verdicts, the report


def test_a_study_in_which_every_trial_diverges(tmp_path: Path, ray_address: str) -> None:
    text = SHORT.replace("defaults: {", "defaults: {d_lr: 1e18, ").replace("[1e-4, 1e-2]", "[1e17, 1e18]")
    text = text.replace("search: {", "search: {first_trial: sampled, ")  # the paper's learning rate is a good one
    found = gan_study("run", write_study(tmp_path, text), "--out", tmp_path, "--address", ray_address)
    assert found.returncode == 1
    (line,) = errors_in(found.stderr)
    assert line.startswith(f"error: {tmp_path}/tiny: no trial has completed; reasons: the ")
    assert "loss or gradient is not finite" in line
    assert line.endswith(f"see {tmp_path}/tiny/report.html")
    report = (tmp_path / "tiny" / "report.html").read_text()
    assert "loss or gradient is not finite" in report
    folder = RunFolder(str(tmp_path / "tiny"))
    status = folder.read_study_status()
    assert status is not None
    assert (status.state, status.num_concurrent_trials) == ("completed", 1)

    # One at a time, as asked: the second trial began when the first had ended.
    ended = [folder.trial(arm, "search_000").read_status() for arm in ("lsgan", "wgan")]
    spans = [(status.start_time, status.end_time) for status in ended if status is not None]
    assert all(end <= start for (_, end), (start, _) in pairwise(spans) if end is not None and start is not None)


def test_a_finished_study_is_extended(finished: tuple[Path, str, str], ray_address: str, tmp_path: Path) -> None:
    place = tmp_path / "tiny"
    shutil.copytree(finished[0], place)
    before = files(place)
    found = gan_study("extend", place, "--set", "budget.trials_per_arm=3", "--address", ray_address)
    assert found.returncode == 0
    (warning,) = errors_in(found.stderr)
    assert warning.startswith("warning: the new search trials may find better configurations than those that are ")
    after = files(place)
    assert {name: after[name] for name in before} == before
    new = {name.split("/")[2] for name in set(after) - set(before)}
    assert "search_002" in new
    assert new <= {"search_002", "confirm_002_seed_0"}
    assert "6 trials are done, about 2 to go" in found.stdout
    assert "budget.trials_per_arm: 2 to 3" in (place / "report.html").read_text()
    status = RunFolder(str(place)).read_study_status()
    assert status is not None
    assert status.state == "completed"
