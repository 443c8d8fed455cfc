"""The training of extractors: it continues after an interruption, with any number of threads, and ends in time."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from safetensors.torch import load, save
from support.present import present

from gan_study.config.data import DatasetConfig
from gan_study.data.datasets import Dataset, load_dataset
from gan_study.data.sampler import batch_positions
from gan_study.extractors import autoencoder, domain_classifier, fitting
from gan_study.extractors.fitting import has_settled, num_steps
from gan_study.extractors.fitting_state import StateFile
from gan_study.extractors.loading import load_or_train_extractor
from gan_study.extractors.machine_cache import unfinished_name
from gan_study.extractors.progress import listening
from gan_study.runs.storage import Storage


@pytest.fixture(scope="module")
def digits(extractor_cache: Path) -> Dataset:
    return load_dataset(DatasetConfig(name="digits", image_size=8))


@pytest.fixture
def keep_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


class Interruption:
    """Ends a training after a number of steps, as Ctrl-C does."""

    def __init__(self, num_steps: int) -> None:
        self.num_steps = num_steps
        self.texts: list[str] = []

    def __call__(self, text: str) -> None:
        self.texts.append(text)
        if text.startswith(f"steps of training the extractor: {self.num_steps} of"):
            raise KeyboardInterrupt


@pytest.mark.parametrize("extractor", [domain_classifier, autoencoder])
def test_an_interrupted_training_goes_on_to_the_same_weights(
    digits: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, extractor: ModuleType
) -> None:
    monkeypatch.setattr(fitting, "SAVE_SEC", 0.0)
    monkeypatch.setattr(fitting, "STEPS_PER_CHECK", 4)
    monkeypatch.setattr(fitting, "NUM_CHECKED", 149)
    expected = save(extractor.train(digits, kimg=0.8).state_dict())  # 12 steps
    cache = Storage(tmp_path)
    interruption = Interruption(7)
    with pytest.raises(KeyboardInterrupt), listening(interruption):
        load_or_train_extractor(extractor.KIND.name, digits, cache, kimg=0.8)
    assert cache.list_names() == []
    name = f"{extractor.KIND.name}-{extractor.KIND.recipe}-{digits.identity}-0.8kimg.safetensors"
    saved = StateFile(cache, unfinished_name(name)).read()
    assert saved is not None
    assert (saved["step"], len(saved["errors"])) == (7, 1)
    texts: list[str] = []
    with listening(texts.append):
        assert load_or_train_extractor(extractor.KIND.name, digits, cache, kimg=0.8).weights == expected
    steps = [text for text in texts if text.startswith("steps of training")]
    assert [int(text.split(": ")[1].split()[0]) for text in steps] == [7, 8, 9, 10, 11, 12]
    assert cache.list_names() == [name]
    assert not cache.exists(unfinished_name(name))


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 cut short", b"no file of torch"])
def test_a_damaged_state_is_left_aside(digits: Dataset, tmp_path: Path, damage: bytes) -> None:
    cache = Storage(tmp_path)
    name = f"domain_classifier-{domain_classifier.KIND.recipe}-{digits.identity}-0.3kimg.safetensors"
    cache.write_bytes(unfinished_name(name), damage)
    expected = save(domain_classifier.train(digits, kimg=0.3).state_dict())
    assert load_or_train_extractor("domain_classifier", digits, cache, kimg=0.3).weights == expected


@pytest.mark.usefixtures("keep_threads")
def test_the_number_of_threads_does_not_change_the_weights(digits: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fitting, "STEPS_PER_CHECK", 3)
    monkeypatch.setattr(fitting, "NUM_CHECKED", 149)
    monkeypatch.setattr(fitting, "CHECKS_WITHOUT_GAIN", 1)
    weights = []
    for num_threads in (1, 2, 3):
        torch.set_num_threads(num_threads)
        weights.append(save(domain_classifier.train(digits, kimg=2).state_dict()))
        assert torch.get_num_threads() == num_threads
    assert weights[0] == weights[1] == weights[2]


def test_it_settles_by_images_of_the_train_part_alone(digits: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fitting, "STEPS_PER_CHECK", 4)
    monkeypatch.setattr(fitting, "NUM_CHECKED", 149)
    texts: list[str] = []
    with listening(texts.append):
        weights = save(domain_classifier.train(digits).state_dict())
    num_done, most = texts[-1].removeprefix("steps of training the extractor: ").split(", ")[0].split(" of at most ")
    assert int(num_done) < int(most) == 701  # 30 epochs
    assert int(num_done) % 6 == 0, "whole checks, and half as many steps again"
    images = digits.images.copy()
    images[digits.held_out_indices] = 255 - images[digits.held_out_indices]
    assert save(domain_classifier.train(replace(digits, images=images)).state_dict()) == weights


def test_the_images_that_decide_are_not_learned(digits: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fitting, "NUM_CHECKED", 149)
    learned, checked = fitting.split_for_checks(digits.train_indices, seed=0)
    assert len(checked) == 149
    assert sorted([*learned, *checked]) == digits.train_indices.tolist()
    monkeypatch.undo()
    learned, checked = fitting.split_for_checks(digits.train_indices, seed=0)
    assert np.array_equal(learned, digits.train_indices)
    assert len(checked) == 0
    assert len(fitting.split_for_checks(np.arange(5000), seed=0)[1]) == 500


def test_settled_means_no_gain_in_the_last_eight_checks() -> None:
    assert not has_settled([])
    assert not has_settled([0.5] * 8)
    assert has_settled([0.5, 0.5, 0.6, *[0.5] * 6])
    assert has_settled([0.5, *[0.491] * 8]), "less than a fiftieth"
    assert not has_settled([0.5, 0.5, 0.489, *[0.5] * 6])
    assert not has_settled([0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1])
    assert has_settled([0.1, *[0.0] * 9])


def test_the_learning_rate_falls_once_the_training_has_settled() -> None:
    rates = [fitting.learning_rate_after(step, [], 9) / 2e-3 for step in range(10)]
    assert rates == pytest.approx([1] * 6 + [1, 2 / 3, 1 / 3, 0])
    settled = [0.5] * 9  # at step 900
    rates = [fitting.learning_rate_after(step, settled, 3000) / 2e-3 for step in (899, 900, 1000, 1349, 1350, 1400)]
    assert rates == pytest.approx([1, 1, 350 / 450, 1 / 450, 0, 0])
    assert fitting.learning_rate_after(0, [], 1) > 0


def test_length() -> None:
    assert num_steps(192, 60, 9000) == 3000
    assert num_steps(192, 60, 1000) == 937
    assert num_steps(0.001, 60, 1000) == 1


def test_a_shorter_training_is_another_extractor(digits: Dataset, tmp_path: Path) -> None:
    cache = Storage(tmp_path)
    short = load_or_train_extractor("domain_classifier", digits, cache, kimg=0.2)
    longer = load_or_train_extractor("domain_classifier", digits, cache, kimg=0.5)
    assert len(cache.list_names()) == 2
    assert short.weights_hash != longer.weights_hash
    assert load_or_train_extractor("domain_classifier", digits, cache, kimg=0.2).weights == short.weights


def test_each_step_takes_the_mean_gradient_of_its_batch(digits: Dataset) -> None:
    """The step in plain torch: Adam's first step, of which the average takes 90 %."""
    trained = load(save(domain_classifier.train(digits, kimg=0.064).state_dict()))
    torch.manual_seed(0)
    network = domain_classifier.DomainClassifier(8, 1, 10)
    start = {name: value.clone() for name, value in network.state_dict().items()}
    learned, _ = fitting.split_for_checks(digits.train_indices, seed=0)
    chosen = learned[batch_positions(0, 0, 64, len(learned))]
    _, logits = network(torch.from_numpy(digits.images[chosen]))
    torch.nn.functional.cross_entropy(logits, torch.from_numpy(present(digits.labels)[chosen])).backward()
    torch.optim.Adam(network.parameters(), lr=2e-3).step()
    for name, value in network.state_dict().items():
        torch.testing.assert_close(trained[name], start[name].lerp(value, 0.9), rtol=1e-3, atol=2e-4)
