"""Statistics of images in an .npz file: pytorch-fid's format, plus the origin of the features."""

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from gan_study.data.files.folders import unreadable_error
from gan_study.errors import InputError
from gan_study.metrics.fid_statistics import gaussian_to_npz, npz_to_gaussian
from gan_study.metrics.statistics import Gaussian
from gan_study.runs.records.measurements import Record
from gan_study.runs.storage import Storage
from gan_study.runs.unpacking import read_zip_member

_MADE_BY = "made_by.json"
"""A member of the file that only gan_study reads; pytorch-fid and numpy ignore it."""


class FeatureKey(Record):
    """The origin of features. Only features of the same network can be compared."""

    extractor: str
    """The network, such as inception."""
    weights_hash: str
    """First 8 hex digits of the SHA-256 of its weights."""
    layer: str
    """The layer that gives the features."""
    dims: int
    """Length of a feature vector."""
    preprocessing: str
    """The conversion of the images to the network's input."""
    split: str
    """The part of the images, such as all."""
    dataset: str
    """The images, by name and content."""
    image_size: int | None = None
    """Height and width in pixels of the network's training images; None for Inception, and in older files."""

    @property
    def network(self) -> dict[str, str | int]:
        """The fields that must be equal on both sides of a score, as far as they are known."""
        return self.model_dump(include={"extractor", "weights_hash", "layer", "dims", "image_size"}, exclude_none=True)


@dataclass(frozen=True, eq=False)
class Statistics:
    """The content of a file."""

    place: str
    gaussian: Gaussian
    key: FeatureKey | None
    """The origin of the features; None if the file does not name it, as pytorch-fid's do not."""


def read_statistics(place: str) -> Statistics:
    """The statistics in a file by pytorch-fid or by `write_statistics`. Raises InputError if it is none."""
    try:
        content = Path(place).read_bytes()
    except OSError as error:
        raise unreadable_error(Path(place), error) from error
    try:
        return Statistics(place, npz_to_gaussian(content), _read_key(content))
    except ValidationError as error:
        raise InputError(
            f"{place}: {_MADE_BY} in the file must name the network, but got {error.errors()[0]['msg']}; "
            "write the file again"
        ) from error
    except ValueError as error:
        raise InputError(f"{place}: {error}") from error


def write_statistics(target: Path, gaussian: Gaussian, key: FeatureKey | None) -> None:
    """Write a file that `python -m pytorch_fid` reads: `mu` and `sigma`. Raises StorageError."""
    buffer = io.BytesIO(gaussian_to_npz(gaussian))
    if key is not None:
        with zipfile.ZipFile(buffer, "a") as archive:
            archive.writestr(_MADE_BY, key.model_dump_json(indent=1))
    Storage(target.parent).write_bytes(target.name, buffer.getvalue())


def check_target(option: str, file: str, suffix: str) -> Path:
    """Return the path of an option's output file.

    Raises InputError unless it is a new file with this suffix in an existing folder. pytorch-fid does not replace
    statistics either.
    """
    target = Path(file).expanduser().absolute()
    if target.suffix != suffix or not target.parent.is_dir():
        raise InputError(
            f"{option}: the name must end in {suffix}, in a folder that is there, but got {file}; choose another"
        )
    if target.exists():
        raise InputError(f"{option}: no file is replaced, but got {file}, which is there; choose another name")
    return target


def _read_key(content: bytes) -> FeatureKey | None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            text = read_zip_member(archive, _MADE_BY) if _MADE_BY in archive.namelist() else None
    except Exception as error:  # zipfile raises all kinds for a damaged file
        raise ValueError(f"{_MADE_BY} in the file cannot be read ({error}); write the file again") from error
    return None if text is None else FeatureKey.model_validate_json(text)
