"""Whole trainings on a device that refuses to mix with the CPU, and the moments at which the host waits for it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support import fake_device_trainings
from support.prepared_objective import Prepared

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def ends(prepared: Prepared, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """The final state, or the error, and the host's waits of every training of fake_device_trainings.py."""
    out, script = tmp_path_factory.mktemp("fake_device"), Path(fake_device_trainings.__file__)
    places = [str(script.parents[1]), os.environ.get("PYTHONPATH", "")]
    answer = subprocess.run(
        [sys.executable, "-W", "ignore", str(script), prepared.folder.location, str(out)],
        # Features of fake images must not stay where other tests look for real ones.
        env={**os.environ, "GAN_STUDY_CACHE": str(out / "cache"), "PYTHONPATH": os.pathsep.join(places)},
        capture_output=True,
        text=True,
        timeout=500,
    )
    assert answer.returncode == 0, answer.stderr[-4000:]
    found: dict[str, dict[str, Any]] = json.loads(answer.stdout.splitlines()[-1])
    return found


@pytest.mark.parametrize("name", [*fake_device_trainings.COVERED, *fake_device_trainings.EXTRACTORS])
def test_a_training_keeps_to_its_device_and_waits_for_it_at_evaluations_only(
    name: str, ends: dict[str, dict[str, Any]]
) -> None:
    # Two evaluations follow steps, and read what they have measured.
    assert ends[name] == {"end": "completed", "waits": [], "reads": 2}


@pytest.mark.parametrize("name", fake_device_trainings.PLANTED)
def test_a_planted_mistake_is_found(name: str, ends: dict[str, dict[str, Any]]) -> None:
    found = ends[f"planted: {name}"]
    if name == "images on the CPU":
        assert "Expected all tensors to be on the same device" in found["end"]
    else:
        assert found["end"] == "completed"
        place = f"{name.split()[0]} at training/loop.py: update_ema("
        assert [wait[: len(place)] for wait in found["waits"]] == [place] * 4
