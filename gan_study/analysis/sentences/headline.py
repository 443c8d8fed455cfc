"""The comparison of arms in the headline, and the small print with test and intervals."""

from collections.abc import Sequence
from statistics import fmean

from gan_study.analysis.arm_comparison import ArmsComparison, PairStatistics
from gan_study.analysis.comparison.same_arm_notes import is_better
from gan_study.analysis.sentences.number_text import listed, quantity, whole_percent
from gan_study.analysis.statistics.rank_test import SIGNIFICANCE

_MOST_RIVALS = 2
"""Largest number of rivals for which the sentences give all numbers. For more, they give those of the closest."""


def clearly_better(comparison: ArmsComparison, pairs: Sequence[PairStatistics]) -> str:
    """A sentence on a leader that beats every rival; `pairs` are one or more pairs with the leader as `a`."""
    if len(pairs) <= _MOST_RIVALS:
        first, *others = pairs
        texts = [f"{first.test.b} in {_share(first)} of seed pairs ({_seeds(first)}, {_p(first)})"]
        texts += [f"than {pair.test.b} in {_share(pair)} ({_seeds(pair)}, {_p(pair)})" for pair in others]
        return f"It scored better than {listed(texts)}."
    nearest = closest(comparison, pairs)
    least = min(pair.test.probability_lower for pair in pairs if pair is not nearest)
    # The same arm of another study, and copies, are no rivals.
    other = "arm" if len(pairs) == len(comparison.leader_pairs) else "rival"
    return (
        f"It scored better than its closest rival, {nearest.test.b}, in {_share(nearest)} of seed pairs "
        f"({_seeds(nearest)}, {_p(nearest)}), and than each other {other} in {whole_percent(least)}"
        f"{' or more' if least < 1 else ''}."
    )


def could_be_chance(comparison: ArmsComparison, pairs: Sequence[PairStatistics]) -> str:
    """Sentences on a leader that does not beat all its rivals: the closest one, and others that it does not beat."""
    equals = [pair for pair in pairs if not is_better(pair)]
    nearest = closest(comparison, equals)
    test = nearest.test
    assert test.smallest_p is not None, "only tested pairs are asked for"
    found = f"{test.a} scored better than {test.b} in {_share(nearest)} of seed pairs"
    if test.is_distinguishable:
        sentences = [f"{found} only ({_seeds(nearest)}, {_p(nearest)}), though it leads over all arms together."]
    elif test.smallest_p >= SIGNIFICANCE:
        too_few = f"{_seeds(nearest)} {'is' if test.num_a == test.num_b == 1 else 'are'} too few"
        sentences = [f"{found}, but {too_few} to tell this from chance, whatever they score ({_p(nearest)})."]
    else:
        sentences = [f"{found}, but with {_seeds(nearest)} this could be chance ({_p(nearest)})."]
    if nearest.further_seeds is not None:
        sentences.append(_settled_by(nearest.further_seeds.num, nearest.further_seeds.limit))
    if others := [pair.test.b for pair in equals if pair is not nearest]:
        sentences.append(f"It is not clearly better than {listed(others)} either.")
    return " ".join(sentences)


def small_print(comparison: ArmsComparison, pairs: Sequence[PairStatistics]) -> str:
    """The small print with the test and the intervals of the shares of seed pairs; empty without a test."""
    if not pairs:
        return ""
    name = "Seed pairs: one confirmed training of each arm. Test: exact two-sided Mann-Whitney"
    if comparison.num_tests > 1:
        name += f", p values corrected by Holm's method for {quantity(comparison.num_tests, 'pair')} of arms"
    if comparison.level_share < 1:
        name += (
            f"; p values and intervals are corrected for all planned looks (these seeds may spend "
            f"{whole_percent(comparison.level_share)} of the 5 % level)"
        )
    shown = pairs if len(pairs) <= _MOST_RIVALS else [closest(comparison, pairs)]
    intervals = []
    for pair in shown:
        assert pair.probability_lower is not None, "only tested pairs are asked for"
        low, high = whole_percent(pair.probability_lower.low), whole_percent(pair.probability_lower.high)
        intervals.append(f"{low} to {high} against {pair.test.b} ({pair.test.num_a} v {pair.test.num_b} seeds)")
    more = "; the table of all pairs lists the others" if len(shown) < len(pairs) else ""
    return f"{name}. 95 % interval of the share of seed pairs: {listed(intervals)}{more}."


def closest(comparison: ArmsComparison, pairs: Sequence[PairStatistics]) -> PairStatistics:
    """The leader's least decided pair: the highest p, then the lowest share, then the best mean of the rival."""
    arms = comparison.by_arm

    def closeness(pair: PairStatistics) -> tuple[float, float, float]:
        rival = arms[pair.test.b].confirmed
        assert rival is not None, "only arms with confirmed seeds are paired"
        assert pair.test.p_holm is not None, "only tested pairs are asked for"
        return pair.test.p_holm, -pair.test.probability_lower, -fmean(rival.counted.strata[0])

    return max(pairs, key=closeness)


def _settled_by(num: int | None, limit: int) -> str:
    if num is None:
        return f"Even {limit} more seeds per arm would probably not settle it."
    return f"About {quantity(num, 'more seed')} per arm should settle it."


def _share(pair: PairStatistics) -> str:
    return whole_percent(pair.test.probability_lower)


def _seeds(pair: PairStatistics) -> str:
    a, b = pair.test.num_a, pair.test.num_b
    return f"{quantity(a, 'seed')} each" if a == b else f"{a} and {quantity(b, 'seed')}"


def _p(pair: PairStatistics) -> str:
    """A p value such as `p = 0.15`, `p = 0.008` or `p < 0.001`."""
    p = pair.test.p_holm
    assert p is not None, "only tested pairs are asked for"
    if p < 0.001:
        return "p < 0.001"
    return f"p = {p:.2f}" if p >= 0.1 else f"p = {p:.3f}"
