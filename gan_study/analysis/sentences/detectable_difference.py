"""Sentences on the differences that a study's confirmed seeds can detect, for `plan` and for a warning before a run."""

import math
from dataclasses import dataclass
from statistics import fmean, variance

import scipy  # loads its parts when they are used

from gan_study.analysis.confirmation import confirmed_arms
from gan_study.analysis.run_data import RunData
from gan_study.analysis.sentences.looks_text import looks_text
from gan_study.analysis.sentences.number_text import format_p, number, quantity, whole_percent
from gan_study.analysis.statistics.power import (
    MAX_SEEDS,
    detectable_probability,
    fewest_seeds,
    seeds_for,
    smallest_holm_p,
    strictest_level,
)
from gan_study.analysis.statistics.rank_test import SIGNIFICANCE
from gan_study.analysis.statistics.spending import level_shares
from gan_study.config.study import StudyConfig


@dataclass(frozen=True)
class SeedSpread:
    """The spread of a run's confirmed seeds that did not fail."""

    deviation: float
    """Standard deviation of the scores within an arm, pooled over the arms."""
    num_arms: int
    """Arms with two or more such seeds, over which the deviation is pooled."""
    best: tuple[str, str] | None
    """The two arms with the lowest mean scores; None with fewer than two arms."""
    difference: float
    """Difference of the mean scores of these two; 0 with fewer than two arms."""


def observed_spread(run: RunData) -> SeedSpread | None:
    """The spread of a run's confirmed seeds; None if no arm has two seeds with different scores."""
    scores = {
        arm: [t.score for t in confirmed.trials if t.score is not None]
        for arm, confirmed in confirmed_arms(run).items()
    }
    several = {arm: values for arm, values in scores.items() if len(values) > 1}
    if not several:
        return None
    freedom = sum(len(values) - 1 for values in several.values())
    pooled = sum((len(values) - 1) * variance(values) for values in several.values()) / freedom
    if pooled == 0:
        return None
    means = sorted((fmean(values), arm) for arm, values in several.items())
    (first, a), (second, b) = means[0], means[min(1, len(means) - 1)]
    return SeedSpread(math.sqrt(pooled), len(several), (a, b) if len(means) > 1 else None, second - first)


def seeds_warning(study: StudyConfig) -> str | None:
    """A sentence if no arm of a study can win, whatever it scores; None if one can, or with a single arm."""
    num_arms, confirm = len(study.arms), study.confirm
    if num_arms < 2:
        return None
    if confirm.top_k == 0:
        return (
            "No arm of this study can win, because confirm.top_k=0 trains no configuration again with fresh seeds; "
            "set confirm.top_k=1."
        )
    smallest = _smallest_p(study)
    if smallest < SIGNIFICANCE:
        return None
    fewest = fewest_seeds(num_arms)
    most = confirm.looks[-1]
    return (
        f"No arm of this study can win, whatever it scores: with {num_arms} arms and {quantity(most, 'seed')} "
        f"each, the smallest p value is {smallest:.3f}, and a winner needs less than {SIGNIFICANCE:g}. {fewest} seeds "
        f"would do: --set confirm.seeds={fewest}."
    )


def _smallest_p(study: StudyConfig) -> float:
    """The smallest corrected p value that one arm can reach against every other, at the best of all looks."""
    looks = study.confirm.looks
    shares = zip(looks, level_shares(looks), strict=True)
    return min(1.0, *(smallest_holm_p([seeds] * len(study.arms)) / share for seeds, share in shares))


def _detectable(study: StudyConfig) -> float | None:
    """The smallest P(A < B) above one half that the best of all looks detects; None if no look can detect any."""
    looks, level = study.confirm.looks, strictest_level(len(study.arms))
    planned = zip(looks, level_shares(looks), strict=True)
    few = [(seeds, share) for seeds, share in planned if seeds <= MAX_SEEDS] or [(looks[0], level_shares(looks)[0])]
    found = [detectable_probability(seeds, level * share) for seeds, share in few]
    return min((probability for probability in found if probability is not None), default=None)


def smallest_difference(study: StudyConfig, spread: SeedSpread) -> float | None:
    """The smallest difference between the mean scores of two arms that a study tells with a chance of 80 %.

    The scores of both are taken to be normal, with the spread's deviation. None for a single arm, if no arm can win,
    and with more seeds than power is computed for.
    """
    if len(study.arms) < 2 or study.confirm.top_k == 0 or study.confirm.seeds > MAX_SEEDS:
        return None
    probability = _detectable(study)
    return None if probability is None else _difference(probability, spread)


def _difference(probability: float, spread: SeedSpread) -> float:
    return math.sqrt(2) * spread.deviation * float(scipy.stats.norm.ppf(probability))


def seeds_rows(study: StudyConfig, spread: SeedSpread | None, source: str) -> list[tuple[str, str]]:
    """Labels and texts on the test between arms and its power; `source` names the run that `spread` is from."""
    num_arms = len(study.arms)
    if num_arms < 2:
        return [("test", "none: a single arm has no other arm to test against")]
    warning = seeds_warning(study)
    rows = [("test", warning or _test(study))]
    if study.confirm.top_k == 0:
        return rows
    level = strictest_level(num_arms)
    if (detectable := _detectable(study)) is not None:
        rows.append(("detects", _detects(detectable, spread, source)))
    return [*rows, ("would do", _would_do(num_arms, level, spread))]


def _test(study: StudyConfig) -> str:
    num_arms, confirm = len(study.arms), study.confirm
    num_pairs = num_arms * (num_arms - 1) // 2
    name = "exact two-sided Mann-Whitney test"
    name += f", with Holm's correction over {num_pairs} pairs of arms" if num_pairs > 1 else ""
    chosen = ", of its best configuration," if confirm.top_k > 1 else ""
    smallest = format_p(_smallest_p(study))
    if len(looks := confirm.looks) > 1:
        return (
            f"at most {looks[-1]} seeds of each arm{chosen} are compared ({name}), {looks_text(looks)}; "
            f"they can reach {smallest} at best, and an arm wins at the first look where p is below {SIGNIFICANCE:g} "
            "against every other arm"
        )
    return (
        f"{confirm.seeds} seeds of each arm{chosen} are compared ({name}); they can reach {smallest} at best, and an "
        f"arm wins with p below {SIGNIFICANCE:g} against every other arm"
    )


def _detects(probability: float, spread: SeedSpread | None, source: str) -> str:
    text = f"with a chance of 80 %, an arm that scores better in {math.ceil(100 * probability)} % of seed pairs"
    if spread is None:
        return text
    difference = number(_difference(probability, spread))
    return (
        f"{text}; so a difference of {difference} between the mean scores, if seeds of an arm scatter "
        f"as in {source} (standard deviation {number(spread.deviation)}, {quantity(spread.num_arms, 'arm')}, failed "
        "seeds left out)"
    )


def _would_do(num_arms: int, level: float, spread: SeedSpread | None) -> str:
    text = f"{fewest_seeds(num_arms)} seeds of each arm at least, so that an arm can win at all"
    if spread is None or spread.best is None:
        shown = {share: seeds_for(share, level) for share in (0.9, 0.8, 0.7)}
        needed = (f"{_seeds(num)} for {whole_percent(share)}" for share, num in shown.items())
        return f"{text}; to detect an arm that scores better in a given share of seed pairs: {', '.join(needed)}"
    probability = float(scipy.stats.norm.cdf(spread.difference / (math.sqrt(2) * spread.deviation)))
    a, b = spread.best
    return (
        f"{text}; {_seeds(seeds_for(probability, level))} to detect, with a chance of 80 %, the difference of "
        f"{number(spread.difference)} between {a} and {b}, the two best arms there"
    )


def _seeds(num: int | None) -> str:
    return f"more than {MAX_SEEDS} seeds" if num is None else quantity(num, "seed")
