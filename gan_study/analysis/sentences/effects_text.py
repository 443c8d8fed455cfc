"""Sentences on what mattered in a search."""

import math
from collections.abc import Sequence

from gan_study.analysis.effects.arm_effects import ArmEffects
from gan_study.analysis.effects.path import Path, PathStep
from gan_study.analysis.sentences.importance_text import ArmImportance
from gan_study.analysis.sentences.number_text import listed, number, quantity, whole_percent
from gan_study.analysis.statistics.estimate import Estimate

_MOST = 0.5
"""Share of the whole predicted gain above which one value explains most of it."""


def effects_sentences(effects: ArmEffects) -> str:
    """The gain of an arm's best configuration over the paper's defaults, and the value that explains most of it."""
    if effects.reason is not None:
        return f"{effects.arm}: it is unknown which values mattered, because {effects.reason}."
    learned = quantity(effects.num_trials, "search trial")
    learned += f" and {quantity(effects.num_seeds, 'confirmed seed')}" if effects.num_seeds else ""
    when = "" if effects.kimg is None else f" by their scores after {number(effects.kimg)} kimg"
    head = f"{effects.arm}, from {learned}{when}: "
    if effects.path is None:
        return f"{head}the best configuration is that of the paper's defaults."
    whole = effects.path.whole
    return (
        f"{head}between the paper's defaults and {effects.best}, the score is predicted to change by "
        f"{_text(whole, effects.is_relative)}{_doubt(whole)}. {_explained(effects.path, effects.is_relative)}"
    )


def mattered_sentences(effects: Sequence[ArmEffects], importances: Sequence[ArmImportance]) -> list[str]:
    """The sentences on each arm; then, for each arm without shares of the score's variance by fANOVA, the reason."""
    missing = [each.sentence for each in importances if each.target == "score" and not each.is_known]
    return [*map(effects_sentences, effects), *missing]


def step_text(step: PathStep) -> str:
    """Such as `g_lr (0.0002 to 0.0013)`."""
    before, after = (number(value) if value is not None else "none" for value in (step.before, step.after))
    return f"{step.name} ({before} to {after})"


def _explained(path: Path, is_relative: bool) -> str:
    # Ratios of scores multiply, so their logarithms add up.
    gains = [-math.log1p(step.change.value) if is_relative else -step.change.value for step in path.steps]
    total = sum(gain for gain in gains if gain > 0)
    if total <= 0:
        return "No single value is predicted to lower it."
    share = max(gains) / total
    first = path.steps[gains.index(max(gains))]
    much = "most" if share > _MOST else "the largest part"
    clear = [step for step in path.steps if step.is_clear and step.change.value < 0]
    certainty = f"with a probability of {whole_percent(first.probability_most)} it is the most important one"
    text = f"{step_text(first)} explains {much} of the gain: {_text(first.change, is_relative)}; {certainty}."
    if not clear:
        return f"{text} But no single value's gain is clear."
    others = [step_text(step) for step in clear if step is not first]
    return text + (f" Clear, too: {listed(others)}." if others else "")


def _doubt(whole: Estimate) -> str:
    return ", which may be chance" if whole.low <= 0 <= whole.high else ""


def _text(change: Estimate, is_relative: bool) -> str:
    """A change with its interval, such as `-23 % (-41 % to 2 %)`."""
    if is_relative:
        return f"{_signed(change.value)} ({_signed(change.low)} to {_signed(change.high)})"
    return f"{number(change.value)} ({number(change.low)} to {number(change.high)})"


def _signed(share: float) -> str:
    """A change as a percentage, or as a factor if it is large."""
    return whole_percent(share) if share < 1 else f"a factor of {1 + share:.3g}"
