"""The .npz files in which pytorch-fid and other tools keep the statistics of features."""

import io
import zipfile
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_study.metrics.statistics import Gaussian
from gan_study.runs.unpacking import load_arrays

_ZIP_START = b"PK"
_NUM = "num"
"""Our own addition to the file, which pytorch-fid ignores."""


def gaussian_to_npz(gaussian: Gaussian) -> bytes:
    """The content of a file that `python -m pytorch_fid` reads: `mu` (d,) and `sigma` (d, d), float64.

    The file also holds `num`, if it is known, from which the floor can be computed.
    """
    buffer = io.BytesIO()
    counts = {} if gaussian.num is None else {_NUM: np.array(gaussian.num)}
    np.savez(buffer, allow_pickle=False, mu=gaussian.mean, sigma=gaussian.covariance, **counts)
    return buffer.getvalue()


def npz_to_gaussian(content: bytes) -> Gaussian:
    """The Gaussian in the content of an .npz file with `mu` (d,) and `sigma` (d, d), by pytorch-fid or this project.

    Raises ValueError if the content is something else or not finite; the caller adds the file's name to its message.
    """
    arrays = _arrays(content)
    mean, covariance = (np.asarray(arrays[name], dtype=np.float64) for name in ("mu", "sigma"))
    if mean.ndim != 1 or covariance.shape != (len(mean), len(mean)):
        raise ValueError(
            f"mu must be (d,) and sigma (d, d), but got mu={mean.shape}, sigma={covariance.shape}; write the file again"
        )
    if not (np.isfinite(mean).all() and np.isfinite(covariance).all()):
        raise ValueError("mu and sigma must be finite, but got NaN or infinite entries; write the file again")
    if not np.allclose(covariance, covariance.T):
        raise ValueError("sigma must be a covariance, but got a matrix that is not symmetric; write the file again")
    return Gaussian(_num(arrays[_NUM]) if _NUM in arrays else None, mean, covariance)


def _num(array: NDArray[Any]) -> int:
    if array.shape != () or not np.issubdtype(array.dtype, np.integer) or array < 2:
        raise ValueError(
            f"num must be a whole number of at least 2, but got num={array.tolist()}; write the file again without it"
        )
    return int(array)


def _arrays(content: bytes) -> dict[str, NDArray[Any]]:
    """All arrays of the file by name, including numeric `mu` and `sigma`."""
    try:
        arrays = load_arrays(content)
    except ValueError as error:
        if content.startswith(_ZIP_START) and isinstance(error.__cause__, zipfile.BadZipFile | zlib.error):
            raise ValueError(
                f"a file of statistics must be whole, but is cut short or damaged; copy it again, or compute it again "
                f"({error})"
            ) from error
        raise ValueError(f"this must be an .npz file with mu and sigma, but got {error}; give another file") from error
    missing = {"mu", "sigma"} - arrays.keys()
    if missing:
        raise ValueError(
            f"an .npz file of statistics must have mu and sigma, but got keys={sorted(arrays)}; give another file"
        )
    if not all(np.issubdtype(arrays[name].dtype, np.floating) for name in ("mu", "sigma")):
        raise ValueError(
            f"mu and sigma must be floats, but got mu={arrays['mu'].dtype}, sigma={arrays['sigma'].dtype}; "
            "write the file again"
        )
    return arrays
