"""Small files in the layouts of well-known data sets, and an open door for tests that read them."""

import io
import pickle
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gan_study.config.data import DatasetConfig
from gan_study.data.datasets import Dataset, load_dataset


def load(name: str, **values: object) -> Dataset:
    """A data set read anew, as by another process."""
    load_dataset.cache_clear()
    return load_dataset(DatasetConfig.model_validate({"name": name, **values}))


def idx(array: NDArray[np.uint8]) -> bytes:
    return bytes((0, 0, 8, array.ndim)) + np.array(array.shape, dtype=">u4").tobytes() + array.tobytes()


def random_images(num: int, *shape: int, seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(256, size=(num, *shape), dtype=np.uint8)


def write_idx_files(
    folder: Path, train: str = "train", test: str = "t10k", first_label: int = 0, num_classes: int = 10
) -> dict[str, NDArray[np.uint8]]:
    """Twelve train and seven test images of 28x28 with labels; the arrays by file name."""
    arrays = {}
    for seed, (prefix, num) in enumerate(((train, 12), (test, 7))):
        arrays[f"{prefix}-images-idx3-ubyte"] = random_images(num, 28, 28, seed=seed)
        arrays[f"{prefix}-labels-idx1-ubyte"] = (np.arange(num) % num_classes + first_label).astype(np.uint8)
    folder.mkdir(parents=True)
    for name, array in arrays.items():
        (folder / name).write_bytes(idx(array))
    return arrays


def encoded(
    pixels: NDArray[np.uint8] | NDArray[np.uint16] | Image.Image, kind: str = "png", **options: object
) -> bytes:
    """Pixels (H, W) or (H, W, C), or an image, as the bytes of a file."""
    buffer = io.BytesIO()
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def letters(num_per_class: int = 6) -> dict[str, bytes]:
    """Grey 10x10 PNGs, a folder for each of the classes A and B inside of one folder."""
    images = random_images(2 * num_per_class, 10, 10, seed=5)
    names = [f"letters/{letter}/{number:03}.png" for letter in "AB" for number in range(num_per_class)]
    return {name: encoded(image) for name, image in zip(names, images, strict=True)}


def write_folder(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def write_zip(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def write_tar(path: Path, files: dict[str, bytes], mode: str = "w") -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


def write_cifar10(root: Path, num: int = 4) -> tuple[NDArray[np.uint8], list[int]]:
    """The six batches with `num` images each; images (N, 3, 32, 32) and labels of all."""
    images, labels = random_images(6 * num, 3, 32, 32), [number % 10 for number in range(6 * num)]
    folder = root / "cifar-10-batches-py"
    folder.mkdir(parents=True)
    for position, name in enumerate([*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"]):
        part = slice(position * num, (position + 1) * num)
        batch = {"batch_label": name, "labels": labels[part], "data": images[part].reshape(num, -1), "filenames": []}
        (folder / name).write_bytes(pickle.dumps(batch, protocol=2))
    return images, labels


def write_celeba(
    root: Path, in_zip: bool, change: Callable[[NDArray[np.uint8]], NDArray[np.uint8]] = lambda faces: faces
) -> NDArray[np.uint8]:
    """Nine faces of CelebA's size, of which 1 to 5 are part 0, 6 and 7 part 1, 8 and 9 part 2; (9, 218, 178, 3)."""
    faces = change(random_images(9, 218, 178, 3))
    # PNG content keeps the pixels exactly; Pillow looks at the content, not at the ending.
    files = {f"img_align_celeba/{number + 1:06}.jpg": encoded(face) for number, face in enumerate(faces)}
    folder = root / "celeba"
    folder.mkdir(parents=True)
    parts = [0] * 5 + [1] * 2 + [2] * 2
    lines = [f"{number + 1:06}.jpg {part}" for number, part in enumerate(parts)]
    (folder / "list_eval_partition.txt").write_text("\n".join(lines) + "\n")
    write_zip(folder / "img_align_celeba.zip", files) if in_zip else write_folder(folder, files)
    return faces
