"""Failure rates of trainings, and the scores of those that did not fail."""

import math
from dataclasses import replace

import pytest
from support.present import present
from support.synthetic_run import OBJECTIVE, RUNNING, write_synthetic_run

from gan_study.analysis.load_run import load_run
from gan_study.analysis.run_data import RunData
from gan_study.analysis.statistics.failures import (
    ConditionalScores,
    FailureRate,
    conditional_scores,
    counted_scores,
    describe_failures,
)
from gan_study.analysis.statistics.seed_scores import SeedScores, describe_seeds


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunData:
    return load_run(write_synthetic_run(str(tmp_path_factory.mktemp("run"))))


def wilson(num_failed: int, num_ended: int) -> tuple[float, float]:
    """Wilson 1927: the two roots of (p - share)^2 = z^2 p (1 - p) / n."""
    z2, share = 1.959963984540054**2, num_failed / num_ended
    middle = (share + z2 / (2 * num_ended)) / (1 + z2 / num_ended)
    reach = math.sqrt(z2 * (share * (1 - share) / num_ended + z2 / (4 * num_ended**2))) / (1 + z2 / num_ended)
    return middle - reach, middle + reach


def test_diverged_and_failed_trials_are_failures_and_stopped_ones_are_not(run: RunData) -> None:
    # wgan's search: three completed, one stopped, one failed; its seeds: four completed, one diverged.
    rate = describe_failures(run.trials_of_arm("wgan"))
    assert (rate.num_failed, rate.num_ended, present(rate.share).value) == (2, 10, 0.2)
    assert (present(rate.share).low, present(rate.share).high) == pytest.approx(wilson(2, 10))


def test_without_a_failure_the_interval_has_a_width(run: RunData) -> None:
    rate = describe_failures(run.trials_of_arm("lsgan", "confirm"))
    assert (rate.num_failed, present(rate.share).value, present(rate.share).low) == (0, 0.0, 0.0)
    assert present(rate.share).high == pytest.approx(wilson(0, 5)[1])


def test_a_completed_trial_whose_last_images_were_not_finite_is_a_failure(run: RunData) -> None:
    trial = run.trials_of_arm("lsgan", "confirm")[0]
    *before, last = trial.evaluations
    lost = replace(trial, evaluations=(*before, last.model_copy(update={"score": None})))
    assert describe_failures([lost, trial]).num_failed == 1


def test_running_trials_are_not_counted(run: RunData) -> None:
    trial = run.trials_of_arm("lsgan", "confirm")[0]
    running = replace(trial, status=trial.status.model_copy(update={"state": RUNNING}))
    found = conditional_scores([running, trial])
    assert (found.failures.num_failed, found.failures.num_ended, present(found.scores).num) == (0, 1, 1)


def test_collapsed_trials_are_failures_though_they_have_a_score(run: RunData) -> None:
    trials = run.trials_of_arm("lsgan", "confirm")
    collapsed = {("lsgan", "confirm_002_seed_1"), ("wgan", "confirm_002_seed_0")}
    found = conditional_scores(trials, collapsed)
    assert (found.failures.num_failed, found.failures.num_ended) == (1, 5)
    assert present(found.scores).strata == ((9.5, 11.0, 10.5, 12.0),)


def test_conditional_scores_leave_failures_out_and_say_how_many(run: RunData) -> None:
    found = conditional_scores(run.trials_of_arm("wgan", "confirm"))
    assert found.scores == SeedScores(((17.0, 16.5, 19.0, 18.0),), None, None)
    assert (found.failures.num_failed, found.failures.num_ended) == (1, 5)
    lost = [t for t in run.trials_of_arm("wgan") if t.score is None]
    assert conditional_scores(lost).scores is None
    assert conditional_scores(run.trials_of_arm("lsgan", "confirm")).scores == describe_seeds(
        [9.5, 10.0, 11.0, 10.5, 12.0]
    )


def test_nothing_ended_is_no_rate(run: RunData) -> None:
    assert describe_failures(()) == FailureRate(0, 0, None)
    assert conditional_scores(()) == ConditionalScores(None, FailureRate(0, 0, None))


def test_counted_scores_are_at_most_the_failure_score(run: RunData) -> None:
    objective = OBJECTIVE.model_copy(update={"failure_score": 17.5})
    assert counted_scores(run.trials_of_arm("wgan", "confirm"), objective) == (17.0, 16.5, 17.5, 17.5, 17.5)
