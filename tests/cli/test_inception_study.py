"""A study scored by Inception's 768 features, run by Tune: two trials at once, one copy of the real statistics."""

import json
import re
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

import pytest
from support.command import LIMIT_SEC, Running, errors_in

from gan_study.runs.folder import RunFolder
from gan_study.runs.trial_folder import TrialFolder

pytestmark = [pytest.mark.ray, pytest.mark.slow]

# Inception sees some 15 images a second on one core: 60 real ones, 100 untrained ones, and 100 twice for each trial.
STUDY = """\
name: inception
dataset: {name: digits, image_size: 16, max_images: 60}
objective: {extractor: inception, dims: 768, num_samples: 100, split: train}
budget: {trials_per_arm: 1, total_kimg: 0.128, evaluate_every_kimg: 0.128}
arms:
  lsgan: {network: dcgan, loss: least_squares}
  vanilla: {network: dcgan, loss: non_saturating}
defaults: {network: {width: 8}}
search_space:
  g_lr: {log_uniform: [1e-4, 1e-2]}
search: {scheduler: none}
confirm: {top_k: 0}
resources: {max_concurrent_trials: 2}
"""


@dataclass
class Finished:
    """A study that was run, and what was seen from outside while two of its trials were at work."""

    folder: RunFolder
    out: str
    statistics: Path
    """The only file of Inception's real statistics in the cache."""
    seen: tuple[int, int]
    """Its inode and time while both trials ran."""


def trials(folder: RunFolder) -> list[TrialFolder]:
    return [folder.trial(arm, name) for arm in folder.arms() for name in folder.trials(arm)]


def running_pids(folder: RunFolder) -> set[int]:
    statuses = [trial.read_status() for trial in trials(folder)]
    return {status.pid for status in statuses if status is not None and status.pid is not None}


def identity(path: Path) -> tuple[int, int]:
    """Facts of the file that would change if it were written again."""
    return path.stat().st_ino, path.stat().st_mtime_ns


@pytest.fixture(scope="module")
def finished(
    data_folder: Path, extractor_cache: Path, ray_address: str, tmp_path_factory: pytest.TempPathFactory
) -> Finished:
    if not any(data_folder.glob("pt_inception-2015-12-05-*.pth")):
        pytest.skip(f"needs Inception's weights: {data_folder} has no pt_inception-2015-12-05-*.pth")
    place = tmp_path_factory.mktemp("inception")
    study, folder = place / "inception.yaml", RunFolder(str(place / "inception"))
    study.write_text(STUDY)
    with Running(place, "run", study, "--out", place, "--address", ray_address) as command:
        command.wait_until(lambda: folder.read_preparation() == "real images through inception: 60 of 60")
        command.wait_until(lambda: len(running_pids(folder)) == 2)
        assert folder.read_preparation() is None
        (statistics,) = extractor_cache.glob("real_stats-*-inception-Mixed_6e-*.npz")
        seen = identity(statistics)
        assert command.process.wait(LIMIT_SEC) == 0, command.err
        assert errors_in(command.err) == []
        return Finished(folder, command.out, statistics, seen)


def test_two_trials_at_once_are_scored(finished: Finished) -> None:
    assert len(trials(finished.folder)) == 2
    for trial in trials(finished.folder):
        scores = [evaluation.score for evaluation in trial.read_evaluations()]
        assert len(scores) == 2
        assert all(score is not None and 0 < score < float("inf") for score in scores)
    statuses = [status for trial in trials(finished.folder) if (status := trial.read_status())]
    assert [status.state for status in statuses] == ["completed", "completed"]
    assert max(status.start_time or 0 for status in statuses) < min(status.end_time or 0 for status in statuses)


def test_the_real_statistics_are_taken_once_for_both(finished: Finished, extractor_cache: Path) -> None:
    record = finished.folder.read_objective()
    assert record is not None
    key = record.key
    assert (key.extractor, key.layer, key.dims, key.num_real) == ("inception", "Mixed_6e", 768, 60)
    (path,) = extractor_cache.glob("real_stats-*-inception-Mixed_6e-*")
    network = "-".join((key.extractor, key.layer, key.preprocessing, key.weights_hash))
    assert fnmatch(path.name, f"real_stats-1-{key.dataset}-{key.split}-????????-{network}.npz")
    # Taken before the first trial began, not written again by any, and what the trials read.
    starts = [status.start_time or 0 for trial in trials(finished.folder) if (status := trial.read_status())]
    assert finished.statistics.stat().st_mtime < min(starts)
    assert identity(finished.statistics) == finished.seen
    copy = finished.folder.storage.read_bytes("objective/real_stats.npz")
    assert copy == finished.statistics.read_bytes()


def test_the_score_is_called_no_fid(finished: Finished) -> None:
    page = finished.folder.storage.read_text("report.html")
    summary = json.loads(finished.folder.storage.read_text("summary.json"))
    assert re.match(r"FD\[inception@\w{8},Mixed_6e,d=768\]/N=100v60:train/", summary["score"]["label"])
    for text in (finished.out, page, json.dumps(summary)):
        bare = text.replace("not comparable with published FID", "")
        assert not re.search(r"\bFID\b", bare)
    for text in (finished.out, page):
        assert "not comparable with published FID" in text
