"""Where the weights of the FID's Inception are on this machine, and that they are the right ones."""

import hashlib
import os
import shutil
import urllib.request
import uuid
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import torch
from filelock import FileLock
from pytorch_fid.inception import FID_WEIGHTS_URL

from gan_study.data.places import DATA_ENVIRONMENT, INCEPTION_ENVIRONMENT, data_folder
from gan_study.errors import InputError

OFFICIAL_NAME = "pt_inception-2015-12-05-6726825d.pth"
PARTIAL_NAME = "pt_inception-2015-12-05-to-Mixed_6e.pth"
PARTIAL_DIMS = 768
"""The longest features that the partial file is good for."""
OFFICIAL_SHA256 = "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2"
PARTIAL_SHA256 = "e3ea8361cbe55550b8dfb9c74d1c985ae809faea9be20515438c3c413009fe44"
_TIMEOUT_SEC = 10.0


@dataclass(frozen=True)
class WeightsFile:
    """A file of weights and its content's hash."""

    path: Path
    sha256: str

    @property
    def weights_hash(self) -> str:
        """First 8 hex digits, as in a score's key."""
        return self.sha256[:8]


def find_weights(dims: int) -> WeightsFile:
    """The weights to use for features of length `dims`.

    The file that GAN_STUDY_INCEPTION_WEIGHTS names, whatever its hash; else the official one in GAN_STUDY_DATA or in
    torch's hub folder; else, for dims up to 768, the known partial one in GAN_STUDY_DATA; else the official one,
    downloaded into torch's hub folder. Raises InputError if a file is not what its name says, or nothing is found.
    """
    explicit = _explicit()
    if explicit is not None:
        return explicit
    for folder in (data_folder(), _hub_folder()):
        if (folder / OFFICIAL_NAME).exists():
            return _checked(folder / OFFICIAL_NAME, OFFICIAL_SHA256)
    if dims <= PARTIAL_DIMS and (data_folder() / PARTIAL_NAME).exists():
        return _checked(data_folder() / PARTIAL_NAME, PARTIAL_SHA256)
    return _download()


def weights_with_hash(weights_hash: str) -> WeightsFile:
    """The file with these first 8 hex digits, from the places of `find_weights`. Raises InputError if there is none."""
    explicit = _explicit()
    if explicit is not None and explicit.weights_hash == weights_hash:
        return explicit
    for folder in (data_folder(), _hub_folder()):
        for name in (OFFICIAL_NAME, PARTIAL_NAME):
            if (folder / name).exists() and _file(folder / name).weights_hash == weights_hash:
                return _file(folder / name)
    if OFFICIAL_SHA256.startswith(weights_hash):
        return _download()
    raise InputError(
        f"inception: the study's scores are made with the weights {weights_hash}, but no file here has this hash; "
        f"name the file with --inception-weights or {INCEPTION_ENVIRONMENT}"
    )


def _explicit() -> WeightsFile | None:
    place = os.environ.get(INCEPTION_ENVIRONMENT)
    if not place:
        return None
    path = Path(place).expanduser().absolute()
    if not path.is_file():
        raise InputError(
            f"inception: the file of weights must be there, but got {INCEPTION_ENVIRONMENT}={place}; "
            f"give the path of {OFFICIAL_NAME}"
        )
    return _file(path)


def _checked(path: Path, sha256: str) -> WeightsFile:
    file = _file(path)
    if file.sha256 != sha256:
        raise InputError(
            f"{path}: a file of this name must have the SHA-256 {sha256[:8]}..., but got {file.weights_hash}...; "
            f"fetch it again, or name it with --inception-weights to use it as it is"
        )
    return file


def _file(path: Path) -> WeightsFile:
    status = path.stat()
    return WeightsFile(path, _sha256(path, status.st_mtime_ns, status.st_size))


@lru_cache(maxsize=8)
def _sha256(path: Path, mtime_ns: int, size: int) -> str:
    """Of the file's content. Time and size are there so that a changed file is read again."""
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"{path}: the file of weights cannot be read ({error}); check its permissions") from error


def _hub_folder() -> Path:
    return Path(torch.hub.get_dir()) / "checkpoints"


def _download() -> WeightsFile:
    """The official file in torch's hub folder, where other tools look for it too."""
    path = _hub_folder() / OFFICIAL_NAME
    temporary = path.with_name(f".{OFFICIAL_NAME}.{uuid.uuid4().hex[:8]}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_name(f".{OFFICIAL_NAME}.lock")):
            if not path.exists():  # a process that had the lock before may have fetched it
                request = urllib.request.urlopen(FID_WEIGHTS_URL, timeout=_TIMEOUT_SEC)
                with request as source, temporary.open("wb") as target:
                    shutil.copyfileobj(source, target)
                _checked(temporary, OFFICIAL_SHA256)
                temporary.replace(path)
        return _checked(path, OFFICIAL_SHA256)
    except OSError as error:
        raise InputError(
            f"inception: its weights must be on this machine or be downloaded, but got no {OFFICIAL_NAME} in "
            f"{data_folder()} or {path.parent} and {FID_WEIGHTS_URL} failed ({error}); put the file into one of them "
            f"({DATA_ENVIRONMENT} names the first), or name it with --inception-weights"
        ) from error
    finally:
        temporary.unlink(missing_ok=True)
