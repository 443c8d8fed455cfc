"""The trials that figures draw one by one: all of a small search, an even part of a large one."""

from dataclasses import replace

from gan_study.analysis.run_data import RunData, best_first

MOST_DRAWN = 500
"""Largest number of search and refine trials of an arm that figures draw one by one."""


def thin_run(run: RunData) -> RunData:
    """Return the run with at most `MOST_DRAWN` search and refine trials of each arm.

    They are evenly spaced in the order of `best_first`, from the best on, so that the best quarter of them belongs to
    the best quarter of all, and the share of failures stays as it is.
    """
    left_out: set[tuple[str, str]] = set()
    for arm in run.arms:
        ranked = best_first(run.searched_trials(arm))
        if len(ranked) > MOST_DRAWN:
            drawn = {number * len(ranked) // MOST_DRAWN for number in range(MOST_DRAWN)}
            left_out |= {(arm, trial.name) for place, trial in enumerate(ranked) if place not in drawn}
    return replace(run, trials=tuple(t for t in run.trials if (t.config.arm, t.name) not in left_out))


def thinned_note(run: RunData, drawn: RunData) -> str:
    """Return a sentence on the trials that figures do not draw; empty if they draw all."""
    counts = {arm: len(run.searched_trials(arm)) for arm in run.arms}
    if len(drawn.trials) == len(run.trials):
        return ""
    return (
        f"Of an arm with more than {MOST_DRAWN} search trials (here up to {max(counts.values()):,}), {MOST_DRAWN} are "
        "drawn, evenly spaced in the order of their scores; trials.csv holds all."
    )
