"""Run folders that cannot be written, and clocks that jump."""

import ast
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import gan_study
from gan_study.errors import StorageError
from gan_study.runs.folder import RunFolder
from gan_study.runs.lock import lock_run_folder


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk that nobody, not even root, can write to."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", place], capture_output=True, text=True)
    if mounted.returncode != 0:
        pytest.skip(f"needs the right to mount a disk: {mounted.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)


def test_a_run_folder_that_cannot_be_written_is_named(read_only: Path) -> None:
    folder = RunFolder(str(read_only))
    with pytest.raises(StorageError) as caught:
        folder.write_study_text("name: x\n")
    assert str(caught.value).startswith(f"{read_only}/study.yaml: writing or reading is not permitted (")
    assert str(caught.value).endswith("; change its permissions, or choose another --out")
    with pytest.raises(StorageError, match="writing or reading is not permitted"), lock_run_folder(folder):
        pass


def differences_of_times(tree: ast.AST) -> list[int]:
    """Lines on which a time of day is added or subtracted."""
    sums = [node for node in ast.walk(tree) if isinstance(node, ast.BinOp | ast.Compare | ast.AugAssign)]
    return [
        node.lineno
        for node in sums
        for part in ast.walk(node)
        if isinstance(part, ast.Call) and ast.unparse(part.func) in ("time.time", "datetime.now")
    ]


def test_no_duration_comes_from_a_clock_that_may_jump() -> None:
    assert differences_of_times(ast.parse("seconds = before + time.time() - start")) == [1, 1]
    package = Path(gan_study.__file__).parent
    found = {path.name: differences_of_times(ast.parse(path.read_text())) for path in package.rglob("*.py")}
    assert {name: lines for name, lines in found.items() if lines} == {}
