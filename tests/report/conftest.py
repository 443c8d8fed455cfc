from collections.abc import Iterator

import pytest
from compared_runs import write_second_run
from synthetic_run import write_synthetic_run

from gan_study.report.comparison import compare_studies


@pytest.fixture(scope="module", autouse=True)
def _quick_run_folders() -> Iterator[None]:
    """Run folders that need not outlive a crash: waiting for the disk would take most of the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.fsync", lambda _: None)
        yield


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """The run folder of synthetic_run; no test writes into it."""
    return write_synthetic_run(str(tmp_path_factory.mktemp("runs") / "first"))


@pytest.fixture
def compared(first, tmp_path):
    """Compares the first study with the second, changed."""
    return lambda **changes: compare_studies([first, write_second_run(str(tmp_path / "second"), **changes)])
