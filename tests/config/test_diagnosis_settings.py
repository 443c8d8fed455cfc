"""The settings of the diagnosis in a study file, and the messages about wrong ones."""

import pytest

from gan_study.config.reading.load import dump_study, parse_study
from gan_study.config.thresholds import Thresholds
from gan_study.errors import InputError

STUDY = """\
name: s
dataset: {name: digits}
budget: {trials_per_arm: 1, total_kimg: 1, evaluate_every_kimg: 1}
arms: {a: {network: dcgan, loss: hinge}}
"""


def test_the_defaults() -> None:
    diagnosis = parse_study(STUDY, "s.yaml").diagnosis
    assert (diagnosis.at_end, diagnosis.on_collapse, diagnosis.num_samples) == ("confirmed", "record", 2000)
    assert diagnosis.thresholds == Thresholds()


def test_what_can_be_set_and_is_written_down() -> None:
    section = "diagnosis: {at_end: all, on_collapse: stop, num_samples: 500, thresholds: {c_t: -4, ndb_partial: 0.2}}\n"
    study = parse_study(STUDY + section, "s.yaml", ["diagnosis.thresholds.least_samples=100"])
    diagnosis = study.diagnosis
    assert (diagnosis.at_end, diagnosis.on_collapse, diagnosis.num_samples) == ("all", "stop", 500)
    assert diagnosis.thresholds == Thresholds(c_t=-4, ndb_partial=0.2, least_samples=100)
    assert parse_study(dump_study(study), "again.yaml") == study


def test_how_a_rollback_is_set() -> None:
    section = "diagnosis: {on_collapse: rollback, max_rollbacks: 3, rollback_lr_factor: 1}\n"
    diagnosis = parse_study(STUDY + section, "s.yaml").diagnosis
    assert (diagnosis.on_collapse, diagnosis.max_rollbacks, diagnosis.rollback_lr_factor) == ("rollback", 3, 1)
    default = parse_study(STUDY, "s.yaml").diagnosis
    assert (default.max_rollbacks, default.rollback_lr_factor) == (2, 0.5)


@pytest.mark.parametrize(
    ("section", "place"),
    [
        ("{on_collapse: back}", "s.yaml:5:26: diagnosis.on_collapse: "),
        ("{max_rollbacks: 0}", "s.yaml:5:28: diagnosis.max_rollbacks: "),
        ("{rollback_lr_factor: 1.5}", "s.yaml:5:33: diagnosis.rollback_lr_factor: "),
        ("{at_end: some}", "s.yaml:5:21: diagnosis.at_end: "),
        ("{num_samples: 39}", "s.yaml:5:26: diagnosis.num_samples: "),
        ("{thresholds: {coverage_partial: 1.5}}", "s.yaml:5:44: diagnosis.thresholds.coverage_partial: "),
        ("{thresholds: {coverage: 0.5}}", "s.yaml:5:26: diagnosis.thresholds.coverage: "),
    ],
)
def test_what_can_not_be_set(section: str, place: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_study(f"{STUDY}diagnosis: {section}\n", "s.yaml")
    (problem,) = caught.value.problems
    assert problem.startswith(place)
