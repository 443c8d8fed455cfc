"""The status of a trial at its end: completed, collapsed or diverged, and the reason."""

import time

from gan_study.config.thresholds import Thresholds
from gan_study.diagnosis.evidence import trial_evidence
from gan_study.diagnosis.verdict import evidence_to_verdict
from gan_study.runs.records.diagnosis import VerdictName
from gan_study.runs.records.measurements import EvaluationRecord
from gan_study.runs.records.status import TrialState, TrialStatus
from gan_study.training.distributed import Workers
from gan_study.training.state import Counters
from gan_study.training.steps import PlayerStep


def ended_status(status: TrialStatus, state: TrialState, cur_nimg: int, reason: str | None = None) -> TrialStatus:
    """Return the status of a trial that ends now."""
    return status.model_copy(
        update={"state": state, "cur_nimg": cur_nimg, "reason": reason, "end_time": time.time(), "pid": None}
    )


def collapse_reason(status: TrialStatus, evaluations: list[EvaluationRecord], thresholds: Thresholds) -> str | None:
    """Return why the last evaluation's generator counts as totally collapsed or not finite; None if it does not."""
    verdict = evidence_to_verdict(trial_evidence(status, evaluations), thresholds)
    if verdict.name not in (VerdictName.DIVERGED, VerdictName.TOTAL_COLLAPSE):
        return None
    return " ".join(finding.sentence for finding in verdict.decisive)


def collapsed_status(status: TrialStatus, cur_nimg: int, reason: str) -> TrialStatus:
    """Return the status of a trial that ends now because its generator has collapsed."""
    ending = ended_status(status, TrialState.STOPPED, cur_nimg, f"collapsed: {reason}")
    return ending.model_copy(update={"collapsed": True})


def diverged_status(status: TrialStatus, counters: Counters, reason: str) -> TrialStatus:
    """Return the status of a trial that ends now because of a failed step."""
    ending = ended_status(status, TrialState.DIVERGED, counters.cur_nimg, reason)
    return ending.model_copy(update={"seconds": counters.seconds})


def divergence_reason(failed_step: PlayerStep[float], counters: Counters, workers: Workers) -> str:
    """Return which network's loss or gradient is not finite, and at which step. Collective.

    counters: as they were before the failed step.
    """
    network = failed_step.network
    measures = next(m for m in workers.gather(failed_step.measures) if not m.is_finite)
    # Before the generator's step, the discriminator's step of the same round has been made and counted.
    step = counters.num_d_steps + 1 if network == "discriminator" else counters.num_d_steps
    return (
        f"the {network}'s loss or gradient is not finite (loss {measures.loss:g}, gradient norm "
        f"{measures.grad_norm:g}) at discriminator step {step}, after {counters.cur_nimg:,} images"
    )
