"""The axis of scores: its ends, its ticks, its marks."""

import math

import pytest
from support.synthetic_run import OBJECTIVE

from gan_study.report.figures.figure_style import new_figure
from gan_study.report.figures.score_axis import log_ticks, score_axis, score_range, set_score_axis


def test_log_ticks_are_round_and_inside() -> None:
    assert log_ticks(0.4, 12.0) == [0.5, 1.0, 2.0, 5.0, 10.0]
    assert log_ticks(0.5, 1e5) == [1.0, 10.0, 100.0, 1000.0, 10_000.0, 100_000.0]


def test_log_ticks_are_enough_on_a_short_axis_and_few_enough_on_a_long_one() -> None:
    assert log_ticks(8.0, 80.0) == [10.0, 15.0, 20.0, 30.0, 50.0, 70.0]
    assert log_ticks(5.0, 9.0) == [5.0, 6.0, 7.0, 8.0, 9.0]
    assert log_ticks(7.2, 26.25) == [8.0, 12.0, 16.0, 20.0, 24.0]
    assert log_ticks(0.9, 1.1) == pytest.approx([0.9, 0.95, 1.0, 1.05, 1.1])
    assert log_ticks(1e-6, 1e6) == [1e-6, 1e-4, 1e-2, 1.0, 1e2, 1e4, 1e6]
    assert log_ticks(1e-4, 1e-2, most=5) == [1e-4, 1e-3, 1e-2]
    for low in (1e-5, 0.3, 7.0, 100.0):
        for ratio in (1.05, 1.5, 3, 3.6, 3.9, 10, 50, 1e3, 1e7):
            assert 4 <= len(log_ticks(low, low * ratio)) <= 8


def test_an_axis_of_positive_scores_is_logarithmic() -> None:
    axis = score_axis([8.0, 80.0], OBJECTIVE)
    assert axis["range"] == pytest.approx([0.80618, 2.0])  # log10(8 / 1.25), log10(80 * 1.25)
    assert (axis["type"], axis["tickvals"], axis["title"]) == (
        "log",
        [10.0, 20.0, 50.0, 100.0],
        "FD, log scale (lower is better)",
    )


def test_a_score_below_zero_makes_the_axis_linear() -> None:
    # A Frechet distance of few samples can come out slightly negative.
    assert score_axis([-1.0, 19.0], OBJECTIVE)["type"] == "linear"
    assert score_range([-1.0, 19.0]) == (-2.0, 20.0)
    assert score_range([0.0, 0.0]) == (-1.0, 1.0)


def annotations(values: list[float]) -> tuple[list[str], list[float]]:
    figure = new_figure(height=100)
    figure.add_scatter(x=[0], y=[1])
    set_score_axis(figure, values, OBJECTIVE)
    return [a.text for a in figure.layout.annotations], [s.y0 for s in figure.layout.shapes]


def test_floor_and_untrained_score_are_lines_inside_and_arrows_outside() -> None:
    assert annotations([0.4, 70.0]) == (["floor 0.5", "untrained 60"], [0.5, 60.0])
    assert annotations([8.0, 70.0]) == (["untrained 60", "floor 0.5 ↓"], [60.0])
    assert annotations([8.0, 20.0]) == (["floor 0.5 ↓", "untrained 60 ↑"], [])
    assert annotations([80.0, 90.0]) == (["floor 0.5, untrained 60 ↓"], [])


def test_an_arrow_has_room_of_its_own_beside_the_scores() -> None:
    figure = new_figure(height=100)
    set_score_axis(figure, [8.0, 20.0], OBJECTIVE)
    low, high = figure.layout.yaxis.range
    assert low < math.log10(8.0 / 1.25) - 0.01
    assert high > math.log10(20.0 * 1.25) + 0.01
    figure = new_figure(height=100)
    set_score_axis(figure, [0.4, 70.0], OBJECTIVE)
    assert figure.layout.yaxis.range == pytest.approx((math.log10(0.4 / 1.25), math.log10(70.0 * 1.25)))
