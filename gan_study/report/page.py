"""The report of one study as one HTML text: which tabs it has, and what they may use."""

from collections.abc import Mapping, Sequence
from typing import Any

from gan_study.analysis.confirmation import confirmed_arms
from gan_study.analysis.run_data import RunData, TrialData
from gan_study.analysis.summary import Summary, shown_trial
from gan_study.report import tables
from gan_study.report.final_scores import final_note, final_table
from gan_study.report.load import SampleGrid
from gan_study.report.plots import draw_plots
from gan_study.report.protocol import comparability, protocol_items
from gan_study.report.skeleton import Tab, render_skeleton
from gan_study.report.style import arm_styles
from gan_study.report.text import score_note, short_note
from gan_study.report.timeline import timelines

TABS = (
    Tab("result", "Result"),
    Tab("confirmation", "Confirmation"),
    Tab("images", "Images"),
    Tab("failures", "Failures"),
    Tab("search", "Search"),
    Tab("training", "Training"),
    Tab("protocol", "Protocol"),
)


def shown_trials(run: RunData) -> dict[str, TrialData]:
    """For each arm with a score, the trial whose images stand for it."""
    confirmed = confirmed_arms(run)
    found = {arm: shown_trial(run, arm, confirmed.get(arm)) for arm in run.arms}
    return {arm: trial for arm, trial in found.items() if trial is not None}


def render_page(run: RunData, summary: Summary, samples: Mapping[str, Sequence[SampleGrid]]) -> str:
    """The whole report. samples: each arm's grids, of the trials that `shown_trials` gives."""
    confirmed, shown = list(confirmed_arms(run).values()), shown_trials(run)
    values: dict[str, Any] = {
        "run": run,
        "summary": summary,
        "styles": arm_styles(run.arms),
        "score_note": score_note(run.objective) if run.objective else "",
        "short_note": short_note(run.objective),
        "comparability": comparability(run.objective) if run.objective else "",
        "scores": tables.score_table(run, summary),
        "costs": tables.cost_table(summary),
        "configurations": tables.configuration_table(run, summary),
        "pairs": tables.pair_table(summary),
        "confirmed": tables.confirmed_table(run, confirmed),
        "final": final_table(run, confirmed),
        "final_note": final_note(confirmed),
        "failures": tables.failure_table(run),
        "leaderboards": {arm: tables.leaderboard(run, arm) for arm in run.arms if run.of_arm(arm, "search")},
        "arm_table": tables.arm_table(run),
        "states": tables.state_table(run),
        "protocol": protocol_items(run),
        "timelines": timelines(run, shown, confirmed, samples),
        "plots": draw_plots(run, summary.comparison, confirmed, shown),
    }
    return render_skeleton(f"{summary.study}: report", "header", TABS, values)
