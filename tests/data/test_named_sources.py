"""The other data sets by name, each from stand-ins of its files in torchvision's layout."""

import pickle
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.present import present
from support.standins import idx, load, write_celeba, write_cifar10, write_idx_files, write_zip

from gan_study.config.data import DatasetConfig
from gan_study.data.sources.stacked_mnist import stacked_mnist
from gan_study.errors import InputError


def message(name: str, **values: object) -> str:
    with pytest.raises(InputError) as caught:
        load(name, image_size=32, **values)
    return str(caught.value)


class TestRelativesOfMnist:
    @pytest.mark.parametrize(
        ("name", "folder", "first", "last"),
        [("fashion_mnist", "FashionMNIST/raw", "T-shirt/top", "ankle boot"), ("kmnist", "KMNIST/raw", "o", "wo")],
    )
    def test_the_same_files_in_another_folder(self, data: Path, name: str, folder: str, first: str, last: str) -> None:
        arrays = write_idx_files(data / folder)
        dataset = load(name, image_size=28)
        assert np.array_equal(dataset.images[:12, 0], arrays["train-images-idx3-ubyte"])
        assert np.array_equal(present(dataset.labels)[12:], arrays["t10k-labels-idx1-ubyte"])
        names = present(dataset.class_names)
        assert (len(names), names[0], names[-1]) == (10, first, last)

    def test_letters_are_stored_transposed_and_counted_from_1(self, data: Path) -> None:
        train, test = "emnist-letters-train", "emnist-letters-test"
        arrays = write_idx_files(data / "EMNIST/raw", train, test, first_label=1, num_classes=26)
        letters = load("emnist_letters", image_size=28)
        assert np.array_equal(letters.images[:12, 0], arrays[f"{train}-images-idx3-ubyte"].transpose(0, 2, 1))
        assert present(letters.labels)[:3].tolist() == [0, 1, 2]
        assert letters.class_names == tuple("abcdefghijklmnopqrstuvwxyz")
        assert letters.held_out_indices.tolist() == list(range(12, 19))

    def test_a_letter_before_a(self, data: Path) -> None:
        write_idx_files(data / "EMNIST/raw", "emnist-letters-train", "emnist-letters-test", 0, 26)
        assert "labels must be 1 to 26, but got 0 to 11" in message("emnist_letters")


class TestStackedMnist:
    @pytest.fixture
    def small(self, data: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """MNIST's stand-in, from which only 300 and 50 images are made."""
        monkeypatch.setattr("gan_study.data.sources.stacked_mnist.NUM_TRAIN", 300)
        monkeypatch.setattr("gan_study.data.sources.stacked_mnist.NUM_HELD_OUT", 50)
        # Every pixel of an image is its number, and its label the same modulo 10: any channel tells its digit.
        folder = data / "MNIST/raw"
        folder.mkdir(parents=True)
        for prefix, numbers in (("train", range(20)), ("t10k", range(20, 30))):
            array = np.array(numbers, np.uint8)
            images = np.broadcast_to(array[:, None, None], (len(array), 28, 28))
            (folder / f"{prefix}-images-idx3-ubyte").write_bytes(idx(images))
            (folder / f"{prefix}-labels-idx1-ubyte").write_bytes(idx(array % 10))
        return folder

    def test_labels_are_the_digits_of_red_green_and_blue(self, small: Path) -> None:
        stacked = load("stacked_mnist", image_size=28)
        assert stacked.images.shape == (350, 3, 28, 28)
        digits = stacked.images[:, :, 3, 5].astype(np.int64) % 10
        assert np.array_equal(present(stacked.labels), digits @ [100, 10, 1])
        names = present(stacked.class_names)
        assert (names[7], len(names)) == ("007", 1000)

    def test_held_out_images_are_made_of_test_digits(self, small: Path) -> None:
        stacked = load("stacked_mnist", image_size=28)
        assert (len(stacked.train_indices), len(stacked.held_out_indices)) == (300, 50)
        assert set(np.unique(stacked.images[stacked.train_indices]).tolist()) == set(range(20))
        assert set(np.unique(stacked.images[stacked.held_out_indices]).tolist()) == set(range(20, 30))

    def test_the_seed_decides(self, small: Path) -> None:
        first, again, other = (load("stacked_mnist", image_size=28, seed=seed) for seed in (0, 0, 1))
        assert first.content_hash == again.content_hash
        assert not np.array_equal(present(first.labels), present(other.labels))

    def test_the_real_files(self, data_folder: Path) -> None:
        if not (data_folder / "MNIST/raw").is_dir():
            pytest.skip(f"needs MNIST/raw, which is not in {data_folder} (GAN_STUDY_DATA)")
        contents = stacked_mnist(DatasetConfig(name="stacked_mnist")).read()
        is_train = present(contents.is_train)
        assert (is_train.sum(), (~is_train).sum()) == (128_000, 26_000)
        # 128 expected of each class; that one of a thousand has none has a probability of 1000 * exp(-128).
        counts = np.bincount(present(contents.labels)[is_train], minlength=1000)
        assert counts.min() > 0
        assert counts.mean() == 128


class TestCifar10:
    def test_images_labels_and_split(self, data: Path) -> None:
        images, labels = write_cifar10(data)
        cifar10 = load("cifar10", image_size=32)
        assert np.array_equal(cifar10.images, images)
        assert present(cifar10.labels).tolist() == labels
        assert cifar10.held_out_indices.tolist() == [20, 21, 22, 23]
        assert present(cifar10.class_names)[::9] == ("airplane", "truck")

    def test_in_grey_as_pillow_does_it(self, data: Path) -> None:
        images, _ = write_cifar10(data)
        grey = load("cifar10", image_size=32, channels=1).images
        assert grey.shape == (24, 1, 32, 32)
        for image, expected in zip(grey[:, 0], images.transpose(0, 2, 3, 1), strict=True):
            assert np.array_equal(image, np.asarray(Image.fromarray(expected).convert("L")))

    def test_a_batch_as_python_2_wrote_it(self, data: Path) -> None:
        """The opcodes of the published files: text and pixels as byte strings, numpy's function under its old name."""
        images, _ = write_cifar10(data)
        pixels = images[:2].reshape(2, 3072).tobytes()
        batch = (
            b"\x80\x02}(U\x04data"
            b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
            b"(K\x01K\x02M\x00\x0c\x86cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R"
            b"(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89"
            b"T" + len(pixels).to_bytes(4, "little") + pixels + b"tbU\x06labels](K\x03K\x05eu."
        )
        (data / "cifar-10-batches-py/test_batch").write_bytes(batch)
        cifar10 = load("cifar10", image_size=32)
        assert np.array_equal(cifar10.images[20:], images[:2])
        assert present(cifar10.labels)[20:].tolist() == [3, 5]

    def test_a_pickle_that_calls_something_is_refused_and_nothing_is_called(self, data: Path) -> None:
        write_cifar10(data)
        trap = data / "trap"
        path = data / "cifar-10-batches-py/data_batch_2"
        path.write_bytes(b"cos\nmkdir\n(V" + str(trap).encode() + b"\ntR.")
        assert message("cifar10").startswith(
            f"{path}: the file must be one of CIFAR-10's Python batches, but cannot be read "
            "(UnpicklingError('it names os.mkdir, which is not part of an array'))"
        )
        assert not trap.exists()

    @pytest.mark.parametrize(
        "batch",
        [
            {"data": np.zeros((2, 3072), np.uint8), "labels": [0, 10]},
            {"data": np.zeros((2, 3072), np.uint8), "labels": [0]},
            {"data": np.zeros((2, 3072), np.float32), "labels": [0, 1]},
            {"data": np.zeros((2, 3071), np.uint8), "labels": [0, 1]},
            {"labels": [0, 1]},
            [1, 2],
        ],
    )
    def test_a_batch_of_something_else(self, data: Path, batch: object) -> None:
        write_cifar10(data)
        path = data / "cifar-10-batches-py/data_batch_3"
        path.write_bytes(pickle.dumps(batch, protocol=2))
        assert message("cifar10").startswith(f"{path}: ")
        assert message("cifar10").endswith("; fetch it again")

    def test_one_batch_missing(self, data: Path) -> None:
        write_cifar10(data)
        path = data / "cifar-10-batches-py/data_batch_4"
        path.unlink()
        assert message("cifar10") == (
            f"{path.parent}: all of the 6 Python batches must be here, but got none for data_batch_4, beside "
            "data_batch_1, data_batch_2, data_batch_3, data_batch_5, test_batch; put them here, or remove the others, "
            "so that all are downloaded"
        )


class TestCelebA:
    @pytest.mark.parametrize("in_zip", [False, True])
    def test_crop_and_official_partition(self, data: Path, in_zip: bool) -> None:
        faces = write_celeba(data, in_zip)
        celeba = load("celeba", image_size=64, crop=64)
        left, top = (178 - 64) // 2, (218 - 64) // 2
        expected = faces[:, top : top + 64, left : left + 64].transpose(0, 3, 1, 2)
        assert np.array_equal(celeba.images, expected)
        assert celeba.train_indices.tolist() == [0, 1, 2, 3, 4]
        assert celeba.held_out_indices.tolist() == [5, 6, 7, 8]
        assert (celeba.labels, celeba.class_names) == (None, None)

    def test_resized_from_the_largest_square(self, data: Path) -> None:
        faces = write_celeba(data, in_zip=True)
        celeba = load("celeba", image_size=16)
        square = Image.fromarray(faces[3]).crop((0, 20, 178, 198))
        expected = np.asarray(square.resize((16, 16), Image.Resampling.BICUBIC)).transpose(2, 0, 1)
        assert np.array_equal(celeba.images[3], expected)

    def test_a_line_that_is_none(self, data: Path) -> None:
        write_celeba(data, in_zip=True)
        path = data / "celeba/list_eval_partition.txt"
        path.write_text(path.read_text() + "000010.jpg\n")
        assert message("celeba").startswith(f"{path}:10: a line must be a file's name and 0, 1 or 2, but got ")

    def test_other_images(self, data: Path) -> None:
        write_celeba(data, in_zip=True)
        write_zip(data / "celeba/img_align_celeba.zip", {"img_align_celeba/x.jpg": b""})
        assert "there must be images of part 0 and of parts 1 or 2, but got 0 and 0" in message("celeba")

    def test_without_images(self, data: Path) -> None:
        write_celeba(data, in_zip=True)
        (data / "celeba/img_align_celeba.zip").unlink()
        assert message("celeba") == (
            f"{data}/celeba: there must be img_align_celeba.zip or the folder img_align_celeba, "
            "but got neither beside list_eval_partition.txt; put one here"
        )
        (data / "celeba/list_eval_partition.txt").unlink()
        (data / "celeba/img_align_celeba").mkdir()
        assert message("celeba") == (
            f"{data}/celeba: there must be list_eval_partition.txt or list_eval_partition.csv, "
            "but got neither beside img_align_celeba; put one here"
        )

    @pytest.mark.parametrize("in_zip", [False, True])
    def test_most_images_missing(self, data: Path, in_zip: bool) -> None:
        write_celeba(data, in_zip)
        partition = data / "celeba/list_eval_partition.txt"
        lines = [f"{number:06}.jpg {number % 3}" for number in range(1, 101)]
        partition.write_text("\n".join(lines))
        text = message("celeba")
        assert (
            "at most a share of 0.01 of the images that list_eval_partition.txt names may be missing, but got 91 of "
            in text
        )
        assert "100 (000010.jpg, 000011.jpg, " in text
        assert len(load("celeba", image_size=16, max_corrupt_share=0.95).images) == 9


@pytest.mark.parametrize(
    ("name", "folder", "files"),
    [
        ("celeba", "celeba", "list_eval_partition.txt or .csv, and img_align_celeba.zip"),
        ("cifar10", "cifar-10-batches-py", "CIFAR-10's six Python batches"),
        ("emnist_letters", "EMNIST/raw", "EMNIST letters's four idx files"),
        ("fashion_mnist", "FashionMNIST/raw", "Fashion-MNIST's four idx files"),
        ("kmnist", "KMNIST/raw", "KMNIST's four idx files"),
        ("stacked_mnist", "MNIST/raw", "MNIST's four idx files"),
    ],
)
def test_without_files_and_network(data: Path, no_network: None, name: str, folder: str, files: str) -> None:
    text = message(name)
    assert text.startswith(f"{data}/{folder}: {files}")
    assert "and it could not be downloaded (" in text
    assert text.endswith(f"put them here, or set GAN_STUDY_DATA to the folder above {folder}")
    assert [path.name for path in data.iterdir() if not path.name.endswith(".lock")] == []
