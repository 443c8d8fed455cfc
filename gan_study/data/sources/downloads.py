"""Downloads of named data sets with torchvision, which knows their addresses and checksums."""

import shutil
import socket
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any
from urllib.error import HTTPError, URLError

from gan_study.config.names import DatasetName
from gan_study.data.places import DATA_ENVIRONMENT, data_folder
from gan_study.errors import InputError
from gan_study.runs.file_lock import file_lock

REACH_SEC = 15.0
"""Longest wait for an answer of any server."""
_STALL_SEC = 30.0
"""Longest wait for further data of a download."""


class NotFetchedError(InputError):
    """Files that could be downloaded are not on this machine, and downloads are not allowed."""

    def __init__(self, place: Path, problem: str) -> None:
        super().__init__(problem)
        self.place = place
        """The folder for the files."""


def download_missing(
    name: DatasetName, relative: str, witness: str, what: str, may_fetch: bool = True, found: str = ""
) -> None:
    """Download a data set into the data folder.

    Args:
        name: the data set.
        relative: the folder for its files, below the data folder.
        witness: a file that exists once the data set is downloaded, compressed or not.
        what: a description of the files, for the message.
        may_fetch: False forbids the download.
        found: a description of other files in their place, for the message.

    Raises:
        NotFetchedError: the download is not allowed.
        InputError: the download failed; the message names the missing files and their folder.
    """
    root = data_folder()
    missing = f"{root / relative}: {what} must be here, but got no {witness}{f' (found {found})' if found else ''}"
    remedy = f"put them here, or set {DATA_ENVIRONMENT} to the folder above {relative}"
    if not may_fetch:
        raise NotFetchedError(root / relative, f"{missing}; {remedy}")
    try:
        root.mkdir(parents=True, exist_ok=True)
        with file_lock(root / f".{name}.lock"):
            if not _is_there(root / relative, witness):
                download_beside(name, root, relative)
    except Exception as error:  # torchvision, the network and the disk raise all kinds
        reason = str(error).strip().replace("\n", " ") or type(error).__name__
        raise InputError(f"{missing}, and it could not be downloaded ({reason}); {remedy}") from error


def _is_there(folder: Path, witness: str) -> bool:
    return any((folder / f"{witness}{ending}").exists() for ending in ("", ".gz"))


def download_beside(name: DatasetName, root: Path, relative: str) -> None:
    """Download into a temporary folder, and move the files when all are there, so that a partial data set never counts
    as whole."""
    fetch, addresses = _downloader(name)
    if not _can_reach(addresses):
        raise URLError(f"no answer from {', '.join(addresses)}")
    scratch = root / f".downloading-{name}"
    shutil.rmtree(scratch, ignore_errors=True)
    try:
        with _timeout(_STALL_SEC):
            fetch(scratch)
        (root / relative).mkdir(parents=True, exist_ok=True)
        for file in (scratch / relative).iterdir():
            target = root / relative / file.name
            if not target.exists():
                file.rename(target)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _downloader(name: DatasetName) -> tuple[Callable[[Path], Any], list[str]]:
    """A function that downloads a data set into a folder, and the addresses that it uses."""
    # Imported here because it takes seconds, which data sets on this machine need not wait for.
    from torchvision import datasets

    classes = {"fashion_mnist": datasets.FashionMNIST, "kmnist": datasets.KMNIST}
    if name == "cifar10":
        return lambda root: datasets.CIFAR10(root, download=True), [datasets.CIFAR10.url]
    if name == "celeba":
        return lambda root: datasets.CelebA(root, download=True), ["https://drive.google.com/"]
    if name == "emnist_letters":
        return lambda root: datasets.EMNIST(root, split="letters", download=True), [datasets.EMNIST.url]
    kind = classes.get(name, datasets.MNIST)
    return lambda root: kind(root, download=True), [mirror + kind.resources[0][0] for mirror in kind.mirrors]


def _can_reach(addresses: list[str]) -> bool:
    """Return True if any server answers soon. Threads are used because looking up a name may take minutes."""
    answers: SimpleQueue[bool] = SimpleQueue()

    def ask(address: str) -> None:
        try:
            with urllib.request.urlopen(urllib.request.Request(address, method="HEAD"), timeout=REACH_SEC):
                answers.put(True)
        except HTTPError:  # an error is an answer, too
            answers.put(True)
        except (OSError, HTTPException):
            answers.put(False)

    for address in addresses:
        threading.Thread(target=ask, args=(address,), daemon=True).start()
    try:
        return any(answers.get(timeout=REACH_SEC) for _ in addresses)
    except Empty:
        return False


@contextmanager
def _timeout(seconds: float) -> Iterator[None]:
    """A time limit for connections, for which torchvision sets none."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
