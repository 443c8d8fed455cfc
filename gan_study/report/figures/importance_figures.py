"""Figures of hyperparameter importance: each one's share of the variance, with its interval."""

from dataclasses import dataclass

import plotly.graph_objects as go

from gan_study.analysis.run_data import RunData
from gan_study.analysis.sentences.importance_text import ArmImportance
from gan_study.report.figures.figure_style import NEUTRAL, ArmStyle, label, new_figure, set_share_axis, style_axes


@dataclass(frozen=True)
class ImportanceBars:
    """Importance of hyperparameters for one arm and target, the largest first. Shares are in percent."""

    names: tuple[str, ...]
    shares: tuple[float, ...]
    lows: tuple[float, ...]
    highs: tuple[float, ...]
    by_chance: tuple[float, ...]
    num_trials: tuple[int, ...]


def importance_bars(importance: ArmImportance) -> ImportanceBars:
    """Bars for the hyperparameters that have a number."""
    known = [
        (each.name, each.share, each.by_chance or 0.0, each.num_trials) for each in importance.shares if each.share
    ]
    return ImportanceBars(
        names=tuple(name for name, _, _, _ in known),
        shares=tuple(100 * share.value for _, share, _, _ in known),
        lows=tuple(100 * share.low for _, share, _, _ in known),
        highs=tuple(100 * share.high for _, share, _, _ in known),
        by_chance=tuple(100 * chance for _, _, chance, _ in known),
        num_trials=tuple(num for _, _, _, num in known),
    )


def draw_importance(bars: ImportanceBars, style: ArmStyle) -> go.Figure:
    """Draw a bar for each hyperparameter, its 95 % interval, and a mark at the largest share by chance."""
    figure = new_figure(height=110 + 30 * len(bars.names))
    names = [label(name) for name in bars.names]
    # With few trials the interval may not contain the value, so it is drawn by itself and not as an error bar.
    figure.add_bar(
        x=bars.shares,
        y=names,
        orientation="h",
        width=0.55,
        marker={"color": style.colour, "opacity": 0.75},
        name="share of the variance and its 95 % interval",
        customdata=list(zip(bars.lows, bars.highs, bars.num_trials, strict=True)),
        hovertemplate="%{x:.0f} % (%{customdata[0]:.0f} % to %{customdata[1]:.0f} %; %{customdata[2]} trials)"
        "<extra>%{y}</extra>",
    )
    for name, low, high in zip(names, bars.lows, bars.highs, strict=True):
        figure.add_scatter(
            x=[low, high],
            y=[name, name],
            mode="lines+markers",
            line={"color": NEUTRAL, "width": 2},
            marker={"symbol": "line-ns-open", "size": 9, "color": NEUTRAL},
            showlegend=False,
            hoverinfo="skip",
        )
    figure.add_scatter(
        x=bars.by_chance,
        y=names,
        mode="markers",
        name="may be chance up to here",
        marker={"symbol": "diamond-tall-open", "size": 11, "color": NEUTRAL, "line": {"width": 2}},
        hovertemplate="chance: up to %{x:.0f} %<extra>%{y}</extra>",
    )
    style_axes(figure)
    set_share_axis(figure, title="Share of the variance (%)", showgrid=True)
    figure.update_yaxes(showgrid=False, categoryorder="array", categoryarray=names[::-1])
    return figure


def importance_title(importance: ArmImportance) -> str:
    """Title of a figure, such as `What mattered for the score: wgan.`"""
    what = "the score" if importance.target == "score" else "failing or collapsing"
    return f"What mattered for {what}: {importance.arm}."


def importance_items(run: RunData, importances: tuple[ArmImportance, ...]) -> list[tuple[str, str]]:
    """Items of the protocol on how importance was computed and where it was not; empty without importance.json."""
    record = run.importance
    if record is None or not importances:
        return []
    text = (
        "functional ANOVA of random forests over an arm's search trials (Optuna). The value is the mean of "
        f"{record.num_forests} forests; the interval is that of {record.num_resamples} resamples of the trials, each "
        f"with a forest of its own seed; the level of chance comes from {record.num_shuffles} shuffles of the targets. "
        "The score is that of trials that trained to their end, and its logarithm is taken if all are above 0. A "
        "forest of few trials misses some of the truth, which the interval does not include"
    )
    missing = [each.sentence for each in importances if not each.is_known]
    return [("Importance", " ".join([f"{text}.", *missing]))]
