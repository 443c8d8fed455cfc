"""The time of a whole run from a pace: each part counted by hand, and what the plan says of it."""

import pytest

from gan_study.config.arms.arm import Arm
from gan_study.config.estimates.longest_training import longest_trainings, typical_training
from gan_study.config.estimates.pace import Pace
from gan_study.config.estimates.study_time import TimeEstimate, estimate_time, num_at_once
from gan_study.config.estimates.training_time import estimate_scoring_sec, estimate_seconds_per_kimg
from gan_study.config.plan.plan_text import duration_in_words, time_text
from gan_study.config.reading.load import parse_study
from gan_study.config.study import StudyConfig

TEXT = """\
name: timed
dataset: {name: digits}
objective: {num_samples: 300}
budget: {trials_per_arm: 6, total_kimg: 30, evaluate_every_kimg: 10}
arms:
  a: {network: dcgan, loss: least_squares}
  b: {network: mlp, loss: least_squares}
search_space:
  g_lr: {log_uniform: [1e-3, 1e-2]}
search: {scheduler: none}
confirm: {top_k: 1, seeds: 3}
"""


def study(*overrides: str) -> StudyConfig:
    return parse_study(TEXT, "x.yaml", overrides)


def estimate(pace: Pace, *overrides: str) -> TimeEstimate:
    return estimate_time(study(*overrides), None, pace)


def arm_sec(arm: str, step: float = 1.0, scored: float = 1.0) -> float:
    return longest_trainings(Arm(study(), arm), 1497, step, scored)[1]


def test_a_measured_machine_stretches_what_was_measured() -> None:
    slow = Pace(num_cpus=1, step={"a": 3.0, "b": 2.0}, scoring=5.0)
    found = estimate(slow)
    assert found.search_sec == pytest.approx(6 * (arm_sec("a", 3, 5) + arm_sec("b", 2, 5)))
    assert found.confirm_sec == pytest.approx(3 * (arm_sec("a", 3, 5) + arm_sec("b", 2, 5)))
    per_image = 5 * estimate_scoring_sec(study().objective, 16)
    assert found.preparation_sec == pytest.approx((1797 + 300) * per_image)
    # Each training's first scores; of confirmed ones 150 diagnosed, 4 draws of 300, and 600 real images once.
    images = 18 * 300 + 6 * (150 + 1200) + 600
    mean = (3 * 2) ** 0.5
    assert found.end_sec == pytest.approx(images * per_image + 18 * 0.4 * mean)
    assert (found.start_sec, found.report_sec) == pytest.approx((12 * mean, 4 * mean))
    parts = [found.start_sec, found.extractor_sec, found.preparation_sec, found.search_sec, found.confirm_sec]
    assert found.total_sec == pytest.approx(sum(parts) + found.end_sec + found.report_sec)


def test_the_extractor_is_counted_unless_it_is_kept() -> None:
    assert estimate(Pace(1, learning_sec_per_kimg=2.0)).extractor_sec == pytest.approx(44.91 * 2)
    assert estimate(Pace(2, learning_sec_per_kimg=2.0)).extractor_sec == pytest.approx(44.91 * 2), "on both cores"
    assert estimate(Pace(1)).extractor_sec == pytest.approx(44.91 * 0.8 / 4), (
        "assumed, for a quarter of 32 pixels' area"
    )
    assert estimate(Pace(2)).extractor_sec == pytest.approx(44.91 * 0.8 / 4 * 1.1 / 2)
    assert estimate(Pace(1, learning_sec_per_kimg=2.0), "dataset={name: mnist}").extractor_sec == 192 * 2
    assert estimate(Pace(1, learning_sec_per_kimg=2.0), "objective.extractor_kimg=10").extractor_sec == 20
    assert estimate(Pace(1, learning_sec_per_kimg=2.0), "dataset.max_images=100").extractor_sec == pytest.approx(6)
    assert estimate(Pace(1, extractor_is_kept=True)).extractor_sec == 0
    assert estimate(Pace(1), "objective={extractor: inception, num_samples: 300}").extractor_sec == 0


def test_trials_at_once_are_what_the_machine_runs() -> None:
    assert num_at_once(study(), Pace(8)) == 8
    assert num_at_once(study("resources.cpus_per_worker=3"), Pace(8)) == 2
    assert num_at_once(study("resources.max_concurrent_trials=4"), Pace(8)) == 4
    assert num_at_once(study("resources.max_concurrent_trials=4"), Pace(2)) == 2
    assert num_at_once(study("resources.workers_per_trial=4"), Pace(2)) == 1
    assert num_at_once(study(), Pace(8, num_gpus=2)) == 2
    assert num_at_once(study("resources.trials_per_gpu=3"), Pace(8, num_gpus=2)) == 6
    assert num_at_once(study("resources.trials_per_gpu=3"), Pace(8)) == 6
    assert num_at_once(study("resources.gpus_per_worker=0.5"), Pace(8, num_gpus=2)) == 4
    assert num_at_once(study("resources.gpus_per_worker=0.4"), Pace(8, num_gpus=2)) == 4, "none spans two GPUs"


def test_the_seeds_of_all_looks_are_counted_and_the_first_look_is_named() -> None:
    fixed, looks = estimate(Pace(1)), estimate(Pace(1), "confirm.until_decided={max_seeds: 9}")
    assert looks.confirm_sec == pytest.approx(3 * fixed.confirm_sec)
    assert looks.first_look_sec == pytest.approx(fixed.total_sec)
    assert fixed.first_look_sec is None
    words = f"; about {duration_in_words(fixed.total_sec)} if the first look at the seeds decides"
    assert words in time_text(study(), looks)
    assert "first look" not in time_text(study(), fixed)


def test_trials_side_by_side_take_less_time() -> None:
    one, two = estimate(Pace(1)), estimate(Pace(2))
    assert two.search_sec == pytest.approx(1.15 * one.search_sec / 2)
    free = estimate(Pace(64), "search.order=free")
    assert free.search_sec == pytest.approx(max(arm_sec("a"), 1.15 * one.search_sec / 64))


def test_a_search_waits_for_results_also_on_many_cores() -> None:
    one, many = estimate(Pace(1)), estimate(Pace(64))
    assert (many.num_at_once, many.num_searched_at_once) == (64, 4)
    assert many.search_sec == pytest.approx(1.15 * one.search_sec / 4)
    assert "64 trials at once (4 during the search, because of its order)" in time_text(study(), many)


def test_early_stopping_saves_what_luck_would() -> None:
    never, asha = estimate(Pace(1)), estimate(Pace(1), "search={scheduler: asha, lag: 1}")
    # Rung at 10 of 30 kimg: the n-th of 6 to come goes on with chance 1, 1/2, 1/3, 1/4, 1/5, 2/6.
    share = 1 / 3 + 2 / 3 * (1 + 1 / 2 + 1 / 3 + 1 / 4 + 1 / 5 + 2 / 6) / 6
    assert asha.search_sec == pytest.approx(share * never.search_sec)
    later = estimate(Pace(1), "search={scheduler: asha, lag: 3}")
    # Each knows those before it but for the last 2.
    share = 1 / 3 + 2 / 3 * (1 + 1 + 1 + 1 / 2 + 1 / 3 + 1 / 4) / 6
    assert later.search_sec == pytest.approx(share * never.search_sec)
    assert asha.confirm_sec == never.confirm_sec
    assert asha.max_sec == pytest.approx(never.max_sec)


def test_a_usual_training_lies_between_the_shortest_and_the_longest() -> None:
    wide = parse_study(TEXT, "x.yaml", ["search_space={network.width: {choice: [8, 64]}}"])
    _, seconds = typical_training(Arm(wide, "a"), 1497)
    _, longest = longest_trainings(Arm(wide, "a"), 1497)
    narrow = parse_study(TEXT, "x.yaml", ["arms.a.network={name: dcgan, width: 8}"])
    assert seconds == pytest.approx((longest_trainings(Arm(narrow, "a"), 1497)[1] + longest) / 2)


def test_seconds_of_a_step_are_stretched_apart_from_those_of_scores() -> None:
    from gan_study.config.arms.resolved_training import resolve_training

    training = resolve_training(Arm(study(), "a"), {}, seed=0, num_train_images=1497)
    base, step, scored = (estimate_seconds_per_kimg(training, *ratios) for ratios in ((1, 1), (3, 1), (1, 3)))
    assert step + scored == pytest.approx(4 * base)


def test_what_the_plan_says() -> None:
    measured = Pace(2, step={"a": 1.0, "b": 1.0}, scoring=1.0, learning_sec_per_kimg=0.5)
    text = time_text(study("search={scheduler: asha}"), estimate(measured, "search={scheduler: asha}"))
    assert "with 2 trials at once: Ray's start 12 seconds, training the domain classifier 22 seconds, " in text
    assert "if all are the longest and none is stopped early" in text
    assert text.endswith("This machine was measured for two seconds")
    assumed = time_text(study(), estimate(Pace(1)))
    assert "with 1 trial at a time: " in assumed
    assert assumed.endswith("Nothing was measured: the figures assume the developers' machine")
    assert "this machine keeps the extractor" in time_text(study(), estimate(Pace(1, extractor_is_kept=True)))


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.2, "1 second"), (1.4, "1 second"), (1.6, "2 seconds"), (100, "2 minutes")]
)
def test_one_second_is_no_plural(seconds: float, words: str) -> None:
    assert duration_in_words(seconds) == words
