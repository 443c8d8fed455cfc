"""The report as one HTML text: what goes where. The look is in report.css, the order in report.html.jinja."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources

import plotly.graph_objects as go
from jinja2 import Environment, PackageLoader, StrictUndefined
from plotly.offline import get_plotlyjs

from gan_study.analysis.comparison import ConfirmedArm, confirmed_arms
from gan_study.analysis.run_data import RunData, TrialData
from gan_study.analysis.summary import Summary, shown_trial
from gan_study.report import figure_data as data
from gan_study.report import score_figures, tables, training_figures
from gan_study.report.load import SampleGrid
from gan_study.report.protocol import comparability, protocol_items
from gan_study.report.style import arm_styles
from gan_study.report.text import score_name, score_note


@dataclass(frozen=True)
class Plot:
    """A figure on the page."""

    title: str
    """Its caption's first words, and its text for a reader who does not see it."""
    caption: str
    height: int
    json: str
    """Plotly's form of it, safe inside a script element."""


@dataclass(frozen=True)
class SampleStrip:
    """One arm's sample grids over its training."""

    arm: str
    trial: str
    choice: str
    """Why this trial."""
    grids: tuple[SampleGrid, ...]


_PLOT_SECTIONS = ("result", "confirmation", "classes", "search", "slices", "signals")


def shown_trials(run: RunData) -> dict[str, TrialData]:
    """For each arm with a score, the trial whose images stand for it."""
    confirmed = confirmed_arms(run)
    found = {arm: shown_trial(run, arm, confirmed.get(arm)) for arm in run.arms}
    return {arm: trial for arm, trial in found.items() if trial is not None}


def render_page(run: RunData, summary: Summary, samples: Mapping[str, Sequence[SampleGrid]]) -> str:
    """The whole report. samples: each arm's grids, of the trials that `shown_trials` gives."""
    environment = Environment(
        loader=PackageLoader("gan_study", "report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    confirmed, shown, styles = list(confirmed_arms(run).values()), shown_trials(run), arm_styles(run.arms)
    return environment.get_template("report.html.jinja").render(
        run=run,
        summary=summary,
        styles=styles,
        score_name=score_name(run.objective),
        score_note=score_note(run.objective),
        comparability=comparability(run.objective) if run.objective else "",
        scores=tables.score_table(run, summary),
        costs=tables.cost_table(summary),
        configurations=tables.configuration_table(summary),
        pairs=tables.pair_table(summary),
        confirmed=tables.confirmed_table(run, confirmed),
        failures=tables.failure_table(run),
        leaderboards={arm: tables.leaderboard(run, arm) for arm in run.arms if run.of_arm(arm, "search")},
        arm_table=tables.arm_table(run),
        states=tables.state_table(run),
        protocol=protocol_items(run),
        strips=_strips(shown, confirmed, samples),
        plots=_plots(run, confirmed, shown),
        css=_text("report.css"),
        script=_text("report.js"),
        plotly=get_plotlyjs(),
    )


def _strips(
    shown: Mapping[str, TrialData], confirmed: Sequence[ConfirmedArm], samples: Mapping[str, Sequence[SampleGrid]]
) -> list[SampleStrip]:
    seeds = {c.arm: len(c.trials) for c in confirmed}
    strips = []
    for arm, trial in shown.items():
        is_seed = trial.config.phase == "confirm"
        choice = f"the best of {seeds[arm]} confirmed seeds" if is_seed else "the best search trial, unconfirmed"
        if samples.get(arm):
            strips.append(SampleStrip(arm, trial.name, choice, tuple(samples[arm])))
    return strips


def _plots(run: RunData, confirmed: Sequence[ConfirmedArm], shown: Mapping[str, TrialData]) -> dict[str, list[Plot]]:
    """The figures by section; a section without anything to show is an empty list."""
    styles = arm_styles(run.arms)
    plots: dict[str, list[Plot]] = {name: [] for name in _PLOT_SECTIONS}
    for arm in run.arms:
        trial = shown[arm].name if arm in shown else None
        if panels := data.signal_panels(run, arm, trial):
            plots["signals"].append(_signal_plot(arm, trial, training_figures.draw_signals(panels, styles[arm])))
    if run.objective is None:
        return plots
    objective, note = run.objective, score_note(run.objective)
    if points := data.confirmed_points(confirmed):
        caption = f"Each mark is one fresh training with its own seed. {note}"
        figure = score_figures.draw_confirmed(points, styles, objective)
        plots["result"].append(_plot("Confirmed scores of each arm.", caption, figure))
    if bars := data.class_share_bars(run, shown):
        caption = "Of the trials whose images are shown above; grey: the real images."
        plots["classes"].append(_plot("Class shares.", caption, training_figures.draw_class_shares(bars, styles)))
    if curves := data.best_curves(run):
        caption = f"Stopped, diverged and failed trials are in the budget. {note}"
        plots["search"].append(_plot("Best score so far.", caption, score_figures.draw_best(curves, styles, objective)))
    if trials := data.score_curves(run, "search"):
        plots["search"].append(_plot("Search trials.", note, score_figures.draw_scores(trials, styles, objective)))
    if seeds := data.score_curves(run, "confirm"):
        plots["confirmation"].append(
            _plot("Confirmed seeds.", note, score_figures.draw_scores(seeds, styles, objective))
        )
    for each in data.slices(run):
        figure = score_figures.draw_slice(each, styles, objective)
        plots["slices"].append(_plot(f"{each.name} and the score.", "", figure))
    return plots


def _signal_plot(arm: str, trial: str | None, figure: go.Figure) -> Plot:
    thick = f" The thick lines are {trial}." if trial else ""
    caption = (
        f"Means over the steps since the evaluation before; solid: discriminator or real images, dotted: generator "
        f"or generated ones.{thick} A trial that diverged or failed may run off the plot."
    )
    return _plot(f"Losses, logits and gradient norms of {arm}.", caption, figure)


def _plot(title: str, caption: str, figure: go.Figure) -> Plot:
    # "<" could end the script element that holds the figure.
    safe = figure.to_json().replace("<", "\\u003c")
    return Plot(title, caption, figure.layout.height, safe)


def _text(name: str) -> str:
    return resources.files("gan_study.report").joinpath(name).read_text(encoding="utf-8")
