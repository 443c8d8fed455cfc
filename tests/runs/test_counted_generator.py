"""The generator of a training that counts."""

import pytest

from gan_study.config.data import ObjectiveConfig
from gan_study.runs.counted_generator import (
    At,
    best_evaluation,
    counted_nimg,
    counted_score,
    counted_snapshot,
    recorded_score,
)
from gan_study.runs.records.measurements import BestScore, EvaluationRecord
from gan_study.runs.storage import Storage
from gan_study.runs.trial_folder import TrialFolder


def evaluation(nimg: int, score: float | None, **values: object) -> EvaluationRecord:
    record = EvaluationRecord(
        cur_nimg=nimg, num_d_steps=0, num_g_steps=0, train_sec=0.0, evaluate_sec=0.0, score=score,
        class_shares=None, losses=None,
    )  # fmt: skip
    return record.model_copy(update=values)


BEST = BestScore(cur_nimg=1000, score=11.0, chosen_by=10.0)
LAST = evaluation(3000, 30.0, best=BEST)


def test_the_best_has_the_lowest_score_of_equally_many_images() -> None:
    rest = [evaluation(0, None), evaluation(1000, 20.0), evaluation(2000, 20.0)]
    best = best_evaluation([*rest, evaluation(3000, 15.0, early_score=25.0)])
    assert best is not None
    assert best.cur_nimg == 1000
    best = best_evaluation([*rest, evaluation(3000, 25.0, early_score=15.0)])
    assert best is not None
    assert best.cur_nimg == 3000
    assert best_evaluation([evaluation(0, None)]) is None


def test_what_was_given_up_is_no_best() -> None:
    assert best_evaluation([evaluation(1000, 5.0, rolled_back_to=0)]) is None


@pytest.mark.parametrize(("at", "score", "nimg"), [("last", 30.0, 3000), ("best", 11.0, 1000)])
def test_what_counts(at: At, score: float, nimg: int) -> None:
    assert (counted_score(LAST, at), counted_nimg(LAST, at)) == (score, nimg)
    without = LAST.model_copy(update={"best": None})
    assert (counted_score(without, at), counted_nimg(without, at)) == (30.0, 3000)


def test_a_best_whose_new_images_are_not_finite_has_no_score() -> None:
    last = LAST.model_copy(update={"best": BEST.model_copy(update={"score": None})})
    assert counted_score(last, "best") is None


def test_its_snapshot(tmp_path: object) -> None:
    trial = TrialFolder(Storage(str(tmp_path)))
    assert counted_snapshot(trial, "best") is None
    for nimg in (1000, 3000):
        trial.write_snapshot(nimg, b"weights")
    assert (counted_snapshot(trial, "last"), counted_snapshot(trial, "best")) == (3000, 3000)
    trial.write_evaluations([evaluation(1000, 10.0), LAST])
    assert (counted_snapshot(trial, "last"), counted_snapshot(trial, "best")) == (3000, 1000)
    trial.keep_snapshots({3000})
    assert counted_snapshot(trial, "best") is None


def test_what_a_snapshot_scored() -> None:
    evaluations = [evaluation(1000, 10.0), evaluation(2000, 12.0, num_samples=500), LAST]
    objective = ObjectiveConfig()
    assert [recorded_score(evaluations, nimg, objective) for nimg in (500, 1000, 2000, 3000)] == [
        None,
        11.0,
        None,
        30.0,
    ]
    assert recorded_score([], 1000, objective) is None
    # Of a best that is the last, the score that counts.
    last = evaluation(1000, 10.0, best=BEST)
    for at, score in (("last", 10.0), ("best", 11.0)):
        assert recorded_score([last], 1000, objective.model_copy(update={"at": at})) == score
