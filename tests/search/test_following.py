"""A study on a cluster whose size changes."""

from pathlib import Path

import pytest
import ray
from support.ray_cluster import autoscaling_cluster, end_worker
from support.tiny_study import tiny_folder, tiny_study

from gan_study.runs.records.status import StudyStatus, TrialState
from gan_study.search.run import run_study

pytestmark = [pytest.mark.ray, pytest.mark.slow]

WAITING = (
    "waiting for machines: a trial needs 1 CPU and 0 GPUs, and the cluster has no machine that takes trials; its "
    "autoscaler may start 2 worker (1 CPU and 0 GPUs), at most 2 in all"
)


def test_the_trials_at_once_follow_the_cluster(
    extractor_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a given number, on a cluster that has no worker at first, and from which one is taken later."""
    monkeypatch.setenv("HOME", str(tmp_path))
    study = tiny_study(
        arms={"lsgan": {"network": "dcgan", "loss": "least_squares"}},
        budget={"trials_per_arm": 6, "total_kimg": 8, "evaluate_every_kimg": 2},
        search={"scheduler": "none"},
        confirm={"top_k": 0},
    )
    folder = tiny_folder(tmp_path / "run", study)
    stages: list[str] = []
    statuses: list[StudyStatus | None] = []

    def on_stage(stage: str) -> None:
        if stage == "the cluster has room for 2 trials at once" and stage not in stages:
            workers = [node["NodeID"] for node in ray.nodes() if node["Resources"].get("CPU")]
            end_worker(address, min(workers))
        stages.append(stage)
        statuses.append(folder.read_study_status())

    environment = {"GAN_STUDY_CACHE": str(extractor_cache)}
    with autoscaling_cluster(environment, tmp_path, 2) as address:
        run_study(study, folder, address=address, on_stage=on_stage)

    assert stages[1] == WAITING
    assert statuses[1] is not None
    assert statuses[1].waiting_for == WAITING
    rooms = [stage for stage in stages if stage.startswith("the cluster has room for ")]
    one, two = (
        "the cluster has room for 1 trial at once, and may grow for 2",
        "the cluster has room for 2 trials at once",
    )
    # The loss of a machine is said, too, unless another has come within five seconds.
    assert rooms[:2] == [one, two], stages
    status = folder.read_study_status()
    assert status is not None
    assert (status.state, status.num_concurrent_trials, status.waiting_for) == ("completed", 2, None)
    ended = [folder.trial("lsgan", name).read_status() for name in folder.trials("lsgan")]
    assert [each.state for each in ended if each is not None] == [TrialState.COMPLETED] * 6
