import numpy as np
import pytest

from gan_study.diagnosis.curves import (
    fall_of_last_third,
    fall_per_evaluation,
    last_third,
    num_reversals,
    rotation,
    swing,
)
from gan_study.diagnosis.evidence import Signals

TENTH = (0.1,) * 10


def with_scores(*scores: float | None) -> list[Signals]:
    return [Signals(cur_nimg=10_000 * i, score=score) for i, score in enumerate(scores)]


def with_shares(*shares: tuple[float, ...]) -> list[Signals]:
    return [Signals(cur_nimg=10_000 * i, class_shares=share) for i, share in enumerate(shares)]


def one_class(index: int) -> tuple[float, ...]:
    return tuple(np.eye(10)[index].tolist())


def test_last_third() -> None:
    assert last_third([1, 2, 3, 4, 5, 6, 7]) == [5, 6, 7]
    assert last_third([1, 2, 3], least=2) == [2, 3]
    assert last_third([], least=2) == []


@pytest.mark.parametrize(
    ("tail", "turns"),
    [
        ([8, 6, 4, 3], 0),
        ([8, 4, 8, 4], 2),
        ([8, 4, 8, 8.1], 1),
        ([8, 4, 2, 3], 1),  # a rise counts from the lowest point
        ([8, 4, 4.3, 3.9], 0),  # 7.5 % up is no reversal
        ([4, 4.3, 4.6, 3], 1),  # a slow rise counts from where it began
        ([8, 4, 4.3, 4.6], 1),
        ([5, 5, 5, 5], 0),
    ],
)
def test_reversals(tail: list[float], turns: int) -> None:
    assert num_reversals([100, *tail]) == turns
    assert swing([100, *tail]) == pytest.approx(max(tail) / min(tail), rel=1e-12)


def test_short_curves_show_no_swing() -> None:
    assert num_reversals([8, 4, 8, 4]) is None
    assert swing([8, 4, 8, 4]) is None


def test_fall_per_evaluation() -> None:
    assert fall_per_evaluation([100, 10, 9, 8.1]) == pytest.approx(0.1, rel=1e-12)
    assert fall_per_evaluation([10, 10, 10]) == 0
    assert fall_per_evaluation([10, 9]) is None
    assert fall_per_evaluation([10, 9, -0.1]) is None


def test_fall_of_the_last_third_leaves_lost_scores_out() -> None:
    # 9, 7, 5 fall by 4 in all, with the mean 7.
    assert fall_of_last_third(with_scores(100, 90, 9, 7, 5)) == pytest.approx(4 / 7, rel=1e-9)
    assert fall_of_last_third(with_scores(5, 5, 5)) == pytest.approx(0, abs=1e-12)
    # Through (0, 3), (2, 2) and (3, 1) goes a line of the slope -9/14.
    assert fall_of_last_third(with_scores(3, None, 2, 1)) == pytest.approx(9 / 14 * 3 / 2, rel=1e-9)
    assert fall_of_last_third(with_scores(3, None, 2)) is None


def test_a_generator_that_turns_through_the_classes_is_seen() -> None:
    turning = with_shares(*(one_class(i) for i in range(6)))
    # Against the uniform one, a single class has JS = ln 2 - (1.1 ln 1.1 - 0.1 ln 0.1) / 2 = 0.5256 nats.
    expected = np.log(2) - (1.1 * np.log(1.1) - 0.1 * np.log(0.1)) / 2
    assert rotation(turning, TENTH) == pytest.approx(expected, rel=1e-9)


def test_a_collapsed_or_a_full_generator_does_not_turn() -> None:
    assert rotation(with_shares(*[one_class(3)] * 6), TENTH) == pytest.approx(0, abs=1e-12)
    assert rotation(with_shares(*[TENTH] * 6), TENTH) == pytest.approx(0, abs=1e-12)
    assert rotation(with_shares(*(one_class(i) for i in range(4))), TENTH) is None
    assert rotation(with_shares(*(one_class(i) for i in range(6))), None) is None
