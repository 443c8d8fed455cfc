"""Data sets of one's own: the images of a function, checked, made once and kept."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gan_study.config.data import DatasetConfig
from gan_study.config.own.parts import code_hashes
from gan_study.config.reading.own_code import read_file
from gan_study.data.datasets import Dataset, load_dataset
from gan_study.data.inspection.inspection import count_train_images
from gan_study.errors import InputError
from gan_study.evaluation.own_code import load_given_code

CODE = """import numpy as np

def rings(number: int = 40, words: bool = False, seed=0, image_size=16):
    random = np.random.default_rng(seed)
    images = random.integers(0, 256, (number, 3, image_size, image_size + 4), np.uint8)
    labels = np.arange(number) % 4 + 5
    return images, np.array(list("abcd"))[labels - 5] if words else labels
"""


@pytest.fixture
def config(tmp_path: Path) -> Callable[..., DatasetConfig]:
    """Makes the configuration of the data set `rings` in a file of this code, which is loaded."""

    def make(code: str = CODE, **values: object) -> DatasetConfig:
        (tmp_path / "ring_data.py").write_text(code)
        file = read_file(tmp_path / "ring_data.py", {"rings"})
        load_given_code([file])
        named = {"name": "ring_data.py:rings", "code": code_hashes([file])}
        return DatasetConfig.model_validate(named | values)

    return make


def load(config: DatasetConfig) -> Dataset:
    load_dataset.cache_clear()
    return load_dataset(config)


def test_images_and_labels_become_a_data_set(config: Callable[..., DatasetConfig]) -> None:
    dataset = load(config(held_out_share=0.25))
    assert dataset.images.shape == (40, 3, 16, 16)
    drawn = np.random.default_rng(0).integers(0, 256, (40, 3, 16, 20), np.uint8)
    assert np.array_equal(dataset.images, drawn[..., 2:18])  # the largest square in the middle
    assert dataset.class_names == ("5", "6", "7", "8")
    assert dataset.labels is not None
    assert dataset.labels[:5].tolist() == [0, 1, 2, 3, 0]
    assert len(dataset.held_out_indices) == 8
    assert dataset.identity == f"rings-16px-{dataset.content_hash}"


def test_settings_apply_and_reach_the_function(config: Callable[..., DatasetConfig]) -> None:
    grey = load(config(channels=1, image_size=8, max_images=10, number=20, words=True))
    assert grey.images.shape == (20, 1, 8, 8)
    assert len(grey.train_indices) == 10
    assert grey.class_names == ("a", "b", "c", "d")
    counted = count_train_images(config(number=30))
    assert counted is not None
    assert counted.num_train == 26  # a tenth of each class of 7 or 8 is held out
    first, second = load(config()), load(config(seed=1))
    assert first.content_hash != second.content_hash


def test_labels_are_optional(config: Callable[..., DatasetConfig]) -> None:
    dataset = load(config(CODE.replace("return images, np", "return images\n    np")))
    assert (dataset.labels, dataset.class_names) == (None, None)


def test_images_are_made_once(config: Callable[..., DatasetConfig], nothing_is_decoded: Callable[[], None]) -> None:
    made = load(config())
    nothing_is_decoded()
    assert load(config()).content_hash == made.content_hash
    with pytest.raises(AssertionError, match="only the cache may be read"):
        load(config(number=41))


def test_a_changed_file_of_the_values_is_read_again(config: Callable[..., DatasetConfig], tmp_path: Path) -> None:
    code = (
        CODE.replace("words: bool = False", "words: str = ''")
        .replace("if words", "if False")
        .replace("seed)", "int(open(words).read()))")
    )
    (tmp_path / "seed.txt").write_text("3")
    first = load(config(code, words=str(tmp_path / "seed.txt")))
    (tmp_path / "seed.txt").write_text("4")
    assert load(config(code, words=str(tmp_path / "seed.txt"))).content_hash != first.content_hash


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("default_rng(seed)", "default_rng()", "3: rings must return the same images at every call, but a second call"),
        ("return images,", "return images / 255,", "but got shape (40, 3, 16, 20) of float64; scale them to [0, 255]"),
        ("return images,", "return images[:, 0],", "of uint8; give grey images a channel: images[:, None]"),
        (
            "return images,",
            "return images.transpose(0, 2, 3, 1),",
            "put the channels first: images.transpose(0, 3, ",
        ),
        ("return images,", "return images[:0],", "but got shape (0, 3, 16, 20) of uint8; return such an array"),
        (
            "% 4 + 5",
            "/ 4 + 5",
            "must return one label for each of its 40 images, a whole number",
        ),
        ("% 4 + 5", "% 4 + missing", "ring_data.py:6: in rings: making the images raises NameError: name 'missing'"),
    ],
)
def test_what_is_wrong_names_the_function(
    config: Callable[..., DatasetConfig], before: str, after: str, expected: str
) -> None:
    assert before in CODE
    with pytest.raises(InputError, match=r"ring_data\.py:") as caught:
        load(config(CODE.replace(before, after)))
    assert expected in str(caught.value)
