"""The report as one HTML text: what goes where. The look is in report.css, the order in report.html.jinja."""

import re
from collections.abc import Mapping, Sequence
from importlib import resources

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape
from plotly.offline import get_plotlyjs

from gan_study.analysis.confirmation import confirmed_arms
from gan_study.analysis.run_data import RunData, TrialData
from gan_study.analysis.summary import Summary, shown_trial
from gan_study.analysis.text import number
from gan_study.report import tables
from gan_study.report.load import SampleGrid
from gan_study.report.pareto_figures import pareto_table
from gan_study.report.plots import draw_plots
from gan_study.report.protocol import comparability, protocol_items
from gan_study.report.style import arm_styles
from gan_study.report.text import score_note, short_note
from gan_study.report.timeline import timelines

_BREAKS = re.compile("([_./])(?=[A-Za-z])")
_NO_BREAK = "\N{NO-BREAK SPACE}"


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
    environment.filters.update(breakable=_breakable, unbroken=_unbroken, number=number)
    confirmed, shown, styles = list(confirmed_arms(run).values()), shown_trials(run), arm_styles(run.arms)
    return environment.get_template("report.html.jinja").render(
        run=run,
        summary=summary,
        styles=styles,
        score_note=score_note(run.objective) if run.objective else "",
        short_note=short_note(run.objective),
        comparability=comparability(run.objective) if run.objective else "",
        scores=tables.score_table(run, summary),
        costs=tables.cost_table(summary),
        configurations=tables.configuration_table(run, summary),
        pairs=tables.pair_table(summary),
        confirmed=tables.confirmed_table(run, confirmed),
        failures=tables.failure_table(run),
        leaderboards={arm: tables.leaderboard(run, arm) for arm in run.arms if run.searched(arm)},
        pareto=pareto_table(summary.pareto),
        arm_table=tables.arm_table(run),
        states=tables.state_table(run),
        protocol=protocol_items(run),
        timelines=timelines(run, shown, confirmed, samples),
        plots=draw_plots(run, summary.comparison, confirmed, shown),
        css=_text("report.css"),
        script=_text("report.js"),
        plotly=get_plotlyjs(),
        cell_class=_cell_class,
    )


def _cell_class(table: tables.Table, row: int, column: int) -> str | None:
    is_words, is_muted = table.columns[column] in table.text_columns, (row, column) in table.muted
    return " ".join(["words"] * is_words + ["muted"] * is_muted) or None


def _breakable(text: str) -> Markup:
    """The text, where long names in it may be broken across lines."""
    return Markup(_BREAKS.sub(r"\1<wbr>", str(escape(text))))


def _unbroken(text: str) -> str:
    """Numbers that stay together: only what is in parentheses may stand on the next line."""
    return text.replace(" ", _NO_BREAK).replace(f"{_NO_BREAK}(", " (")


def _text(name: str) -> str:
    return resources.files("gan_study.report").joinpath(name).read_text(encoding="utf-8")
