"""Settings without effect are reported, each in a sentence."""

import pytest

from gan_study.config.arms.arm import Arm
from gan_study.config.plan.plan import plan_study
from gan_study.config.plan.plan_text import format_plan
from gan_study.config.reading.load import dump_study, parse_study
from gan_study.config.study import StudyConfig

TEXT = """\
name: small
dataset: {name: digits, image_size: 16}
budget: {trials_per_arm: 4, total_kimg: 40}
arms:
  lsgan: {network: {name: dcgan, width: 8}, loss: least_squares}
  wgan:
    network: dcgan
    loss: wasserstein
    penalty: wgan_gp
    search_space:
      penalty_weight: {log_uniform: [0.1, 100]}
      beta1: {uniform: [0, 0.9]}
search_space:
  g_lr: {log_uniform: [1e-5, 1e-2]}
  d_lr: {log_uniform: [1e-5, 1e-2]}
"""


def told(*overrides: str, text: str = TEXT) -> tuple[StudyConfig, list[str]]:
    sentences: list[str] = []
    return parse_study(text, "x.yaml", overrides, warn=sentences.append), sentences


def searched(study: StudyConfig, arm: str) -> set[str]:
    return {parameter.name for parameter in Arm(study, arm).parameters}


def test_nothing_is_told_where_every_setting_counts() -> None:
    study, sentences = told()
    assert sentences == []
    assert "Settings that others cancel" not in format_plan(plan_study(study))


@pytest.mark.parametrize(
    ("override", "expected", "arm", "left"),
    [
        ("arms.wgan.beta1=0.5", "--set arms.wgan.beta1=0.5 ends the search of beta1 in arm wgan, which", "wgan",
         {"g_lr", "d_lr", "penalty_weight"}),
        ("arms.lsgan.g_lr=1e-3", "g_lr is not searched in arm lsgan, fixed there by g_lr=0.001.", "lsgan", {"d_lr"}),
        ("arms.lsgan.lr=1e-3", "g_lr is not searched in arm lsgan, fixed there by lr=0.001.", "lsgan", set()),
        ("arms.lsgan.lr=1e-3", "d_lr is not searched in arm lsgan, fixed there by lr=0.001.", "lsgan", set()),
        ("arms.lsgan.network=mlp", "replaces the whole network, so its width=8 no longer counts.", "lsgan",
         {"g_lr", "d_lr"}),
        ("budget.epochs=2", "--set budget.epochs=2 replaces the file's budget.total_kimg.", "lsgan",
         {"g_lr", "d_lr"}),
        ("defaults.g_lr=1e-3", "defaults.g_lr=0.001 does not fix g_lr in arms lsgan, wgan, where it is searched; the "
         "first trial starts there.", "lsgan", {"g_lr", "d_lr"}),
        ("defaults.penalty_weight=2", "defaults.penalty_weight=2 is not used in arm lsgan: it has", "lsgan",
         {"g_lr", "d_lr"}),
        ("arms.lsgan={network: dcgan, loss: hinge, optimizer: rmsprop, beta1: 0.5}",
         "beta1=0.5 of lsgan is not used: it has no effect (it belongs to optimizer adam, but optimizer=rmsprop).",
         "lsgan", {"g_lr", "d_lr"}),
        ("confirm={top_k: 0, seeds: 3}", "confirm.seeds=3 is not used, because confirm.top_k=0.", "lsgan",
         {"g_lr", "d_lr"}),
        ("confirm={top_k: 0, until_decided: {max_seeds: 9}}",
         "confirm.until_decided.max_seeds=9 is not used, because confirm.top_k=0.", "lsgan", {"g_lr", "d_lr"}),
        ("refine.keep=2", "refine.keep=2 is not used, because refine.trials_per_arm=0.", "lsgan", {"g_lr", "d_lr"}),
        ("diagnosis.max_rollbacks=3", "diagnosis.max_rollbacks=3 is not used, because diagnosis.on_collapse=record.",
         "lsgan", {"g_lr", "d_lr"}),
    ],
)  # fmt: skip
def test_what_is_cancelled_is_told(override: str, expected: str, arm: str, left: set[str]) -> None:
    study, sentences = told(override)
    assert any(expected in sentence for sentence in sentences), sentences
    assert searched(study, arm) == left
    shown = " ".join(format_plan(plan_study(study), cancelled=sentences).split())
    assert f"Settings that others cancel - {' '.join(sentences[0].split())}" in shown


def test_ranges_that_no_draw_of_an_arm_reaches_are_told() -> None:
    ranges = "[{choice: [8], when: {network.name: dcgan}}, {choice: [9], when: {network.name: mlp}}]"
    _, sentences = told("arms.wgan.network=mlp", "arms.lsgan.network=dcgan", f"search_space.network.width={ranges}")
    assert (
        "The range of network.width for network.name='mlp' is not searched in arm lsgan, where that never holds."
        in (sentences)
    )


def test_both_rates_of_an_arm_take_the_place_of_one_searched_rate() -> None:
    text = TEXT.replace("  g_lr: {log", "  lr: {log").replace("  d_lr: {log_uniform: [1e-5, 1e-2]}\n", "")
    study, sentences = told("arms.lsgan.g_lr=1e-3", "arms.lsgan.d_lr=1e-4", text=text)
    assert searched(study, "lsgan") == set()
    assert sentences == ["lr is not searched in arm lsgan, fixed there by g_lr=0.001 and d_lr=0.0001."]
    own, _ = told("defaults.g_lr=1e-3", "arms.lsgan.lr=1e-4")
    assert Arm(own, "lsgan").fixed["lr"] == 1e-4
    assert "g_lr" not in Arm(own, "lsgan").fixed


def test_a_run_folder_tells_nothing() -> None:
    study, _ = told("confirm={top_k: 0, seeds: 3}")
    sentences: list[str] = []
    parse_study(dump_study(study), "study.yaml", is_begun=True, warn=sentences.append)
    assert sentences == []
