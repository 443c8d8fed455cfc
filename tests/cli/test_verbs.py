"""Verbs that start nothing."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from command import TINY, gan_study
from synthetic_run import write_synthetic_run

OPTIONS = {
    "run": ["study_file", "--out", "--set", "--address", "--verbose"],
    "resume": ["run_folder", "--address", "--verbose"],
    "report": ["run_folder"],
    "plan": ["study_file", "--set"],
    "train": ["config_file", "--out", "--device"],
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


@pytest.mark.parametrize("arguments", [["sweep"], ["plan", "--fast", "x.yaml"], ["run"], ["plan", "a.yaml", "b.yaml"]])
def test_a_wrong_command_line_is_refused(arguments: list[str]) -> None:
    found = gan_study(*arguments)
    assert found.returncode == 2
    assert "Usage: python -m gan_study" in found.stderr
    assert "Traceback" not in found.stderr
    assert found.stdout == ""


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
    """What a command prints, and which of the heavy packages it has imported."""
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
    printed, loaded = loaded_by("plan", str(study), "--set", "budget.trials_per_arm=3")
    assert loaded == ""
    assert "Arm lsgan: least_squares, dcgan" in printed
    assert "Arm wgan: wasserstein, penalty wgan_gp, dcgan" in printed
    assert "log_uniform [0.0001, 0.01]" in printed
    assert "3 trials for each arm" in printed
    assert "8: 6 searched, 2 again (best 1 of each arm, 1 seeds)" in printed
    assert "8 kimg" in printed
    assert "seconds, estimated for one core" in printed
    assert list(tmp_path.iterdir()) == [study]


def test_report_of_a_copied_folder_needs_neither_torch_nor_ray(tmp_path: Path) -> None:
    write_synthetic_run(str(tmp_path / "run"))
    shutil.move(tmp_path / "run", tmp_path / "elsewhere")
    printed, loaded = loaded_by("report", str(tmp_path / "elsewhere"))
    assert loaded == ""
    assert printed.endswith(f"Report: {tmp_path}/elsewhere/report.html\n")
    for name in ("report.html", "summary.json", "trials.csv"):
        assert (tmp_path / "elsewhere" / name).stat().st_size > 0
