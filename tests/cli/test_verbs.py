"""Verbs that start nothing."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Literal

import pytest
from support.command import TINY, gan_study
from support.compared_runs import write_second_run
from support.synthetic_run import (
    ALL_FAILED,
    COMPLETED,
    CONFIRM,
    RUNNING,
    SEARCH,
    STUDY,
    Outcome,
    many_classes,
    write_synthetic_run,
)

from gan_study import __version__
from gan_study.cli.commands.surroundings import set_places
from gan_study.data.places import DATA_ENVIRONMENT, INCEPTION_ENVIRONMENT

OPTIONS = {
    "run": ["study_file", "--out", "--set", "--address", "--data-root", "--inception-weights", "--verbose"],
    "resume": ["run_folder", "--address", "--data-root", "--inception-weights", "--verbose"],
    "extend": ["run_folder", "study_file", "--set", "--address", "--data-root", "--inception-weights", "--verbose"],
    "report": ["run_folder", "--compare", "--out"],
    "doctor": ["dataset", "--crop", "--image-size", "--data-root", "--preview", "--json"],
    "diagnose": ["generator", "--again", "--data-root", "--inception-weights", "--json"],
    "sample": [
        *("generator", "--out", "--grid", "--num", "--interpolation", "--corners", "--steps", "--seed", "--arm"),
        "--trial",
    ],
    "export": ["generator", "--out", "--format", "--arm", "--trial"],
    "evaluate": [
        *("generated", "reference", "--extractor", "--dims", "--batch-size", "--num-workers", "--device"),
        *("--save-stats", "--image-size", "--num", "--num-reference", "--split", "--seed", "--data-root"),
        *("--inception-weights", "--json", "--json-file"),
    ],
    "plan": ["study_file", "--set", "--spread-from", "--measure", "--data-root", "--inception-weights"],
    "train": ["config_file", "--out", "--device", "--data-root", "--inception-weights"],
}


def test_help_names_the_verbs() -> None:
    found = gan_study("--help")
    assert found.returncode == 0
    for verb in OPTIONS:
        assert f"\n  {verb} " in found.stdout


@pytest.mark.parametrize("verb", OPTIONS)
def test_help_of_a_verb_names_its_options(verb: str) -> None:
    found = gan_study(verb, "--help")
    assert found.returncode == 0
    for name in OPTIONS[verb]:
        assert name in found.stdout.lower()


def test_version() -> None:
    found = gan_study("--version")
    assert (found.returncode, found.stdout, found.stderr) == (0, f"gan_study {__version__}\n", "")


def test_run_folders_may_lie_in_object_stores() -> None:
    assert re.search(r"s3://\s+or\s+a\s+gs://", gan_study("run", "--help").stdout)


WRONG = {
    "sweep": (" sweep", "no such command 'sweep'"),
    "plan --fast x.yaml": (" plan", "no such option: --fast"),
    "run": (" run", "missing argument"),
    "plan a.yaml b.yaml": (" plan", "got unexpected extra argument"),
    "run x.yaml --set": (" run", "option '--set' requires an argument"),
}


@pytest.mark.parametrize("line", WRONG)
def test_a_wrong_command_line_is_refused(line: str) -> None:
    """In one line as every other error, with where to read on."""
    verb, problem = WRONG[line]
    found = gan_study(*line.split())
    assert (found.returncode, found.stdout) == (2, "")
    known = "" if verb == " sweep" else verb
    start, _, way_out = found.stderr.partition("; ")
    assert start.startswith(f"error: python -m gan_study{known}: {problem}")
    assert way_out == f"`python -m gan_study{known} --help` lists what is possible\n"


def test_of_many_surplus_words_the_first_are_named() -> None:
    """The shell has put the names of all files in the place of `images/*`."""
    found = gan_study("evaluate", "real", "other", *(f"{number}.png" for number in range(500)))
    assert (found.returncode, found.stdout) == (2, "")
    assert "(0.png 1.png 2.png ...); `python -m gan_study evaluate --help` lists what is possible" in found.stderr
    assert len(found.stderr) < 200


@pytest.mark.parametrize(
    ("line", "option", "rule", "got"),
    [
        ("evaluate a b --num 0", "num", " from 2 to 1000000", "0"),
        ("evaluate a b --batch-size=-3", "batch-size", " of at least 1", "-3"),
        ("sample x --steps 1000", "steps", " from 1 to 100", "1000"),
        ("sample x --steps many", "steps", " from 1 to 100", "many"),
        ("evaluate a b --dims 64.5", "dims", "", "64.5"),
    ],
)
def test_a_number_out_of_range_is_a_message(line: str, option: str, rule: str, got: str) -> None:
    found = gan_study(*line.split())
    assert (found.returncode, found.stdout) == (2, "")
    assert found.stderr == (
        f"error: --{option}: this must be a whole number{rule}, but got {option.replace('-', '_')}={got}; choose "
        f"another (`python -m gan_study {line.split()[0]} --help`)\n"
    )


def test_nothing_asked_for_is_answered_with_the_help() -> None:
    found = gan_study()
    assert found.stderr + found.stdout == gan_study("--help").stdout
    assert "error" not in found.stderr


def run_python(program: str) -> str:
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout


_CALL = """
import sys
sys.argv = ["gan_study", *{arguments!r}]
from gan_study.cli.main import main
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
print("LOADED", *sorted(name for name in ("ray", "torch", "optuna") if name in sys.modules))
"""


def loaded_by(*arguments: str) -> tuple[str, str]:
    """The output of a command, and the heavy packages that it has imported."""
    printed, _, loaded = run_python(_CALL.format(arguments=list(arguments))).rpartition("LOADED")
    return printed, loaded.strip()


def test_the_look_at_imported_packages_can_fail() -> None:
    _, loaded = loaded_by("--help")
    assert loaded == ""
    program = "import optuna\n" + _CALL.format(arguments=["--help"])
    assert run_python(program).endswith("LOADED optuna\n")


def test_plan_prints_what_would_be_done_and_starts_nothing(tmp_path: Path) -> None:
    study = tmp_path / "tiny.yaml"
    study.write_text(TINY)
    printed, loaded = loaded_by("plan", str(study), "--set", "budget.trials_per_arm=3", "--no-measure")
    assert loaded == ""
    assert "Arm lsgan: least_squares, dcgan" in printed
    assert "Arm wgan: wasserstein, penalty wgan_gp, dcgan" in printed
    assert "log_uniform [0.0001, 0.01]" in printed
    assert "3 trials for each arm" in printed
    assert "8: 6 searched, 2 again (best 1 of each arm, 1 seed)" in printed
    assert "8 kimg" in printed
    assert "Nothing was measured: the figures assume the developers' machine" in " ".join(printed.split())
    assert list(tmp_path.iterdir()) == [study]


def files_row(study: Path, *options: str) -> str:
    printed, loaded = loaded_by("plan", str(study), "--no-measure", *options)
    assert loaded == ""
    return " ".join(printed[printed.index("  files ") : printed.index("  objective ")].split())


def test_plan_says_where_the_data_are_and_fetches_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study, data = tmp_path / "tiny.yaml", tmp_path / "a-long-name" / ("x" * 90) / "data"
    study.write_text(TINY)
    monkeypatch.setenv(DATA_ENVIRONMENT, str(data))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert files_row(study) == "files come with scikit-learn"
    assert files_row(study, "--set", "dataset.name=mnist") == (
        f"files not on this machine yet; {data}/MNIST/raw: MNIST's four idx files (plain or .gz) must be here, but got "
        f"no train-images-idx3-ubyte; put them here, or set {DATA_ENVIRONMENT} to the folder above MNIST/raw; else "
        "`run` tries to download them"
    )
    assert not data.exists()
    (data / "MNIST" / "raw").mkdir(parents=True)
    for part in ("train", "t10k"):
        for kind in ("images-idx3", "labels-idx1"):
            (data / "MNIST" / "raw" / f"{part}-{kind}-ubyte").touch()
    assert files_row(study, "--set", "dataset.name=mnist") == f"files found in {data}/MNIST/raw"
    (data / "MNIST" / "raw" / "t10k-labels-idx1-ubyte").unlink()
    assert "not on this machine; " in files_row(study, "--set", "dataset.name=mnist")
    own = ["--set", "dataset.name=image_folder", "--set", "dataset.path=mine"]
    row = files_row(study, *own)
    assert row.startswith("files not on this machine; dataset.path: there must be a folder or archive of images, but ")
    (data / "mine").mkdir()
    assert files_row(study, *own) == f"files none: no images to learn in {data}/mine; check the path"


def test_report_of_a_copied_folder_needs_neither_torch_nor_ray(tmp_path: Path) -> None:
    write_synthetic_run(str(tmp_path / "run"))
    shutil.move(tmp_path / "run", tmp_path / "elsewhere")
    printed, loaded = loaded_by("report", str(tmp_path / "elsewhere"))
    assert loaded == ""
    assert printed.endswith(f"Report: {tmp_path}/elsewhere/report.html\n")
    for name in ("report.html", "summary.json", "trials.csv"):
        assert (tmp_path / "elsewhere" / name).stat().st_size > 0


def test_a_comparison_needs_neither_torch_nor_ray(tmp_path: Path) -> None:
    places = [
        str(write_synthetic_run(str(tmp_path / "a")).location),
        str(write_second_run(str(tmp_path / "b")).location),
    ]
    printed, loaded = loaded_by("report", "--compare", *places, "--out", str(tmp_path / "both.html"))
    assert loaded == ""
    assert printed.endswith(f"Comparison: {tmp_path}/both.html\n")


def table_row(printed: str, arm: str) -> str:
    return next(line for line in printed.splitlines() if line.startswith(f"{arm} "))


def test_resume_of_a_finished_study_reports_it_from_the_folder_alone(tmp_path: Path) -> None:
    write_synthetic_run(str(tmp_path))
    printed, loaded = loaded_by("resume", str(tmp_path))
    assert loaded == ""
    assert printed.startswith(
        "Nothing is left to train: every trial of the study has ended. The report is written again"
    )
    assert printed.endswith(f"Report: {tmp_path}/report.html\n")
    assert (tmp_path / "report.html").exists()


def test_resume_of_a_finished_study_without_a_completed_trial_fails_as_the_run_did(tmp_path: Path) -> None:
    write_synthetic_run(str(tmp_path), search=ALL_FAILED, confirm={})
    found = gan_study("resume", tmp_path)
    assert found.returncode == 1
    assert found.stderr == (
        f"error: {tmp_path}: no trial has completed; reasons: CUDA out of memory <while allocating 2 GiB>; "
        f"d_loss became non-finite at 10240 images; see {tmp_path}/report.html\n"
    )


def test_a_wide_outcome_keeps_its_lines_in_a_pipe(tmp_path: Path) -> None:
    names = {"lsgan": "least_squares_with_a_long_name", "wgan": "wasserstein_with_a_long_name"}
    study = {**STUDY, "arms": {names[arm]: config for arm, config in STUDY["arms"].items()}}
    confirm = {names[arm]: outcomes for arm, outcomes in CONFIRM.items()}
    values = {**SEARCH, **confirm}
    search = {names[arm]: values[arm] for arm in names}
    write_synthetic_run(str(tmp_path), study=study, search=search, confirm=confirm)
    row = table_row(gan_study("report", tmp_path, environment={"COLUMNS": None}).stdout, names["lsgan"])
    assert len(row) > 80
    assert row.rstrip().endswith("8 completed, 1 stopped, 1 diverged")


@pytest.mark.parametrize(("state", "shown"), [("running", "1 running"), ("interrupted", "1 unfinished")])
def test_what_an_interrupted_study_has_left_behind_is_not_called_running(
    tmp_path: Path, state: Literal["running", "interrupted"], shown: str
) -> None:
    search = {"lsgan": (Outcome(COMPLETED, 9.0), Outcome(RUNNING, 30.0, kimg=10)), "wgan": (Outcome(COMPLETED, 8.0),)}
    write_synthetic_run(str(tmp_path), search=search, confirm={}, state=state)
    row = table_row(gan_study("report", tmp_path).stdout, "lsgan")
    assert row.rstrip().endswith(f"1 completed, {shown}")


def test_scores_on_the_terminal_have_their_failures_beside_them(tmp_path: Path) -> None:
    write_synthetic_run(str(tmp_path))
    printed = gan_study("report", tmp_path, environment={"COLUMNS": None}).stdout
    heads = re.split(r"  +", printed.splitlines()[0].strip())
    row = dict(zip(heads, re.split(r"  +", table_row(printed, "wgan").strip()), strict=True))
    assert row == {
        "arm": "wgan",
        "best search score": "16",
        "failed in search": "1 of 5 (4 % to 62 %)",
        "confirmed scores": "17 16.5 19 18 –",
        "failed seeds": "1 of 5 (4 % to 62 %)",
        "smallest class": "0 %",
        "trials": "7 completed, 1 stopped, 1 failed, 1 diverged",
    }
    assert "lsgan wins. It scored better than wgan in 100 % of seed pairs (5 seeds each, p = 0.008)." in printed
    assert "95 % interval of the share of seed pairs: 64 % to 100 % against wgan (5 v 5 seeds)." in printed


def test_with_many_classes_the_terminal_counts_modes(tmp_path: Path) -> None:
    search = {"lsgan": (Outcome(COMPLETED, 9.0),)}
    folder = write_synthetic_run(str(tmp_path), search=search, confirm={}, objective=many_classes(200))
    trial, shares = folder.trial("lsgan", "search_000"), (0.01,) * 100 + (0.0,) * 100
    trial.write_evaluations([e.model_copy(update={"class_shares": shares}) for e in trial.read_evaluations()])
    printed = gan_study("report", tmp_path, environment={"COLUMNS": None}).stdout
    assert "modes found" in printed.splitlines()[0]
    assert "  100 of 200  " in table_row(printed, "lsgan")


def test_places_are_set_for_this_process_and_those_it_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(DATA_ENVIRONMENT, "before")
    monkeypatch.setenv(INCEPTION_ENVIRONMENT, "before")
    monkeypatch.chdir(tmp_path)
    Path("data").mkdir()
    Path("weights.pth").touch()
    set_places(None, None, "auto")
    assert (os.environ[DATA_ENVIRONMENT], os.environ[INCEPTION_ENVIRONMENT]) == ("before", "before")
    set_places("data", "weights.pth")
    assert os.environ[DATA_ENVIRONMENT] == str(tmp_path / "data")
    assert os.environ[INCEPTION_ENVIRONMENT] == str(tmp_path / "weights.pth")
