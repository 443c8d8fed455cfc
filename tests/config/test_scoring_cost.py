"""The cost of scores other than those during a training equals a count by hand, and the plan shows it."""

import pytest

from gan_study.config.data import ObjectiveConfig
from gan_study.config.estimates.scoring_cost import ScoringCost, scoring_cost
from gan_study.config.estimates.training_time import estimate_scoring_sec, estimate_seconds_per_kimg
from gan_study.config.names import HELD_OUT_IMAGES, TRAIN_IMAGES
from gan_study.config.plan.plan import plan_study
from gan_study.config.plan.plan_text import format_plan
from gan_study.config.reading.load import parse_study
from gan_study.config.study import StudyConfig
from gan_study.config.training import TrainingConfig

TEXT = """\
name: seen
dataset: {name: digits}
objective: {extractor: inception, dims: 768, num_samples: 300}
budget: {trials_per_arm: 2, total_kimg: 1, evaluate_every_kimg: 1}
arms:
  a: {network: dcgan, loss: least_squares}
search_space:
  g_lr: {log_uniform: [1e-3, 1e-2]}
search: {scheduler: none}
confirm: {top_k: 1, seeds: 3}
"""


def study(*overrides: str) -> StudyConfig:
    return parse_study(TEXT, "x.yaml", overrides)


def cost(*overrides: str) -> ScoringCost:
    return scoring_cost(study(*overrides), 1497)


def test_before_the_first_trial_all_real_images_and_an_untrained_generators_are_seen() -> None:
    found = cost()
    assert (found.num_real, found.num_untrained) == (1797, 300)
    assert found.preparation_sec == pytest.approx(2097 * found.seconds_per_image)
    assert 120 < found.preparation_sec < 240
    assert [cost(f"objective.split={split}").num_real for split in ("train", "held_out")] == [1497, 300]


def test_at_the_ends_of_trainings() -> None:
    found = cost()
    # 150 as half the held-out ones; the real ones are all known from the statistics.
    assert (found.num_first, found.num_diagnosed, found.num_drawn) == (300, 150, 4 * 300)
    assert found.num_compared == 0
    seconds = found.seconds_per_image * (5 * 300 + 3 * (150 + 4 * 300))
    assert found.seconds_beside(num_trainings=5, num_confirmed=3) == pytest.approx(seconds)
    everywhere = cost("diagnosis.at_end=all")
    assert everywhere.seconds_beside(5, 3) == pytest.approx(seconds + 2 * 150 * found.seconds_per_image)
    # The best of the two searched ones is scored anew only where it counts.
    best = cost("objective.at=best")
    assert best.seconds_beside(5, 3) == pytest.approx(seconds + 2 * 300 * found.seconds_per_image)


def test_real_images_that_the_statistics_are_not_made_from() -> None:
    assert [cost(f"objective.split={split}").num_compared for split in ("train", "held_out")] == [2 * 150, 1497]
    classifier = "objective={extractor: domain_classifier, num_samples: 300, split: %s}"
    assert [cost(classifier % split).num_compared for split in ("all", "held_out")] == [600, 1497 + 300]


def test_what_is_not_done_costs_nothing() -> None:
    none = cost("confirm.top_k=0")
    assert (none.num_diagnosed, none.num_compared) == (0, 0)
    assert cost("diagnosis.at_end=none", "objective.final_draws=0").num_compared == 0
    assert cost("objective.early_num_samples=100").num_first == 100


def test_inception_takes_as_long_at_every_size_and_longer_at_later_layers() -> None:
    def seconds(dims: int, size: int) -> float:
        return estimate_scoring_sec(ObjectiveConfig.model_validate({"extractor": "inception", "dims": dims}), size)

    assert seconds(64, 16) < seconds(192, 16) < seconds(768, 16) < seconds(2048, 16) < 1.05 * seconds(2048, 64)
    assert seconds(768, 16) > 100 * estimate_scoring_sec(ObjectiveConfig(), 16)


def test_every_evaluation_counts_its_images() -> None:
    def per_kimg(num_samples: int) -> float:
        return estimate_seconds_per_kimg(
            TrainingConfig.model_validate(
                {
                    "dataset": {"name": "digits"},
                    "network": {"name": "dcgan", "width": 8},
                    "loss": "least_squares",
                    "objective": {"extractor": "inception", "dims": 768, "num_samples": num_samples},
                    "evaluate_every_kimg": 0.5,
                }
            )
        )

    assert per_kimg(400) - per_kimg(300) == pytest.approx(2 * 100 * cost().seconds_per_image)


def test_the_plan_tells_it() -> None:
    found = plan_study(study())
    text = " ".join(format_plan(found).split())
    assert found.max_core_sec > found.scoring.seconds_beside(num_trainings=5, num_confirmed=3) > 300
    minutes = (found.max_core_sec + found.scoring.preparation_sec) / 60
    assert f"time about {minutes:.0f} minutes, estimated for one core" in text
    ray = "left out is the start of Ray and of its processes, which takes 20 s to a minute on two cores"
    assert text.endswith(f"; {ray}"), "the network that scores is not trained"
    learned = " ".join(format_plan(plan_study(study("objective={num_samples: 300}"))).split())
    assert learned.endswith(f"; {ray}, and the training of the domain classifier unless this machine keeps it")
    assert "; of it 3 minutes before the first trial, in which 1,797 real images and 300 of an untrained" in text
    assert "before the first trial" not in format_plan(plan_study(study("objective={num_samples: 300}")))


def test_held_out_images_are_known_wherever_those_to_learn_are() -> None:
    assert {name for name, num in HELD_OUT_IMAGES.items() if num} == {name for name, num in TRAIN_IMAGES.items() if num}


def test_the_limits_are_those_of_the_rooms_above() -> None:
    from gan_study.config.estimates import scoring_cost as limits
    from gan_study.evaluation import end_diagnosis
    from gan_study.metrics import all_scores

    assert all_scores.MOST_NEIGHBOURS == limits.MOST_NEIGHBOURS
    assert end_diagnosis.MOST_TRAIN == limits.MOST_DIAGNOSED
