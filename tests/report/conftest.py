import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.compared_runs import write_second_run
from support.synthetic_run import write_synthetic_run

from gan_study.report.comparison.comparison import compare_studies

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="module", autouse=True)
def _quick_run_folders() -> Iterator[None]:
    """Run folders that need not outlive a crash: waiting for the disk would take most of the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.fsync", lambda _: None)
        yield


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory):
    """The run folder of synthetic_run; no test writes into it."""
    return write_synthetic_run(str(tmp_path_factory.mktemp("runs") / "first"))


@pytest.fixture
def compared(first, tmp_path: Path):
    """Compares the first study with the second, changed."""

    def compare(**changes):
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


def _missing(reason: str) -> Any:
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


class Troubles(list[str]):
    """What went wrong in a page: errors in its scripts and on its console, and requests for anything but itself."""

    def watch(self, page: Any) -> None:
        """Collect from now on."""
        page.on("pageerror", lambda error: self.append(f"error: {error}"))
        page.on("console", lambda message: message.type == "error" and self.append(f"console: {message.text}"))
        page.on("request", lambda request: self._add_request(request))

    def _add_request(self, request: Any) -> None:
        is_itself = request.is_navigation_request() and request.url.startswith("file:")
        if not is_itself and not request.url.startswith(("data:", "blob:")):
            self.append(f"request: {request.url}")


@pytest.fixture(scope="module")
def troubles() -> Troubles:
    """What the pages that it watches have got into; a test that sees some should fail."""
    return Troubles()
