import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest
from support.compared_runs import write_second_run
from support.page_troubles import PageTroubles
from support.synthetic_run import write_synthetic_run

from gan_study.analysis.comparison.side_by_side import SideBySide
from gan_study.report.comparison.comparison_page import compare_studies
from gan_study.runs.folder import RunFolder

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """The run folder of synthetic_run; no test writes into it."""
    return write_synthetic_run(str(tmp_path_factory.mktemp("runs") / "first"))


@pytest.fixture
def compared(first: RunFolder, tmp_path: Path) -> Callable[..., SideBySide]:
    """Compares the first study with the second, changed."""

    def compare(**changes: Any) -> SideBySide:
        place = tmp_path / "second"
        shutil.rmtree(place, ignore_errors=True)  # trials of the call before, with other configurations
        return compare_studies([first, write_second_run(str(place), **changes)])

    return compare


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    """The system's Chromium or Chrome, driven by Playwright. Without either the test is skipped, but fails in CI."""
    executable = shutil.which("chromium") or shutil.which("google-chrome")
    if executable is None:
        _missing("needs Chromium or Chrome on the PATH (Debian: apt-get install chromium)")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        _missing("needs playwright (pip install playwright)")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        yield browser
        browser.close()


def _missing(reason: str) -> NoReturn:
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="module")
def troubles() -> PageTroubles:
    """Errors and requests of the watched pages; a test fails if there are any."""
    return PageTroubles()
