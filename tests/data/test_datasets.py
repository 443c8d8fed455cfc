"""Data sets by name: scikit-learn's digits, and MNIST from small stand-ins of its files and from the real ones."""

import gzip
from pathlib import Path

import numpy as np
import pytest
import sklearn.datasets
from numpy.typing import NDArray

from gan_study.config import names
from gan_study.config.training import DatasetConfig
from gan_study.data.datasets import DATASETS, Dataset, load_dataset
from gan_study.errors import InputError

MNIST_FOLDER = "MNIST/raw"


def idx(array: NDArray[np.uint8]) -> bytes:
    return bytes((0, 0, 8, array.ndim)) + np.array(array.shape, dtype=">u4").tobytes() + array.tobytes()


@pytest.fixture
def standin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, NDArray[np.uint8]]:
    """Seven images and labels in MNIST's four files, two of them zipped; five are for training."""
    random = np.random.default_rng(0)
    arrays = {}
    for part, num in (("train", 5), ("t10k", 2)):
        arrays[f"{part}-images-idx3-ubyte"] = random.integers(256, size=(num, 28, 28), dtype=np.uint8)
        arrays[f"{part}-labels-idx1-ubyte"] = random.integers(10, size=num, dtype=np.uint8)
    write(tmp_path, arrays)
    monkeypatch.setenv("GAN_STUDY_DATA", str(tmp_path))
    return arrays


def write(root: Path, arrays: dict[str, NDArray[np.uint8]]) -> None:
    folder = root / MNIST_FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in arrays.items():
        if name.startswith("train"):
            (folder / f"{name}.gz").write_bytes(gzip.compress(idx(array)))
        else:
            (folder / name).write_bytes(idx(array))


def message() -> str:
    with pytest.raises(InputError) as caught:
        DATASETS["mnist"](28)
    return str(caught.value)


def assert_split(dataset: Dataset) -> None:
    parts = np.concatenate([dataset.train_indices, dataset.held_out_indices])
    assert sorted(parts.tolist()) == list(range(len(dataset.images)))


def test_the_names_are_those_a_study_may_use() -> None:
    assert set(DATASETS) == set(names.DATASETS)


def test_a_data_set_is_read_once_for_each_size() -> None:
    small, again, large = (load_dataset(DatasetConfig(name="digits", image_size=size)) for size in (8, 8, 16))
    assert small is again
    assert (small.image_size, large.image_size) == (8, 16)


class TestDigits:
    @pytest.mark.parametrize("image_size", [8, 16, 32])
    def test_counts_and_layout(self, image_size: int) -> None:
        digits = DATASETS["digits"](image_size)
        assert digits.images.shape == (1797, 1, image_size, image_size)
        assert digits.images.dtype == np.uint8
        assert (digits.image_size, digits.num_channels) == (image_size, 1)
        assert digits.class_names == tuple("0123456789")
        # The counts in scikit-learn's description of the data set.
        assert np.bincount(digits.labels).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]

    def test_images_are_the_originals_in_255_levels(self) -> None:
        digits, originals = DATASETS["digits"](8), sklearn.datasets.load_digits()
        assert np.array_equal(np.round(digits.images[:, 0] / (255 / 16)), originals.images)
        assert np.unique(digits.images).tolist() == [round(level * 255 / 16) for level in range(17)]
        assert np.array_equal(digits.labels, originals.target)

    def test_split(self) -> None:
        digits = DATASETS["digits"](8)
        assert_split(digits)
        assert len(digits.held_out_indices) == 300
        shares = np.bincount(digits.labels) * 300 / 1797
        held_out = np.bincount(digits.labels[digits.held_out_indices])
        assert np.abs(held_out - shares).max() < 1

    def test_identity_is_stable_and_of_the_content(self) -> None:
        digits = DATASETS["digits"](8)
        assert digits.identity == "digits-8px-c5e613c9"
        assert DATASETS["digits"](8).identity == digits.identity
        assert DATASETS["digits"](16).content_hash != digits.content_hash
        labels, train = digits.labels.copy(), digits.train_indices[:-1]
        labels[0] += 1
        for part, changed in (("images", 255 - digits.images), ("labels", labels), ("train_indices", train)):
            parts = {name: getattr(digits, name) for name in Dataset.__dataclass_fields__}
            assert Dataset(**{**parts, part: changed}).content_hash != digits.content_hash, part


class TestMnist:
    def test_train_images_come_first_and_test_images_are_held_out(self, standin: dict[str, NDArray[np.uint8]]) -> None:
        mnist = DATASETS["mnist"](28)
        assert np.array_equal(mnist.images[:5, 0], standin["train-images-idx3-ubyte"])
        assert np.array_equal(mnist.images[5:, 0], standin["t10k-images-idx3-ubyte"])
        assert np.array_equal(mnist.labels[:5], standin["train-labels-idx1-ubyte"])
        assert np.array_equal(mnist.labels[5:], standin["t10k-labels-idx1-ubyte"])
        assert (mnist.images.dtype, mnist.labels.dtype) == (np.uint8, np.int64)
        assert mnist.train_indices.tolist() == [0, 1, 2, 3, 4]
        assert mnist.held_out_indices.tolist() == [5, 6]

    def test_without_the_environment_variable(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("GAN_STUDY_DATA", raising=False)
        assert message() == (
            "dataset: the files of this data set must be on this machine, but got GAN_STUDY_DATA=(not set); "
            "set it to a folder that holds MNIST's four idx files (plain or .gz) in MNIST/raw"
        )

    def test_without_the_files(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("GAN_STUDY_DATA", str(tmp_path))
        assert message() == (
            f"{tmp_path}/MNIST/raw: MNIST's four idx files (plain or .gz) must be here, but got no "
            "train-images-idx3-ubyte; put them here, or set GAN_STUDY_DATA to the folder above MNIST/raw"
        )

    def test_with_one_file_missing(self, standin: dict[str, NDArray[np.uint8]], tmp_path: Path) -> None:
        path = tmp_path / MNIST_FOLDER / "t10k-labels-idx1-ubyte"
        path.unlink()
        assert message() == (
            f"{path}: the file must be here, plain or as t10k-labels-idx1-ubyte.gz, but is not; put it here"
        )

    @pytest.mark.parametrize("labels", [np.zeros(4, np.uint8), np.zeros((5, 1), np.uint8)])
    def test_labels_that_do_not_belong_to_the_images(
        self, standin: dict[str, NDArray[np.uint8]], tmp_path: Path, labels: NDArray[np.uint8]
    ) -> None:
        write(tmp_path, {"train-labels-idx1-ubyte": labels})
        assert message() == (
            f"{tmp_path}/MNIST/raw: train's files must hold as many labels as images, "
            f"but got arrays of the shapes {labels.shape} and (5, 28, 28); fetch them again"
        )

    def test_files_in_each_other_s_place(self, standin: dict[str, NDArray[np.uint8]], tmp_path: Path) -> None:
        write(tmp_path, {"t10k-images-idx3-ubyte": standin["t10k-labels-idx1-ubyte"]})
        assert "but got arrays of the shapes (2,) and (2,)" in message()

    def test_the_real_files(self, data_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        if not (data_folder / MNIST_FOLDER).is_dir():
            pytest.skip(f"needs {MNIST_FOLDER}, which is not in {data_folder} (GAN_STUDY_DATA)")
        monkeypatch.setenv("GAN_STUDY_DATA", str(data_folder))
        mnist = DATASETS["mnist"](28)
        assert mnist.images.shape == (70_000, 1, 28, 28)
        assert_split(mnist)
        train = mnist.train_indices
        assert np.bincount(mnist.labels[train]).tolist() == [
            5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949,
        ]  # fmt: skip
        assert np.bincount(mnist.labels[mnist.held_out_indices]).tolist() == [
            980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009,
        ]  # fmt: skip
        # The mean and deviation that everyone normalises MNIST with: 0.1307 and 0.3081 of 255.
        assert mnist.images[train].mean() / 255 == pytest.approx(0.1307, abs=5e-5)
        assert mnist.images[train].std() / 255 == pytest.approx(0.3081, abs=5e-5)


class TestResizing:
    @pytest.mark.parametrize("image_size", [16, 32, 20])
    def test_keeps_range_and_mean(self, image_size: int) -> None:
        original, resized = DATASETS["digits"](8).images, DATASETS["digits"](image_size).images
        assert (resized.min(), resized.max()) == (0, 255)
        # Overshoots at the edges of strokes are clipped at black, which lifts the mean by a level or so.
        assert resized.mean() == pytest.approx(original.mean(), abs=1.5)

    def test_keeps_black_and_white_and_clips_overshoots(
        self, standin: dict[str, NDArray[np.uint8]], tmp_path: Path
    ) -> None:
        images = np.zeros((5, 28, 28), np.uint8)
        images[1] = 255
        images[2, :, 14:] = 255
        write(tmp_path, {"train-images-idx3-ubyte": images})
        black, white, edge = DATASETS["mnist"](64).images[:3, 0]
        assert (black == 0).all()
        assert (white == 255).all()
        assert edge[:, :30].max() <= 5
        assert edge[:, 34:].min() >= 250
        assert edge.mean() == pytest.approx(127.5, abs=1)

    def test_shrinking_is_antialiased(self, standin: dict[str, NDArray[np.uint8]], tmp_path: Path) -> None:
        # Lines one pixel wide turn into their mean grey; without antialiasing they would stay or vanish.
        images = np.zeros((5, 32, 32), np.uint8)
        images[:, ::2] = 255
        write(tmp_path, {"train-images-idx3-ubyte": images, "t10k-images-idx3-ubyte": images[:2]})
        small = DATASETS["mnist"](8).images[:, 0, 2:-2].astype(float)
        assert np.abs(small - 127.5).max() < 10

    def test_each_image_is_resized_by_itself(self, standin: dict[str, NDArray[np.uint8]], tmp_path: Path) -> None:
        # More images than go through at once.
        images = np.random.default_rng(1).integers(256, size=(5000, 8, 8), dtype=np.uint8)
        labels = np.zeros(5000, np.uint8)
        write(tmp_path, {"train-images-idx3-ubyte": images, "train-labels-idx1-ubyte": labels,
                         "t10k-images-idx3-ubyte": images[-2:]})  # fmt: skip
        resized = DATASETS["mnist"](12).images
        assert resized.shape == (5002, 1, 12, 12)
        assert np.array_equal(resized[4998:5000], resized[5000:])
