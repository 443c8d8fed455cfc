"""Draw the figures of the collapse atlas from the data of `atlas_data.py`."""

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from gan_study.analysis.run_data import RunData
from gan_study.analysis.sentences.number_text import number, quantity
from gan_study.analysis.trial_verdicts import WORDS
from gan_study.config.base import Scalar
from gan_study.report.figures.atlas_data import FailureMap, Separation, VerdictBar, failure_maps, verdict_bars
from gan_study.report.figures.figure_style import label, new_figure, set_share_axis, style_axes
from gan_study.report.figures.page_figures import Plot, make_plot
from gan_study.report.figures.score_axis import log_axis
from gan_study.report.figures.verdict_style import VERDICT_STYLES

_PHASES = {"search": "search", "confirm": "confirmed"}


def atlas_plots(run: RunData) -> dict[str, list[Plot]]:
    """The figures of the atlas by kind: `shares` of verdicts and `maps` of failures. Both may be empty."""
    plots: dict[str, list[Plot]] = {"shares": [], "maps": []}
    if bars := verdict_bars(run):
        caption = (
            "Share of each verdict among the ended trials, with the number of trials. Bars with a pattern are failures."
        )
        plots["shares"].append(make_plot("verdicts", "Verdicts.", caption, draw_verdict_bars(bars)))
    for found in failure_maps(run):
        name, title = f"failures/{found.arm}", f"Failures of {found.arm}."
        plots["maps"].append(make_plot(name, title, _map_caption(found), draw_failure_map(found)))
    return plots


def draw_verdict_bars(bars: Sequence[VerdictBar]) -> go.Figure:
    """Draw stacked bars of the shares of verdicts, one for each arm and phase, with the numbers of trials."""
    figure = new_figure(height=34 * len(bars) + 150)
    names = [f"{label(bar.arm)}, {_PHASES[bar.phase]} ({bar.num:,})" for bar in bars]
    for word in WORDS:
        if not any(word in bar.counts for bar in bars):
            continue
        counts = [bar.counts.get(word, 0) for bar in bars]
        style = VERDICT_STYLES[word]
        figure.add_bar(
            x=[100 * count / bar.num for count, bar in zip(counts, bars, strict=True)],
            y=names,
            orientation="h",
            name=word,
            text=[str(count) if count else "" for count in counts],
            textposition="inside",
            insidetextanchor="middle",
            textangle=0,
            marker={
                "color": style.colour,
                "pattern": {
                    "shape": style.pattern,
                    "fillmode": "overlay",
                    "fgcolor": "rgba(255,255,255,0.6)",
                    "size": 7,
                    "solidity": 0.15,
                },
            },
            hovertemplate="%{y}<br>" + word + ": %{text} (%{x:.3g} %)<extra></extra>",
        )
    style_axes(figure)
    figure.update_layout(barmode="stack", bargap=0.35, legend={"traceorder": "normal"})
    set_share_axis(figure, title="Share of trials", ticksuffix=" %")
    figure.update_yaxes(autorange="reversed", showgrid=False, type="category")
    return figure


def draw_failure_map(found: FailureMap) -> go.Figure:
    """Draw an arm's search trials over the two hyperparameters that separate failures best.

    If only one is searched, the other axis has the verdicts.
    """
    figure = new_figure(height=380)
    second = found.axes[1] if len(found.axes) > 1 else None
    for word in WORDS:
        trials = [t for t in found.trials if t.word == word]
        if not trials:
            continue
        style = VERDICT_STYLES[word]
        figure.add_scatter(
            x=[_value(t.values[0], found.axes[0]) for t in trials],
            y=[_value(t.values[1], second) if second else word for t in trials],
            mode="markers",
            name=word,
            text=[f"{label(t.trial)}: {word}" for t in trials],
            marker={"color": style.colour, "symbol": style.symbol, "size": 10, "line": {"width": 1.5}},
            hovertemplate="%{text}<br>%{x}, %{y}<extra></extra>",
        )
    style_axes(figure)
    figure.update_xaxes(**_axis(found, 0), showgrid=True)
    figure.update_yaxes(**(_axis(found, 1) if second else {"type": "category", "title": "Verdict"}))
    return figure


def _value(value: Scalar, axis: Separation) -> object:
    return label(str(value)) if axis.scale == "category" else value


def _axis(found: FailureMap, place: int) -> dict[str, Any]:
    axis = found.axes[place]
    title = f"{label(axis.name)} (separation {axis.value:.2f})"
    if axis.scale == "category":
        named = [label(category) for category in axis.categories]
        return {"type": "category", "categoryorder": "array", "categoryarray": named, "title": title}
    if axis.scale == "log":
        values = [float(t.values[place]) for t in found.trials]
        margin = (max(values) / min(values)) ** 0.06 * 1.05
        return {"title": f"{title}, log", **log_axis(min(values) / margin, max(values) * margin, most_ticks=6)}
    return {"type": axis.scale, "title": title}


def _map_caption(found: FailureMap) -> str:
    names = " and ".join(f"{axis.name} ({number(round(axis.value, 2))})" for axis in found.axes)
    failures = quantity(found.num_failures, "failure")
    chance = " So few may be separated by chance." if found.num_failures < 5 else ""
    return f"{failures} among {quantity(len(found.trials), 'search trial')}, best separated by {names}.{chance}"
