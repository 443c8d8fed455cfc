"""Scores from fewer images stop trials, but they rank no trial and win nothing."""

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from optuna.trial import TrialState as OptunaState
from support.scripted_world import OBJECTIVE, World, make_study

from gan_study.analysis.load_run import load_run
from gan_study.analysis.run_data import RunData, best_first, best_trial
from gan_study.analysis.statistics.fidelity import describe_fidelity
from gan_study.analysis.summary import Summary, summarise
from gan_study.cli.terminal.live import arm_rows
from gan_study.config.plan.plan import plan_study
from gan_study.config.plan.plan_text import format_plan
from gan_study.config.reading.load import dump_study
from gan_study.config.training import TrialConfig
from gan_study.report.figures.parallel_coordinates import parallel_coordinates
from gan_study.report.score_notes import score_note
from gan_study.report.tables.protocol import protocol_items
from gan_study.report.tables.trial_tables import leaderboard
from gan_study.report.tables.trials_csv import trials_csv
from gan_study.report.write import write_report
from gan_study.runs.folder import RunFolder
from gan_study.runs.records.status import TrialState
from gan_study.search.director.director import Director

OWN_SCORES = (40.0, 30.0, 43.0, 20.0)
"""By the number of the search trial. The third is stopped by 48 against 45 and 35 of the first two, all from 500."""


def score(config: TrialConfig, cur_nimg: int) -> float:
    return OWN_SCORES[config.index % 4] + (2000 - cur_nimg) / 1000


@pytest.fixture
def world(tmp_path: Path) -> World:
    study = make_study(
        objective={"num_samples": 5000, "early_num_samples": 500},
        budget={"trials_per_arm": 4, "total_kimg": 2, "evaluate_every_kimg": 1},
        search={"sampler": "random", "scheduler": "median", "min_completed_trials": 2, "lag": 1},
        confirm={"top_k": 1, "seeds": 1},
    )
    world = World(study, RunFolder(str(tmp_path)), score)
    world.folder.write_study_text(dump_study(study))
    record = OBJECTIVE.model_copy(update={"early_num_samples": 500, "early_floor": 3.25})
    world.folder.write_objective(record)
    return world


def finished(world: World) -> tuple[Director, RunData]:
    return world.run(), load_run(world.folder)


def test_only_full_scores_rank(world: World) -> None:
    director, run = finished(world)
    assert director.trials["lsgan", "search_002"].state is TrialState.STOPPED
    assert director.trials["lsgan", "search_002"].score is None
    assert [trial.config.name for trial in director.agenda.best("lsgan")] == ["search_003", "search_001", "search_000"]
    ranked = best_first(run.trials_of_arm("lsgan", "search"))
    assert [(t.name, t.score, t.early_score) for t in ranked] == [
        ("search_003", 20.0, 25.0),
        ("search_001", 30.0, 35.0),
        ("search_000", 40.0, 45.0),
        ("search_002", None, 49.0),
    ]
    best = best_trial(run.trials_of_arm("lsgan", "search")[2:3])
    assert best is None


def test_a_stopped_trial_with_the_lowest_score_of_all_wins_nothing(world: World) -> None:
    world.ends = {("lsgan", "search_002"): TrialState.STOPPED}  # by itself, since its generator had collapsed
    world.score = lambda config, cur_nimg: 1.0 if config.name == "search_002" else score(config, cur_nimg)
    director, run = finished(world)
    assert run.trials_of_arm("lsgan", "search")[2].early_score == 6.0
    assert director.agenda.best("lsgan")[0].config.name == "search_003"
    assert summarise(run).arms["lsgan"].best_trial == "search_003"
    best = {(row.arm, row.phase): row.best for row in arm_rows(director)}["lsgan", "search"]
    assert best is not None
    assert best.config.name == "search_003"


def test_optuna_compares_equal_numbers_and_receives_full_scores(world: World) -> None:
    finished(world)
    reported = world.optuna_trials("lsgan")
    assert [trial.state for trial in reported] == [OptunaState.COMPLETE] * 2 + [
        OptunaState.PRUNED,
        OptunaState.COMPLETE,
    ]
    assert [trial.value for trial in reported if trial.state is OptunaState.COMPLETE] == [40.0, 30.0, 20.0]
    assert reported[0].intermediate_values == {0: 47.0, 1000: 46.0, 2000: 45.0}


def test_a_stopped_trial_is_no_failure(world: World) -> None:
    _, run = finished(world)
    assert summarise(run).comparison.by_arm["lsgan"].search.failures.num_failed == 0
    lost = {t.name for t in run.trials if t.is_lost}
    assert lost == set()


def test_the_rank_correlation_is_in_summary_and_report(world: World) -> None:
    _, run = finished(world)
    fidelity = describe_fidelity(run)
    assert fidelity is not None
    assert (fidelity.num_early, fidelity.num_full, fidelity.num_trials) == (500, 5000, 6)
    assert fidelity.overall is not None
    assert fidelity.overall.tau == pytest.approx(1)
    assert {arm: found.num_trials for arm, found in fidelity.by_arm.items() if found} == {"lsgan": 3, "wgan": 3}
    sentence = dict(protocol_items(run))["Scores before the end"]
    assert sentence == (
        "the order by 500 images agrees with the order by 5,000 to Kendall's tau = 1.00 over 6 completed trials; "
        "within lsgan 1.00 (3 trials), wgan 1.00 (3 trials)"
    )
    summary = summarise(run)
    assert Summary.from_json(summary.to_json()).fidelity == fidelity
    write_report(world.folder)
    assert sentence.replace("'", "&#39;") in world.folder.storage.read_text("report.html")


def test_the_report_says_how_many_images_each_score_is_of(world: World) -> None:
    _, run = finished(world)
    assert run.objective is not None
    assert "N = 5,000 generated v 1,797 real images" in score_note(run.objective)
    assert "Before a training's end N = 500, whose floor is 3.25" in score_note(run.objective)
    items = dict(protocol_items(run))
    assert items["Generated images per score"] == "5,000 at a training's end, 500 before"
    assert items["Real-against-real floor"].endswith("; 3.25 for the 500 before a training's end")
    rows = {row[0]: row for row in leaderboard(run, "lsgan").rows}
    assert rows["search_002"][1:4] == ("–", "(49.00, N = 500)", "stopped")
    assert rows["search_003"][1:3] == ("1", "20.00")
    by_name = {row["trial"]: row for row in csv.DictReader(io.StringIO(trials_csv(run))) if row["arm"] == "lsgan"}
    assert (by_name["search_002"]["score"], by_name["search_002"]["early_score"]) == ("", "49.0")
    assert (by_name["search_000"]["score"], by_name["search_000"]["early_score"]) == ("40.0", "45.0")


def test_a_trial_stopped_early_has_no_place_on_the_axis_of_full_scores(world: World) -> None:
    _, run = finished(world)
    coordinates = parallel_coordinates(run, "lsgan")
    assert coordinates is not None
    ends = {line.trial: (line.kind, line.positions[-1]) for line in coordinates.lines}
    assert ends["search_002"] == ("others", None)
    assert ends["search_003"] == ("best quarter", 0.0)


def test_the_plan_and_an_old_study_without_it(world: World) -> None:
    assert "5000 generated images at the end, 500 on the way" in " ".join(format_plan(plan_study(world.study)).split())
    sections: dict[str, Any] = world.study.model_dump()
    sections["objective"]["early_num_samples"] = None
    dearer = plan_study(type(world.study).model_validate(sections))
    assert dearer.max_core_sec > plan_study(world.study).max_core_sec
    assert "5000 generated images\n" in format_plan(dearer)
    assert "on the way" not in format_plan(dearer)
