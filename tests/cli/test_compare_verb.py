"""`report --compare` as a user runs it: what it prints and writes, and what it refuses."""

from pathlib import Path

import pytest
from support.command import gan_study
from support.compared_runs import SECOND, changed, write_second_run
from support.synthetic_run import write_synthetic_run

from gan_study.cli.compare import compare
from gan_study.errors import InputError


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """The folders of two studies whose comparison is fair."""
    folder = tmp_path_factory.mktemp("runs")
    return write_synthetic_run(str(folder / "a")).location, write_second_run(str(folder / "b")).location


def content(folder: str) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in Path(folder).rglob("*") if path.is_file()}


def test_a_comparison_says_who_won_and_where_the_page_lies(
    runs: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = content(runs[0])
    done = gan_study("report", "--compare", *runs)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    page = tmp_path / "compare-lsgan_vs_wgan-hinge_study.html"
    assert any(line.startswith("hinge wins. It scored better than ") for line in lines)
    assert lines[-2:] == ["Different besides the arms: search.sampler, search.scheduler.", f"Comparison: {page}"]
    assert "hinge_study/lsgan" in page.read_text(encoding="utf-8")
    # Nothing is written elsewhere.
    assert [path.name for path in tmp_path.iterdir()] == [page.name]
    assert content(runs[0]) == before


def test_a_study_that_was_run_twice_is_told_of(runs: tuple[str, str], tmp_path: Path) -> None:
    again = write_second_run(str(tmp_path / "again"), study={**SECOND, "name": "again"}).location
    done = gan_study("report", "--compare", *runs, again, "--out", tmp_path / "page.html")
    assert (done.returncode, done.stderr) == (0, "")
    warnings = [line for line in done.stdout.splitlines() if line.startswith("Warning: ")]
    assert [line.partition(" by ")[0] for line in warnings[:2]] == [
        f"Warning: hinge_study/{arm} and again/{arm} hold the same 5 confirmed trainings, and 5 in the search,"
        for arm in ("lsgan", "hinge")
    ]
    # What is a copy is told so, and not once more as the same arm.
    assert [line.partition(" in ")[0] for line in warnings[2:]] == [
        "Warning: lsgan_vs_wgan/lsgan and hinge_study/lsgan are the same arm"
    ]


def test_unlike_studies_are_refused_with_all_reasons(runs: tuple[str, str], tmp_path: Path) -> None:
    study = changed(SECOND, budget__trials_per_arm=8, budget__total_kimg=50)
    other = write_second_run(str(tmp_path / "other"), study=study, state="interrupted").location
    done = gan_study("report", "--compare", runs[0], other, "--out", tmp_path / "page.html")
    assert (done.returncode, done.stdout) == (2, "")
    assert [line.split(":")[1] for line in done.stderr.splitlines()] == [
        f" {other}",
        " budget",
        " budget.trials_per_arm",
    ]
    assert not (tmp_path / "page.html").exists()


def test_an_older_comparison_is_replaced_and_nothing_else(runs: tuple[str, str], tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text("<p>mine</p>")
    with pytest.raises(InputError, match=r"--out: the page replaces none but its own kind"):
        compare(runs, str(page))
    assert page.read_text() == "<p>mine</p>"
    page.unlink()
    compare(runs, str(page))
    page.write_text(page.read_text(encoding="utf-8").replace("hinge wins", "of yesterday"), encoding="utf-8")
    compare(runs, str(page))
    assert "of yesterday" not in page.read_text(encoding="utf-8")


def test_names_on_the_terminal_are_no_markup(
    runs: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_second_run(str(tmp_path / "x[bold]y"), study={**SECOND, "name": "lsgan_vs_wgan"})
    status = folder.read_study_status()
    assert status is not None
    folder.write_study_status(status.model_copy(update={"start_time": 5.0}))
    compare([runs[0], folder.location], str(tmp_path / "page.html"))
    assert "x[bold]y/lsgan" in capsys.readouterr().out


def test_a_report_is_not_replaced_by_a_comparison(runs: tuple[str, str]) -> None:
    assert gan_study("report", runs[0]).returncode == 0
    with pytest.raises(InputError, match=r"replaces none but its own kind"):
        compare(runs, f"{runs[0]}/report.html")


@pytest.mark.parametrize("out", ["page.txt", "missing/page.html", "s3://bucket/page.html", "x" * 300 + ".html", "."])
def test_a_place_that_does_not_fit_is_refused(
    runs: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, out: str
) -> None:
    monkeypatch.chdir(tmp_path)
    done = gan_study("report", "--compare", *runs, "--out", out)
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--compare", "{a}"], "error: --compare: two or more studies are put side by side, but got {a} alone; name "),
        (["{a}", "{b}"], "error: report: one study is reported at a time, but got 2 run folders; add --compare "),
        (["{a}", "--out", "x.html"], "error: --out: a study's report lies in its run folder, but got x.html; "),
        (
            ["--compare", "{a}", "{a}"],
            "error: lsgan_vs_wgan: a study is compared only with others, but got it 2 times, ",
        ),
        (["--compare", "{a}", "/nowhere/x", "/nowhere/y"], "error: /nowhere/x: there is no such folder; "),
    ],
)
def test_a_command_that_makes_no_sense_is_refused(runs: tuple[str, str], arguments: list[str], words: str) -> None:
    names = dict(zip("ab", runs, strict=True))
    done = gan_study("report", *(argument.format(**names) for argument in arguments))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(words.format(**names))
    assert (
        done.stderr.count("error: ") == sum("nowhere" in argument for argument in arguments)
        or done.stderr.count("error: ") == 1
    )
