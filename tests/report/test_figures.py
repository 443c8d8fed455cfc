"""Tests of drawing: axes, legends and bands of the figures."""

from pathlib import Path
from typing import Any

import plotly.graph_objects as go
import pytest
from support.synthetic_run import (
    COMPLETED,
    CONFIRM,
    NUM_TRAIN_IMAGES,
    OBJECTIVE,
    STUDY,
    Outcome,
    searched_values,
    write_synthetic_run,
    write_trial,
)

from gan_study.analysis.arm_comparison import compare_arms
from gan_study.analysis.confirmation import confirmed_arms
from gan_study.analysis.load_run import load_run
from gan_study.analysis.run_data import RunData
from gan_study.analysis.statistics.random_search import BestOfN
from gan_study.config.arms.arm import Arm
from gan_study.config.arms.trial_configs import search_trial_config
from gan_study.report.figures.figure_data import ExpectedBest, ScoreCurve, confirmed_points
from gan_study.report.figures.figure_style import arm_styles
from gan_study.report.figures.learning_curves import SignalCurve, SignalPanel
from gan_study.report.figures.page_figures import Plot, draw_plots
from gan_study.report.figures.repeated_figures import RepeatedCurve, draw_repeated, repeated_curves
from gan_study.report.figures.score_figures import MOST_WHOLE_LINES, draw_confirmed, draw_expected, draw_scores
from gan_study.report.figures.training_figures import draw_signals
from gan_study.report.pictures.page_pictures import shown_trials
from gan_study.runs.folder import RunFolder
from gan_study.runs.records.status import TrialState

STYLES = arm_styles(("lsgan", "wgan"))


def curve(trial: Any, values: tuple[float, ...], is_shown: bool = False, is_lost: bool = False) -> SignalCurve:
    return SignalCurve(trial, "discriminator", True, is_shown, is_lost, tuple(range(len(values))), values)


def drawn(*curves: SignalCurve, is_log: bool = False) -> go.Figure:
    return draw_signals((SignalPanel("Loss", is_log, curves),), "lsgan", STYLES["lsgan"])


def test_neither_a_lost_trial_nor_one_stopped_at_once_sets_the_range_of_a_signal() -> None:
    figure = drawn(curve("a", (1.0, 2.0)), curve("b", (50.0,)), curve("c", (1.5, -9e9), is_lost=True))
    assert figure.layout.yaxis.range == pytest.approx((1 - 0.08, 2 + 0.08))


def test_where_there_is_nothing_else_they_do() -> None:
    assert drawn(curve("b", (50.0,)), curve("c", (60.0,))).layout.yaxis.range == pytest.approx((49.2, 60.8))


def test_gradient_norms_have_few_plain_ticks() -> None:
    axis = drawn(curve("a", (0.02, 3.0, 100.0)), is_log=True).layout.yaxis
    assert (axis.type, axis.title.text) == ("log", "Loss, log")
    assert axis.tickvals == (0.1, 1.0, 10.0, 100.0)
    assert axis.ticktext == ("0.1", "1", "10", "100")


def test_a_norm_that_stayed_at_zero_has_no_place_on_a_logarithmic_axis() -> None:
    assert drawn(curve("a", (0.0, 0.0)), is_log=True).layout.yaxis.type is None
    assert drawn(curve("a", (0.0, 1.0)), is_log=True).layout.yaxis.type == "log"


def legend(figure: go.Figure) -> list[str]:
    return [trace.name for trace in figure.data if trace.showlegend is not False]


def test_the_legend_says_whose_lines_are_thick_and_whose_are_pale() -> None:
    figure = drawn(curve("confirm_002", (1.0, 2.0), is_shown=True), curve("search_001", (1.0, 2.0)))
    assert legend(figure) == ["score, discriminator, real", "generator, fake", "confirm_002", "other trials of the arm"]
    alone = drawn(curve("confirm_002", (1.0, 2.0), is_shown=True))
    assert legend(alone)[-1] == "confirm_002"


def confirmed_figure(folder: RunFolder) -> go.Figure:
    run = load_run(folder)
    return draw_confirmed(confirmed_points(list(confirmed_arms(run).values()), compare_arms(run)), STYLES, OBJECTIVE)


def test_the_legend_of_the_confirmed_scores_names_every_mark(tmp_path: Path) -> None:
    figure = confirmed_figure(write_synthetic_run(str(tmp_path)))
    assert legend(figure) == [
        "mean and its 95 % interval",
        "one confirmed seed",
        "diverged or failed, drawn at the failure score",
        "search score of the configuration",
    ]
    mean = figure.data[0]
    assert mean.x == pytest.approx((10.6, 38.1))
    assert [value - below for value, below in zip(mean.x, mean.error_x.arrayminus, strict=True)][1] == pytest.approx(17)


def test_below_five_seeds_raw_points_alone_are_drawn(tmp_path: Path) -> None:
    few = {arm: outcomes[:4] for arm, outcomes in CONFIRM.items()}
    figure = confirmed_figure(write_synthetic_run(str(tmp_path), confirm=few))
    assert legend(figure) == ["one confirmed seed", "search score of the configuration"]


def test_an_interval_that_goes_below_zero_is_cut_where_the_axis_ends() -> None:
    points = (BestOfN(1, 20.0, (10.0, 30.0), (-5.0, 45.0)), BestOfN(2, 12.0, (10.0, 15.0), None))
    band, line = draw_expected((ExpectedBest("lsgan", points),), STYLES, OBJECTIVE).data
    assert (band.x, band.y) == ((1, 1), (45.0, 12.0 / 1.25))
    assert (line.x, line.y) == ((1, 2), (20.0, 12.0))


def plots_of(tmp_path: Path, **search: str) -> list[Plot]:
    study = {**STUDY, "search": search}
    run = load_run(write_synthetic_run(str(tmp_path), study=study))
    comparison = compare_arms(run)
    return draw_plots(run, comparison, list(confirmed_arms(run).values()), shown_trials(run))["search"]


def test_a_random_search_shows_its_expected_best(tmp_path: Path) -> None:
    first = plots_of(tmp_path, sampler="random", scheduler="none")[0]
    assert first.title == "Expected best of n trials."
    assert "without the paper's defaults, which were not drawn" in first.caption


@pytest.mark.parametrize(
    ("search", "said"),
    [
        ({"sampler": "tpe", "scheduler": "none"}, "The path of one search by the tpe sampler; another search"),
        ({"sampler": "random", "scheduler": "asha"}, "by the random sampler that stops trials early (asha); another"),
    ],
)
def test_any_other_search_shows_its_path_and_says_so(tmp_path: Path, search: dict[str, str], said: str) -> None:
    first = plots_of(tmp_path, **search)[0]
    assert first.title == "Best score so far."
    assert said in first.caption


def repeated_run(tmp_path: Path, sampler: str = "tpe") -> RunData:
    """Two searches of one arm: 14, 9 and 11 score best in the first, 20 and 8 in the second, 40 kimg each."""
    study = {**STUDY, "search": {"sampler": sampler, "scheduler": "none", "repeats": 2}}
    outcomes = {"lsgan": tuple(Outcome(COMPLETED, score) for score in (14.0, 9.0, 11.0))}
    folder = write_synthetic_run(str(tmp_path), study=study, search=outcomes, confirm={})
    arm = Arm(load_run(folder).study, "lsgan")
    for index, score in enumerate((20.0, 8.0)):
        trial = search_trial_config(arm, index, searched_values("lsgan", index), NUM_TRAIN_IMAGES, repeat=1)
        write_trial(folder, trial, Outcome(COMPLETED, score))
    return load_run(folder)


def test_repeated_searches_show_their_median_and_range(tmp_path: Path) -> None:
    run = repeated_run(tmp_path)
    comparison = compare_arms(run)
    (arm,) = repeated_curves(comparison)
    assert arm == RepeatedCurve("lsgan", 2, (40.0, 80.0), (17.0, 8.5), (14.0, 8.0), (20.0, 9.0))
    band, line = draw_repeated((arm,), STYLES, OBJECTIVE).data
    assert (band.x, band.y) == ((40.0, 80.0, 80.0, 80.0, 80.0, 40.0), (20.0, 20.0, 9.0, 8.0, 14.0, 14.0))
    assert (line.x, line.y, line.name) == ((40.0, 80.0), (17.0, 8.5), "lsgan, median")
    first, *others = draw_plots(run, comparison, [], shown_trials(run))["search"]
    assert first.title == "Best score so far, over repeated searches."
    assert "Each arm was searched 2 times by the tpe sampler" in first.caption
    assert [plot.title for plot in others] == ["Search trials."]  # no single path, no expectation beside it


def test_repeats_of_a_random_search_are_draws_of_the_expected_best(tmp_path: Path) -> None:
    run = repeated_run(tmp_path, "random")
    comparison = compare_arms(run)
    assert len(comparison.by_arm["lsgan"].search.expected_best) == 3  # five trials, less both papers' defaults
    titles = [plot.title for plot in draw_plots(run, comparison, [], shown_trials(run))["search"]]
    assert titles == ["Expected best of n trials.", "Search trials."]


def score_curve(index: int, num_points: int = 51) -> ScoreCurve:
    scores = tuple(10.0 + index + (30.0 if i == 17 else 0.0) for i in range(num_points))
    name, state = f"search_{index:03d}", TrialState.COMPLETED
    return ScoreCurve("lsgan", name, state, "completed", tuple(map(float, range(num_points))), scores)


def points_of(trace: Any) -> dict[str, int]:
    """The number of points of each of a trace's trials, by name."""
    ends = [i for i, x in enumerate(trace.x) if x is None]
    starts = [0, *(end + 1 for end in ends)]
    return {name: end - start for name, start, end in zip(trace.meta["trials"], starts, ends, strict=False)}


def test_of_many_trials_the_best_quarter_keeps_all_points_and_no_extreme_moves() -> None:
    curves = [score_curve(i) for i in range(24)]
    lines, ends = draw_scores(curves, STYLES, OBJECTIVE).data[:2]
    nums = points_of(lines)
    assert [nums[c.trial] for c in curves] == [51] * 6 + [12] * 18
    assert max(y for y in lines.y if y is not None) == 10 + 23 + 30
    assert ends.x == (50,) * 24
    assert ends.meta["is_repeated"]


def test_a_few_trials_keep_all_points() -> None:
    lines = draw_scores([score_curve(i) for i in range(MOST_WHOLE_LINES)], STYLES, OBJECTIVE).data[0]
    assert set(points_of(lines).values()) == {51}


def test_figures_of_trials_name_them_so_that_they_can_be_switched(tmp_path: Path) -> None:
    plots = plots_of(tmp_path, sampler="tpe", scheduler="asha")
    assert [plot.has_trials for plot in plots] == [False, True]
