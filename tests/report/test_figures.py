"""What drawing adds to the values of a figure: axes, legends, bands."""

import pytest
from synthetic_run import CONFIRM, OBJECTIVE, STUDY, write_synthetic_run

from gan_study.analysis.arm_comparison import compare_arms
from gan_study.analysis.confirmation import confirmed_arms
from gan_study.analysis.random_search import BestOfN
from gan_study.report.figure_data import ExpectedBest, SignalCurve, SignalPanel, confirmed_points
from gan_study.report.load import load_run
from gan_study.report.pictures import shown_trials
from gan_study.report.plots import draw_plots
from gan_study.report.score_figures import draw_confirmed, draw_expected
from gan_study.report.style import arm_styles
from gan_study.report.training_figures import draw_signals

STYLES = arm_styles(("lsgan", "wgan"))


def curve(trial, values, is_shown=False, is_lost=False):
    return SignalCurve(trial, "discriminator", is_shown, is_lost, tuple(range(len(values))), values)


def drawn(*curves, is_positive=False):
    return draw_signals((SignalPanel("Loss", is_positive, curves),), STYLES["lsgan"])


def test_neither_a_lost_trial_nor_one_stopped_at_once_sets_the_range_of_a_signal():
    figure = drawn(curve("a", (1.0, 2.0)), curve("b", (50.0,)), curve("c", (1.5, -9e9), is_lost=True))
    assert figure.layout.yaxis.range == pytest.approx((1 - 0.08, 2 + 0.08))


def test_where_there_is_nothing_else_they_do():
    assert drawn(curve("b", (50.0,)), curve("c", (60.0,))).layout.yaxis.range == pytest.approx((49.2, 60.8))


def test_gradient_norms_have_few_plain_ticks():
    axis = drawn(curve("a", (0.02, 3.0, 100.0)), is_positive=True).layout.yaxis
    assert (axis.type, axis.title.text) == ("log", "Loss, log")
    assert axis.tickvals == (0.1, 1.0, 10.0, 100.0)
    assert axis.ticktext == ("0.1", "1", "10", "100")


def test_a_norm_that_stayed_at_zero_has_no_place_on_a_logarithmic_axis():
    assert drawn(curve("a", (0.0, 0.0)), is_positive=True).layout.yaxis.type is None
    assert drawn(curve("a", (0.0, 1.0)), is_positive=True).layout.yaxis.type == "log"


def legend(figure):
    return [trace.name for trace in figure.data if trace.showlegend is not False]


def test_the_legend_says_whose_lines_are_thick_and_whose_are_pale():
    figure = drawn(curve("confirm_002", (1.0, 2.0), is_shown=True), curve("search_001", (1.0, 2.0)))
    assert legend(figure) == ["discriminator, real", "generator, fake", "confirm_002", "other trials of the arm"]
    alone = drawn(curve("confirm_002", (1.0, 2.0), is_shown=True))
    assert legend(alone)[-1] == "confirm_002"


def confirmed_figure(folder):
    run = load_run(folder)
    return draw_confirmed(confirmed_points(list(confirmed_arms(run).values()), compare_arms(run)), STYLES, OBJECTIVE)


def test_the_legend_of_the_confirmed_scores_names_every_mark(tmp_path):
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


def test_below_five_seeds_raw_points_alone_are_drawn(tmp_path):
    few = {arm: outcomes[:4] for arm, outcomes in CONFIRM.items()}
    figure = confirmed_figure(write_synthetic_run(str(tmp_path), confirm=few))
    assert legend(figure) == ["one confirmed seed", "search score of the configuration"]


def test_an_interval_that_goes_below_zero_is_cut_where_the_axis_ends():
    points = (BestOfN(1, 20.0, (10.0, 30.0), (-5.0, 45.0)), BestOfN(2, 12.0, (10.0, 15.0), None))
    band, line = draw_expected((ExpectedBest("lsgan", points),), STYLES, OBJECTIVE).data
    assert (band.x, band.y) == ((1, 1), (45.0, 12.0 / 1.25))
    assert (line.x, line.y) == ((1, 2), (20.0, 12.0))


def plots_of(tmp_path, **search):
    study = {**STUDY, "search": search}
    run = load_run(write_synthetic_run(str(tmp_path), study=study))
    comparison = compare_arms(run)
    return draw_plots(run, comparison, list(confirmed_arms(run).values()), shown_trials(run))["search"]


def test_a_random_search_shows_its_expected_best(tmp_path):
    first = plots_of(tmp_path, sampler="random", scheduler="none")[0]
    assert first.title == "Expected best of n trials."
    assert "without the paper's defaults, which were not drawn" in first.caption


@pytest.mark.parametrize(
    ("search", "said"),
    [
        ({"sampler": "tpe", "scheduler": "none"}, "Of this one search by the tpe sampler: what it found"),
        ({"sampler": "random", "scheduler": "asha"}, "by the random sampler that stops trials early (asha): what it"),
    ],
)
def test_any_other_search_shows_its_path_and_says_so(tmp_path, search, said):
    first = plots_of(tmp_path, **search)[0]
    assert first.title == "Best score so far."
    assert said in first.caption
