"""The frame of every page: its head, its tabs, and the styles and scripts inside it.

The content of each tab comes from a template in sections/.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape
from plotly.offline import get_plotlyjs

from gan_study.analysis.sentences.number_text import number
from gan_study.report.tables.table import Table

STYLES = ("page", "tables", "figures", "images", "atlas", "dark", "print")
"""Files of styles/. Later ones override earlier ones."""
SCRIPTS = ("theme", "downloads", "figures", "chooser", "tables", "timeline", "zoom", "tabs", "ready")
"""Files of scripts/, in the order in which they run. Later ones may use what earlier ones declare."""

_BREAKS = re.compile("([_./])(?=[A-Za-z])")
_NO_BREAK = "\N{NO-BREAK SPACE}"
_LONG_CELL = 40
"""A text cell with more characters than this is not narrowed to the width of a word."""


@dataclass(frozen=True)
class Tab:
    """One section of the page: a tab with JavaScript, a chapter on paper or without JavaScript."""

    name: str
    """The anchor of the section and the name of its template, sections/<name>.html.jinja."""
    title: str


def render_skeleton(
    title: str, header: str, tabs: Sequence[Tab], values: Mapping[str, Any], kind: str = "report"
) -> str:
    """Render a whole page. A tab whose template renders nothing is left out.

    header: name of the template in sections/ for the part above the tabs. values: variables of the templates. kind: the
    kind of page that `is_page` recognises.
    """
    environment = _environment()

    def section(name: str) -> Markup:
        # The template has escaped its values.
        return Markup(environment.get_template(f"sections/{name}.html.jinja").render(values).strip())

    return environment.get_template("report.html.jinja").render(
        title=title,
        kind=kind,
        header=section(header),
        tabs=[(tab, content) for tab in tabs if (content := section(tab.name))],
        css="\n".join(_text(f"styles/{name}.css") for name in STYLES),
        script="\n".join(_text(f"scripts/{name}.js") for name in SCRIPTS),
        plotly=get_plotlyjs(),
    )


def is_page(start: str, kind: str) -> bool:
    """Return True if a file with this start is a page of this kind."""
    return f'<meta name="generator" content="gan_study {kind}">' in start


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("gan_study", "report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(breakable=_breakable, unbroken=_unbroken, whole_percents=_whole_percents, number=number)
    environment.globals.update(cell_class=_cell_class)
    return environment


def _cell_class(table: Table, row: int, column: int) -> str | None:
    is_words, is_muted = table.columns[column] in table.text_columns, (row, column) in table.muted
    is_long = is_words and len(table.rows[row][column]) > _LONG_CELL
    return " ".join(["words"] * is_words + ["long"] * is_long + ["muted"] * is_muted) or None


def _breakable(text: str) -> Markup:
    """Text in which long names may break across lines."""
    return Markup(_BREAKS.sub(r"\1<wbr>", str(escape(text))))


def _unbroken(text: str) -> str:
    """Text that breaks across lines only before a parenthesis."""
    return text.replace(" ", _NO_BREAK).replace(f"{_NO_BREAK}(", " (")


def _whole_percents(text: str) -> str:
    """Text in which no line begins with a percent sign."""
    return text.replace(" %", f"{_NO_BREAK}%")


def _text(name: str) -> str:
    return resources.files("gan_study.report").joinpath(name).read_text(encoding="utf-8")
