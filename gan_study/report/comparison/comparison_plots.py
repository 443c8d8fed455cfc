"""The figures of a comparison of studies, each with its caption."""

import math

import plotly.graph_objects as go

from gan_study.analysis.comparison.side_by_side import SideBySide
from gan_study.report.figures import figure_data as data
from gan_study.report.figures import score_figures
from gan_study.report.figures.figure_style import Styles
from gan_study.report.figures.page_figures import Plot, make_plot
from gan_study.report.figures.repeated_figures import draw_repeated, repeated_curves
from gan_study.report.score_notes import crossover_sentence, curve_note, short_note
from gan_study.runs.records.measurements import ObjectiveRecord

_WIDTH, _MARK, _CHARACTER, _ROW = 1080, 40, 7, 20
"""Approximate widths in pixels of a figure and of a mark and a character in its legend; height of a legend's row."""
_MOST_CROSSOVERS = 6
"""Largest number of crossovers that a caption describes one by one."""


def comparison_plots(found: SideBySide, styles: Styles) -> dict[str, list[Plot]]:
    """The figures by section. A section without figures has an empty list."""
    objective = found.together.objective
    assert objective is not None, "a study without an objective is refused"
    plots: dict[str, list[Plot]] = {"result": [], "confirmation": [], "search": _search_plots(found, styles, objective)}
    confirmed = [found.confirmed[arm] for arm in found.standing if arm in found.confirmed]
    if points := data.confirmed_points(confirmed, found.summary.comparison):
        caption = f"Each mark is one fresh training with its own seed. {short_note(objective)}"
        figure = score_figures.draw_confirmed(points, styles, objective)
        plots["result"].append(make_plot("confirmed", "Confirmed scores of each arm.", caption, figure))
    seeds = data.score_curves(found.together, "confirm")
    if seeds and len({s.run.study.objective.early_num_samples for s in found.studies}) == 1:
        figure = score_figures.draw_scores(seeds, styles, objective)
        caption = curve_note(objective)
        plots["confirmation"].append(make_plot("confirmed_seeds", "Confirmed seeds.", caption, _with_room(figure)))
    return plots


def _search_plots(found: SideBySide, styles: Styles, objective: ObjectiveRecord) -> list[Plot]:
    """The best scores of the searches against the budget spent.

    All lines are of one kind: expectations if all arms have one, else medians over repeats, of which all studies have
    equally many, or else the path of each single search.
    """
    comparison, repeats = found.summary.comparison, found.studies[0].run.study.search.repeats
    after = f"{_overtaken(found)} {short_note(objective)}"
    expected = data.expected_bests(comparison)
    if all(_is_random(s.run.study.search.sampler, s.run.study.search.scheduler) for s in found.studies) and expected:
        caption = (
            "Random searches: the mean lowest score of n of the arm's trials, over all choices of n without "
            f"replacement{_first_left_out(found)}. A failed trial counts with the failure score. The band is "
            f"the 95 % confidence interval, given up to a quarter of the trials.{after}"
        )
        figure = score_figures.draw_expected(expected, styles, objective)
        return [make_plot("expected_best", "Expected best of n trials.", caption, _with_room(figure))]
    spent = "The budget includes stopped, diverged and failed trials."
    if bands := repeated_curves(comparison):
        caption = (
            f"Each arm was searched {repeats} times, each time with another seed. The line is the median of these "
            f"searches, and the band goes from the lowest to the highest. {_searches(found)} {spent}{after}"
        )
        figure = draw_repeated(bands, styles, objective)
        title = "Best score so far, over repeated searches."
        return [make_plot("best_so_far", title, caption, _with_room(figure))]
    if curves := data.best_curves(found.together):
        caption = (
            "Each line is the path of one search; another search may find other scores. "
            f"{_searches(found)} {spent}{after}"
        )
        figure = score_figures.draw_best(curves, styles, objective)
        return [make_plot("best_so_far", "Best score so far.", caption, _with_room(figure))]
    return []


def _with_room(figure: go.Figure) -> go.Figure:
    """Make a figure higher by the rows of its legend.

    Plotly sets the names in columns as wide as the widest one, and gives a legend at most half of the height.
    """
    names = [trace.name for trace in figure.data if trace.showlegend is not False and trace.name]
    columns = max(1, _WIDTH // max((_MARK + _CHARACTER * len(name) for name in names), default=_WIDTH))
    figure.update_layout(height=figure.layout.height + _ROW * max(0, math.ceil(len(names) / columns) - 2))
    return figure


def _is_random(sampler: str, scheduler: str) -> bool:
    return (sampler, scheduler) == ("random", "none")


def _searches(found: SideBySide) -> str:
    """Sampler and scheduler of each study, and what follows if they differ."""
    ways = {s.label: _way(s.run.study.search.sampler, s.run.study.search.scheduler) for s in found.studies}
    if len(set(ways.values())) == 1:
        return f"All were searched by {next(iter(ways.values()))}."
    listed = "; ".join(f"{label}: {way}" for label, way in ways.items())
    return (
        f"The studies used different search methods ({listed}), so their lines differ by method as well as by arm. "
        "The line of a random search, too, is the path of one search and no expectation."
    )


def _way(sampler: str, scheduler: str) -> str:
    stops = {"none": "without early stopping", "pbt": "with one population"}
    return f"the {sampler} sampler {stops.get(scheduler, f'with early stopping by {scheduler}')}"


def _first_left_out(found: SideBySide) -> str:
    chosen = [s.label for s in found.studies if s.run.study.search.first_trial == "paper_defaults"]
    if not chosen:
        return ""
    where = "" if len(chosen) == len(found.studies) else f" of {', '.join(chosen)}"
    return f", without the paper's defaults{where}, which were not drawn"


def _overtaken(found: SideBySide) -> str:
    crossovers = found.summary.comparison.crossovers
    if len(crossovers) > _MOST_CROSSOVERS:
        return f" In {len(crossovers)} pairs of arms one overtakes the other."
    return "".join(f" {crossover_sentence(each)}" for each in crossovers)
