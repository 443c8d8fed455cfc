"""`--set name=value` changes a study, and says what is wrong with it at the option."""

import pytest

from gan_study.config.arms.arm import Arm
from gan_study.config.hyperparameters import PartialNetwork
from gan_study.config.reading.load import parse_study
from gan_study.config.space import Choice, LogUniformRange
from gan_study.config.study import StudyConfig
from gan_study.config.values.length import Length
from gan_study.errors import InputError

TEXT = """\
name: small
dataset: {name: digits, image_size: 16}
budget: {trials_per_arm: 4, total_kimg: 40, evaluate_every_kimg: 5}
arms:
  lsgan: {network: dcgan, loss: least_squares}
  wgan:
    network: dcgan
    loss: wasserstein
    penalty: wgan_gp
    search_space:
      penalty_weight: {log_uniform: [0.1, 100]}
      network.width: {choice: [16, 32]}
  wgan.v2: {network: dcgan, loss: wasserstein}
search_space:
  g_lr: {log_uniform: [1e-5, 1e-2]}
"""


def searched(study: StudyConfig, arm: str) -> set[str]:
    return {parameter.name for parameter in Arm(study, arm).parameters}


def study_with(*overrides: str) -> StudyConfig:
    return parse_study(TEXT, "x.yaml", overrides)


def problem_of(*overrides: str) -> str:
    with pytest.raises(InputError) as caught:
        study_with(*overrides)
    (problem,) = caught.value.problems
    return problem


def test_values_are_yaml_and_missing_sections_are_made() -> None:
    study = study_with("resources.workers_per_trial=2", "search_space.g_lr={log_uniform: [1e-4, 1e-2]}", "name='2'")
    assert study.resources.workers_per_trial == 2
    assert study.search_space["g_lr"] == LogUniformRange(log_uniform=(1e-4, 1e-2))
    assert study.name == "2"


def test_later_ones_win() -> None:
    assert study_with("budget.trials_per_arm=5", "budget.trials_per_arm=6").budget.trials_per_arm == 6


def test_dotted_hyperparameters_are_one_key() -> None:
    study = study_with("search_space.network.width={choice: [8]}", "arms.wgan.search_space.network.width.choice=[4]")
    assert study.search_space["network.width"] == Choice(choice=(8,))
    assert study.arms["wgan"].search_space["network.width"] == Choice(choice=(4,))


def test_what_is_fixed_for_an_arm_leaves_its_own_search_space() -> None:
    study = study_with("arms.wgan.penalty_weight=5")
    assert study.arms["wgan"].model_dump()["penalty_weight"] == 5.0
    assert searched(study, "wgan") == {"g_lr", "network.width"}


def test_what_is_fixed_for_an_arm_is_no_longer_searched_there_but_elsewhere() -> None:
    study = study_with("arms.wgan.g_lr=1e-3")
    assert "g_lr" not in searched(study, "wgan")
    assert "g_lr" in searched(study, "lsgan")


@pytest.mark.parametrize("override", ["arms.wgan.network.width=24", "arms.wgan.network={name: dcgan, width: 24}"])
def test_a_bare_network_takes_settings(override: str) -> None:
    study = study_with(override)
    assert study.arms["wgan"].network == PartialNetwork.model_validate({"name": "dcgan", "width": 24})
    assert searched(study, "wgan") == {"g_lr", "penalty_weight"}


def test_another_network_keeps_the_range_of_its_width() -> None:
    study = study_with("arms.wgan.network=mlp")
    assert study.arms["wgan"].network == "mlp"
    assert "network.width" in searched(study, "wgan")


def test_defaults_and_unset_values_leave_the_ranges() -> None:
    study = study_with("defaults.penalty_weight=null", "defaults.g_lr=1e-3", "arms.wgan.penalty_weight=null")
    assert study.defaults.model_dump()["g_lr"] == 1e-3
    assert searched(study, "wgan") == {"g_lr", "penalty_weight", "network.width"}


def test_arms_may_have_dots_in_their_names_and_may_be_added() -> None:
    study = study_with("arms.wgan.v2.beta1=0.1", "arms.new={network: mlp, loss: least_squares}")
    assert study.arms["wgan.v2"].model_dump()["beta1"] == 0.1
    assert study.arms["wgan"].model_dump()["beta1"] is None
    assert study.arms["new"].network == "mlp"


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("arms.wgan.penalty_weight=abc", "must be a number, but got penalty_weight='abc'"),
        ("arms.wgan.penalty_weight=-1", "must be above 0, but got penalty_weight=-1"),
        ("arms.wgan.penalty_wieght=1", "unknown key 'penalty_wieght'; did you mean 'penalty_weight'? (known: "),
        (
            "arms.wgna.beta1=0",
            "an override must name an arm of the study, but got arm='wgna'; did you mean 'wgan'? "
            "(known: lsgan, wgan, wgan.v2)",
        ),
        (
            "arms.x.lr=0.001",
            "an override must name an arm of the study, but got arm='x' (known: lsgan, wgan, wgan.v2)",
        ),
        ("bugdet.total_kimg=3", "bugdet: unknown key 'bugdet'; did you mean 'budget'? (known: "),
        ("total_kimg=3", "unknown key 'total_kimg'; did you mean budget.total_kimg?"),
        ("search_space.network.widht={choice: [8]}", "unknown hyperparameter 'network.widht'; did you mean"),
        ("search_space.g_lr={uniform: [0, 1]}", "search_space.g_lr.uniform[0]: must be above 0, but got g_lr=0"),
        (
            "name.first=x",
            "an override must name an existing setting, but got name=small, a single value with nothing below "
            "it; set name itself",
        ),
        ("arms.wgan.loss=lsquares", "unknown loss 'lsquares'; did you mean 'least_squares'? (known: hinge, "),
        ("search.sampler=[", "the text must be valid YAML: expected the node content, but"),
        ("arms.lsgan.clip_value=1", "arm lsgan: clip_value belongs to weight_clip"),
        ("arms.wgan.beta1", "an override must read name=value"),
        ("arms.wgan.beta1=", "an override must read name=value"),
        ("=3", "an override must read name=value"),
        ("dataset.image_size=17", "network dcgan is built for images of 16, 32, 64, 128 pixels"),
        ("arms=3", "must be a mapping"),
    ],
)  # fmt: skip
def test_a_mistake_is_placed_at_the_option(override: str, message: str) -> None:
    assert problem_of(override).startswith(f"--set {override}: {message}")


def test_several_mistakes_are_told_in_the_order_of_the_options_after_the_file() -> None:
    with pytest.raises(InputError) as caught:
        parse_study(
            TEXT.replace("penalty: wgan_gp", "penalty: gp"), "x.yaml", ["search.seed=x", "foo", "confirm.seeds=0"]
        )
    places = [problem.split(": ")[0] for problem in caught.value.problems]
    assert places == ["x.yaml:9:14", "--set search.seed=x", "--set foo", "--set confirm.seeds=0"]


def test_a_mistake_in_the_file_that_an_option_replaces_is_no_mistake() -> None:
    study = parse_study(TEXT.replace("penalty: wgan_gp", "penalty: gp"), "x.yaml", ["arms.wgan.penalty=wgan_gp"])
    assert study.arms["wgan"].model_dump()["penalty"] == "wgan_gp"


def problems_with(text: str, *overrides: str) -> tuple[str, ...]:
    with pytest.raises(InputError) as caught:
        parse_study(text, "x.yaml", overrides)
    return caught.value.problems


def test_a_mistake_in_the_file_names_the_option_that_makes_it_one() -> None:
    (problem,) = problems_with(TEXT, "search.seed=1", "budget.total_kimg=4")
    assert problem.startswith("x.yaml:3:66: budget.evaluate_every_kimg: evaluate_every_kimg must not exceed total_kimg")
    assert problem.endswith("; total_kimg is set by --set budget.total_kimg=4")


def test_an_option_for_one_arm_has_no_share_in_another_arms_mistake() -> None:
    (problem,) = problems_with(TEXT, "arms.wgan.penalty=none")
    assert problem.startswith("x.yaml:11:7: arms.wgan.search_space.penalty_weight: penalty_weight belongs to ")
    assert problem.endswith("; penalty is set by --set arms.wgan.penalty=none")
    (problem,) = problems_with(TEXT.replace("    penalty: wgan_gp\n", ""), "arms.wgan.v2.penalty=none")
    assert problem.startswith("x.yaml:10:7: arms.wgan.search_space.penalty_weight: penalty_weight belongs to ")
    assert "--set" not in problem


def test_a_length_replaces_the_files_in_another_unit() -> None:
    assert study_with("budget.d_steps=1000").budget.length == Length("d_steps", 1000)
    (problem,) = problems_with(TEXT, "budget.d_steps=1000", "budget.epochs=3")
    assert "a budget must have one length" in problem
    assert problem.endswith("d_steps is set by --set budget.d_steps=1000; epochs is set by --set budget.epochs=3")
