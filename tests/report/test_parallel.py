"""Parallel coordinates of the synthetic run's search."""

from pathlib import Path

import pytest
from support.present import present
from support.synthetic_run import COMPLETED, SEARCH, Outcome, write_synthetic_run

from gan_study.analysis.load_run import load_run
from gan_study.report.figures.figure_style import arm_styles
from gan_study.report.figures.parallel_coordinates import ParallelCoordinates, draw_parallel, parallel_coordinates


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> ParallelCoordinates:
    return present(parallel_coordinates(load_run(write_synthetic_run(str(tmp_path_factory.mktemp("run")))), "wgan"))


def test_each_axis_spans_the_range_that_was_searched(found: ParallelCoordinates) -> None:
    assert [axis.name for axis in found.axes] == ["g_lr", "beta1", "network.width", "penalty_weight", "FD"]
    g_lr, beta1, width, penalty_weight, score = ({text: at for at, text in axis.ticks} for axis in found.axes)
    assert g_lr == pytest.approx({"1e-05": 0, "0.0001": 1 / 3, "0.001": 2 / 3, "0.01": 1})
    assert beta1 == pytest.approx({"0": 0, "0.45": 0.5, "0.9": 1})
    assert width == pytest.approx({"16": 1 / 6, "32": 1 / 2, "64": 5 / 6})
    # The last trial's weight of 1000 lies outside the range of 0.1 to 100.
    assert penalty_weight == pytest.approx({"0.1": 0, "1": 1 / 4, "10": 1 / 2, "100": 3 / 4, "1,000": 1})
    assert list(score) == ["20", "50", "100"]


def test_each_line_goes_through_its_trial_s_values(found: ParallelCoordinates) -> None:
    lines = {line.trial: line for line in found.lines}
    assert {name: line.kind for name, line in lines.items()} == {
        "search_003": "best quarter",
        "search_004": "others",
        "search_000": "others",
        "search_001": "others",
        "search_002": "diverged or failed",
    }
    # g_lr 10^-3, beta1 0.6, width 16, penalty weight 100, and the lowest score.
    assert lines["search_003"].positions == pytest.approx((2 / 3, 2 / 3, 1 / 6, 3 / 4, 0))
    assert lines["search_003"].values == ("0.001", "0.6", "16", "100", "16")
    # The failure score is the highest.
    assert (lines["search_002"].positions[-1], lines["search_002"].values[-1]) == (1, "failed")


def test_a_hyperparameter_that_a_trial_does_not_have_leaves_a_gap(tmp_path: Path) -> None:
    folder = write_synthetic_run(str(tmp_path))
    trial = folder.trial("wgan", "search_000")
    config = present(trial.read_config())
    searched = {name: value for name, value in config.searched.items() if name != "beta1"}
    trial.write_config(config.model_copy(update={"searched": searched}))
    lines = {line.trial: line for line in present(parallel_coordinates(load_run(folder), "wgan")).lines}
    assert lines["search_000"].positions[1] is None
    assert lines["search_000"].values[1] == "–"


def test_too_little_to_compare_is_not_drawn(tmp_path: Path) -> None:
    two = {arm: outcomes[:2] for arm, outcomes in SEARCH.items()}
    assert parallel_coordinates(load_run(write_synthetic_run(str(tmp_path), search=two, confirm={})), "wgan") is None


def test_equal_scores_stand_in_the_middle(tmp_path: Path) -> None:
    search = {"lsgan": (Outcome(COMPLETED, 9.0),) * 3}
    found = present(
        parallel_coordinates(load_run(write_synthetic_run(str(tmp_path), search=search, confirm={})), "lsgan")
    )
    assert {line.positions[-1] for line in found.lines} == {0.5}
    assert found.axes[-1].ticks == ((0.5, "9"),)


def test_the_best_are_drawn_last_and_apart_from_each_other(found: ParallelCoordinates) -> None:
    figure = draw_parallel(found, arm_styles(("lsgan", "wgan"))["wgan"])
    assert [trace.name for trace in figure.data] == ["diverged or failed", "others", "best quarter"]
    best, others = figure.data[2], figure.data[1]
    assert best.y == (0, 1, 2, 3, 4, None)
    assert best.text[:2] == ("search_003: g_lr 0.001", "search_003: beta1 0.6")
    assert len(others.x) == 3 * 6
    assert others.x[5] is others.x[11] is None
