"""Sentences of the headline on arms that are not rivals of the leader: copies, and the same arm of another study."""

from collections.abc import Iterator

from gan_study.analysis.arm_comparison import ArmsComparison, PairStatistics
from gan_study.analysis.sentences.number_text import format_p, listed, quantity, whole_percent


def rivals(comparison: ArmsComparison, arm: str | None) -> list[PairStatistics]:
    """Pairs of an arm, as `a`, with each arm that it could beat as a method; only the first of several copies."""
    found: dict[str, PairStatistics] = {}
    for pair in comparison.pairs_of(arm) if arm else ():
        if pair.test.is_rival:
            found.setdefault(pair.test.scored[1], pair)
    return list(found.values())


def is_better(pair: PairStatistics) -> bool:
    """Return True if `a` scores lower than `b` by more than chance."""
    return pair.test.is_better


def same_notes(comparison: ArmsComparison, winner: str | None) -> list[str]:
    """A clause for each arm that the leader is not tested against as a rival."""
    return list(_notes(comparison, winner))


def _notes(comparison: ArmsComparison, winner: str | None) -> Iterator[str]:
    for pair in comparison.leader_pairs:
        test = pair.test
        if not test.is_tested:
            yield (
                f"{test.b} is not tested against {test.a}, as {test.num_same} of its "
                f"{quantity(test.num_b, 'seed')} are the same trainings"
            )
        elif test.counted_as is not None:
            yield f"{test.b} has the same trainings as {test.scored[1]}, and the two count as one"
        elif test.is_same_arm:
            yield _another_search(comparison, pair) + (_not_better(comparison, test.b) if winner else "")


def _another_search(comparison: ArmsComparison, pair: PairStatistics) -> str:
    test = pair.test
    corrected = "Holm-corrected " if comparison.num_tests > 1 else ""
    return (
        f"{test.b} is the same arm in another study: {test.a} scored better than it in "
        f"{whole_percent(test.probability_lower)} of seed pairs ({corrected}{format_p(test.p_holm)}), which is a "
        "difference between two searches and not part of the verdict"
    )


def _not_better(comparison: ArmsComparison, twin: str) -> str:
    """A clause on the arms that `twin`, the winner's arm in another study, does not beat; empty if there are none."""
    others = [pair.test.b for pair in rivals(comparison, twin) if not is_better(pair)]
    return f", though {twin} itself is not clearly better than {listed(others)}" if others else ""
