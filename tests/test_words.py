"""Docstrings are sentences: none begins like a fragment, and none uses words that make readers stumble."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import gan_study

PACKAGE = Path(gan_study.__file__).parent
FRAGMENT = re.compile(r"(?:Of|The same|So many|As many|What|How|Whether)\b")
ODD = re.compile(r"\b(?:is told|are told|stands|has it that|g(?:oes|one) on with)\b")


def docstrings(source: str) -> Iterator[tuple[int, str]]:
    """Line and text of every string that is a statement of its own, which documents what it follows."""
    for node in ast.walk(ast.parse(source)):
        body = getattr(node, "body", [])
        for statement in body if isinstance(body, list) else []:
            match statement:
                case ast.Expr(value=ast.Constant(value=str(text))):
                    yield statement.lineno, " ".join(text.split())


def faults(source: str) -> list[str]:
    """The sentences in a file's docstrings that are fragments or hold odd words, each with its line."""
    return [
        f"{line}: {sentence}"
        for line, text in docstrings(source)
        for sentence in re.split(r"(?<=[.;:!?]) +", text)
        if FRAGMENT.match(sentence) or ODD.search(sentence)
    ]


@pytest.mark.parametrize(
    "room", sorted(path.stem for path in PACKAGE.iterdir() if path.name[0] != "_" and path.suffix in ("", ".py"))
)
def test_docstrings_are_sentences(room: str) -> None:
    files = sorted((PACKAGE / room).rglob("*.py")) or [PACKAGE / f"{room}.py"]
    found = [
        f"{path.relative_to(PACKAGE)}:{fault}" for path in files if path.exists() for fault in faults(path.read_text())
    ]
    assert found == []


def test_docstrings_of_tests_are_sentences() -> None:
    tests = Path(__file__).parent
    found = [f"{path.relative_to(tests)}:{fault}" for path in tests.rglob("*.py") for fault in faults(path.read_text())]
    assert found == []


def test_a_fragment_is_found_wherever_it_stands() -> None:
    planted = '"""Fine. Whether it fits."""\nX = 1\n"""Of the trial."""\ndef f():\n    """The user is told."""\n'
    assert faults(planted) == ["1: Whether it fits.", "3: Of the trial.", "5: The user is told."]
