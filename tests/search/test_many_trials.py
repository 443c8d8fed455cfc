"""The driver's work for a trial does not grow with the trials that there are."""

import io
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from rich.console import Console
from support.scripted_world import World, make_evaluation, make_study

from gan_study.cli.terminal.live import LiveTable, PlainLines
from gan_study.runs.folder import RunFolder
from gan_study.runs.records.status import TrialState
from gan_study.search.director.director import Director
from gan_study.search.director.trial_record import TrialRecord


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


def num_opcodes(work: Callable[[], object]) -> int:
    """Steps of the interpreter that some work takes, loops without calls included."""
    count = 0

    def note(frame: FrameType, event: str, argument: object) -> Any:
        nonlocal count
        frame.f_trace_opcodes = True
        count += event == "opcode"
        return note

    before = sys.gettrace()
    sys.settrace(note)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


def director_of(num_trials: int, place: Path, objectives: list[str]) -> Director:
    """A director with trials of two arms, a tenth of them at work and the others completed."""
    study = make_study(
        budget={"trials_per_arm": 2 * num_trials, "total_kimg": 4, "evaluate_every_kimg": 1},
        search={"sampler": "random", "scheduler": "none", "objectives": objectives},
        confirm={"top_k": 2, "seeds": 2},
    )
    director = World(study, RunFolder(str(place)), lambda *_: 10.0, max_concurrent_trials=2).make_director()
    firsts = [config for _ in study.arms if (config := director.next_trial()) is not None]
    for index in range(1, num_trials // 2):
        state, nimg = (TrialState.COMPLETED, 4000) if index % 10 else (TrialState.RUNNING, 1000)
        for first in firsts:
            config = first.model_copy(update={"name": f"search_{index}", "index": index})
            evaluations = [make_evaluation(nimg, float(index % 7))]
            director.trials.add(TrialRecord(config, RunFolder(str(place)).trial(config.arm, config.name), state,
                                            evaluations=evaluations))  # fmt: skip
    return director


@pytest.mark.parametrize("objectives", [["score"], ["score", "device_sec"]])
def test_the_live_table_takes_as_many_steps_among_10000_trials_as_among_1000(
    tmp_path: Path, objectives: list[str]
) -> None:
    def num_steps(num_trials: int) -> int:
        director = director_of(num_trials, tmp_path / str(num_trials), objectives)
        table = LiveTable(Console(file=io.StringIO()))
        try:
            table.start(director)
            trial = director.trials["wgan", "search_10"]

            def change() -> None:
                director.trials.add_evaluation(trial, make_evaluation(2000, 1.0))
                director.trials.close(director.trials["lsgan", "search_10"], TrialState.COMPLETED)
                table.update()

            steps = num_opcodes(change)
        finally:
            table.stop()
        row = next(row for row in table.rows if row.arm == "lsgan")
        assert row.states[TrialState.RUNNING] == num_trials // 20 - 1  # the change has been counted
        assert row.best is not None
        assert row.best.score == 0.0
        return steps

    # Sorting a completed trial into its place takes a few more comparisons.
    assert num_steps(10_000) < 1.1 * num_steps(1000)
