"""The first example, cut down, with two trials at once and with one: both end with the same numbers."""

import json
from pathlib import Path
from typing import Any

import pytest
from support.command import gan_study

from gan_study.analysis.repetition import compare_trainings
from gan_study.runs.folder import RunFolder

FIRST = Path(__file__).parents[2] / "studies" / "lsgan_vs_wgan.yaml"
SMALL = {
    "budget.trials_per_arm": 4,
    "budget.total_kimg": 1.5,
    "budget.evaluate_every_kimg": 0.5,
    "objective.num_samples": 300,
    "confirm.seeds": 2,
}
ON_A_CLOCK = {"seconds", "sec", "device_sec", "train_sec", "evaluate_sec", "elapsed_sec"}


def without_durations(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: without_durations(v) for k, v in value.items() if k not in ON_A_CLOCK and not k.endswith("_sec")}
    return [without_durations(item) for item in value] if isinstance(value, list) else value


@pytest.mark.ray
@pytest.mark.slow
def test_the_number_of_trials_at_once_changes_no_number(ray_address: str, tmp_path: Path) -> None:
    folders = []
    for at_once in (2, 1):
        out = tmp_path / str(at_once)
        settings = [f"--set={name}={number}" for name, number in SMALL.items()]
        ended = gan_study(
            "run",
            FIRST,
            "--out",
            out,
            "--address",
            ray_address,
            *settings,
            "--set",
            f"resources.max_concurrent_trials={at_once}",
        )
        assert ended.returncode == 0, ended.stderr
        folders.append(RunFolder(str(out / "lsgan_vs_wgan")))
    first, second = folders
    assert [first.trials(arm) for arm in first.arms()] == [second.trials(arm) for arm in second.arms()]
    found = [
        compare_trainings(first.trial(arm, name), second.trial(arm, name), has_ended=True)
        for arm in first.arms()
        for name in first.trials(arm)
    ]
    assert len(found) == 2 * (4 + 2)
    assert [repetition.differences for repetition in found] == [()] * len(found)
    assert sum(repetition.num_values for repetition in found) > 1000
    summaries = [json.loads(folder.storage.read_text("summary.json")) for folder in folders]
    assert without_durations(summaries[0]) == without_durations(summaries[1])
