from collections.abc import Iterator

import pytest


@pytest.fixture(scope="module", autouse=True)
def _quick_run_folders() -> Iterator[None]:
    """Run folders that need not outlive a crash: waiting for the disk would take most of the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.fsync", lambda _: None)
        yield
