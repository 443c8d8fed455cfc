"""The loop scores fewer images before the end, and both numbers at the end."""

from pathlib import Path
from typing import Any

import pytest
from support.prepared_objective import Prepared
from support.tiny_training import measured, run, tiny_trial, trial_folder

from gan_study.extractors.objective import Objective

EARLY = {"objective": {"num_samples": 200, "early_num_samples": 120}}
FEW = {"objective": {"num_samples": 120}}


def scores_of(
    values: dict[str, Any], prepared: Prepared, objective: Objective, place: Path
) -> list[tuple[object, ...]]:
    run(tiny_trial(**values), prepared, place, objective)
    return [(e.num_samples, e.score, e.early_score) for e in trial_folder(place).read_evaluations()]


def test_scores_on_the_way_are_of_the_first_images(prepared: Prepared, objective: Objective, tmp_path: Path) -> None:
    early = scores_of(EARLY, prepared, objective, tmp_path / "early")
    full = scores_of({}, prepared, objective, tmp_path / "full")
    assert [num for num, _, _ in early] == [120, 120, 120, 200]
    assert [second is None for _, _, second in early] == [True, True, True, False]
    assert [(num, second) for num, _, second in full] == [(200, None)] * 4
    # The training is the same, and so is its score at the end.
    assert early[-1][1] == pytest.approx(full[-1][1], rel=1e-9)
    for on_the_way, whole in zip(early[:-1], full[:-1], strict=True):
        assert on_the_way[1] != whole[1]
    # What a study would score that has no more images than these.
    few = objective_of(objective, 120)
    expected = scores_of(FEW, prepared, few, tmp_path / "few")
    assert [score for _, score, _ in expected[:-1]] == pytest.approx([score for _, score, _ in early[:-1]])
    assert early[-1][2] == pytest.approx(expected[-1][1])


def objective_of(objective: Objective, num_generated: int) -> Objective:
    key = objective.record.key.model_copy(update={"num_generated": num_generated})
    record = objective.record.model_copy(update={"key": key})
    return Objective(record, objective.extractor, objective.reference)


def test_a_resumed_training_has_the_same_scores(prepared: Prepared, objective: Objective, tmp_path: Path) -> None:
    config = tiny_trial(**EARLY)
    run(config, prepared, tmp_path / "whole", objective)
    run(config, prepared, tmp_path / "broken", objective, num_evaluations=2)
    run(config, prepared, tmp_path / "broken", objective)
    whole, broken = (trial_folder(tmp_path / name).read_evaluations() for name in ("whole", "broken"))
    assert measured(whole) == measured(broken)
