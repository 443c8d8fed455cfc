"""Finding and checking the weights of the FID's Inception on this machine, without torch."""

import hashlib
import os
import shutil
import urllib.request
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from gan_study.config.data import ObjectiveConfig
from gan_study.config.extractors import FID_DIMS
from gan_study.data.files.fingerprint import facts_of
from gan_study.data.files.folders import unreadable_error
from gan_study.data.places import DATA_ENVIRONMENT, INCEPTION_ENVIRONMENT, data_folder
from gan_study.data.sources.downloads import NotFetchedError
from gan_study.errors import InputError
from gan_study.runs.file_lock import file_lock
from gan_study.runs.records.measurements import OFFICIAL_INCEPTION_HASH

FID_WEIGHTS_URL: Final = (
    "https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/pt_inception-2015-12-05-6726825d.pth"
)
"""pytorch-fid's address of the weights, repeated here because importing pytorch-fid would import torch."""
OFFICIAL_NAME = "pt_inception-2015-12-05-6726825d.pth"
PARTIAL_NAME = "pt_inception-2015-12-05-to-Mixed_6e.pth"
PARTIAL_DIMS = 768
"""Longest features that the partial file provides."""
OFFICIAL_SHA256 = "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2"
PARTIAL_SHA256 = "e3ea8361cbe55550b8dfb9c74d1c985ae809faea9be20515438c3c413009fe44"
REACH_SEC = 10.0
"""Longest wait for an answer of the server."""

Setting = Callable[[str, object], str]
"""Returns how a user writes a setting of the objective with a value, in a study file or on the command line."""


@dataclass(frozen=True)
class WeightsFile:
    """A file of weights and its content's hash."""

    path: Path
    sha256: str

    @property
    def weights_hash(self) -> str:
        """First 8 hex digits, as in a score's key."""
        return self.sha256[:8]

    def is_good_for(self, dims: int) -> bool:
        """Return True if the hash is that of a file with all layers for features of length `dims`."""
        return self.sha256 == OFFICIAL_SHA256 or (self.sha256 == PARTIAL_SHA256 and dims <= PARTIAL_DIMS)


def in_study(name: str, value: object) -> str:
    """A setting with its value, as in a study file."""
    return f"`objective.{name}: {value}`"


def weights_for(objective: ObjectiveConfig, setting: Setting = in_study, may_fetch: bool = True) -> WeightsFile:
    """The weights with which Inception scores under `objective`; see `find_weights`.

    Raises the errors of `find_weights`, extended by alternatives in the words of `setting`, and InputError if the
    weights are not the official ones and `objective` asks for the FID.
    """
    try:
        file = find_weights(objective.dims or FID_DIMS, may_fetch)
    except NotFetchedError as error:
        raise NotFetchedError(error.place, f"{error}; {name_alternatives(objective, setting)}") from error
    except InputError as error:
        raise InputError(f"{error}; {name_alternatives(objective, setting)}") from error
    if objective.metric == "fid" and file.weights_hash != OFFICIAL_INCEPTION_HASH:
        raise InputError(
            f"objective.metric: fid is made with the official weights (SHA-256 {OFFICIAL_INCEPTION_HASH}...), "
            f"but got weights={file.weights_hash}; use those, or metric: frechet_distance"
        )
    return file


def name_alternatives(objective: ObjectiveConfig, setting: Setting) -> str:
    """Alternatives that work without the weights for `objective`."""
    metric = f"{setting('metric', 'frechet_distance')} with " if objective.metric == "fid" else ""
    text = f"without it, {metric}{setting('extractor', 'autoencoder')} works, and domain_classifier for images with "
    text += "class labels"
    if (objective.dims or FID_DIMS) <= PARTIAL_DIMS:
        return text
    place = "which lies" if (data_folder() / PARTIAL_NAME).is_file() else "put"
    smaller = f"{setting('extractor', 'inception')}, " if objective.metric == "fid" else ""
    return f"{text}, or {smaller}{setting('dims', PARTIAL_DIMS)} with {PARTIAL_NAME}, {place} in {data_folder()}"


def find_weights(dims: int, may_fetch: bool = True) -> WeightsFile:
    """The weights for features of length `dims`.

    This is the file that GAN_STUDY_INCEPTION_WEIGHTS names, with any hash; else the official one in GAN_STUDY_DATA or
    in torch's hub folder; else, for dims up to 768, the known partial one in GAN_STUDY_DATA; else the official one,
    downloaded into torch's hub folder. Raises InputError if a file's hash does not match its name or no file is found,
    and NotFetchedError if a download is needed but not allowed.
    """
    explicit = _explicit()
    if explicit is not None:
        return explicit
    for folder in (data_folder(), hub_folder()):
        if (folder / OFFICIAL_NAME).exists():
            return _checked(folder / OFFICIAL_NAME, OFFICIAL_SHA256)
    if dims <= PARTIAL_DIMS and (data_folder() / PARTIAL_NAME).exists():
        return _checked(data_folder() / PARTIAL_NAME, PARTIAL_SHA256)
    return _download(may_fetch)


def weights_with_hash(weights_hash: str, may_fetch: bool = True) -> WeightsFile:
    """The file with these first 8 hex digits, from the places of `find_weights`.

    Raises InputError if there is none, and NotFetchedError if a download is needed but not allowed.
    """
    explicit = _explicit()
    if explicit is not None and explicit.weights_hash == weights_hash:
        return explicit
    for folder in (data_folder(), hub_folder()):
        for name in (OFFICIAL_NAME, PARTIAL_NAME):
            if (folder / name).exists() and _file(folder / name).weights_hash == weights_hash:
                return _file(folder / name)
    if OFFICIAL_SHA256.startswith(weights_hash):
        return _download(may_fetch)
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
    return WeightsFile(path, _sha256(path, facts_of(path.stat())))


@lru_cache(maxsize=8)
def _sha256(path: Path, facts: bytes) -> str:
    """SHA-256 of the file's content. `facts` makes the cache miss after a change of the file."""
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise unreadable_error(path, error) from error


def hub_folder() -> Path:
    """The folder that `torch.hub.get_dir` gives, for checkpoints."""
    home = os.environ.get("TORCH_HOME", os.path.join(os.environ.get("XDG_CACHE_HOME", "~/.cache"), "torch"))
    return Path(home).expanduser() / "hub" / "checkpoints"


def _download(may_fetch: bool) -> WeightsFile:
    """The official file in torch's hub folder, where other tools also look for it."""
    path = hub_folder() / OFFICIAL_NAME
    missing = f"got no {OFFICIAL_NAME} in {data_folder()} or {path.parent}"
    remedy = f"put the file into one of them ({DATA_ENVIRONMENT} names the first), or name it with --inception-weights"
    if not may_fetch:
        raise NotFetchedError(path.parent, f"inception: its weights must be on this machine, but {missing}; {remedy}")
    temporary = path.with_name(f".{OFFICIAL_NAME}.{uuid.uuid4().hex[:8]}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with file_lock(path.with_name(f".{OFFICIAL_NAME}.lock")):
            if not path.exists():  # a process that had the lock before may have fetched it
                request = urllib.request.urlopen(FID_WEIGHTS_URL, timeout=REACH_SEC)
                with request as source, temporary.open("wb") as target:
                    shutil.copyfileobj(source, target)
                _checked(temporary, OFFICIAL_SHA256)
                temporary.replace(path)
        return _checked(path, OFFICIAL_SHA256)
    except OSError as error:
        raise InputError(
            f"inception: its weights must be on this machine or be downloaded, but {missing} and {FID_WEIGHTS_URL} "
            f"failed ({error}); {remedy}"
        ) from error
    finally:
        temporary.unlink(missing_ok=True)
