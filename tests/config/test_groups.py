"""Several hyperparameters are one choice under a name of the user's own."""

from typing import Any

import pytest

from gan_study.config.arms.arm import Arm
from gan_study.config.arms.flat_training import searched_names
from gan_study.config.arms.resolved_training import first_trial_values, resolve_training
from gan_study.config.plan.plan import plan_study
from gan_study.config.plan.plan_text import format_plan
from gan_study.config.reading.load import dump_study, parse_study
from gan_study.config.rules.cancelled_settings import cancelled_settings
from gan_study.config.rules.extension import compare_studies
from gan_study.config.study import StudyConfig
from gan_study.config.training import TrainingConfig
from gan_study.errors import InputError

TEXT = """\
name: x
dataset: {name: digits, image_size: 16}
budget: {trials_per_arm: 2, total_kimg: 5}
arms:
  a: {network: mlp, loss: hinge}
  b: {network: mlp, loss: wasserstein, penalty: wgan_gp, g_lr: 1e-3, d_lr: 1e-3}
search_space:
  pace: {choice: [{g_lr: 1e-4, d_lr: 4e-4}, {d_lr: 2e-4, g_lr: 2e-4}]}
  decay: {choice: [{beta1: 0, beta2: 0.9}, {betas: [0.5, 0.999]}]}
  size: {choice: [{z_dim: 16, network.width: 32}, {z_dim: 32, network.width: 16}]}
"""
METHODS = "[{loss: wgan, penalty: wgan-gp, penalty_weight: 1}, {loss: hinge, penalty: none, penalty_weight: 2}]"


def study(text: str = TEXT) -> StudyConfig:
    return parse_study(text, "x.yaml")


def with_methods() -> StudyConfig:
    return study(TEXT.replace("loss: hinge}", f"search_space: {{method: {{choice: {METHODS}}}}}}}"))


def trained(arm: Arm, searched: dict[str, Any]) -> TrainingConfig:
    return resolve_training(arm, searched, seed=0, num_train_images=1000)


def test_a_choice_sets_all_its_hyperparameters() -> None:
    arm = Arm(study(), "a")
    pace, decay, size = arm.parameters
    assert pace.label == "pace"
    assert pace.parts == ("d_lr", "g_lr")
    assert decay.parts == ("beta1", "beta2")
    assert size.parts == ("network.g_width", "network.d_width", "z_dim")
    for index, rates in enumerate([(1e-4, 4e-4), (2e-4, 2e-4)]):
        searched = {p.name: p.range.model_dump()["choice"][index] for p in arm.parameters}
        found = trained(arm, searched)
        assert (found.g_lr, found.d_lr) == rates
        assert found.betas == ("[0, 0.9]", "[0.5, 0.999]")[index]
        assert (found.z_dim, found.network.generator_width) == ((16, 32), (32, 16))[index]
        flagged = {"g_lr", "d_lr", "beta1", "beta2", "z_dim", "network.g_width", "network.d_width"}
        assert searched_names(searched) == flagged


def test_an_arm_that_fixes_all_of_a_group_does_not_search_it() -> None:
    found = study()
    assert [p.name for p in Arm(found, "b").parameters] == ["decay", "size"]
    assert "pace is not searched in arm b, fixed there by g_lr=0.001 and d_lr=0.001." in cancelled_settings(found)


def test_the_first_trial_takes_the_papers_values_or_a_choice() -> None:
    expected = {"pace": "{d_lr: 0.0002, g_lr: 0.0002}", "decay": "[0.5, 0.999]"}
    # The default of size, 64 for both, is neither from a paper nor a choice.
    expected["size"] = "{network.width: 32, z_dim: 16}"
    assert first_trial_values(Arm(study(), "a")) == expected
    own = TEXT.replace("loss: hinge}", "loss: hinge, first_trial: {pace: {g_lr: 0.1, d_lr: 0.2}}}")
    assert first_trial_values(Arm(study(own), "a")) == expected | {"pace": "{d_lr: 0.2, g_lr: 0.1}"}


def test_a_group_may_hold_the_loss_and_what_depends_on_it() -> None:
    arm = Arm(with_methods(), "a")
    assert arm.parameters[0].name == "method"
    one, other = arm.parameters[0].range.model_dump()["choice"]
    assert first_trial_values(arm)["method"] == one
    assert first_trial_values(arm)["pace"] == "{d_lr: 0.0001, g_lr: 0.0001}"  # of WGAN-GP
    wgan, hinge = trained(arm, {"method": one}), trained(arm, {"method": other})
    assert (wgan.loss, wgan.penalty, wgan.penalty_weight) == ("wasserstein", "wgan_gp", 1)
    assert (hinge.loss, hinge.penalty, hinge.penalty_weight) == ("hinge", "none", None)
    assert "searched loss, searched penalty" in format_plan(plan_study(arm.study))


def test_what_has_no_effect_in_an_arm_is_reported() -> None:
    text = TEXT.replace("network.width: 32", "penalty_weight: 1").replace("network.width: 16", "penalty_weight: 2")
    (sentence,) = (each for each in cancelled_settings(study(text)) if "penalty_weight" in each)
    assert sentence.startswith("penalty_weight of size is not used in arm a, where it has no effect")


def test_it_is_written_read_again_planned_and_extended() -> None:
    found = with_methods()
    again = parse_study(dump_study(found), "again.yaml", ["budget.trials_per_arm=4"], is_begun=True)
    assert again.search_space == found.search_space
    assert compare_studies(found, again).conflicts == ()
    assert StudyConfig.model_validate(found.model_dump()) == found
    changed = study(TEXT.replace("g_lr: 1e-4, ", "g_lr: 1e-5, "))
    assert [line.partition(":")[0] for line in compare_studies(study(), changed).conflicts] == ["search_space.pace"]
    text = format_plan(plan_study(found))
    assert "choice [{d_lr: 0.0004, g_lr: 0.0001}, {d_lr: 0.0002, g_lr: 0.0002}]" in " ".join(text.split())
    assert text.count("g_lr ") == 1  # fixed in arm b
    by_option = ["search_space.pace.choice=[{g_lr: 1e-4, d_lr: 4e-4}, {g_lr: 1, d_lr: 2}]"]
    assert Arm(parse_study(TEXT, "x.yaml", by_option), "a").parameters[0].range.model_dump()["choice"] == (
        "{d_lr: 0.0004, g_lr: 0.0001}",
        "{d_lr: 2, g_lr: 1}",
    )


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("{d_lr: 2e-4,", "{g_lrr: 2e-4,", "8:46: search_space.pace.choice[1].g_lrr: unknown hyperparameter 'g_lrr'"),
        ("{d_lr: 2e-4,", "{pace: 2e-4,", "8:46: search_space.pace.choice[1].pace: unknown hyperparameter 'pace'"),
        (
            "{d_lr: 2e-4, g",
            "{g",
            "8:45: search_space.pace.choice[1]: all choices of a group set the same hyperparameters, but got g_lr "
            "after d_lr, g_lr; add",
        ),
        ("{g_lr: 1e-4,", "{lr: 1e-4,", "8:19: search_space.pace.choice[0]: a choice sets each hyperparameter once"),
        ("{d_lr: 2e-4, g_lr: 2e-4}", "3", "8:45: search_space.pace.choice[1]: all choices of a group set the same"),
        ("g_lr: 1e-4", "g_lr: -1", "8:26: search_space.pace.choice[0].g_lr: must be above 0, but got g_lr=-1"),
        ("g_lr: 1e-4", "g_lr: fast", "8:26: search_space.pace.choice[0].g_lr: must be a number, but got g_lr='fast'"),
        (
            "{z_dim: 16, network.width: 32}, {z_dim: 32, network.width: 16}",
            "{batch_size: 32, pac: 2}, {batch_size: 33, pac: 2}",
            "10:45: search_space.size.choice[1]: a batch must divide into groups of pac images",
        ),
        ("loss: hinge}", "loss: hinge, g_lr: 1}", "5:34: arms.a.g_lr: pace sets d_lr, g_lr, but got g_lr too; remove"),
        ("loss: hinge}", "loss: hinge, lr: 1}", "8:3: search_space.pace: every arm fixes pace, so no arm searches it"),
        ("  pace", "  lr: {uniform: [0, 1]}\n  pace", "8:3: search_space.lr: pace sets d_lr, g_lr, but got lr too"),
        (
            "network.width",
            "d_lr",
            "10:3: search_space.size: pace sets d_lr, g_lr, but got size too; remove",
        ),
        ("z_dim", "clip_value", "10:20: search_space.size.choice[0].clip_value: clip_value belongs to weight_clip"),
        (
            "loss: hinge}",
            "loss: hinge, first_trial: {g_lr: 1}}",
            "5:48: arms.a.first_trial.g_lr: first_trial is for what the arm searches, but g_lr is not searched by "
            "itself; give it in pace",
        ),
        (
            "loss: hinge}",
            "loss: hinge, first_trial: {pace: {g_lr: 1}}}",
            "5:54: arms.a.first_trial.pace: pace sets d_lr, g_lr, but got pace={g_lr: 1}; set each of them",
        ),
        (
            "{choice: [{g_lr: 1e-4, d_lr: 4e-4}, {d_lr: 2e-4, g_lr: 2e-4}]}",
            "[{choice: [{lr: 1}], when: {penalty: none}}, {choice: [{lr: 1, pac: 2}], when: {loss: hinge}}]",
            "8:54: search_space.pace[1]: all ranges of a group set the same hyperparameters, but got g_lr, d_lr, pac",
        ),
        (
            "{choice: [{g_lr: 1e-4, d_lr: 4e-4}, {d_lr: 2e-4, g_lr: 2e-4}]}",
            "{uniform: [0, 1]}",
            "8:3: search_space.pace: unknown hyperparameter 'pace'",
        ),
    ],
)
def test_a_fault_is_named_at_its_place(old: str, new: str, problem: str) -> None:
    assert old in TEXT
    with pytest.raises(InputError) as caught:
        study(TEXT.replace(old, new))
    assert f"x.yaml:{problem}" in str(caught.value)
