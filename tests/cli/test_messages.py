"""One `error:` for each problem, however many lines it has."""

import pytest

from gan_study.cli.terminal.messages import print_error
from gan_study.errors import InputError, StorageError


def test_each_problem_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    print_error(InputError(["a.yaml:1:2: one", "a.yaml:3:4: another"]))
    assert capsys.readouterr().err == "error: a.yaml:1:2: one\nerror: a.yaml:3:4: another\n"


def test_the_further_lines_of_a_problem_are_indented(capsys: pytest.CaptureFixture[str]) -> None:
    print_error(StorageError("the file is damaged:\n  seed: [\n  ^"))
    assert capsys.readouterr().err == "error: the file is damaged:\n         seed: [\n         ^\n"
