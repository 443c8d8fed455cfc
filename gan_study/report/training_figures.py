"""Drawing of the figures about training itself, whose content `figure_data.py` works out."""

from collections.abc import Sequence

import plotly.graph_objects as go

from gan_study.report.figure_data import ClassShareBars, SignalCurve, SignalPanel
from gan_study.report.style import NEUTRAL, ArmStyle, Styles, label, new_figure, style_axes


def draw_signals(panels: Sequence[SignalPanel], style: ArmStyle) -> go.Figure:
    """Losses, logits and gradient norms of one arm, one above the other; the shown trial stands out."""
    figure = new_figure(height=190 * len(panels) + 80)
    figure.set_subplots(rows=len(panels), cols=1, shared_xaxes=True, vertical_spacing=0.06)
    style_axes(figure)
    for row, panel in enumerate(panels, start=1):
        first = panel.curves[0].signal
        for curve in panel.curves:
            _add_signal(figure, curve, style, dash="solid" if curve.signal == first else "dot", row=row)
        scale = "log" if panel.is_positive else "linear"
        limits = None if panel.is_positive else _steady_range(panel.curves)
        figure.update_yaxes(title=panel.title, type=scale, range=limits, exponentformat="power", row=row, col=1)
    for name, dash in (("discriminator, real", "solid"), ("generator, fake", "dot")):
        figure.add_scatter(x=[None], y=[None], mode="lines", name=name, line={"color": NEUTRAL, "dash": dash})
    figure.update_xaxes(rangemode="tozero")
    figure.update_xaxes(title="Images seen (kimg)", row=len(panels), col=1)
    return figure


def draw_class_shares(data: ClassShareBars, styles: Styles) -> go.Figure:
    """Bars of the class shares, those of the real images first."""
    figure = new_figure(height=340)
    colours = {arm: styles[arm].colour for arm, _ in data.arms}
    bars = [("real images", NEUTRAL, data.real), *((arm, colours[arm], shares) for arm, shares in data.arms)]
    for name, colour, shares in bars:
        figure.add_bar(
            x=[label(class_name) for class_name in data.class_names],
            y=shares,
            name=label(name),
            marker={"color": colour},
            hovertemplate="class %{x}: %{y:.1%}<extra>" + label(name) + "</extra>",
        )
    style_axes(figure)
    figure.update_layout(barmode="group", bargap=0.3)
    figure.update_xaxes(title="Class, as the domain classifier sees it", type="category")
    figure.update_yaxes(title="Share of images", tickformat=".0%", rangemode="tozero")
    return figure


def _add_signal(figure: go.Figure, curve: SignalCurve, style: ArmStyle, dash: str, row: int) -> None:
    name = label(f"{curve.trial}, {curve.signal}")
    figure.add_scatter(
        x=curve.kimg,
        y=curve.values,
        mode="lines+markers",
        row=row,
        col=1,
        name=name,
        showlegend=False,
        opacity=1.0 if curve.is_shown else 0.35,
        line={"color": style.colour, "width": 2.5 if curve.is_shown else 1, "dash": dash},
        marker={"size": 4},
        hovertemplate=name + "<br>%{x:.4g} kimg: %{y:.4g}<extra></extra>",
    )


def _steady_range(curves: Sequence[SignalCurve]) -> list[float] | None:
    # A diverging trial runs off the plot instead of pressing all others flat.
    values = [v for c in curves if not c.is_lost for v in c.values]
    if not values:
        return None
    margin = 0.08 * (max(values) - min(values)) or 1.0
    return [min(values) - margin, max(values) + margin]
