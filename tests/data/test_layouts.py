"""Named data sets in their usual layouts: torchvision's, Kaggle's, the authors', or packed."""

import gzip
import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from support.present import present
from support.standins import (
    load,
    write_celeba,
    write_cifar10,
    write_folder,
    write_idx_files,
    write_tar,
    write_zip,
)

from gan_study.data.datasets import Dataset
from gan_study.errors import InputError

Arrays = dict[str, NDArray[np.uint8]]
Files = dict[str, bytes]

PREFIXES = {"emnist_letters": ("emnist-letters-train", "emnist-letters-test")}
RAW = {"mnist": "MNIST", "fashion_mnist": "FashionMNIST", "kmnist": "KMNIST", "emnist_letters": "EMNIST"}


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    return tmp_path / "elsewhere"


def idx_files(folder: Path, name: str) -> tuple[Files, Arrays]:
    """The four files of one of MNIST's family, and the arrays in them as `train images` and so on."""
    train, test = PREFIXES.get(name, ("train", "t10k"))
    is_letters = name == "emnist_letters"
    arrays = write_idx_files(folder, train, test, int(is_letters), 26 if is_letters else 10)
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    short = {
        f"{part} {what}": arrays[f"{prefix}-{what}-{kind}-ubyte"]
        for part, prefix in (("train", train), ("test", test))
        for what, kind in (("images", "idx3"), ("labels", "idx1"))
    }
    return files, short


def check(name: str, arrays: Arrays) -> Dataset:
    dataset = load(name, image_size=28)
    images, first = np.concatenate([arrays["train images"], arrays["test images"]]), name == "emnist_letters"
    assert np.array_equal(dataset.images[:, 0], images.transpose(0, 2, 1) if first else images)
    labels = np.concatenate([arrays["train labels"], arrays["test labels"]])
    assert np.array_equal(present(dataset.labels), labels.astype(int) - first)
    assert dataset.held_out_indices.tolist() == list(range(12, 19))
    return dataset


def gzipped(files: Files) -> Files:
    return {f"{name}.gz": gzip.compress(content) for name, content in files.items()}


def kaggle(files: Files) -> Files:
    """`train-images.idx3-ubyte`, and such files in folders of their own."""
    dotted = {name.replace("-idx", ".idx"): content for name, content in files.items()}
    return dotted | {f"{name}/{name}": content for name, content in files.items()}


def nested(files: Files) -> Files:
    return {f"{name}/{name}": content for name, content in files.items()}


def npz(**arrays: Any) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def table(images: NDArray[np.uint8], labels: NDArray[np.uint8], with_titles: bool) -> bytes:
    rows = np.column_stack([labels, images.reshape(len(images), -1)])
    buffer = io.StringIO()
    titles = ",".join(["label", *(f"{row}x{column}" for row in range(1, 29) for column in range(1, 29))])
    np.savetxt(buffer, rows, "%d", ",", header=titles if with_titles else "", comments="")
    return buffer.getvalue().encode()


@pytest.mark.parametrize("name", RAW)
@pytest.mark.parametrize("change", [dict, gzipped, kaggle, nested])
@pytest.mark.parametrize("packed", ["no", "zip", "tar.gz"])
def test_idx_files(data: Path, elsewhere: Path, name: str, change: Callable[[Files], Files], packed: str) -> None:
    files, arrays = idx_files(elsewhere, name)
    if packed == "no":
        write_folder(data / RAW[name], change(files))
    elif packed == "zip":
        write_zip(data / f"{RAW[name].lower()}-dataset.zip", change(files))
    else:
        write_tar(data / f"{RAW[name]}.tar.gz", change(files), "w:gz")
    check(name, arrays)


def test_files_in_folders_of_their_own_that_change_are_read_anew(data: Path, elsewhere: Path) -> None:
    files, arrays = idx_files(elsewhere, "mnist")
    write_folder(data / "mnist", nested(files))
    check("mnist", arrays)
    name = "train-images-idx3-ubyte"
    path = data / "mnist" / name / name
    before = path.stat()
    path.write_bytes(files[name][:16] + (255 - arrays["train images"]).tobytes())
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    check("mnist", {**arrays, "train images": 255 - arrays["train images"]})


def test_other_numbers_than_the_published_ones_are_told(
    data: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files, arrays = idx_files(elsewhere, "mnist")
    write_folder(data / "mnist", files)
    assert check("mnist", arrays).warnings == (
        f"{data}/mnist: 12 images to learn and 7 held out were found, where the published data set has 60,000 and "
        "10,000; fetch the files again if this is not meant",
    )
    monkeypatch.setattr("gan_study.data.sources.source.TRAIN_IMAGES", {"fashion_mnist": 12})
    monkeypatch.setattr("gan_study.data.sources.source.HELD_OUT_IMAGES", {"fashion_mnist": 7})
    write_folder(data / "fashion", files)
    assert check("fashion_mnist", arrays).warnings == ()


def test_nist_s_archive_of_letters(data: Path, elsewhere: Path) -> None:
    files, arrays = idx_files(elsewhere, "emnist_letters")
    others = {"gzip/emnist-balanced-train-images-idx3-ubyte.gz": b"other", "gzip/emnist-letters-mapping.txt": b""}
    packed = {f"gzip/{name}": content for name, content in gzipped(files).items()} | others
    (data / "EMNIST/raw").mkdir(parents=True)
    write_zip(data / "EMNIST/raw/gzip.zip", packed)
    check("emnist_letters", arrays)


@pytest.mark.parametrize("with_titles", [False, True])
@pytest.mark.parametrize(
    ("name", "train", "test"),
    [
        ("mnist", "mnist_train.csv", "mnist_test.csv"),
        ("fashion_mnist", "fashion-mnist_train.csv", "fashion-mnist_test.csv"),
        ("emnist_letters", "emnist-letters-train.csv", "emnist-letters-test.csv"),
    ],
)
def test_tables(data: Path, elsewhere: Path, name: str, train: str, test: str, with_titles: bool) -> None:
    _, arrays = idx_files(elsewhere, name)
    for file, part in ((train, "train"), (test, "test")):
        (data / file).write_bytes(table(arrays[f"{part} images"], arrays[f"{part} labels"], with_titles))
    check(name, arrays)


def test_arrays_of_kmnist_beside_those_of_49_classes(data: Path, elsewhere: Path) -> None:
    _, arrays = idx_files(elsewhere, "kmnist")
    files = {}
    for part in ("train", "test"):
        for what, short in (("images", "imgs"), ("labels", "labels")):
            files[f"kmnist-{part}-{short}.npz"] = npz(arr_0=arrays[f"{part} {what}"])
            files[f"k49-{part}-{short}.npz"] = npz(arr_0=np.zeros((2, 28, 28), np.uint8))
    write_zip(data / "archive.zip", files)
    check("kmnist", arrays)


def test_keras_s_file(data: Path, elsewhere: Path) -> None:
    _, arrays = idx_files(elsewhere, "mnist")
    train, test = ((arrays[f"{part} images"], arrays[f"{part} labels"]) for part in ("train", "test"))
    (data / "mnist.npz").write_bytes(npz(x_train=train[0], y_train=train[1], x_test=test[0], y_test=test[1]))
    check("mnist", arrays)


class TestTellingRelativesApart:
    def test_each_from_the_folder_that_tells_it(self, data: Path, elsewhere: Path) -> None:
        families = {}
        for number, (name, folder) in enumerate(
            [("mnist", "mnist"), ("kmnist", "KMNIST"), ("fashion_mnist", "fashion")]
        ):
            files, arrays = idx_files(elsewhere / name, name)
            images = arrays["train images"]
            images += np.uint8(number)
            content = {key: value for key, value in files.items() if not key.startswith("train-images")}
            content["train-images-idx3-ubyte"] = files["train-images-idx3-ubyte"][:16] + images.tobytes()
            write_folder(data / folder, content)
            families[name] = arrays
        for name, arrays in families.items():
            check(name, arrays)

    @pytest.mark.parametrize("place", ["t10k-images-idx3-ubyte", "archive.zip"])
    def test_files_that_no_folder_tells_are_named(
        self, data: Path, elsewhere: Path, no_network: None, place: str
    ) -> None:
        files, _ = idx_files(elsewhere, "kmnist")
        write_folder(data, files) if place != "archive.zip" else write_zip(data / place, files)
        with pytest.raises(InputError) as caught:
            load("kmnist")
        assert f"(found {data}/{place}" in str(caught.value)
        assert "whose folder does not tell which data set it is of; name the folder KMNIST/raw if it is this" in str(
            caught.value
        )

    def test_what_lies_there_instead_is_named(self, data: Path, no_network: None) -> None:
        write_folder(data / "mnist", {"train.csv": b"label,pixel0", "test.csv": b"pixel0"})
        with pytest.raises(InputError, match=rf"found {data}/mnist/test.csv, {data}/mnist/train.csv\)"):
            load("mnist")


class TestDataFolderOfTheSetItself:
    @pytest.mark.parametrize("root", ["MNIST", "MNIST/raw", "mnist-dataset"])
    def test_mnist(self, data: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch, root: str) -> None:
        files, arrays = idx_files(elsewhere, "mnist")
        write_folder(data / root / ("raw" if root == "MNIST" else ""), files)
        monkeypatch.setenv("GAN_STUDY_DATA", str(data / root))
        check("mnist", arrays)

    def test_cifar10(self, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        images, _ = write_cifar10(data)
        monkeypatch.setenv("GAN_STUDY_DATA", str(data / "cifar-10-batches-py"))
        assert np.array_equal(load("cifar10", image_size=32).images, images)

    @pytest.mark.parametrize("in_zip", [False, True])
    def test_celeba(self, data: Path, monkeypatch: pytest.MonkeyPatch, in_zip: bool) -> None:
        write_celeba(data, in_zip)
        monkeypatch.setenv("GAN_STUDY_DATA", str(data / "celeba"))
        assert len(load("celeba", image_size=16).images) == 9


@pytest.mark.parametrize(
    "place", ["cifar-10-python.tar.gz", "cifar/cifar-10-python.tar.gz", "cifar10.zip", "archive.zip"]
)
def test_cifar10_packed(data: Path, elsewhere: Path, place: str) -> None:
    images, labels = write_cifar10(elsewhere)
    files = {
        f"cifar-10-batches-py/{path.name}": path.read_bytes() for path in (elsewhere / "cifar-10-batches-py").iterdir()
    }
    (data / place).parent.mkdir(exist_ok=True)
    write_zip(data / place, files) if place.endswith("zip") else write_tar(data / place, files, "w:gz")
    cifar10 = load("cifar10", image_size=32)
    assert np.array_equal(cifar10.images, images)
    assert cifar10.labels is not None
    assert cifar10.labels.tolist() == labels


def test_cifar10_below_another_folder(data: Path) -> None:
    images, _ = write_cifar10(data / "cifar-10-python")
    assert np.array_equal(load("cifar10", image_size=32).images, images)


def test_a_packed_cifar10_with_a_batch_missing(data: Path, elsewhere: Path) -> None:
    write_cifar10(elsewhere)
    folder = elsewhere / "cifar-10-batches-py"
    files = {f"cifar-10-batches-py/{path.name}": path.read_bytes() for path in folder.iterdir() if path.name[-1] != "4"}
    archive = write_tar(data / "cifar-10-python.tar.gz", files, "w:gz")
    with pytest.raises(InputError) as caught:
        load("cifar10", image_size=32)
    assert str(caught.value).startswith(
        f"{archive}: all of the 6 Python batches must be here, but got none for data_batch_4, beside data_batch_1"
    )


class TestKagglesCelebA:
    @pytest.fixture
    def files(self, elsewhere: Path) -> Files:
        write_celeba(elsewhere, in_zip=False)
        folder = elsewhere / "celeba/img_align_celeba"
        images = {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
        lines = (elsewhere / "celeba/list_eval_partition.txt").read_text().splitlines()
        partition = "\n".join(["image_id,partition", *(line.replace(" ", ",") for line in lines)]) + "\n"
        return {f"img_align_celeba/img_align_celeba/{name}": content for name, content in images.items()} | {
            "list_eval_partition.csv": partition.encode(),
            "list_attr_celeba.csv": b"image_id,5_o_Clock_Shadow\n000001.jpg,-1\n",
        }

    @pytest.mark.parametrize(
        "place",
        [
            "archive.zip",
            "celeba-dataset.zip",
            "celeba/archive.zip",
            "celeba.tar",
            "",
            "archive",
            "celeba",
            "CelebA/x_celeba",
        ],
    )
    def test_packed_and_unpacked(self, data: Path, elsewhere: Path, files: Files, place: str) -> None:
        target = data / place
        target.parent.mkdir(exist_ok=True)
        write = write_zip if place.endswith("zip") else write_tar if place.endswith("tar") else write_folder
        write(target, files)
        kaggle = load("celeba", image_size=16)
        assert kaggle.train_indices.tolist() == [0, 1, 2, 3, 4]
        assert kaggle.held_out_indices.tolist() == [5, 6, 7, 8]
        write_celeba(data / "other", in_zip=False)
        faces = load("image_folder", path=str(data / "other/celeba/img_align_celeba"), image_size=16)
        assert np.array_equal(kaggle.images, faces.images)

    def test_the_table_beside_torchvision_s_zip(self, data: Path, files: Files) -> None:
        write_celeba(data, in_zip=True)
        (data / "celeba/list_eval_partition.txt").unlink()
        (data / "celeba/list_eval_partition.csv").write_bytes(files["list_eval_partition.csv"])
        assert len(load("celeba", image_size=16).images) == 9

    def test_another_archive_is_not_taken_for_it(self, data: Path, no_network: None) -> None:
        write_zip(data / "archive.zip", {"x/1.png": b"", "readme.txt": b""})
        with pytest.raises(InputError, match="and it could not be downloaded"):
            load("celeba")
