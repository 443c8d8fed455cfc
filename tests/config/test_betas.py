"""Pairs of Adam's decay rates are one value that sets both."""

import pytest

from gan_study.config.arms.arm import Arm
from gan_study.config.arms.resolved_training import first_trial_values, resolve_training
from gan_study.config.plan.plan import plan_study
from gan_study.config.plan.plan_text import format_plan
from gan_study.config.reading.load import dump_study, parse_study
from gan_study.config.rules.extension import compare_studies
from gan_study.config.study import StudyConfig
from gan_study.errors import InputError

TEXT = """\
name: x
dataset: {name: digits, image_size: 16}
budget: {trials_per_arm: 2, total_kimg: 5}
arms:
  a: {network: mlp, loss: hinge}
  b: {network: mlp, loss: wasserstein, penalty: wgan_gp, betas: [0, 0.99]}
search_space:
  betas: {choice: [[0, 0.9], [0.5, 0.999]]}
"""


def study(text: str = TEXT) -> StudyConfig:
    return parse_study(text, "x.yaml")


def test_one_choice_sets_both() -> None:
    found = study()
    (parameter,) = Arm(found, "a").parameters
    assert (parameter.label, parameter.range.model_dump()["choice"]) == ("betas", ("[0, 0.9]", "[0.5, 0.999]"))
    for text, rates in (("[0, 0.9]", (0.0, 0.9)), ("[0.5, 0.999]", (0.5, 0.999))):
        training = resolve_training(Arm(found, "a"), {"betas": text}, seed=0, num_train_images=1000)
        assert (training.beta1, training.beta2, training.betas) == (*rates, text)
    fixed = resolve_training(Arm(found, "b"), {}, seed=0, num_train_images=1000)
    assert (fixed.beta1, fixed.beta2) == (0.0, 0.99)
    assert Arm(found, "b").parameters == ()


def test_a_pair_may_be_given_by_name() -> None:
    named = TEXT.replace("[0, 0.9], ", "{beta1: 0, beta2: 0.9}, ").replace(
        "betas: [0, 0.99]", "betas: {beta1: 0, beta2: 0.99}"
    )
    assert study(named) == study()
    with pytest.raises(InputError, match=r"betas are a pair .* but got betas=\[0, 2\]"):
        study(named.replace("beta2: 0.99}", "beta2: 2}"))


def test_the_first_trial_takes_the_papers_pair() -> None:
    assert first_trial_values(Arm(study(), "a")) == {"betas": "[0.5, 0.999]"}
    own = study(TEXT.replace("loss: hinge}", "loss: hinge, first_trial: {betas: '[0, 0.9]'}}"))
    assert first_trial_values(Arm(own, "a")) == {"betas": "[0, 0.9]"}


def test_it_is_written_read_again_planned_and_extended() -> None:
    found = study()
    again = parse_study(dump_study(found), "again.yaml", ["budget.trials_per_arm=4"], is_begun=True)
    assert compare_studies(found, again).conflicts == ()
    changed = study(TEXT.replace("[[0, 0.9], ", "[[0, 0.8], "))
    assert [line.partition(":")[0] for line in compare_studies(found, changed).conflicts] == ["search_space.betas"]
    text = format_plan(plan_study(found))
    assert "choice [[0, 0.9], [0.5, 0.999]]" in text
    assert text.count("beta1") == text.count("beta2") == 1  # of arm b


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            "[0.5, 0.999]",
            "[0.5, 1.5]",
            "betas are a pair [beta1, beta2] of numbers from 0 to below 1, but got betas=[",
        ),
        ("[0.5, 0.999]", "0.5", "but got betas=0.5"),
        ("{choice: [[0, 0.9], [0.5, 0.999]]}", "{uniform: [0, 0.9]}", "betas are pairs, but got uniform; use choice"),
        (
            "{choice: [[0, 0.9], [0.5, 0.999]]}",
            "[[0, 0.9], [0.5, 0.999]]",
            "write betas: {choice: [[0, 0.9], [0.5, 0.999",
        ),
        ("betas: [0, 0.99]", "betas: [0, 2]", "but got betas=[0, 2]"),
        (
            "betas: [0, 0.99]",
            "betas: [0, 0.9], beta1: 0.5",
            "betas sets both decay rates, but got beta1",
        ),
    ],
)
def test_what_is_no_pair_is_one_problem(old: str, new: str, words: str) -> None:
    assert TEXT.count(old) == 1
    with pytest.raises(InputError) as caught:
        study(TEXT.replace(old, new))
    (problem,) = caught.value.problems
    assert words in problem
