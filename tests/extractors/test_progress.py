"""Progress of long work: reported while it runs, and no more often than asked for."""

from dataclasses import replace
from pathlib import Path

import pytest
from support.prepared_objective import Prepared

from gan_study.config.extractors import EXTRACTORS
from gan_study.extractors.objective import prepare_objective
from gan_study.extractors.progress import at_work, count_done, listening, now_and_then
from gan_study.runs.folder import RunFolder


def test_work_is_told_with_what_is_done_of_it() -> None:
    told: list[str] = []
    count_done(1)  # no one has said what is at work
    with listening(told.append), at_work("outer", 2000):
        count_done(1000)
        with at_work("inner"):
            count_done(7)
        count_done(1000)
        count_done(1)
    with at_work("unheard", 1):
        count_done(1)
    assert told == [
        "outer: 0 of 2,000",
        "outer: 1,000 of 2,000",
        "inner",
        "inner",
        "outer: 2,000 of 2,000",
        "outer: 2,001",
    ]


def test_a_failure_leaves_nothing_at_work() -> None:
    told: list[str] = []
    with pytest.raises(ValueError, match="broken"), listening(told.append), at_work("that breaks", 1):
        raise ValueError("broken")
    with listening(told.append):
        count_done(1)
    assert told == ["that breaks: 0 of 1"]


def test_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    seconds = 100.0
    monkeypatch.setattr("time.monotonic", lambda: seconds)
    at_once, later = now_and_then(5, told.append), now_and_then(5, lambda text: told.append(f"later {text}"), since=99)
    for seconds in (100.0, 103.9, 104.0, 105.0, 109.9):
        at_once(f"{seconds:g}"), later(f"{seconds:g}")
    assert told == ["100", "later 104", "105", "later 109.9"]


def test_the_time_left_follows_from_what_was_done_since(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    seconds = 100.0
    monkeypatch.setattr("time.monotonic", lambda: seconds)
    with listening(told.append), at_work("steps", 1000, done=200, may_end_early=True):
        for seconds in (104.0, 110.0, 300.0):  # noqa: B007  # the clock reads it
            count_done(50)
        count_done(650)
    with listening(told.append), at_work("images", 2000):
        seconds += 10
        count_done(10)
    assert told == [
        "steps: 200 of at most 1,000",
        "steps: 250 of at most 1,000",
        "steps: 300 of at most 1,000, about 70 s left at most",
        "steps: 350 of at most 1,000, about 14 min left at most",
        "steps: 1,000 of at most 1,000",
        "images: 0 of 2,000",
        "images: 10 of 2,000, about 33 min left",
    ]


def test_an_objective_tells_each_of_its_parts(
    prepared: Prepared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAN_STUDY_CACHE", str(tmp_path / "cache"))
    one_epoch = replace(EXTRACTORS["domain_classifier"], most_epochs=1)
    monkeypatch.setitem(EXTRACTORS, "domain_classifier", one_epoch)
    few = prepared.training.model_copy(
        update={"objective": prepared.training.objective.model_copy(update={"split": "held_out"})}
    )
    told: list[str] = []
    with listening(told.append):
        prepare_objective(few, prepared.dataset, RunFolder(str(tmp_path / "run")))
    assert told[0] == "the extractor domain_classifier"
    steps = [text for text in told if text.startswith("steps of training the extractor: ")]
    assert steps[0].endswith(": 0 of 23")
    assert steps[23].endswith(": 23 of 23")
    real = [text for text in told if text.startswith("real images through domain_classifier: ")]
    assert [text.split(": ")[1] for text in real] == [f"{n} of 300" for n in (0, 100, 200, 300)]
    assert told[-1] == "images of an untrained generator through domain_classifier: 200 of 200"
