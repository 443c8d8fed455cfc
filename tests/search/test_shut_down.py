"""Ray hangs while it shuts down."""

import threading

import pytest
import ray

from gan_study.search.cluster import shut_down


def test_a_shutdown_that_hangs_is_reported_while_it_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    reasons: list[str] = []
    reported = threading.Event()

    def report(reason: str) -> None:
        reasons.append(reason)
        reported.set()

    monkeypatch.setattr(ray, "shutdown", lambda: reported.wait(30))
    shut_down(report, limit_sec=0.01)
    assert reasons == ["it had not shut down after 0.01 seconds"]


def test_a_shutdown_that_ends_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    reasons: list[str] = []
    monkeypatch.setattr(ray, "shutdown", lambda: None)
    shut_down(reasons.append, limit_sec=0.05)
    threading.Event().wait(0.1)
    assert reasons == []
