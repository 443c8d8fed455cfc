"""All figures of a report by section, each with its caption."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from gan_study.analysis.arm_comparison import ArmsComparison
from gan_study.analysis.confirmed_arm import ConfirmedArm
from gan_study.analysis.run_data import RunData, TrialData
from gan_study.analysis.sentences.importance_text import ArmImportance, arm_importances
from gan_study.report.figures import figure_data as data
from gan_study.report.figures import pareto_figures, score_figures, training_figures
from gan_study.report.figures.drawn_trials import thin_run, thinned_note
from gan_study.report.figures.figure_style import Styles, arm_styles
from gan_study.report.figures.importance_figures import draw_importance, importance_bars, importance_title
from gan_study.report.figures.learning_curves import signal_panels
from gan_study.report.figures.parallel_coordinates import draw_parallel, parallel_coordinates
from gan_study.report.figures.repeated_figures import draw_repeated, repeated_curves
from gan_study.report.score_notes import crossover_sentence, curve_note, short_note
from gan_study.runs.records.measurements import ObjectiveRecord


@dataclass(frozen=True)
class Plot:
    """A figure of the page, with its caption."""

    name: str
    """Its name in Python, such as `confirmed` or `learning_curves/wgan`; no other figure of a report has it."""
    title: str
    """First words of the caption, and the alternative text of the figure."""
    caption: str
    height: int
    json: str
    """The figure as JSON for Plotly, safe inside a script element."""
    has_trials: bool = False
    """True if the reader can switch trials on and off by name."""


_THINNED = (
    f"If an arm has more than {score_figures.MOST_WHOLE_LINES} trials, lines outside the best quarter show at most 14 "
    "points each, including their extremes."
)
_SECTIONS = ("result", "confirmation", "classes", "search", "parallel", "slices", "signals")


def draw_plots(
    run: RunData, comparison: ArmsComparison, confirmed: Sequence[ConfirmedArm], shown: Mapping[str, TrialData]
) -> dict[str, list[Plot]]:
    """The figures by section. A section without figures has an empty list.

    shown: the representative trial of each arm with a score.
    """
    styles = arm_styles(run.arms)
    drawn = thin_run(run)
    note = f" {text}" if (text := thinned_note(run, drawn)) else ""
    plots: dict[str, list[Plot]] = {name: [] for name in _SECTIONS}
    for arm in run.arms:
        trial = shown[arm].name if arm in shown else None
        if panels := signal_panels(drawn, arm, trial):
            plots["signals"].append(_signal_plot(arm, training_figures.draw_signals(panels, arm, styles[arm]), note))
    if run.objective is None:
        return plots
    objective = run.objective
    if points := data.confirmed_points(confirmed, comparison):
        caption = f"Each mark is one fresh training with its own seed. {short_note(objective)}"
        figure = score_figures.draw_confirmed(points, styles, objective)
        plots["result"].append(make_plot("confirmed", "Confirmed scores of each arm.", caption, figure))
    if bars := data.class_share_bars(run, shown):
        caption = "Shares in the trials whose images are shown above, with the real images in grey."
        figure = training_figures.draw_class_shares(bars, styles)
        plots["classes"].append(make_plot("class_shares", "Class shares.", caption, figure))
    plots["search"] += _search_plots(run, comparison, styles, objective)
    if trials := data.score_curves(drawn, "search") + data.score_curves(drawn, "refine"):
        figure = score_figures.draw_scores(trials, styles, objective)
        caption = f"{_THINNED}{note} {curve_note(objective)}"
        plots["search"].append(make_plot("search_trials", "Search trials.", caption, figure))
    for plane in pareto_figures.pareto_planes(run):
        figure = pareto_figures.draw_pareto(plane, styles, objective)
        caption = f"{pareto_figures.pareto_caption(plane)} {short_note(objective)}"
        title = f"Score and {plane.objective} of the search trials."
        plots["search"].append(make_plot(f"pareto/{plane.objective}", title, caption, figure))
    if seeds := data.score_curves(run, "confirm"):
        figure = score_figures.draw_scores(seeds, styles, objective)
        plots["confirmation"].append(make_plot("confirmed_seeds", "Confirmed seeds.", curve_note(objective), figure))
    for arm in run.arms:
        if coordinates := parallel_coordinates(drawn, arm):
            plots["parallel"].append(_parallel_plot(arm, draw_parallel(coordinates, styles[arm]), objective, note))
    plots["parallel"] += [_importance_plot(each, styles) for each in arm_importances(run) if each.is_known]
    for each in data.slices(drawn):
        figure = score_figures.draw_slice(each, styles, objective)
        caption = f"{_left_out(objective)}{note}".strip()
        plots["slices"].append(make_plot(f"slice/{each.name}", f"{each.name} and the score.", caption, figure))
    return plots


def _search_plots(run: RunData, comparison: ArmsComparison, styles: Styles, objective: ObjectiveRecord) -> list[Plot]:
    """The best score against the budget: an expectation for independent trials, else the path of the search."""
    plots, search = [], run.study.search
    overtaken = "".join(f" {crossover_sentence(c)}" for c in comparison.crossovers)
    if expected := data.expected_bests(comparison):
        caption = (
            "Random search: the mean lowest score of n of the arm's trials, over all choices of n without "
            f"replacement{_first_left_out(run)}. A failed trial counts with the failure score. The band is the "
            f"95 % confidence interval, given up to a quarter of the trials.{overtaken} {short_note(objective)}"
        )
        figure = score_figures.draw_expected(expected, styles, objective)
        plots.append(make_plot("expected_best", "Expected best of n trials.", caption, figure))
    elif bands := repeated_curves(comparison):
        caption = (
            f"Each arm was searched {search.repeats} times by the {search.sampler} sampler, each time with another "
            "seed. The line is the median of these searches; the band goes from the lowest to the highest. The budget "
            f"includes stopped, diverged and failed trials.{overtaken} {short_note(objective)}"
        )
        figure = draw_repeated(bands, styles, objective)
        plots.append(make_plot("best_so_far", "Best score so far, over repeated searches.", caption, figure))
    elif curves := data.best_curves(run):
        stops = (
            " whose trials are one population"
            if search.scheduler == "pbt"
            else f" that stops trials early ({search.scheduler})"
            if search.scheduler != "none"
            else ""
        )
        caption = (
            f"The path of one search by the {search.sampler} sampler{stops}; another search may find other scores. "
            f"The budget includes stopped, diverged and failed trials.{overtaken} {short_note(objective)}"
        )
        figure = score_figures.draw_best(curves, styles, objective)
        plots.append(make_plot("best_so_far", "Best score so far.", caption, figure))
    return plots


def _first_left_out(run: RunData) -> str:
    is_chosen = run.study.search.first_trial == "paper_defaults"
    return ", without the paper's defaults, which were not drawn" if is_chosen else ""


def _left_out(objective: ObjectiveRecord) -> str:
    """A sentence on trials that are left out, since they were stopped on a score from fewer images."""
    if objective.early_num_samples is None:
        return ""
    return f"Trials that were stopped on a score of {objective.early_num_samples:,} images are left out."


def _importance_plot(importance: ArmImportance, styles: Styles) -> Plot:
    figure = draw_importance(importance_bars(importance), styles[importance.arm])
    caption = f"{importance.sentence} The protocol describes the method."
    return make_plot(f"importance/{importance.arm}", importance_title(importance), caption, figure)


def _parallel_plot(arm: str, figure: go.Figure, objective: ObjectiveRecord, note: str) -> Plot:
    caption = (
        "Each line is one search trial, from its hyperparameters down to its score at its end. The best quarter is "
        f"highlighted; trials that diverged or failed are dotted and end at the failure score.{note} "
        f"{short_note(objective)}"
    )
    return make_plot(f"parallel/{arm}", f"The search of {arm}.", caption, figure)


def _signal_plot(arm: str, figure: go.Figure, note: str) -> Plot:
    caption = (
        "Score and accuracy of the discriminator (D) are those of each evaluation; all other values are means over the "
        "steps since the previous evaluation. The gradient at an image is the norm of the gradient that reaches a "
        "generated image. Pale lines show at most 14 points each, including their extremes. A trial that diverged or "
        f"failed, or was stopped at its first evaluation, may run off the plot.{note}"
    )
    return make_plot(f"learning_curves/{arm}", f"Learning curves of {arm}.", caption, figure)


def make_plot(name: str, title: str, caption: str, figure: go.Figure) -> Plot:
    """Make a figure for the page."""
    # "<" could end the script element that holds the figure.
    safe = figure.to_json().replace("<", "\\u003c")
    has_trials = any(isinstance(trace.meta, dict) and "trials" in trace.meta for trace in figure.data)
    return Plot(name, title, caption, figure.layout.height, safe, has_trials)
