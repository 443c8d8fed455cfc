import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.ray_cluster import running_cluster
from support.s3_process import KEY, SECRET

if TYPE_CHECKING:
    from support.prepared_objective import Prepared


def pytest_configure() -> None:
    """Ray reads these when it is imported: its clusters ask for a token, here one of this session's own."""
    os.environ["RAY_AUTH_MODE"], os.environ["RAY_AUTH_TOKEN"] = "token", secrets.token_hex(32)
    if "PYTEST_XDIST_WORKER" in os.environ:
        # Two processes with two threads each would wait for one another on two cores.
        os.environ.setdefault("OMP_NUM_THREADS", "1")
        # Ray's workers have the niceness 15: beside the other process's tests theirs would hardly come to their turn.
        os.environ["RAY_worker_niceness"] = "0"  # noqa: SIM112 (Ray spells it so)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The tests on the session's cluster go to one process, and each other file to one, the long ones first.

    So no process is left with a long file at the end. Files that start a Ray of their own come after the other slow
    ones, when the session's cluster has little left to do.
    """
    on_cluster = {item.path for item in items if "ray_address" in getattr(item, "fixturenames", ())}
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    turns = {}
    for item in items:
        if item.get_closest_marker("ray"):
            turn, group = (0, "ray") if item.path in on_cluster else (2, item.path.name)
        else:
            turn, group = (1 if item.path in slow else 3), item.path.name
        turns[item] = turn
        item.add_marker(pytest.mark.xdist_group(group))
    items.sort(key=turns.__getitem__)


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Bytes are no names: an archive's hold the time it was made at, and both processes must call a test the same."""
    return argname if isinstance(val, bytes) else None


@pytest.fixture(scope="session", autouse=True)
def _quick_files() -> Iterator[None]:
    """Files that need not outlive a crash of the machine: waiting for the disk would take minutes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.fsync", lambda _: None)
        yield


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of real files that the environment variable GAN_STUDY_DATA names; without it the test is skipped."""
    folder = os.environ.get("GAN_STUDY_DATA")
    if not folder:
        pytest.skip("needs real files: set GAN_STUDY_DATA to the folder that holds them")
    return Path(folder)


@pytest.fixture(scope="session", autouse=True)
def extractor_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The session's folder for extractors and decoded images, so that each is made once; all processes use it."""
    place = tmp_path_factory.getbasetemp()
    folder = (place.parent if "PYTEST_XDIST_WORKER" in os.environ else place) / "extractors"
    folder.mkdir(exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GAN_STUDY_CACHE", str(folder))
        yield folder


@pytest.fixture(scope="session")
def prepared(extractor_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> "Prepared":
    """The objective of 16-pixel digits (its classifier takes about ten seconds to train)."""
    from support.prepared_objective import prepare_digits  # torch, which most tests do without

    return prepare_digits(str(tmp_path_factory.mktemp("prepared")))


@pytest.fixture(scope="session")
def ray_address(extractor_cache: Path) -> Iterator[str]:
    """The address of the session's Ray cluster: two CPUs, started for the first test that asks for it."""
    # Each machine of a cluster has its own credentials for an object store.
    keys = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_EC2_METADATA_DISABLED": "true"}
    with running_cluster({"GAN_STUDY_CACHE": str(extractor_cache), **keys}) as address:
        yield address
