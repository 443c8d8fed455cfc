"""Training learns: real digits, scored by the domain classifier, in seconds."""

from pathlib import Path
from typing import Any

import pytest
from support.present import present
from support.tiny_training import run, tiny_trial

from gan_study.extractors.objective import load_objective, prepare_objective
from gan_study.runs.folder import RunFolder

pytestmark = pytest.mark.slow

LSGAN = {"loss": "least_squares", "g_lr": 1e-3, "d_lr": 1e-3, "beta1": 0.5, "beta2": 0.99, "total_kimg": 15}
WGAN_GP = {
    "loss": "wasserstein",
    "penalty": "wgan_gp",
    "d_steps_per_g_step": 1,
    "g_lr": 2e-3,
    "d_lr": 2e-3,
    "beta1": 0.3,
    "beta2": 0.9,
    "total_kimg": 25,
}


@pytest.mark.parametrize("values", [pytest.param(LSGAN, id="lsgan"), pytest.param(WGAN_GP, id="wgan_gp")])
def test_all_ten_digits_are_made_and_the_score_falls_to_a_tenth(
    values: dict[str, Any], prepared: Any, tmp_path: Path
) -> None:
    config = tiny_trial(
        network={"name": "dcgan", "width": 32},
        objective={"num_samples": 1000},
        batch_size=64,
        z_dim=64,
        ema_half_life_kimg=10,
        evaluate_every_kimg=values["total_kimg"],
        **values,
    )
    folder = RunFolder(str(tmp_path / "objective"))
    record = prepare_objective(config.training, prepared.dataset, folder)
    objective = load_objective(folder.storage, record, prepared.dataset)

    before, after = (present(p.evaluation) for p in run(config, prepared, tmp_path / "trial", objective))
    score = present(after.score)

    assert score < present(before.score) / 10
    assert score > record.floor / 2, "below what real images score, the score is wrong"
    assert min(present(after.class_shares)) > 0.1 / 3, "each of the ten classes has a third of its share"
