"""The driver's work for a trial does not grow with the trials that there are."""

import sys
from pathlib import Path
from types import FrameType

import pytest
from rich.console import Console
from support.scripted_world import World, make_evaluation, make_study

from gan_study.cli.terminal.live import PlainLines
from gan_study.runs.folder import RunFolder
from gan_study.runs.records.status import TrialState
from gan_study.search.director.director import Director


def num_calls(director: Director, lines: PlainLines) -> int:
    """Python calls of one trial's course: start, two evaluations and end, with a line on the terminal."""
    count = 0

    def note(frame: FrameType, event: str, argument: object) -> None:
        nonlocal count
        count += event == "call"

    sys.setprofile(note)
    try:
        config = director.next_trial()
        assert config is not None
        for nimg in (0, 1000):
            director.receive_progress((config.arm, config.name), TrialState.RUNNING, make_evaluation(nimg, 10.0))
        director.receive_progress((config.arm, config.name), TrialState.COMPLETED, make_evaluation(4000, 10.0))
        lines.update()
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("objectives", [["score"], ["score", "device_sec"]])
def test_a_trial_takes_as_many_steps_among_many_as_among_few(tmp_path: Path, objectives: list[str]) -> None:
    study = make_study(
        budget={"trials_per_arm": 1000, "total_kimg": 4, "evaluate_every_kimg": 1},
        search={"sampler": "random", "scheduler": "none", "objectives": objectives},
        confirm={"top_k": 2, "seeds": 2},
    )
    director = World(study, RunFolder(str(tmp_path)), lambda *_: 10.0, max_concurrent_trials=1000).make_director()
    lines = PlainLines(Console(quiet=True))
    lines.start(director)

    def train_some(num: int) -> int:
        return min(num_calls(director, lines) for _ in range(num))

    few = train_some(6)
    for _ in range(200):
        director.next_trial()
    train_some(100)
    assert train_some(6) < 1.3 * few
