"""The common look of all figures: colour and symbol of each arm, fonts and axes."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import plotly.graph_objects as go

# Paul Tol's "vibrant" scheme (SRON/EPS/TN/09-002, figure 3), safe for colour-blind readers; its grey is left for
# marks that belong to no arm. These six stand out from a white and from a near-black page.
_COLOURS = ("#0077BB", "#EE7733", "#009988", "#CC3311", "#33BBEE", "#EE3377")
_SYMBOLS = ("circle", "square", "diamond", "triangle-up", "star", "hexagon", "pentagon")
_MOST_CHARACTERS = 14
NEUTRAL = "#8a8f98"
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"


@dataclass(frozen=True)
class ArmStyle:
    """Colour and symbol of one arm."""

    colour: str
    symbol: str


Styles = dict[str, ArmStyle]


def arm_styles(arms: Sequence[str]) -> Styles:
    """A style for each arm by its position in the study file. Colours repeat after six arms, symbols after seven."""
    return {arm: ArmStyle(_COLOURS[i % len(_COLOURS)], _SYMBOLS[i % len(_SYMBOLS)]) for i, arm in enumerate(arms)}


def label(text: str) -> str:
    """Escape untrusted text for a figure, since Plotly reads labels as simple HTML."""
    return escape(text)


def short_label(text: str) -> str:
    """Escape untrusted text for an axis and cut it short, since long labels would leave no room for the plot."""
    return label(text if len(text) <= _MOST_CHARACTERS else f"{text[: _MOST_CHARACTERS - 1]}…")


def new_figure(height: int) -> go.Figure:
    """Make an empty figure. The page's style sheet sets the colours of text and grid (light, dark, print)."""
    figure = go.Figure()
    figure.update_layout(
        template="none",
        height=height,
        margin={"l": 8, "r": 8, "t": 40, "b": 8},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"family": FONT, "size": 12},
        legend={"orientation": "h", "x": 0, "xanchor": "left", "y": 1, "yanchor": "bottom"},
        hoverlabel={"font": {"family": FONT, "size": 12}, "align": "left"},
        hovermode="closest",
        modebar={"bgcolor": "rgba(0,0,0,0)", "color": NEUTRAL, "activecolor": NEUTRAL},
    )
    return figure


def style_axes(figure: go.Figure) -> None:
    """Give all axes of a figure the same quiet look."""
    quiet = {"automargin": True, "showline": False, "zeroline": False, "ticks": "", "gridwidth": 1}
    figure.update_xaxes(**quiet, showgrid=False, title_standoff=8)
    figure.update_yaxes(**quiet, showgrid=True, title_standoff=8)


def add_band(
    figure: go.Figure, colour: str, name: str, x: Sequence[float], low: Sequence[float], high: Sequence[float]
) -> None:
    """Fill the band between two lines over the same x."""
    outline = {"x": [*x, *reversed(x)], "y": [*high, *reversed(low)], "mode": "lines", "fill": "toself"}
    line = {"color": colour, "width": 0.5}
    figure.add_scatter(**outline, line=line, opacity=0.25, name=name, hoverinfo="skip")


def set_share_axis(figure: go.Figure, **settings: object) -> None:
    """Make the horizontal axis one of shares from 0 to 100 percent, with room for the label at 100."""
    figure.update_xaxes(range=[0, 100], **settings)
    # Plotly hides a label that does not fit into the figure.
    figure.update_layout(margin_r=24)
