"""The report of one study as HTML: its tabs and the values that their templates use."""

from typing import Any

from gan_study.analysis.confirmation import confirmed_arms
from gan_study.analysis.run_data import RunData
from gan_study.analysis.sentences.effects_text import mattered_sentences
from gan_study.analysis.summary import Summary
from gan_study.report.figures.effect_figures import dependence_note
from gan_study.report.figures.figure_style import arm_styles
from gan_study.report.figures.pareto_figures import pareto_table
from gan_study.report.figures.report_plots import report_plots
from gan_study.report.pictures.page_pictures import Pictures
from gan_study.report.score_notes import score_note, short_note
from gan_study.report.skeleton import Tab, render_skeleton
from gan_study.report.tables.average_table import AVERAGE_CAPTION, average_table
from gan_study.report.tables.class_table import class_caption, class_table
from gan_study.report.tables.configuration_tables import arm_table, configuration_table
from gan_study.report.tables.final_scores_table import final_note, final_table
from gan_study.report.tables.luck_table import LUCK_CAPTION, luck_table
from gan_study.report.tables.protocol import comparability, protocol_items
from gan_study.report.tables.result_tables import cost_table, pair_table, score_table
from gan_study.report.tables.trial_tables import confirmed_table, failure_table, leaderboard, state_table
from gan_study.report.tables.verdict_evidence import evidences

TABS = (
    Tab("result", "Result"),
    Tab("confirmation", "Confirmation"),
    Tab("images", "Images"),
    Tab("atlas", "Collapse"),
    Tab("failures", "Failures"),
    Tab("search", "Search"),
    Tab("training", "Training"),
    Tab("protocol", "Protocol"),
)


def render_page(run: RunData, summary: Summary, pictures: Pictures) -> str:
    """Render the whole report, with the pictures from `load_pictures`."""
    confirmed = list(confirmed_arms(run).values())
    values: dict[str, Any] = {
        "run": run,
        "summary": summary,
        "styles": arm_styles(run.arms),
        "score_note": score_note(run.objective) if run.objective else "",
        "short_note": short_note(run.objective),
        "comparability": comparability(run.objective) if run.objective else "",
        "scores": score_table(run, summary),
        "costs": cost_table(summary),
        "configurations": configuration_table(run, summary),
        "pairs": pair_table(summary.comparison.pairs),
        "confirmed": confirmed_table(run, confirmed),
        "final": final_table(run, confirmed),
        "final_note": final_note(confirmed),
        "classes": class_table(confirmed),
        "class_caption": class_caption(confirmed),
        "luck": luck_table(summary.luck.arms if summary.luck else {}),
        "luck_caption": LUCK_CAPTION,
        "averages": average_table(confirmed),
        "average_caption": AVERAGE_CAPTION,
        "failures": failure_table(run),
        "leaderboards": {arm: leaderboard(run, arm) for arm in run.arms if run.searched_trials(arm)},
        "pareto": pareto_table(summary.pareto),
        "arm_table": arm_table(run),
        "states": state_table(run),
        "protocol": protocol_items(run),
        "evidences": evidences(run),
        "pictures": pictures,
        "plots": report_plots(run, summary),
        "mattered": mattered_sentences(summary.effects, summary.importance),
        "dependence_note": dependence_note(summary.effects, run.objective),
    }
    return render_skeleton(f"{summary.study}: report", "header", TABS, values)
