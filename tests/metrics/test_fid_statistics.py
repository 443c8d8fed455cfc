import inspect
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.linalg

from gan_study.metrics.fid_statistics import gaussian_to_npz, npz_to_gaussian
from gan_study.metrics.frechet import gaussian_to_frechet_distance, gaussian_to_reference
from gan_study.metrics.statistics import Gaussian, features_to_stats


def features(seed: int, dims: int = 6) -> np.ndarray:
    random = np.random.default_rng(seed)
    return random.normal(size=(300, dims)) @ random.normal(size=(dims, dims)) + random.normal(size=dims)


def npz(**arrays: Any) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


@pytest.mark.parametrize("num", [300, None])
def test_written_and_read_again_is_the_same(num: int | None) -> None:
    stats = features_to_stats(features(seed=0))
    gaussian = npz_to_gaussian(gaussian_to_npz(Gaussian(num, stats.mean, stats.covariance())))
    assert gaussian.num == num
    assert np.array_equal(gaussian.mean, stats.mean)
    assert np.array_equal(gaussian.covariance, stats.covariance())


def test_reads_what_pytorch_fid_writes() -> None:
    # It saves with savez_compressed, in float64, mu and sigma alone.
    gaussian = npz_to_gaussian(npz(mu=np.array([1.0, 2.0]), sigma=np.array([[4.0, 1.0], [1.0, 3.0]])))
    assert gaussian.num is None
    assert gaussian.mean.tolist() == [1, 2]
    assert gaussian.covariance.tolist() == [[4, 1], [1, 3]]


def test_reads_single_precision_as_double() -> None:
    gaussian = npz_to_gaussian(npz(mu=np.zeros(2, np.float32), sigma=np.eye(2, dtype=np.float32)))
    assert gaussian.mean.dtype == gaussian.covariance.dtype == np.float64


def npy() -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.eye(3))
    return buffer.getvalue()


EYE = np.eye(3)
BAD = {
    "empty": (b"", "must be an .npz file with mu and sigma, but got"),
    "text": (b"mu, sigma", "must be an .npz file with mu and sigma, but got"),
    "cut off": (npz(mu=EYE[0], sigma=EYE)[:200], r"must be whole, but is cut short or damaged; .* \(File is not a zip"),
    "changed": (npz(mu=EYE[0], sigma=EYE).replace(bytes(8), b"changed!"), "must be whole, but is cut short or damaged"),
    "one array": (npy(), "must be an .npz file with mu and sigma, but got"),
    "pickled objects": (npz(mu=np.array([None]), sigma=EYE), "must be an .npz file with mu and sigma, but got"),
    "other keys": (npz(mean=EYE[0], sigma=EYE), r"must have mu and sigma, but got keys=\['mean', 'sigma'\]"),
    "other types": (npz(mu=np.array(["a", "b", "c"]), sigma=EYE), "must be floats, but got mu=<U1, sigma=float64"),
    "other lengths": (npz(mu=EYE[0, :2], sigma=EYE), r"but got mu=\(2,\), sigma=\(3, 3\)"),
    "swapped": (npz(mu=EYE, sigma=EYE[0]), r"but got mu=\(3, 3\), sigma=\(3,\)"),
    "not finite": (npz(mu=EYE[0] * np.nan, sigma=EYE), "must be finite, but got NaN"),
    "no number": (npz(mu=EYE[0], sigma=EYE, num=[7, 8]), r"num must be a whole number .*, but got num=\[7, 8\]"),
    "one image": (npz(mu=EYE[0], sigma=EYE, num=1), "num must be a whole number of at least 2, but got num=1"),
    "not symmetric": (npz(mu=EYE[0], sigma=np.triu(np.ones((3, 3)))), "but got a matrix that is not symmetric"),
}


@pytest.mark.parametrize("kind", BAD)
def test_other_content_is_refused(kind: str) -> None:
    content, problem = BAD[kind]
    with pytest.raises(ValueError, match=problem):
        npz_to_gaussian(content)


@pytest.mark.filterwarnings("ignore:The `disp` argument is deprecated:DeprecationWarning")
def test_pytorch_fid_reads_our_files_and_finds_the_same_distance(tmp_path: Path) -> None:
    if "disp" not in inspect.signature(scipy.linalg.sqrtm).parameters:
        pytest.skip("pytorch-fid 0.3.0 needs the argument `disp` of scipy.linalg.sqrtm, which SciPy 1.18 took away")
    from pytorch_fid import fid_score  # torch, which the other tests do without

    gaussians = [features_to_stats(features(seed, dims=64)).to_gaussian() for seed in (1, 2)]
    paths = [tmp_path / "a.npz", tmp_path / "b.npz"]
    for path, gaussian in zip(paths, gaussians, strict=True):
        path.write_bytes(gaussian_to_npz(gaussian))
    # The network is for folders of images; files of statistics need none.
    read = [
        fid_score.compute_statistics_of_path(str(path), model=None, batch_size=1, dims=64, device="cpu")
        for path in paths
    ]
    theirs = fid_score.calculate_frechet_distance(*read[0], *read[1])
    ours = gaussian_to_frechet_distance(gaussians[0], gaussian_to_reference(gaussians[1]))
    assert ours is not None
    assert ours.value == pytest.approx(theirs, abs=1e-3)
