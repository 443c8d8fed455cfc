"""Colour, pattern and symbol of each verdict in all figures."""

from dataclasses import dataclass

from gan_study.analysis.trial_verdicts import NO_SIGN


@dataclass(frozen=True)
class VerdictStyle:
    """Marks of a verdict."""

    colour: str
    pattern: str
    """Pattern of a bar, which distinguishes failures without colour; empty for other verdicts."""
    symbol: str
    """Symbol of a point; hollow for verdicts that are no failure."""


# Colours of Paul Tol's "muted" scheme (SRON/EPS/TN/09-002, figure 4), safe for colour-blind readers. The arms
# have the colours of another scheme.
VERDICT_STYLES = {
    "diverged": VerdictStyle("#882255", "x", "x"),
    "not learning": VerdictStyle("#332288", ".", "circle-x"),
    "total collapse": VerdictStyle("#CC6677", "/", "square"),
    "shrunken modes": VerdictStyle("#DDCC77", "|", "triangle-down"),
    "partial collapse": VerdictStyle("#AA4499", "\\", "diamond"),
    "possible memorisation": VerdictStyle("#6655CC", "+", "star"),
    "discriminator overpowering": VerdictStyle("#999933", "-", "triangle-up"),
    "oscillating": VerdictStyle("#88CCEE", ".", "hourglass"),
    "process failed": VerdictStyle("#44474d", "x", "cross"),
    "unlike real images": VerdictStyle("#661100", "", "diamond-open"),
    "still improving": VerdictStyle("#44AA99", "", "triangle-up-open"),
    "inconclusive": VerdictStyle("#6b6e76", "", "square-open"),
    NO_SIGN: VerdictStyle("#989ba3", "", "circle-open"),
    "healthy": VerdictStyle("#117733", "", "circle"),
}
