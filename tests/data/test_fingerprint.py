"""Files that look alike are distinguished: no data set ever gets the decoded images of another."""

import os
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path
from struct import pack
from typing import Any

import numpy as np
import pytest
from support.standins import encoded, idx, load, random_images, write_celeba, write_folder, write_idx_files

from gan_study.data import cache as cache_module
from gan_study.data.cache_files import write_cache
from gan_study.errors import InputError

IMAGES = random_images(40, 12, 12)


def bitmaps(images: np.ndarray) -> dict[str, bytes]:
    """BMP files, whose size does not depend on their content."""
    return {f"{number:03}.bmp": encoded(image, "bmp") for number, image in enumerate(images)}


def write_aged(folder: Path, images: np.ndarray) -> Path:
    """A folder of bitmaps that were all written in 1970, by their times."""
    write_folder(folder, bitmaps(images))
    for path in folder.iterdir():
        os.utime(path, (0, 0))
    return folder


def write_tar(path: Path, images: np.ndarray) -> Path:
    """A plain tar from 1970."""
    folder = write_aged(path.with_suffix(".files"), images)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as archive:
        for file in sorted(folder.iterdir()):
            archive.add(file, file.name)
    os.utime(path, (0, 0))
    return path


def exchange(path: Path, content: bytes) -> None:
    """Replace the content by other content of equal size and restore the times, as `cp -p` and `rsync -t` would."""
    facts = path.stat()
    assert len(content) == facts.st_size
    path.write_bytes(content)
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))


def images_of(path: Path, **values: object) -> np.ndarray:
    return np.array(load("image_folder", path=str(path), image_size=12, **values).images[:, 0])


def test_two_folders_that_look_alike(tmp_path: Path) -> None:
    real, fake = write_aged(tmp_path / "real", IMAGES), write_aged(tmp_path / "fake", 255 - IMAGES)
    for _ in range(2):
        assert np.array_equal(images_of(real), IMAGES)
        assert np.array_equal(images_of(fake), 255 - IMAGES)


def test_two_tars_of_one_name(tmp_path: Path) -> None:
    first, second = write_tar(tmp_path / "a/x.tar", IMAGES), write_tar(tmp_path / "b/x.tar", 255 - IMAGES)
    assert first.stat().st_size == second.stat().st_size
    assert np.array_equal(images_of(first), IMAGES)
    assert np.array_equal(images_of(second), 255 - IMAGES)


def test_a_folder_in_place_of_another(tmp_path: Path) -> None:
    place = write_aged(tmp_path / "images", IMAGES)
    write_aged(tmp_path / "other", 255 - IMAGES)
    assert np.array_equal(images_of(place), IMAGES)
    shutil.rmtree(place)
    (tmp_path / "other").rename(place)
    assert np.array_equal(images_of(place), 255 - IMAGES)


@pytest.mark.parametrize("position", [0, 17, 39])
def test_one_file_whose_times_are_put_back(tmp_path: Path, position: int) -> None:
    folder = write_aged(tmp_path / "images", IMAGES)
    images_of(folder)
    exchange(folder / f"{position:03}.bmp", encoded(255 - IMAGES[position], "bmp"))
    found = images_of(folder)
    assert np.array_equal(found[position], 255 - IMAGES[position])
    assert np.array_equal(np.delete(found, position, 0), np.delete(IMAGES, position, 0))


def test_files_that_exchange_their_names(tmp_path: Path) -> None:
    folder = write_aged(tmp_path / "images", IMAGES)
    images_of(folder)
    for old, new in (("000", "x"), ("001", "000"), ("x", "001")):
        (folder / f"{old}.bmp").rename(folder / f"{new}.bmp")
    assert np.array_equal(images_of(folder)[:2], IMAGES[[1, 0]])


def test_folders_on_file_systems_that_repeat_all_facts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """New images of file systems count inodes and times from the start, so only bytes distinguish them."""
    for module in ("fingerprint", "folders"):
        monkeypatch.setattr(
            f"gan_study.data.files.{module}.facts_of", lambda status: pack("5q", 1, 2, status.st_size, 3, 4)
        )
    real, fake = write_aged(tmp_path / "real", IMAGES), write_aged(tmp_path / "fake", 255 - IMAGES)
    assert np.array_equal(images_of(real), IMAGES)
    assert np.array_equal(images_of(fake), 255 - IMAGES)
    first, second = write_tar(tmp_path / "a/x.tar", IMAGES), write_tar(tmp_path / "b/x.tar", 255 - IMAGES)
    assert np.array_equal(images_of(first), IMAGES)
    assert np.array_equal(images_of(second), 255 - IMAGES)


def test_files_that_have_just_changed_are_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A change within one tick of the clock leaves all facts unchanged."""
    monkeypatch.setattr(cache_module, "SETTLED_NS", 2_000_000_000)
    for module in ("fingerprint", "folders"):
        monkeypatch.setattr(
            f"gan_study.data.files.{module}.facts_of",
            lambda status: pack("5q", 1, 2, status.st_size, 3, status.st_ctime_ns // 10**10),
        )
    monkeypatch.setattr("gan_study.data.files.fingerprint.Files.content_sample", lambda _: b"")
    folder = write_aged(tmp_path / "images", IMAGES)
    monkeypatch.setattr("time.time_ns", lambda: folder.stat().st_ctime_ns // 10**10 + 1_000_000_000)
    images_of(folder)
    exchange(folder / "005.bmp", encoded(255 - IMAGES[5], "bmp"))
    assert np.array_equal(images_of(folder)[5], 255 - IMAGES[5])


def test_a_copy_and_a_touched_folder_are_not_decoded_again(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_aged(tmp_path / "images", IMAGES)
    images_of(folder)
    shutil.copytree(folder, tmp_path / "copy")
    for path in folder.iterdir():
        path.touch()
    monkeypatch.setattr("gan_study.data.cache.write_cache", None)  # nothing can be decoded
    assert np.array_equal(images_of(tmp_path / "copy"), IMAGES)
    assert np.array_equal(images_of(folder), IMAGES)


@pytest.mark.parametrize("in_zip", [False, True])
def test_an_image_of_celeba(data: Path, in_zip: bool) -> None:
    faces = write_celeba(data, in_zip)
    assert np.array_equal(load("celeba", image_size=178).images[3], faces[3, 20:198].transpose(2, 0, 1))
    place = data / "celeba"
    if in_zip:
        (place / "img_align_celeba.zip").rename(data / "old.zip")
        shutil.rmtree(place)
        write_celeba(data, in_zip=True, change=lambda pixels: 255 - pixels)
        old = (data / "old.zip").stat()
        os.utime(place / "img_align_celeba.zip", ns=(old.st_atime_ns, old.st_mtime_ns))
    else:
        path = place / "img_align_celeba/000004.jpg"
        times = path.stat()
        path.write_bytes(encoded(255 - faces[3]))
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert np.array_equal(load("celeba", image_size=178).images[3], (255 - faces[3, 20:198]).transpose(2, 0, 1))


def test_idx_files_whose_times_are_put_back(data: Path) -> None:
    arrays = write_idx_files(data / "MNIST/raw")
    name = "train-images-idx3-ubyte"
    assert np.array_equal(load("mnist", image_size=28).images[:12, 0], arrays[name])
    exchange(data / "MNIST/raw" / name, idx(255 - arrays[name]))
    assert np.array_equal(load("mnist", image_size=28).images[:12, 0], 255 - arrays[name])


def test_files_that_change_while_they_are_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_aged(tmp_path / "images", IMAGES)

    def write_and_change(*arguments: Any) -> None:
        write_cache(*arguments)
        (folder / "007.bmp").write_bytes(encoded(255 - IMAGES[7], "bmp"))

    monkeypatch.setattr(cache_module, "write_cache", write_and_change)
    with pytest.raises(InputError, match="must stay as they are while they are read, but some have changed"):
        images_of(folder)
    monkeypatch.setattr(cache_module, "write_cache", write_cache)
    assert np.array_equal(images_of(folder)[7], 255 - IMAGES[7])


@pytest.mark.filterwarnings("ignore:.*not used")
def test_a_file_that_is_added_beside_the_images_is_told_of(
    tmp_path: Path, nothing_is_decoded: Callable[[], None]
) -> None:
    folder = write_aged(tmp_path / "images", IMAGES)
    assert load_warnings(folder) == ()
    (folder / "100.heic").touch()
    assert load_warnings(folder) == (f"{folder}: not used: 1 .heic file",)
    nothing_is_decoded()
    assert load_warnings(folder) == (f"{folder}: not used: 1 .heic file",)


def load_warnings(folder: Path) -> tuple[str, ...]:
    return load("image_folder", path=str(folder), image_size=12).warnings
