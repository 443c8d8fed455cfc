"""The table of the scatter of confirmed scores: how much comes from training again, and how much from the latents."""

from collections.abc import Mapping

from gan_study.analysis.sentences.number_text import number, percent, score_text
from gan_study.analysis.statistics.variance_components import ArmLuck
from gan_study.report.tables.table import Table

LUCK_CAPTION = (
    "Luck in the confirmed scores: standard deviations, with coefficients of variation (standard deviation divided by "
    "mean) in parentheses. Each confirmed training's generator is scored on independent draws of latents. The ratio's "
    "95 % interval is exact for normally distributed scores."
)


def luck_table(arms: Mapping[str, ArmLuck]) -> Table:
    """One row for each arm whose luck could be measured."""
    columns = ("Arm", "Trainings", "Draws of each", "Mean", "From training again", "From other latents", "Ratio (95 %)")
    rows = tuple(
        (
            arm,
            f"{found.num_trainings}" + (f" ({found.num_left_out} left out)" if found.num_left_out else ""),
            str(found.num_draws),
            score_text(found.mean),
            f"{score_text(found.training_sd)} ({percent(found.training_variation)})",
            f"{score_text(found.draw_sd)} ({percent(found.draw_variation)})",
            f"{number(found.ratio.value)} ({number(found.ratio.low)} to {number(found.ratio.high)})",
        )
        for arm, found in arms.items()
    )
    return Table(columns, rows, frozenset({"Arm"}))
