"""The axis of scores: its ends, its ticks, its marks."""

import pytest
from synthetic_run import OBJECTIVE

from gan_study.report.score_axis import log_ticks, score_axis, score_range, set_score_axis
from gan_study.report.style import new_figure


def test_log_ticks_are_round_and_inside():
    assert log_ticks(0.4, 12.0) == [0.5, 1.0, 2.0, 5.0, 10.0]
    assert log_ticks(0.5, 1e5) == [1.0, 10.0, 100.0, 1000.0, 10_000.0, 100_000.0]


def test_an_axis_of_positive_scores_is_logarithmic():
    axis = score_axis([8.0, 80.0], OBJECTIVE)
    assert axis["range"] == pytest.approx([0.80618, 2.0])  # log10(8 / 1.25), log10(80 * 1.25)
    assert (axis["type"], axis["tickvals"], axis["title"]) == ("log", [10.0, 20.0, 50.0, 100.0], "FD (lower is better)")


def test_a_score_below_zero_makes_the_axis_linear():
    # A Frechet distance of few samples can come out slightly negative.
    assert score_axis([-1.0, 19.0], OBJECTIVE)["type"] == "linear"
    assert score_range([-1.0, 19.0]) == (-2.0, 20.0)
    assert score_range([0.0, 0.0]) == (-1.0, 1.0)


def annotations(values):
    figure = new_figure(height=100)
    figure.add_scatter(x=[0], y=[1])
    set_score_axis(figure, values, OBJECTIVE)
    return [a.text for a in figure.layout.annotations], [s.y0 for s in figure.layout.shapes]


def test_floor_and_untrained_score_are_lines_inside_and_arrows_outside():
    assert annotations([0.4, 70.0]) == (["floor 0.5", "untrained 60"], [0.5, 60.0])
    assert annotations([8.0, 70.0]) == (["untrained 60", "floor 0.5 ↓"], [60.0])
    assert annotations([8.0, 20.0]) == (["floor 0.5 ↓", "untrained 60 ↑"], [])
    assert annotations([80.0, 90.0]) == (["floor 0.5, untrained 60 ↓"], [])
