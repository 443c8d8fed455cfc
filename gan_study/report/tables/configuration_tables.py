"""Tables of the arms' definitions and configurations."""

from collections.abc import Mapping

from gan_study.analysis.run_data import RunData
from gan_study.analysis.sentences.number_text import (
    NOTHING,
    number,
)
from gan_study.analysis.summary import Summary
from gan_study.config.arms.arm import Arm
from gan_study.config.arms.settings import arm_settings
from gan_study.config.base import Scalar
from gan_study.config.space import range_text
from gan_study.report.tables.table import Table


def configuration_table(run: RunData, summary: Summary) -> Table:
    """One row for each hyperparameter that any arm searches, with its value in each arm.

    The values are those of the confirmed configuration, or else of the best one of the search. A value that the arm
    does not search is muted; an arm without the hyperparameter has a dash.
    """
    return configurations(summary, {arm: arm_settings(Arm(run.study, arm)).fixed for arm in run.arms})


def configurations(summary: Summary, fixed: Mapping[str, Mapping[str, Scalar]]) -> Table:
    """The configuration table for given fixed values: by arm, the hyperparameters that it does not search."""
    names = list(dict.fromkeys(name for arm in summary.arms.values() for name in arm.hyperparameters))
    rows = tuple(
        (name, *(number(arm.hyperparameters.get(name, fixed[key].get(name))) for key, arm in summary.arms.items()))
        for name in names
    )
    muted = frozenset(
        (row, column)
        for row, name in enumerate(names)
        for column, arm in enumerate(summary.arms.values(), start=1)
        if name not in arm.hyperparameters
    )
    return Table(("Hyperparameter", *summary.arms), rows, frozenset({"Hyperparameter"}), muted)


def arm_table(run: RunData) -> Table:
    """The definition of each arm: its search space, and all fixed hyperparameters including defaults."""
    rows = []
    for name in run.study.arms:
        arm = arm_settings(Arm(run.study, name))
        fixed = ", ".join(
            f"{key} {number(value)}" for key, value in arm.fixed.items() if key not in ("loss", "penalty")
        )
        ranges = "; ".join(f"{p.name}: {range_text(p.range)}" for p in arm.searched)
        conditions = (str(arm.fixed.get(key, "searched")) for key in ("loss", "penalty"))
        rows.append((name, *conditions, fixed, ranges or "nothing", *_refined(run, name)))
    columns = ("Arm", "Loss", "Penalty", "Fixed", "Searched", *(["Refined"] if run.refinements else []))
    return Table(columns, tuple(rows), frozenset(columns))


def _refined(run: RunData, arm: str) -> list[str]:
    """A cell with the refined ranges of an arm; no cell if no arm has any."""
    if not run.refinements:
        return []
    found = run.refinements.get(arm)
    if found is None:
        return [NOTHING]
    around = f" (around {', '.join(found.sources)})" if found.sources else ""
    return ["; ".join(f"{label}: {range_text(each)}" for label, each in found.ranges.items()) + around]
