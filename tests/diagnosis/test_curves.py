import numpy as np
import pytest

from gan_study.diagnosis.evidence import Signals
from gan_study.diagnosis.measures.curves import (
    class_rotation,
    fall_of_last_quarter,
    fall_of_last_third,
    last_third,
    num_reversals,
    score_swing,
    share_of_untrained,
)

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
    assert score_swing([100, *tail]) == pytest.approx(max(tail) / min(tail), rel=1e-12)


def test_short_curves_show_no_swing() -> None:
    assert num_reversals([8, 4, 8, 4]) is None
    assert score_swing([8, 4, 8, 4]) is None


def test_fall_of_the_last_quarter() -> None:
    assert fall_of_last_quarter(with_scores(100, 10, 9, 8.1)) == pytest.approx(0.1, rel=1e-12)
    assert fall_of_last_quarter(with_scores(10, 10, 10)) == 0
    assert fall_of_last_quarter(with_scores(10, 8)) is None
    assert fall_of_last_quarter(with_scores(10, 8, None)) is None
    assert fall_of_last_quarter(with_scores(10, -1, 5)) is None
    # Evaluations at 0 to 8: the last quarter begins after the one at 6.
    assert fall_of_last_quarter(with_scores(99, 50, 30, 20, 18, 16, 10, 7, 6)) == pytest.approx(0.4, rel=1e-12)
    assert fall_of_last_quarter(with_scores(99, 50, 30, 20, 18, 8, 10, 7, 6)) == pytest.approx(0.25, rel=1e-12)
    assert fall_of_last_quarter(with_scores(99, 57.6, 80, 90, 69)) == pytest.approx(1 - 69 / 57.6, rel=1e-12)


@pytest.mark.parametrize("num", [9, 33, 257])
def test_how_often_a_training_is_evaluated_does_not_change_its_fall(num: int) -> None:
    shares = np.arange(1, num) / (num - 1)
    curve = with_scores(1000.0, *(100 * shares**-0.5).tolist())
    assert fall_of_last_quarter(curve) == pytest.approx(1 - 0.75**0.5, rel=1e-12)


def test_share_of_the_untrained_score() -> None:
    assert share_of_untrained(with_scores(100, 90, 95), 80) == pytest.approx(0.9, rel=1e-12)
    assert share_of_untrained(with_scores(None, 90, 95), 100) == pytest.approx(0.9, rel=1e-12)
    assert share_of_untrained(with_scores(None, 90, 95), None) is None
    assert share_of_untrained(with_scores(100), 80) is None
    assert share_of_untrained([], 80) is None


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
    assert class_rotation(turning, TENTH) == pytest.approx(expected, rel=1e-9)


def test_a_collapsed_or_a_full_generator_does_not_turn() -> None:
    assert class_rotation(with_shares(*[one_class(3)] * 6), TENTH) == pytest.approx(0, abs=1e-12)
    assert class_rotation(with_shares(*[TENTH] * 6), TENTH) == pytest.approx(0, abs=1e-12)
    assert class_rotation(with_shares(*(one_class(i) for i in range(4))), TENTH) is None
    assert class_rotation(with_shares(*(one_class(i) for i in range(6))), None) is None
