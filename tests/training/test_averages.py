"""Several averages of one training: each is that of a training with its half-life alone."""

from pathlib import Path

import pytest
from support.prepared_objective import Prepared
from support.tiny_training import files, measured, run, tiny_trial, trial_folder

from gan_study.extractors.objective import Objective


@pytest.mark.parametrize("early_num_samples", [None, 100])
def test_each_average_is_that_of_a_training_with_its_half_life_alone(
    early_num_samples: int | None, prepared: Prepared, objective: Objective, tmp_path: Path
) -> None:
    values = {"objective": {"num_samples": 200, "early_num_samples": early_num_samples}}
    several = tiny_trial(ema_half_life_kimg=[0.01, 0, 1], **values)
    for half_life, kept in ((0.01, None), (0, "0"), (1, "1")):
        run(tiny_trial(ema_half_life_kimg=half_life, **values), prepared, tmp_path / f"{half_life}", objective)
        if kept is None:
            run(several, prepared, tmp_path / "several", objective)
        alone, found = (trial_folder(tmp_path / name).read_evaluations() for name in (f"{half_life}", "several"))
        if kept is None:
            assert measured([e.model_copy(update={"ema_scores": None}) for e in found]) == measured(alone)
            assert files(tmp_path / "several", "snapshots") == files(tmp_path / f"{half_life}", "snapshots")
            continue
        assert [e.ema_scores for e in found[:-1]] == [None] * (len(found) - 1)
        scores = found[-1].ema_scores
        assert scores is not None
        assert scores[kept] == alone[-1].score
        weights = files(tmp_path / "several", "averages")[f"averages/ema_{kept}_kimg.safetensors"]
        assert weights == trial_folder(tmp_path / f"{half_life}").read_snapshot(found[-1].cur_nimg)


def test_an_abandoned_training_ends_with_the_same_averages(
    prepared: Prepared, objective: Objective, tmp_path: Path
) -> None:
    config = tiny_trial(ema_half_life_kimg=[0.01, 1])
    run(config, prepared, tmp_path / "whole", objective)
    run(config, prepared, tmp_path / "resumed", objective, 2)
    run(config, prepared, tmp_path / "resumed", objective)
    assert files(tmp_path / "resumed", "averages") == files(tmp_path / "whole", "averages") != {}
