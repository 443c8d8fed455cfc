"""The verdict on the generator of a training's best evaluation: later evaluations only set the flag, and show that the
score no longer falls."""

import pytest

from gan_study.analysis.trial_verdicts import trial_verdict
from gan_study.config.training import TrialConfig
from gan_study.diagnosis.evidence import trial_evidence
from gan_study.runs.records.diagnosis import VerdictName
from gan_study.runs.records.measurements import BestScore, EvaluationRecord, SignalsRecord
from gan_study.runs.records.status import RollbackRecord, TrialState, TrialStatus

SCORES = (100.0, 50.0, 20.0, 60.0, 90.0)
"""Scores at 0 to 4 thousand images. The last two evaluations show a total collapse: every image is a copy of
another."""


def evaluations(best_nimg: int | None = None) -> list[EvaluationRecord]:
    found = [
        EvaluationRecord(
            cur_nimg=1000 * i, num_d_steps=0, num_g_steps=0, train_sec=0.0, evaluate_sec=0.0, score=score,
            class_shares=None, losses=None, signals=SignalsRecord(duplicates=0.9 if i >= 3 else 0.0),
        )
        for i, score in enumerate(SCORES)
    ]  # fmt: skip
    if best_nimg is not None:
        found[-1] = found[-1].model_copy(update={"best": BestScore(cur_nimg=best_nimg, score=21.0, chosen_by=20.0)})
    return found


def config(at: str) -> TrialConfig:
    training = {"dataset": {"name": "digits"}, "network": "dcgan", "loss": "hinge", "objective": {"at": at}}
    return TrialConfig.model_validate({"training": training})


COMPLETED = TrialStatus(state=TrialState.COMPLETED)


def test_a_training_that_collapsed_after_its_best_evaluation() -> None:
    last = trial_verdict(config("last"), COMPLETED, evaluations(2000), None, None)
    best = trial_verdict(config("best"), COMPLETED, evaluations(2000), None, None)
    assert last is not None
    assert best is not None
    assert (last.verdict.name, last.is_lost) == (VerdictName.TOTAL_COLLAPSE, True)
    assert not best.is_lost
    assert best.verdict.name is VerdictName.INCONCLUSIVE  # its score fell up to there, but no longer falls
    assert last.verdict.late_collapse
    assert best.verdict.late_collapse
    assert "take the snapshot of its best evaluation, at 2,000 images" in last.verdict.sentence
    assert best.verdict.sentence.endswith(
        "Its training got worse afterwards; this is the generator of its best evaluation."
    )


@pytest.mark.parametrize("at", ["last", "best"])
def test_a_training_that_did_not_complete_is_judged_by_its_last_evaluation(at: str) -> None:
    found = trial_verdict(config(at), TrialStatus(state=TrialState.STOPPED), evaluations(), None, None)
    assert found is not None
    assert found.verdict.name is VerdictName.TOTAL_COLLAPSE


def test_evidence_up_to_an_evaluation() -> None:
    whole, early = trial_evidence(None, evaluations()), trial_evidence(None, evaluations(), cur_nimg=2000)
    assert [s.cur_nimg for s in whole.signals] == [0, 1000, 2000, 3000, 4000]
    assert whole.later == ()
    assert early.signals == whole.signals[:3]
    assert early.later == whole.signals[3:]


def test_a_rollback_after_the_best_evaluation_leaves_it_the_best() -> None:
    """Evaluations that were given up later still counted at the time of the best one."""
    back = RollbackRecord(cur_nimg=3000, to_nimg=1000, reason="collapse")
    status = COMPLETED.model_copy(update={"rollbacks": (back,)})
    whole, early = (trial_evidence(status, evaluations(), cur_nimg=nimg) for nimg in (None, 2000))
    assert [s.cur_nimg for s in whole.signals] == [0, 1000, 3000, 4000]
    assert [s.cur_nimg for s in early.signals] == [0, 1000, 2000]
    assert [s.cur_nimg for s in early.later] == [3000, 4000]
