"""The work behind `report --compare`: read finished studies, compare them and write one page."""

import re
from collections.abc import Sequence
from os.path import abspath, exists, isdir  # unlike those of Path, they raise nothing for a name too long
from pathlib import Path

from gan_study.analysis.comparison.side_by_side import SideBySide
from gan_study.cli.terminal.outcome import make_console, print_line, print_summary
from gan_study.errors import InputError
from gan_study.report.comparison.comparison_page import KIND, compare_studies, render_comparison
from gan_study.report.skeleton import is_page
from gan_study.runs.folder import RunFolder
from gan_study.runs.storage import Storage
from gan_study.workflow.run_folder import open_run

_HEAD = 4096
"""Characters at the beginning of a page that identify its kind."""
_MOST_NAMED = 3


def compare(locations: Sequence[str], out: str | None) -> None:
    """Write the comparison of finished studies, and print its verdict.

    Raises InputError with all reasons at once if they cannot be compared, or if the page would replace a file of
    another kind; StorageError if a file cannot be read or written.
    """
    if len(locations) < 2:
        raise InputError(
            f"--compare: two or more studies are put side by side, but got {locations[0]} alone; name another run "
            "folder"
        )
    if out is not None:
        _require_page(out)  # This comes before the studies are read, which takes time.
    found = compare_studies(_open(locations))
    target = _require_page(out or _default_name(found))
    Storage(target.parent).write_text(target.name, render_comparison(found))
    console = make_console()
    print_summary(console, found.summary)
    for words in (*(same.words for same in found.same_trainings), *found.same_arms):
        print_line(console, f"Warning: {words}")
    names = ", ".join(row.name for row in found.differences)
    print_line(console, f"Different besides the arms: {names or 'nothing'}.")
    print_line(console, f"Comparison: {target}")


def _open(locations: Sequence[str]) -> list[RunFolder]:
    folders: list[RunFolder] = []
    problems: list[str] = []
    for location in locations:
        try:
            folders.append(open_run(location))
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)
    return folders


def _default_name(found: SideBySide) -> str:
    labels = [study.label for study in found.studies]
    named = labels if len(labels) <= _MOST_NAMED else [labels[0], f"{len(labels) - 1}-others"]
    # A label may be a whole path.
    return f"compare-{'-'.join(re.sub('[^A-Za-z0-9_.-]+', '_', label).strip('_')[-64:] for label in named)}.html"


def _require_page(out: str) -> Path:
    """Return the path of the page: a new file, or an older comparison to replace. Raises InputError for any other."""
    if "://" in out:
        raise InputError(f"--out: the page goes to a file of this machine, but got {out}; copy it from there")
    target = Path(abspath(Path(out).expanduser()))
    if target.suffix.lower() != ".html" or not isdir(target.parent):
        raise InputError(
            f"--out: the name must end in .html, in a folder that is there, but got {target}; choose another"
        )
    if exists(target) and not _is_comparison(target):
        raise InputError(
            f"--out: the page replaces none but its own kind, but got {target} with another file in it; choose another "
            "name, such as --out comparison.html"
        )
    return target


def _is_comparison(path: Path) -> bool:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return is_page(file.read(_HEAD), KIND)
    except OSError:  # It is a folder, or not readable.
        return False
