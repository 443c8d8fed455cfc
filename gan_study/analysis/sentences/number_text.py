"""Format numbers for readers of the headline, the report and the terminal."""

from collections.abc import Sequence

from gan_study.analysis.statistics.estimate import Estimate
from gan_study.analysis.statistics.failures import FailureRate
from gan_study.config.base import Scalar
from gan_study.metrics.frechet_floor import EXACT_PER_DIM

NOTHING = "–"
"""Shown in place of a missing value."""
ROUGH = "a rough estimate"
ROUGH_FLOOR = f"{ROUGH}, because there are fewer than {EXACT_PER_DIM} images for each feature"
"""Description of a floor with too few images."""


def number(value: Scalar | None) -> str:
    """A number with four significant digits and commas between thousands; a dash for None.

    Whole numbers and texts are not changed.
    """
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        return str(value).lower()  # as in a study file
    if not isinstance(value, float):
        return str(value)
    rounded = float(f"{value:.4g}")
    return f"{rounded:,.0f}" if abs(rounded) >= 1000 else f"{rounded:.4g}"


def score_text(score: float | None) -> str:
    """A score with four significant digits, including trailing zeros, so that columns align."""
    if score is None:
        return NOTHING
    return number(score) if abs(score) >= 999.95 else f"{score:#.4g}".rstrip(".")


def percent(share: float | None) -> str:
    """A share in [0, 1] as a percentage of three significant digits."""
    return NOTHING if share is None else f"{100 * share:.3g} %"


def whole_percent(share: float) -> str:
    """A share in [0, 1] as a whole percentage, since a few trials give no more digits."""
    return f"{100 * share:.0f} %"


def estimate_text(estimate: Estimate | None) -> str:
    """A score or a difference of scores with its interval, such as `10.60 (9.800 to 11.40)`."""
    if estimate is None:
        return NOTHING
    return f"{score_text(estimate.value)} ({score_text(estimate.low)} to {score_text(estimate.high)})"


def failure_text(rate: FailureRate | None) -> str:
    """Failed and ended trials with the interval of the share, such as `1 of 5 (4 % to 62 %)`."""
    if rate is None or rate.share is None:
        return NOTHING
    interval = f"{whole_percent(rate.share.low)} to {whole_percent(rate.share.high)}"
    return f"{rate.num_failed} of {rate.num_ended} ({interval})"


def format_p(p: float | None) -> str:
    """A p value such as `p = 0.008` or `p < 0.001`; a dash for None."""
    if p is None:
        return NOTHING
    return f"p = {p:.3f}" if p >= 0.001 else "p < 0.001"


def listed(names: Sequence[str]) -> str:
    """Names as a list in a sentence, such as `a, b and c`."""
    return " and ".join(text for text in (", ".join(names[:-1]), names[-1]) if text)


def quantity(num: int, noun: str) -> str:
    """A number with its noun, such as `1 seed` or `5 seeds`."""
    return f"{num:,} {noun}" if num == 1 else f"{num:,} {noun}s"


def duration(seconds: float) -> str:
    """A duration such as `52 s`, `12 min` or `3.4 h`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
