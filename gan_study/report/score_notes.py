"""Names of scores, and notes on how to read them."""

from gan_study.analysis.sentences.number_text import ROUGH_FLOOR, number
from gan_study.analysis.statistics.budget_curves import Crossover
from gan_study.metrics.frechet_floor import floor_is_rough
from gan_study.runs.records.measurements import ObjectiveRecord, ScoreKey


def score_name(objective: ObjectiveRecord | None) -> str:
    """FID for scores that are comparable with published FID; FD for any other Frechet distance."""
    if objective is None:
        return "score"
    return "FID" if objective.key.is_published_fid else "FD"


def score_note(objective: ObjectiveRecord) -> str:
    """Explain how to read the scores of the study, once at the head of the page."""
    return (
        f"{score_name(objective)}, lower is better; N = {objective.key.num_generated:,} generated v "
        f"{objective.key.num_real:,} real images; real-against-real floor {number(objective.floor)}"
        f"{rough_note(objective.key)}; "
        f"untrained {number(objective.untrained_score)}.{_early_note(objective)}"
    )


def _early_note(objective: ObjectiveRecord) -> str:
    if objective.early_num_samples is None:
        return ""
    num, floor = objective.early_num_samples, number(objective.early_floor)
    return (
        f" Before a training's end N = {num:,}, whose floor is {floor}{rough_note(objective.key, num)}: "
        "such scores may stop a trial, but never rank it."
    )


def rough_note(key: ScoreKey, num_generated: int | None = None) -> str:
    """A note for a floor that is only a rough estimate; empty for other floors.

    num_generated: number of images of the floor, if it is not that of the key.
    """
    num = key.num_generated if num_generated is None else num_generated
    return f", {ROUGH_FLOOR}" if floor_is_rough(num, key.num_real, key.dims) else ""


def short_note(objective: ObjectiveRecord | None) -> str:
    """A note for the scores of a figure or table: the number of images behind each score."""
    if objective is None:
        return "The kind of score is determined before the first training."
    return f"{score_name(objective)} at N = {objective.key.num_generated:,}; lower is better."


def curve_note(objective: ObjectiveRecord) -> str:
    """A note for curves of scores over a training, all of which are from equally many images."""
    num = objective.early_num_samples or objective.key.num_generated
    return f"{score_name(objective)} at N = {num:,}; lower is better."


def crossover_sentence(found: Crossover) -> str:
    """A sentence on the budget at which one arm overtakes another in the search."""
    more = f" (the lead changed {found.num_changes} times in all)" if found.num_changes > 1 else ""
    return f"{found.after} overtakes {found.before} for good once each has spent {number(found.spent_kimg)} kimg{more}."
