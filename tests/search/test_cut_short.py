"""`resume` can cut a study short: an arm, the search, the number of trials or of seeds."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from support.scripted_world import OBJECTIVE, World, make_study
from support.synthetic_run import STUDY, write_synthetic_run

from gan_study.analysis.load_run import load_run
from gan_study.analysis.summary import summarise
from gan_study.cli.extend import extend_study
from gan_study.cli.resume import shorten_study
from gan_study.config.reading.load import dump_study, parse_study
from gan_study.config.training import TrialConfig
from gan_study.errors import InputError
from gan_study.report.write import write_report
from gan_study.runs.folder import RunFolder
from gan_study.workflow.run_folder import is_completed

CAUTION = "Cutting a study short after seeing its results may favour one of its arms."


def score(config: TrialConfig, cur_nimg: int) -> float:
    return 10.0 + config.index


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Two arms of four trials each, the third of either under way."""
    study = make_study(confirm={"top_k": 1, "seeds": 5})
    world = World(study, RunFolder(str(tmp_path / "run")), score, max_concurrent_trials=2)
    world.folder.write_study_text(dump_study(study))
    world.folder.write_objective(OBJECTIVE)
    world.run(stop_after=24)
    world.started.clear()
    return world


def cut(world: World, skip: Sequence[str] = (), now: bool = False, overrides: Sequence[str] = ()) -> None:
    shorten_study(world.folder, skip, now, overrides)
    world.study = parse_study(world.folder.read_study_text(), "study.yaml")


def names(world: World, arm: str) -> list[str]:
    return [name for owner, name in world.started if owner == arm]


def test_an_arm_is_given_up(world: World) -> None:
    unfinished = world.folder.trial("wgan", "search_002")
    assert unfinished.checkpoint_nimgs()
    cut(world, skip=["wgan"])
    world.run()
    assert names(world, "wgan") == []
    assert names(world, "lsgan") == ["search_002", "search_003", *(f"confirm_000_seed_{n}" for n in range(5))]
    status = unfinished.read_status()
    assert status is not None
    assert (status.state.value, status.reason) == ("stopped", "its arm was given up by hand")
    assert unfinished.checkpoint_nimgs() == []
    run = load_run(world.folder)
    assert run.arms == ("lsgan",)
    summary = summarise(run)
    assert summary.verdict.startswith("lsgan is the only arm: 5 confirmed seeds score 10")
    assert summary.notes[-2:] == (
        "wgan was given up by hand after 2 of 4 trials. It takes part in no comparison, so it can neither win nor "
        "lose.",
        CAUTION,
    )
    write_report(world.folder)
    assert world.folder.trials("wgan") == ["search_000", "search_001", "search_002"]


def test_confirmation_begins_now(world: World) -> None:
    cut(world, now=True)
    director = world.run()
    for arm in ("lsgan", "wgan"):
        assert names(world, arm) == [f"confirm_000_seed_{n}" for n in range(5)]
    assert director.trials["lsgan", "search_002"].state.value == "stopped"
    notes = summarise(load_run(world.folder)).notes
    assert "The search was ended by hand after 3 trials of lsgan and 3 trials of wgan." in notes
    # More search trials are wanted after all.
    assert extend_study(world.folder, None, ["budget.trials_per_arm=5"])
    world.study = parse_study(world.folder.read_study_text(), "study.yaml")
    world.started.clear()
    world.run()
    assert names(world, "lsgan") == ["search_003", "search_004"]


def test_a_trial_that_has_measured_nothing_leaves_nothing(world: World) -> None:
    director = world.make_director()
    director.next_trial(), director.next_trial()
    world.folder.trial("lsgan", "search_002").storage.delete_folder("checkpoints")  # as before the first evaluation
    cut(world, now=True)
    world.run()
    assert world.folder.trials("lsgan")[-2:] == ["search_000", "search_001"]
    assert not load_run(world.folder).damaged


def test_seeds_become_fewer(world: World) -> None:
    cut(world, overrides=["confirm.seeds=2", "budget.trials_per_arm=3"])
    world.run()
    assert names(world, "lsgan") == ["search_002", "confirm_000_seed_0", "confirm_000_seed_1"]
    notes = summarise(load_run(world.folder)).notes
    assert "Lowered by hand while the study ran: confirm.seeds: 5 to 2." in notes
    assert notes[-1] == CAUTION


def test_unequal_numbers_of_seeds_are_explained(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.run()
    for number in range(2, 5):  # as if the study had been interrupted while wgan was confirmed
        world.folder.storage.delete_folder(f"arms/wgan/confirm_000_seed_{number}")
    cut(world, overrides=["confirm.seeds=2"])
    reason = (
        "The arms have unequal numbers of confirmed trainings (5 of lsgan and 2 of wgan), because those that had begun "
        "before the number was lowered are kept."
    )
    assert capsys.readouterr().out == f"Note: {reason}\n"
    world.run()
    assert reason in summarise(load_run(world.folder)).notes


@pytest.mark.parametrize(
    ("skip", "now", "overrides", "expected"),
    [
        (
            ["wgna"],
            False,
            [],
            "--skip-arm: this must name an arm of the study, but got arm='wgna'; did you mean 'wgan'\\? "
            "\\(known: lsgan, wgan\\)",
        ),
        (
            ["lsgan", "wgan"],
            False,
            [],
            "--skip-arm: at least one arm must go on, but got lsgan, wgan with no other left; leave one out",
        ),
        ([], False, ["confirm.seeds=9"], "--set: resume only lowers .*, but got confirm.seeds: 5 to 9; use extend"),
        (
            [],
            False,
            ["arms.lsgan.loss=hinge"],
            "--set: resume only lowers .*arms.lsgan.loss: .*; run the changed study under another name",
        ),
    ],
)
def test_what_cannot_be_cut_short_is_refused(
    world: World, skip: list[str], now: bool, overrides: list[str], expected: str
) -> None:
    before = world.folder.read_study_text()
    with pytest.raises(InputError, match=expected):
        cut(world, skip, now, overrides)
    assert world.folder.read_study_text() == before
    assert not world.folder.storage.exists("decisions.json")


def test_a_finished_study_loses_an_arm(tmp_path: Path) -> None:
    """A decision is final: another option does not bring the arm back."""
    folder = write_synthetic_run(str(tmp_path))
    assert len(summarise(load_run(folder)).arms) == 2
    shorten_study(folder, ["wgan"], False, [])
    assert not is_completed(folder)
    assert list(summarise(load_run(folder)).arms) == ["lsgan"]
    shorten_study(folder, [], False, ["confirm.seeds=1"])
    assert folder.read_decisions().skipped["wgan"].num_planned == STUDY["budget"]["trials_per_arm"]


def test_an_extension_says_what_it_may_cost(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_synthetic_run(str(tmp_path))
    extend_study(folder, None, ["budget.trials_per_arm=7"])
    assert capsys.readouterr().err == (
        "warning: the new search trials may find better configurations than those that are confirmed. Where they do, "
        "the confirmed trainings there are (5 of lsgan and 5 of wgan) no longer count, and 5 are trained anew for each "
        "better configuration\n"
    )
    extend_study(folder, None, ["confirm.seeds=7"])
    assert capsys.readouterr().err == ""
