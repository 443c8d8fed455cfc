"""`plan` finds the run folder that tells how seeds scatter, or says why it does not use one."""

from pathlib import Path

import pytest
from ruamel.yaml import YAML
from support.synthetic_run import STUDY, write_synthetic_run

from gan_study.cli.plan import print_plan
from gan_study.errors import InputError


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A study file in the current folder."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "study.yaml"
    with path.open("w") as file:
        YAML(typ="safe").dump(STUDY, file)
    return path


def plan_text(capsys: pytest.CaptureFixture[str], study: Path, *overrides: str, spread_from: str | None = None) -> str:
    print_plan(str(study), overrides, spread_from, measure=False)
    return " ".join(capsys.readouterr().out.partition("What the confirmed seeds can show")[2].split())


def test_without_a_run_it_tells_of_seed_pairs(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = plan_text(capsys, study)
    assert "can reach p = 0.008 at best" in text
    assert "7 seeds for 90 %" in text
    assert "spread" not in text


def test_the_studys_own_run_folder_is_found(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_synthetic_run("runs/lsgan_vs_wgan")
    assert "if seeds of an arm scatter as in runs/lsgan_vs_wgan (standard deviation 1.027, 2 arms" in plan_text(
        capsys, study
    )
    elsewhere = plan_text(capsys, study, "name=other", spread_from="runs/lsgan_vs_wgan")
    assert "scatter as in runs/lsgan_vs_wgan" in elsewhere
    assert "scatter" not in plan_text(capsys, study, "name=other")


def test_a_trial_that_fits_nowhere_here_is_warned_of(
    study: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the words with which `run` refuses it."""
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    print_plan(str(study), ["resources.workers_per_trial=64"], None, measure=False)
    assert capsys.readouterr().err == (
        "warning: resources: a trial must fit on this machine, but got 64 CPUs needed (workers_per_trial=64, "
        "cpus_per_worker=1, trials_per_gpu=1) with 2 CPUs here; lower these, or join a cluster with --address\n"
    )
    print_plan(str(study), ["resources.workers_per_trial=2"], None, measure=False)
    assert capsys.readouterr().err == ""


def test_a_run_that_is_scored_otherwise_is_not_used(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_synthetic_run("runs/lsgan_vs_wgan")
    text = plan_text(capsys, study, "objective.num_samples=100")
    assert (
        "spread not used. runs/lsgan_vs_wgan: a spread needs seeds that are scored as in this study, but got " in text
    )
    assert "7 seeds for 90 %" in text
    with pytest.raises(InputError, match="got another objective there"):
        print_plan(str(study), ["objective.num_samples=100"], "runs/lsgan_vs_wgan", measure=False)
    with pytest.raises(InputError, match="nowhere: there is no such folder"):
        print_plan(str(study), [], "nowhere", measure=False)


def test_a_run_without_seeds_is_not_used(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_synthetic_run("runs/lsgan_vs_wgan", confirm={})
    text = plan_text(capsys, study)
    assert (
        "spread not known yet: no arm in runs/lsgan_vs_wgan has two confirmed scores. Once one has, plan takes" in text
    )
    assert "7 seeds for 90 %" in text
    rule = (
        "--spread-from: the run folder needs an arm with two or more confirmed scores, but got spread_from=runs/lsgan"
    )
    with pytest.raises(InputError, match=rule):
        print_plan(str(study), [], "runs/lsgan_vs_wgan", measure=False)
