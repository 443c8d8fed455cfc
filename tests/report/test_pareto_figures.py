"""The fronts on the page."""

from pathlib import Path

import pytest
from support.pareto_run import write_run
from support.present import present
from support.synthetic_run import write_synthetic_run

from gan_study.analysis.load_run import load_run
from gan_study.analysis.statistics.pareto import summarise_pareto
from gan_study.report.figures.figure_style import arm_styles
from gan_study.report.figures.pareto_figures import draw_pareto, pareto_caption, pareto_planes, pareto_table
from gan_study.report.write import write_report
from gan_study.runs.folder import RunFolder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return write_run(tmp_path_factory.mktemp("pareto"))


def test_filled_marks_and_rings_are_the_fronts(folder: RunFolder) -> None:
    run = load_run(folder)
    (plane,) = pareto_planes(run)
    figure = draw_pareto(plane, arm_styles(run.arms), present(run.objective))
    marks = {trace.name: trace for trace in figure.data if trace.mode == "markers"}
    filled = {arm: sum(not s.endswith("-open") for s in marks[arm].marker.symbol) for arm in ("lsgan", "wgan")}
    assert filled == {"lsgan": 3, "wgan": 2}
    assert len(marks["lsgan"].x) == 5
    assert sorted(marks["on the front over all arms"].x) == [0.3, 0.5, 0.9, 0.95]
    lines = [trace for trace in figure.data if trace.mode == "lines"]
    assert [list(line.x) for line in lines] == [[0.3, 0.5, 0.9], [0.2, 0.95]]
    assert figure.layout.xaxis.title.text == "Coverage (higher is better)"
    assert "2 trials without a value are left out" in pareto_caption(plane)


def test_the_table_lists_the_fronts(folder: RunFolder) -> None:
    table = pareto_table(summarise_pareto(load_run(folder)))
    assert table.rows[0] == ("lsgan", "search_003", "5", "0.3", "yes")
    assert [row[-1] for row in table.rows] == ["yes", "yes", "yes", "no", "yes"]


def test_the_page_shows_both(folder: RunFolder) -> None:
    write_report(folder)
    page = folder.storage.read_text("report.html")
    assert "Score and coverage of the search trials." in page
    assert "Trials on each arm&#39;s Pareto front" in page or "Trials on each arm's Pareto front" in page
    assert "coverage at a trial&#39;s end (higher is better)" in page


def test_a_search_for_the_score_alone_has_none(tmp_path: Path) -> None:
    run = load_run(write_synthetic_run(str(tmp_path)))
    assert pareto_planes(run) == []
    assert pareto_table(summarise_pareto(run)).rows == ()
