"""Numbers and durations as a reader sees them."""

from gan_study.config.base import Scalar
from gan_study.runs.records import ObjectiveRecord

NOTHING = "–"


def number(value: Scalar | None) -> str:
    """Four significant digits; a dash for None; texts as they are."""
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        return str(value).lower()  # as in a study file
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def score_text(score: float | None) -> str:
    """A score with four significant digits, zeros included, so that columns compare."""
    return NOTHING if score is None else f"{score:#.4g}".rstrip(".")


def percent(share: float | None) -> str:
    """A share in [0, 1] as a percentage."""
    return NOTHING if share is None else f"{100 * share:.3g} %"


def duration(seconds: float) -> str:
    """Such as `52 s`, `12 min` or `3.4 h`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def score_name(objective: ObjectiveRecord | None) -> str:
    """FID only for what is comparable with published FID; FD for any other Frechet distance."""
    if objective is None:
        return "score"
    return "FID" if objective.key.is_published_fid else "FD"


def score_note(objective: ObjectiveRecord | None) -> str:
    """What stands beside every score: how many images it is made from, and its floor."""
    if objective is None:
        return "The run folder has no objective yet."
    return (
        f"{score_name(objective)}, lower is better; N = {objective.key.num_generated} generated v "
        f"{objective.key.num_real} real images; real-against-real floor {number(objective.floor)}; "
        f"untrained {number(objective.untrained_score)}."
    )
