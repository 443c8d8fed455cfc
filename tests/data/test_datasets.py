"""Data sets by name: scikit-learn's digits, MNIST from stand-ins and from the real files, and splits."""

import gzip
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sklearn.datasets
from numpy.typing import NDArray
from support.present import present
from support.standins import idx, load, random_images, write_idx_files

from gan_study.config import names
from gan_study.config.data import DatasetConfig
from gan_study.data.datasets import Dataset, load_dataset
from gan_study.data.sources.catalogue import SOURCES
from gan_study.errors import InputError, StorageError

MNIST_FOLDER = "MNIST/raw"


@pytest.fixture
def standin(data: Path) -> dict[str, NDArray[np.uint8]]:
    """MNIST's four files with few images; two of them are zipped."""
    arrays = write_idx_files(data / MNIST_FOLDER)
    for path in (data / MNIST_FOLDER).glob("train*"):
        path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    return arrays


def write(data: Path, arrays: dict[str, NDArray[np.uint8]]) -> None:
    for name, array in arrays.items():
        (data / MNIST_FOLDER / f"{name}.gz").unlink(missing_ok=True)
        (data / MNIST_FOLDER / name).write_bytes(idx(array))


def message(name: str = "mnist") -> str:
    with pytest.raises(InputError) as caught:
        load(name, image_size=28)
    return str(caught.value)


def assert_split(dataset: Dataset) -> None:
    parts = np.concatenate([dataset.train_indices, dataset.held_out_indices])
    assert sorted(parts.tolist()) == list(range(len(dataset.images)))


def test_the_names_are_those_a_study_may_use() -> None:
    assert set(SOURCES) == set(names.DATASETS)


def test_a_data_set_is_read_once_for_each_size() -> None:
    small, again, large = (load_dataset(DatasetConfig(name="digits", image_size=size)) for size in (8, 8, 16))
    assert small is again
    assert (small.image_size, large.image_size) == (8, 16)


def test_a_cache_folder_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("GAN_STUDY_CACHE", str(tmp_path / "file"))
    with pytest.raises(StorageError, match="decoded images must be kept here, but writing failed"):
        load("digits")


class TestDigits:
    @pytest.mark.parametrize("image_size", [8, 16, 32])
    def test_counts_and_layout(self, image_size: int) -> None:
        digits = load("digits", image_size=image_size)
        assert digits.images.shape == (1797, 1, image_size, image_size)
        assert digits.images.dtype == np.uint8
        assert (digits.image_size, digits.num_channels) == (image_size, 1)
        assert digits.class_names == tuple("0123456789")
        # The counts in scikit-learn's description of the data set.
        assert np.bincount(present(digits.labels)).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]

    def test_images_are_the_originals_in_255_levels(self) -> None:
        digits, originals = load("digits", image_size=8), sklearn.datasets.load_digits()
        assert np.array_equal(np.round(digits.images[:, 0] / (255 / 16)), originals.images)
        assert np.unique(digits.images).tolist() == [round(level * 255 / 16) for level in range(17)]
        assert np.array_equal(present(digits.labels), originals.target)

    def test_split(self) -> None:
        digits = load("digits", image_size=8)
        assert_split(digits)
        assert len(digits.train_indices) == names.TRAIN_IMAGES["digits"]
        assert len(digits.held_out_indices) == names.HELD_OUT_IMAGES["digits"]
        shares = np.bincount(present(digits.labels)) * 300 / 1797
        held_out = np.bincount(present(digits.labels)[digits.held_out_indices])
        assert np.abs(held_out - shares).max() < 1

    def test_identity_is_stable_and_of_the_content(self) -> None:
        digits = load("digits", image_size=8)
        assert digits.identity == "digits-8px-c5e613c9"
        assert load("digits", image_size=8).identity == digits.identity
        assert replace(digits).content_hash == "c5e613c9"  # computed, not read from the cache
        labels, train = present(digits.labels).copy(), digits.train_indices[:-1]
        labels[0] += 1
        changes: dict[str, Any] = {"images": 255 - digits.images, "labels": labels, "train_indices": train}
        for part, changed in changes.items():
            assert replace(digits, **{part: changed}).content_hash != digits.content_hash, part

    def test_a_part_of_the_train_images(self) -> None:
        full, part, again, other = (
            load("digits", image_size=8, **values)
            for values in ({}, {"max_images": 100}, {"max_images": 100}, {"max_images": 100, "seed": 1})
        )
        assert len(part.train_indices) == len(set(part.train_indices.tolist())) == 100
        assert set(part.train_indices.tolist()) < set(full.train_indices.tolist())
        assert np.array_equal(part.held_out_indices, full.held_out_indices)
        assert np.array_equal(part.train_indices, again.train_indices)
        assert not np.array_equal(part.train_indices, other.train_indices)
        assert len({full.content_hash, part.content_hash, other.content_hash}) == 3
        assert part.content_hash == again.content_hash

    def test_more_than_there_are_is_all(self) -> None:
        full, more = load("digits", image_size=8), load("digits", image_size=8, max_images=5000)
        assert full.content_hash == more.content_hash


class TestMnist:
    def test_train_images_come_first_and_test_images_are_held_out(self, standin: dict[str, NDArray[np.uint8]]) -> None:
        mnist = load("mnist", image_size=28)
        assert np.array_equal(mnist.images[:12, 0], standin["train-images-idx3-ubyte"])
        assert np.array_equal(mnist.images[12:, 0], standin["t10k-images-idx3-ubyte"])
        assert np.array_equal(present(mnist.labels)[:12], standin["train-labels-idx1-ubyte"])
        assert np.array_equal(present(mnist.labels)[12:], standin["t10k-labels-idx1-ubyte"])
        assert mnist.images.dtype == np.uint8
        assert present(mnist.labels).dtype == np.int64
        assert mnist.train_indices.tolist() == list(range(12))
        assert mnist.held_out_indices.tolist() == list(range(12, 19))

    def test_without_the_files(self, data: Path, no_network: None) -> None:
        text = message()
        assert text.startswith(
            f"{data}/MNIST/raw: MNIST's four idx files (plain or .gz) must be here, but got no "
            "train-images-idx3-ubyte, and it could not be downloaded ("
        )
        assert text.endswith("); put them here, or set GAN_STUDY_DATA to the folder above MNIST/raw")

    def test_with_one_file_missing(self, standin: dict[str, NDArray[np.uint8]], data: Path) -> None:
        path = data / MNIST_FOLDER / "t10k-labels-idx1-ubyte"
        path.unlink()
        assert message() == (
            f"{path.parent}: all of the 4 idx files must be here, but got none for test labels, beside "
            "train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz, t10k-images-idx3-ubyte; put them here, or remove "
            "the others, so that all are downloaded"
        )

    @pytest.mark.parametrize("labels", [np.zeros(4, np.uint8), np.zeros((12, 1), np.uint8)])
    def test_labels_that_do_not_belong_to_the_images(
        self, standin: dict[str, NDArray[np.uint8]], data: Path, labels: NDArray[np.uint8]
    ) -> None:
        write(data, {"train-labels-idx1-ubyte": labels})
        assert message() == (
            f"{data}/MNIST/raw: the train files must hold as many labels as images, "
            f"but got arrays of the shapes {labels.shape} and (12, 28, 28); fetch them again"
        )

    def test_a_label_that_is_no_class(self, standin: dict[str, NDArray[np.uint8]], data: Path) -> None:
        write(data, {"train-labels-idx1-ubyte": np.full(12, 10, np.uint8)})
        assert message() == f"{data}/MNIST/raw: the train labels must be 0 to 9, but got 10 to 10; fetch them again"

    def test_files_in_each_other_s_place(self, standin: dict[str, NDArray[np.uint8]], data: Path) -> None:
        write(data, {"t10k-images-idx3-ubyte": standin["t10k-labels-idx1-ubyte"]})
        assert "but got arrays of the shapes (7,) and (7,)" in message()

    def test_train_and_test_images_of_two_sizes(self, standin: dict[str, NDArray[np.uint8]], data: Path) -> None:
        write(data, {"t10k-images-idx3-ubyte": random_images(7, 20, 20)})
        assert "must have one size, but got (28, 28) and (20, 20)" in message()

    def test_in_colour(self, standin: dict[str, NDArray[np.uint8]]) -> None:
        grey, colour = load("mnist", image_size=28), load("mnist", image_size=28, channels=3)
        assert colour.num_channels == 3
        assert (colour.images == grey.images).all()

    def test_the_middle(self, standin: dict[str, NDArray[np.uint8]]) -> None:
        full, middle = load("mnist", image_size=28), load("mnist", image_size=20, crop=20)
        assert np.array_equal(middle.images, full.images[:, :, 4:24, 4:24])

    def test_the_real_files(self, data_folder: Path) -> None:
        if not (data_folder / MNIST_FOLDER).is_dir():
            pytest.skip(f"needs {MNIST_FOLDER}, which is not in {data_folder} (GAN_STUDY_DATA)")
        mnist = load("mnist", image_size=28)
        assert mnist.images.shape == (70_000, 1, 28, 28)
        assert_split(mnist)
        train = mnist.train_indices
        assert len(train) == names.TRAIN_IMAGES["mnist"]
        assert np.bincount(present(mnist.labels)[train]).tolist() == [
            5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949,
        ]  # fmt: skip
        assert np.bincount(present(mnist.labels)[mnist.held_out_indices]).tolist() == [
            980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009,
        ]  # fmt: skip
        # The mean and deviation that everyone normalises MNIST with: 0.1307 and 0.3081 of 255.
        assert mnist.images[train].mean() / 255 == pytest.approx(0.1307, abs=5e-5)
        assert mnist.images[train].std() / 255 == pytest.approx(0.3081, abs=5e-5)


class TestResizing:
    @pytest.mark.parametrize("image_size", [16, 32, 20])
    def test_keeps_range_and_mean(self, image_size: int) -> None:
        original, resized = load("digits", image_size=8).images, load("digits", image_size=image_size).images
        assert (resized.min(), resized.max()) == (0, 255)
        # Overshoots at the edges of strokes are clipped at black, which lifts the mean by a level or so.
        assert resized.mean() == pytest.approx(original.mean(), abs=1.5)

    def test_keeps_black_and_white_and_clips_overshoots(
        self, standin: dict[str, NDArray[np.uint8]], data: Path
    ) -> None:
        images = np.zeros((12, 28, 28), np.uint8)
        images[1] = 255
        images[2, :, 14:] = 255
        write(data, {"train-images-idx3-ubyte": images})
        black, white, edge = load("mnist", image_size=64).images[:3, 0]
        assert (black == 0).all()
        assert (white == 255).all()
        assert edge[:, :30].max() <= 5
        assert edge[:, 34:].min() >= 250
        assert edge.mean() == pytest.approx(127.5, abs=1)

    def test_shrinking_is_antialiased(self, standin: dict[str, NDArray[np.uint8]], data: Path) -> None:
        # Lines one pixel wide turn into their mean grey; without antialiasing they would stay or vanish.
        images = np.zeros((12, 32, 32), np.uint8)
        images[:, ::2] = 255
        write(data, {"train-images-idx3-ubyte": images, "t10k-images-idx3-ubyte": images[:7]})
        small = load("mnist", image_size=8).images[:, 0, 2:-2].astype(float)
        assert np.abs(small - 127.5).max() < 10

    def test_each_image_is_resized_by_itself(self, standin: dict[str, NDArray[np.uint8]], data: Path) -> None:
        # More images than go through at once.
        images, labels = random_images(5000, 8, 8), np.zeros(5000, np.uint8)
        write(data, {"train-images-idx3-ubyte": images, "train-labels-idx1-ubyte": labels,
                     "t10k-images-idx3-ubyte": images[-7:]})  # fmt: skip
        resized = load("mnist", image_size=12).images
        assert resized.shape == (5007, 1, 12, 12)
        assert np.array_equal(resized[4993:5000], resized[5000:])
