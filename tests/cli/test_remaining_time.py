"""The time left, worked out by hand from trials that train nothing, and the lines that tell it."""

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from support.synthetic_run import OBJECTIVE

from gan_study.cli.terminal import live
from gan_study.config.estimates.expected_length import expected_nimg
from gan_study.config.study import StudyConfig
from gan_study.runs.folder import RunFolder
from gan_study.runs.records.measurements import EvaluationRecord
from gan_study.runs.records.status import TrialState
from gan_study.search.director.director import Director
from gan_study.search.director.remaining_time import RemainingTime, num_planned
from gan_study.search.sampling.search_storage import SearchStorage
from gan_study.workflow import progress


def director(place: Path, at_once: int, **changes: Any) -> Director:
    """A study of two arms with four trials of 9 kimg; one second for 1,000 images, evaluations included."""
    sections: dict[str, Any] = {
        "name": "timed",
        "dataset": {"name": "digits"},
        "budget": {"trials_per_arm": 4, "total_kimg": 9, "evaluate_every_kimg": 1},
        "arms": {name: {"network": "dcgan", "loss": "least_squares"} for name in ("a", "b")},
        "search_space": {"network.width": {"integer": [8, 64]}},
        "search": {"sampler": "random", "scheduler": "none"},
        "confirm": {"top_k": 0},
    }
    return Director(
        StudyConfig.model_validate(sections | changes), RunFolder(str(place)), OBJECTIVE, SearchStorage(), at_once
    )


def hear(study: Director, kimg: int, state: TrialState = TrialState.RUNNING) -> None:
    """Every trial at work has come to `kimg`."""
    for key in [key for key, trial in study.trials.items() if not trial.state.is_final]:
        evaluation = EvaluationRecord(
            cur_nimg=1000 * kimg,
            num_d_steps=kimg,
            num_g_steps=kimg,
            train_sec=0.75 * kimg,
            evaluate_sec=0.25 * kimg,
            score=10.0,
            class_shares=None,
            losses=None,
        )
        study.receive_progress(key, state, evaluation)


def test_without_early_stopping_every_trial_goes_to_its_end(tmp_path: Path) -> None:
    study = director(tmp_path, at_once=2)
    clock = RemainingTime(study)
    study.next_trial(), study.next_trial()
    assert clock.text() == "time left not known yet"
    hear(study, 0)
    assert clock.text() == "time left not known yet"
    hear(study, 3)
    # 2 x 6 of the trials at work and 6 x 9 of those to come, two at once.
    assert clock.text() == "about 33 s left"
    hear(study, 9, TrialState.COMPLETED)
    assert clock.text() == "about 27 s left"  # not twice as long because for a moment none runs
    for _ in range(2):
        study.next_trial(), study.next_trial()
        hear(study, 9, TrialState.COMPLETED)
    study.next_trial(), study.next_trial()
    hear(study, 4)
    assert clock.text() == "about 5 s left"
    key = next(key for key, trial in study.trials.items() if not trial.state.is_final)
    study.receive_failure(key, "killed")
    assert clock.text() == "about 5 s left"  # one is left, which does not use two places


def test_confirmations_are_full_trainings(tmp_path: Path) -> None:
    study = director(tmp_path, at_once=1, confirm={"top_k": 1, "seeds": 3})
    study.next_trial()
    hear(study, 9, TrialState.COMPLETED)
    assert num_planned(study) == 8 + 6
    assert RemainingTime(study).text() == f"about {(7 + 6) * 9} s left"


def test_early_stopping_is_expected_where_it_is_to_come(tmp_path: Path) -> None:
    study = director(tmp_path, at_once=1, search={"sampler": "random", "scheduler": "asha", "lag": 1})
    study.next_trial()
    hear(study, 3)
    # Rungs at 1 and 3 kimg. Of the four of an arm, 1, 1/2, 1/3 and 1/4 go on at the first (25/48 of them), which are
    # 2 then, and of these 1 and 1/2 at the second (3/4).
    one = 1 + 25 / 48 * (2 + 3 / 4 * 6)
    assert RemainingTime(study).text() == f"about {6 + 7 * one:.0f} s left"


def test_the_length_is_the_trials_own(tmp_path: Path) -> None:
    budget = {"trials_per_arm": 4, "d_steps": 100, "evaluate_every_kimg": 1}  # 6.4 kimg in batches of 64
    study = director(tmp_path, at_once=1, budget=budget)
    study.next_trial()
    hear(study, 1)
    assert RemainingTime(study).text() == f"about {5.4 + 7 * 6.4:.0f} s left"


def test_long_ones_are_told_in_minutes(tmp_path: Path) -> None:
    study = director(tmp_path, 1, budget={"trials_per_arm": 4, "total_kimg": 90, "evaluate_every_kimg": 1})
    study.next_trial()
    hear(study, 30)
    assert RemainingTime(study).text() == "about 12 min left"  # 60 + 7 x 90 seconds


@pytest.mark.parametrize(
    ("cur_nimg", "expected"), [(0, 100 + 0.5 * 200 + 0.25 * 600), (100, 200 + 0.5 * 600), (500, 400), (900, 0)]
)
def test_rungs_that_are_passed_stop_nothing(cur_nimg: int, expected: float) -> None:
    assert expected_nimg(900, cur_nimg, [(100, 0.5), (300, 0.5), (900, 0.5)]) == pytest.approx(expected)


def test_a_long_silence_is_broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study, out = director(tmp_path, at_once=2), StringIO()
    lines = live.PlainLines(Console(file=out))
    lines.start(study)
    study.next_trial(), study.next_trial()
    hear(study, 3)
    lines.update()
    assert len(out.getvalue().splitlines()) == 1  # how much lies ahead
    monkeypatch.setattr(progress, "QUIET_SEC", 0.0)
    lines.update()
    *_, last = out.getvalue().splitlines()
    assert last.endswith("] at work: a/search_000 at 3,000 images, b/search_000 at 3,000 images (about 33 s left)")


def test_what_was_done_before_is_counted_at_the_start(tmp_path: Path) -> None:
    study, out = director(tmp_path, at_once=2), StringIO()
    study.next_trial()
    hear(study, 9, TrialState.COMPLETED)
    live.PlainLines(Console(file=out)).start(study)
    assert out.getvalue().endswith("] 1 trial is done, about 7 to go\n")


def test_a_long_preparation_is_told_after_a_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    out = StringIO()
    lines = live.PlainLines(Console(file=out))
    lines.show_stage("preparing the data and the extractor")
    lines.show_progress("preparing: real images through inception: 100 of 1,797")
    assert len(out.getvalue().splitlines()) == 1
    monkeypatch.setattr(progress, "QUIET_SEC", 0.0)
    lines.show_progress("preparing: real images through inception: 200 of 1,797")
    *_, last = out.getvalue().splitlines()
    assert last.endswith(" s] preparing: real images through inception: 200 of 1,797")


def test_the_live_table_tells_how_far_the_preparation_is() -> None:
    out = StringIO()
    console = Console(file=out, force_terminal=True, width=120)
    table = live.LiveTable(console)
    try:
        table.show_stage("preparing the data and the extractor")
        table.show_progress("preparing: real images through inception: 200 of 1,797")
        with console.capture() as captured:
            console.print(table.render())
    finally:
        table.stop()
    assert "0 s: preparing: real images through inception: 200 of 1,797" in captured.get()


@pytest.mark.parametrize("kind", [live.PlainLines, live.LiveTable])
def test_a_failure_is_shown_at_once_with_its_reason(
    tmp_path: Path, kind: type[live.PlainLines] | type[live.LiveTable]
) -> None:
    """Also while it is not known yet whether other trials share it."""
    study, out = director(tmp_path, at_once=2), StringIO()
    display = kind(Console(file=out))
    try:
        display.start(study)
        config = study.next_trial()
        assert config is not None
        study.receive_failure((config.arm, config.name), "RuntimeError: Connection refused")
        for _ in range(2):
            display.update()
    finally:
        display.stop()
    assert out.getvalue().count("a/search_000 has failed at 0 images: RuntimeError: Connection refused\n") == 1
