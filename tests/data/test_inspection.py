"""Inspection of a data set before training, with and without a cache of it."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.present import present
from support.standins import encoded, letters, load, random_images, write_cifar10, write_folder, write_tar, write_zip

from gan_study.config.data import DatasetConfig
from gan_study.config.names import TRAIN_IMAGES
from gan_study.data.inspection.inspection import Counted, count_train_images, example_images, inspect_dataset


def config_of(path: Path | str, **values: object) -> DatasetConfig:
    return DatasetConfig.model_validate({"name": "image_folder", "path": str(path), "image_size": 10, **values})


@pytest.fixture
def mixed() -> dict[str, bytes]:
    """Fifteen files in two classes: one colour image of another size, one duplicate, one damaged."""
    files = letters()
    files["letters/A/100.png"] = files["letters/A/000.png"]
    files["letters/A/101.png"] = encoded(Image.new("RGB", (30, 20), "red"))
    files["letters/B/100.png"] = b"x"
    return files


class TestInspecting:
    def test_a_folder(self, tmp_path: Path, mixed: dict[str, bytes], cache: Path) -> None:
        found = inspect_dataset(config_of(write_folder(tmp_path / "images", mixed)))
        assert found.place == str(tmp_path / "images")
        assert found.class_counts == {"A": 8, "B": 6}
        assert (found.num_train, found.num_held_out, found.channels) == (12, 2, 3)
        survey = found.survey
        assert (survey.num_images, survey.num_duplicates) == (14, 1)
        assert survey.corrupt == {"letters/B/100.png": "not an image of a known kind"}
        assert survey.modes == {"L": 13, "RGB": 1}
        assert (survey.width.min, survey.width.median, survey.width.max) == (10, 10, 30)
        assert not cache.exists()

    @pytest.mark.parametrize("values", [{}, {"channels": 1}, {"max_images": 5}, {"held_out_share": 0.5, "crop": 8}])
    def test_from_the_cache_it_is_the_same(
        self,
        tmp_path: Path,
        mixed: dict[str, bytes],
        values: dict[str, float],
        nothing_is_decoded: Callable[[], None],
    ) -> None:
        path = write_zip(tmp_path / "a.zip", mixed)
        config = config_of(path, max_corrupt_share=0.1, **values)
        before, examples = inspect_dataset(config), example_images(config, 100)
        dataset = load("image_folder", **config.model_dump(exclude={"name"}))
        nothing_is_decoded()
        assert inspect_dataset(config) == before
        assert (before.num_train, before.num_held_out) == (len(dataset.train_indices), len(dataset.held_out_indices))
        assert before.channels == dataset.num_channels
        assert np.array_equal(example_images(config, 100), examples)
        assert np.array_equal(dataset.images, examples)

    def test_a_named_data_set(self, data: Path) -> None:
        write_cifar10(data)
        found = inspect_dataset(DatasetConfig(name="cifar10", image_size=32))
        assert (found.num_train, found.num_held_out, found.channels) == (20, 4, 3)
        assert found.class_counts is not None
        assert found.class_counts["airplane"] == 3
        assert found.survey.modes == {"RGB": 24}

    def test_without_classes(self, tmp_path: Path) -> None:
        path = write_zip(
            tmp_path / "a.zip", {f"{number}.png": encoded(im) for number, im in enumerate(random_images(9, 8, 8))}
        )
        found = inspect_dataset(config_of(path))
        assert (found.class_counts, found.num_train, found.num_held_out, found.channels) == (None, 8, 1, 1)


class TestExamples:
    def test_they_are_spread_over_the_data_set(self, tmp_path: Path) -> None:
        path = write_zip(tmp_path / "a.zip", letters())
        images = load("image_folder", path=str(path), image_size=10).images
        assert np.array_equal(example_images(config_of(path), 3), images[[0, 6, 11]])

    def test_grey_ones_beside_colour(self, tmp_path: Path, mixed: dict[str, bytes], cache: Path) -> None:
        path = write_tar(tmp_path / "a.tar", mixed)
        examples = example_images(config_of(path), 100)
        assert examples.shape == (14, 3, 10, 10)
        assert not cache.exists()

    def test_none_that_can_be_decoded(self, tmp_path: Path) -> None:
        path = write_zip(tmp_path / "a.zip", {"0.png": b"x"})
        assert example_images(config_of(path), 4).shape == (0, 1, 10, 10)


class TestCounting:
    @pytest.mark.parametrize("name", sorted(set(TRAIN_IMAGES) - {"image_folder"}))
    def test_named_data_sets_need_no_files(self, name: str, data: Path) -> None:
        counted = count_train_images(DatasetConfig.model_validate({"name": name}))
        assert counted == Counted(present(TRAIN_IMAGES[name]))

    @pytest.mark.parametrize("values", [{}, {"held_out_share": 0.3}, {"max_images": 4}, {"max_images": 400}])
    @pytest.mark.parametrize("flat", [False, True])
    def test_files_are_counted_as_they_are_split(self, tmp_path: Path, values: dict[str, float], flat: bool) -> None:
        files = letters(7)
        if flat:
            files = {name.replace("/", "-"): content for name, content in files.items()}
        for path in (write_zip(tmp_path / "a.zip", files), write_folder(tmp_path / "images", files)):
            config = config_of(path, **values)
            dataset = load("image_folder", **config.model_dump(exclude={"name"}))
            assert count_train_images(config) == Counted(len(dataset.train_indices))

    def test_nothing_there(self, tmp_path: Path) -> None:
        assert count_train_images(config_of(tmp_path / "a.zip")) is None

    def test_no_images(self, tmp_path: Path) -> None:
        folder = write_folder(tmp_path / "images", {"a.txt": b""})
        assert count_train_images(config_of(folder)) == Counted(0, (f"{folder}: not used: 1 .txt file",))


def test_looking_and_counting_do_without_torch() -> None:
    code = "import sys, gan_study.data.inspection.inspection, gan_study.data.datasets; print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "gan_study.data.inspection.inspection" in modules
    assert not {"torch", "torchvision", "sklearn"} & set(modules)
