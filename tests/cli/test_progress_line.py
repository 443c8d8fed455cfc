"""Where standard error is no terminal, long work still reports how far it has come."""

import pytest

from gan_study.cli.terminal.progress_line import shown_progress
from gan_study.extractors.progress import at_work, count_done


@pytest.mark.parametrize(("quiet_sec", "expected"), [(0.0, ["images: 0 of 2", "images: 1 of 2"]), (60.0, [])])
def test_lines_come_now_and_then(quiet_sec: float, expected: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with shown_progress("scoring", quiet_sec), at_work("images", 2):
        count_done(1)
    shown = capsys.readouterr()
    assert (shown.out, shown.err.splitlines()) == ("", expected)
