"""Defaults and combinations of a training, and the configurations of an arm's trials."""

from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from gan_study.config.arms.arm import Arm
from gan_study.config.arms.resolved_training import first_trial_values, resolve_training
from gan_study.config.arms.trial_configs import confirm_trial_config, search_trial_config
from gan_study.config.base import Scalar
from gan_study.config.hyperparameters import HYPERPARAMETERS, NetworkConfig, PartialHyperparameters, PartialNetwork
from gan_study.config.names import LOSSES, PENALTIES
from gan_study.config.reading.load import parse_study
from gan_study.config.space import Choice
from gan_study.config.study import StudyConfig
from gan_study.config.training import TrainingConfig, TrialConfig, WorkersConfig


def training(**values: Any) -> TrainingConfig:
    return TrainingConfig.model_validate(
        {"dataset": {"name": "digits"}, "network": "dcgan", "loss": "least_squares", **values}
    )


# Learning rates, Adam's betas and update ratios as the papers state them (sources in config/training.py).
@pytest.mark.parametrize(
    ("loss", "penalty", "lr", "beta1", "beta2", "d_steps", "penalty_weight", "clip_value"),
    [
        ("non_saturating", "none", 2e-4, 0.5, 0.999, 1, None, None),
        ("least_squares", "none", 2e-4, 0.5, 0.999, 1, None, None),
        ("least_squares", "wgan_gp", 2e-4, 0.5, 0.999, 1, 10.0, None),
        ("wasserstein", "weight_clip", 5e-5, 0.5, 0.999, 5, None, 0.01),
        ("wasserstein", "wgan_gp", 1e-4, 0.0, 0.9, 5, 10.0, None),
    ],
)
def test_paper_defaults(
    loss: str,
    penalty: str,
    lr: float,
    beta1: float,
    beta2: float,
    d_steps: int,
    penalty_weight: float | None,
    clip_value: float | None,
) -> None:
    config = training(loss=loss, penalty=penalty)
    assert (config.g_lr, config.d_lr, config.beta1, config.beta2) == (lr, lr, beta1, beta2)
    assert config.d_steps_per_g_step == d_steps
    assert (config.penalty_weight, config.clip_value) == (penalty_weight, clip_value)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("penalty", PENALTIES)
def test_every_loss_goes_with_every_penalty_without_further_settings(loss: str, penalty: str) -> None:
    config = training(loss=loss, penalty=penalty)
    assert config.g_lr > 0
    assert config.d_lr > 0


def test_stated_values_win_over_defaults() -> None:
    config = training(loss="wasserstein", penalty="wgan_gp", beta1=0.5, penalty_weight=1, g_lr=None)
    assert (config.beta1, config.penalty_weight, config.g_lr) == (0.5, 1.0, 1e-4)


@pytest.mark.parametrize(
    ("network", "penalty", "norm"),
    [
        ("dcgan", "none", "batch"),
        ("dcgan", "weight_clip", "batch"),
        ("dcgan", "wgan_gp", "none"),
        ({"name": "dcgan", "width": 8}, "wgan_gp", "none"),
        ({"name": "dcgan", "discriminator_norm": "batch"}, "wgan_gp", "batch"),
        ({"name": "dcgan", "discriminator_norm": "none"}, "none", "none"),
        ("mlp", "none", "none"),
    ],
)
def test_discriminator_norm(network: Any, penalty: str, norm: str) -> None:
    assert training(loss="wasserstein", network=network, penalty=penalty).network.discriminator_norm == norm


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (
            {"penalty_weight": 1},
            "belongs to dragan, r1, r1+r2, r2, wgan_gp, but got penalty=none with penalty_weight=1",
        ),
        ({"penalty": "wgan_gp", "clip_value": 0.1}, "clip_value belongs to weight_clip, but got penalty=wgan_gp"),
        ({"dataset": {"name": "digits", "image_size": 17}}, "16, 32, 64, 128 pixels, but got image_size=17"),
        ({"total_kimg": 1, "evaluate_every_kimg": 2}, "must not exceed total_kimg, but got 2 with total_kimg=1"),
    ],
)
def test_what_does_not_go_together_is_refused(values: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError) as caught:
        training(**values)
    (error,) = caught.value.errors()
    assert error["type"] == "combination"
    assert words in error["msg"]


def test_mlp_takes_any_image_size() -> None:
    assert training(dataset={"name": "digits", "image_size": 17}, network="mlp").dataset.image_size == 17


def test_all_that_does_not_go_together_is_told() -> None:
    with pytest.raises(ValidationError) as caught:
        training(penalty_weight=1, clip_value=1, dataset={"name": "digits", "image_size": 17})
    (error,) = caught.value.errors()
    assert set(error["ctx"]["problems"]) == {"penalty_weight", "clip_value", "dataset.image_size"}


def test_the_batch_divides_among_the_workers() -> None:
    with pytest.raises(ValidationError, match="batch_size=64 with num_workers=3"):
        TrialConfig(training=training(), workers=WorkersConfig(num_workers=3))


def test_lr_stands_for_both_learning_rates() -> None:
    config = training(lr=3e-3)
    assert (config.g_lr, config.d_lr, config.lr) == (3e-3, 3e-3, 3e-3)
    assert training(g_lr=1e-3).lr is None


def test_a_trial_reads_back_from_its_file() -> None:
    trial = TrialConfig(training=training(g_lr=1e-5), searched={"g_lr": 1e-5, "network.width": 16})
    assert TrialConfig.model_validate_json(trial.model_dump_json()) == trial


def test_hyperparameters_are_the_same_in_names_studies_and_trainings() -> None:
    flat = {name for name in HYPERPARAMETERS if "." not in name}
    settings = {name.removeprefix("network.") for name in HYPERPARAMETERS} - flat
    assert flat | {"network", "own"} == set(PartialHyperparameters.model_fields)
    assert settings | {"name"} == set(PartialNetwork.model_fields) == set(NetworkConfig.model_fields)
    both = {"lr", "lr_schedule", "betas"}  # each stands for two others
    assert all(isinstance(getattr(TrainingConfig, name), property) for name in both)
    for name in flat - both:
        assert _kind(PartialHyperparameters, name) == _kind(TrainingConfig, name), name
    for name in settings:
        assert _kind(PartialNetwork, name) == _kind(NetworkConfig, name), name


def _kind(model: type[BaseModel], name: str) -> dict[str, Any]:
    """A field's type with its bounds, whether or not the field may be left out."""
    field = model.model_json_schema()["properties"][name]
    kind = field["anyOf"][0] if "anyOf" in field else field
    return {key: value for key, value in kind.items() if key not in ("default", "description", "title")}


STUDY = """\
name: small
dataset: {name: digits}
budget: {trials_per_arm: 4, total_kimg: 40, evaluate_every_kimg: 5}
arms:
  lsgan: {network: dcgan, loss: least_squares, d_lr: 0.003}
  wgan:
    network: dcgan
    loss: wasserstein
    penalty: wgan_gp
    search_space: {g_lr: {choice: [0.5]}, penalty_weight: {log_uniform: [0.1, 100]}}
defaults: {beta2: 0.99, z_dim: 32}
search_space:
  g_lr: {log_uniform: [1e-3, 1e-2]}
  d_lr: {log_uniform: [1e-5, 1e-2]}
  network.width: {choice: [16, 24]}
search: {seed: 7}
confirm: {seeds: 3}
resources: {workers_per_trial: 2, gpus_per_worker: 2}
"""


@pytest.fixture
def study() -> StudyConfig:
    return parse_study(STUDY, "x.yaml")


class TestArms:
    def test_own_ranges_replace_shared_ones_and_fixed_values_end_them(self, study: StudyConfig) -> None:
        assert {p.name for p in Arm(study, "lsgan").parameters} == {"g_lr", "network.width"}
        wgan = {p.name: p.range for p in Arm(study, "wgan").parameters}
        assert set(wgan) == {"g_lr", "d_lr", "network.width", "penalty_weight"}
        assert wgan["g_lr"] == Choice(choice=(0.5,))

    def test_a_training_has_the_searched_then_the_arm_s_then_the_study_s_then_the_paper_s_values(
        self, study: StudyConfig
    ) -> None:
        values: dict[str, Scalar] = {"g_lr": 0.005, "network.width": 24}
        config = resolve_training(Arm(study, "lsgan"), values, seed=3, num_train_images=1497)
        assert (config.g_lr, config.d_lr, config.beta2, config.beta1) == (0.005, 0.003, 0.99, 0.5)
        assert (config.network.width, config.z_dim, config.seed, config.total_kimg) == (24, 32, 3, 40.0)

    def test_the_first_trial_takes_published_values_as_they_are_and_others_from_the_range(
        self, study: StudyConfig
    ) -> None:
        # 2e-4 lies below g_lr's range; 24 is the nearest to the network's default width of 64.
        assert first_trial_values(Arm(study, "lsgan")) == {"g_lr": 2e-4, "network.width": 24}

    def test_the_study_s_defaults_stand_in_the_first_trial_for_published_ones(self) -> None:
        study = parse_study(STUDY, "x.yaml", ["defaults.g_lr=0.02", "defaults.network.width=10"])
        assert first_trial_values(Arm(study, "lsgan")) == {"g_lr": 0.02, "network.width": 16}

    def test_search_and_confirm_trials(self, study: StudyConfig) -> None:
        trial = search_trial_config(Arm(study, "lsgan"), 2, {"g_lr": 0.005, "network.width": 16}, 1497)
        assert (trial.name, trial.phase, trial.training.seed) == ("search_002", "search", 9)
        assert trial.workers == WorkersConfig(num_workers=2, gpus_per_worker=2)
        again = confirm_trial_config(study, trial, index=5, seed_number=2)
        assert (again.name, again.phase, again.index) == ("confirm_002_seed_2", "confirm", 5)
        assert again.source == "search_002"
        assert again.training.seed == 7_000_100_002
        assert again.training.model_copy(update={"seed": 9}) == trial.training

    def test_studies_with_neighbouring_seeds_confirm_with_none_of_the_same(self, study: StudyConfig) -> None:
        trial = search_trial_config(Arm(study, "lsgan"), 0, {"g_lr": 0.005, "network.width": 16}, 1497)
        studies = [study.model_copy(update={"search": study.search.model_copy(update={"seed": n})}) for n in range(3)]
        seeds = [confirm_trial_config(s, trial, n, n).training.seed for s in studies for n in range(1000)]
        assert len(set(seeds)) == 3000
