"""The cache of decoded images: when it is used, when a new one is made, and processes that decode at once or die."""

import json
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.present import present
from support.standins import encoded, letters, load, random_images, write_folder, write_zip

from gan_study.config.data import DatasetConfig
from gan_study.data.cache import find_cache
from gan_study.data.content_hash import content_hash
from gan_study.data.sources.catalogue import SOURCES
from gan_study.errors import StorageError

CHILD = """
import pathlib, sys, time
import gan_study.data.cache as cache
from gan_study.config.data import DatasetConfig
from gan_study.data.datasets import load_dataset

write = cache.write_cache
def told(*arguments):
    print("built", flush=True)
    write(*arguments)
cache.write_cache = told

print("ready", flush=True)
while not pathlib.Path(sys.argv[2]).exists():
    time.sleep(0.001)
dataset = load_dataset(DatasetConfig(name="image_folder", path=sys.argv[1], image_size=64))
print(dataset.identity, dataset.images[-1].sum(), flush=True)
"""
NUM_SLOW = 150


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return write_zip(tmp_path / "a.zip", letters())


@pytest.fixture
def slow_archive(tmp_path: Path) -> Path:
    """An archive whose images take about a second to decode."""
    large = encoded(random_images(1, 600, 600)[0])
    return write_zip(tmp_path / "slow.zip", {f"{number:03}.png": large for number in range(NUM_SLOW)})


def start(path: Path, go: Path) -> subprocess.Popen[str]:
    """A process that loads the images at `path` once the file `go` exists."""
    process = subprocess.Popen([sys.executable, "-c", CHILD, path, go], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def caches(cache: Path) -> list[Path]:
    return sorted(path for path in (cache / "datasets").iterdir() if path.is_dir())


def load_letters(path: Path, **values: object) -> np.ndarray:
    return load("image_folder", **{"path": str(path), "image_size": 10, **values}).images


@pytest.mark.parametrize("kind", ["zip", "folder"])
def test_a_second_load_decodes_nothing(tmp_path: Path, kind: str, nothing_is_decoded: Callable[[], None]) -> None:
    path = write_zip(tmp_path / "a.zip", letters()) if kind == "zip" else write_folder(tmp_path / "a", letters())
    first = load_letters(path)
    nothing_is_decoded()
    assert np.array_equal(load_letters(path), first)


def test_images_are_mapped_from_the_file_which_a_write_does_not_reach(archive: Path, cache: Path) -> None:
    images = load_letters(archive)
    assert isinstance(images.base, np.memmap)
    before = images[0].copy()
    images[0] ^= 255
    assert np.array_equal(load_letters(archive)[0], before)


def test_a_changed_file_is_another_data_set(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "images", letters())
    first = load("image_folder", path=str(folder), image_size=10)
    (folder / "letters/A/000.png").write_bytes(encoded(np.zeros((10, 10), np.uint8)))
    second = load("image_folder", path=str(folder), image_size=10)
    assert (second.images[0] == 0).all()
    assert first.identity != second.identity


def test_an_added_and_a_renamed_file_are_seen(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "images", letters())
    load_letters(folder)
    (folder / "letters/A/000.png").rename(folder / "letters/B/100.png")
    moved = load("image_folder", path=str(folder), image_size=10)
    assert np.bincount(present(moved.labels)).tolist() == [5, 7]
    write_folder(folder, {"letters/C/000.png": encoded(np.zeros((10, 10), np.uint8))})
    assert load("image_folder", path=str(folder), image_size=10).class_names == ("A", "B", "C")


@pytest.mark.parametrize("values", [{"image_size": 12}, {"crop": 8}, {"channels": 3}])
def test_each_transform_has_its_own(archive: Path, cache: Path, values: dict[str, int]) -> None:
    for _ in range(2):
        load_letters(archive)
        load_letters(archive, **values)
    assert len(caches(cache)) == 2


@pytest.mark.parametrize(
    "values", [{"max_images": 3}, {"seed": 1}, {"held_out_share": 0.3}, {"max_corrupt_share": 0.5}]
)
def test_choices_among_the_images_share_one(archive: Path, cache: Path, values: dict[str, float]) -> None:
    load_letters(archive)
    load_letters(archive, **values)
    assert len(caches(cache)) == 1


@pytest.mark.parametrize("name", ["images.npy", "labels.npy", "meta.json"])
@pytest.mark.parametrize("damage", ["gone", "cut", "other"])
def test_a_damaged_cache_is_built_anew(archive: Path, cache: Path, name: str, damage: str) -> None:
    first = load_letters(archive).copy()
    (folder,) = caches(cache)
    path = folder / name
    content = path.read_bytes()
    path.unlink()
    if damage != "gone":
        path.write_bytes(content[: len(content) // 2] if damage == "cut" else b"{}")
    assert np.array_equal(load_letters(archive), first)
    assert path.read_bytes() == content
    assert caches(cache) == [folder]


def test_what_is_written_down(tmp_path: Path, cache: Path) -> None:
    files = letters()
    files["letters/A/001.png"] = files["letters/A/000.png"]
    files["letters/A/100.png"] = encoded(Image.new("RGB", (30, 20), "white"))
    files["letters/A/101.png"] = b""
    load_letters(write_zip(tmp_path / "a.zip", files), max_corrupt_share=0.1)
    (folder,) = caches(cache)
    meta = json.loads((folder / "meta.json").read_text())
    assert meta["class_names"] == ["A", "B"]
    survey = meta["survey"]
    assert (survey["num_images"], survey["num_duplicates"]) == (13, 1)
    assert survey["modes"] == {"L": 12, "RGB": 1}
    assert survey["width"] == {"min": 10, "median": 10, "max": 30}
    assert survey["height"] == {"min": 10, "median": 10, "max": 20}
    assert survey["corrupt"] == {"letters/A/101.png": "the file is empty"}


def test_the_content_hash_is_of_images_labels_and_split() -> None:
    dataset = load("digits", image_size=8)
    config = DatasetConfig(name="digits", image_size=8)
    found = find_cache(config, SOURCES["digits"](config, False))
    assert found is not None
    assert found.images.meta.content_hash == content_hash([dataset.images, dataset.labels, dataset.train_indices])


def test_processes_that_start_at_once_build_it_once(slow_archive: Path, tmp_path: Path, cache: Path) -> None:
    go = tmp_path / "go"
    processes = [start(slow_archive, go) for _ in range(3)]
    go.touch()
    outputs = [process.communicate(timeout=60)[0].splitlines() for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert sorted(map(len, outputs)) == [1, 1, 2]
    assert len({output[-1] for output in outputs}) == 1
    assert len(caches(cache)) == 1


def test_a_process_that_is_killed_while_it_builds_leaves_nothing_behind(
    slow_archive: Path, tmp_path: Path, cache: Path
) -> None:
    go = tmp_path / "go"
    go.touch()
    process = start(slow_archive, go)
    image_bytes, deadline = 3 * 64 * 64, time.monotonic() + 60
    while not (begun := list(cache.glob("datasets/*.building-*/images.npy"))) or (
        begun[0].stat().st_size < 10 * image_bytes
    ):
        assert time.monotonic() < deadline
        time.sleep(0.002)
    process.send_signal(signal.SIGSTOP)
    assert begun[0].stat().st_size < NUM_SLOW * image_bytes, "stopped too late to tell anything"
    waiting = start(slow_archive, go)
    process.send_signal(signal.SIGKILL)
    process.wait()
    output, _ = waiting.communicate(timeout=60)
    assert output.splitlines()[0] == "built"
    assert waiting.returncode == 0
    (folder,) = caches(cache)
    dataset = load("image_folder", path=str(slow_archive), image_size=64)
    assert len(dataset.images) == NUM_SLOW
    assert output.splitlines()[1] == f"{dataset.identity} {dataset.images[-1].sum()}"
    assert ".building-" not in folder.name


def test_a_disk_without_room(archive: Path, cache: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(StorageError) as caught:
            load_letters(archive, image_size=32)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert "decoded images must be kept here, but writing failed (" in str(caught.value)
    assert caches(cache) == []
