"""The marks of a verdict: one colour, one pattern and one symbol for each word, the same in every figure."""

from dataclasses import dataclass

from gan_study.analysis.trial_verdicts import NO_SIGN


@dataclass(frozen=True)
class VerdictStyle:
    """How a verdict is drawn."""

    colour: str
    pattern: str
    """Of a bar, so that it is told apart without its colour; empty where nothing is wrong."""
    symbol: str
    """Of a point; hollow where nothing is wrong."""


# Colours of Paul Tol's "muted" scheme (SRON/EPS/TN/09-002, figure 4), safe for colour-blind readers. The arms have
# those of another scheme.
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
