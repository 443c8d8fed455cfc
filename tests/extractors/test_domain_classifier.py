"""The domain classifier: good enough on digits, trained once, and equal whenever it is trained."""

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save
from support.prepared_objective import Prepared
from support.present import present

from gan_study.config.data import DatasetConfig
from gan_study.data.datasets import Dataset, load_dataset
from gan_study.errors import InputError
from gan_study.extractors.domain_classifier import (
    HIDDEN_DIMS,
    DomainClassifier,
    StackedClassifier,
    accuracy,
    train,
)
from gan_study.extractors.extractor import apply_network
from gan_study.extractors.loading import load_or_train_extractor, restore_trained_extractor
from gan_study.runs.storage import Storage


@pytest.fixture(scope="module")
def few_digits(extractor_cache: Path) -> Dataset:
    """The first 200 digits at 8 pixels, a tenth of them held out: learned in a fraction of a second."""
    digits, numbers = load_dataset(DatasetConfig(name="digits", image_size=8)), np.arange(200)
    return replace(
        digits,
        images=digits.images[:200],
        labels=present(digits.labels)[:200],
        train_indices=numbers[numbers % 10 > 0],
        held_out_indices=numbers[::10],
    )


def constant_weights(dataset: Dataset) -> bytes:
    """Weights of a classifier that labels every image 0."""
    network = DomainClassifier(dataset.image_size, dataset.num_channels, len(present(dataset.class_names)))
    torch.nn.init.zeros_(network.head.weight)
    torch.nn.init.zeros_(network.head.bias)
    return save(network.state_dict())


def test_accuracy_on_held_out_digits(prepared: Prepared) -> None:
    # Measured: 0.98.
    weights = prepared.folder.storage.read_bytes("objective/domain_classifier.safetensors")
    classifier = restore_trained_extractor("domain_classifier", weights, prepared.dataset).network
    assert 0.95 <= accuracy(classifier, prepared.dataset) <= 1
    assert accuracy(classifier, prepared.dataset) == prepared.record.extractor_accuracy


def test_accuracy_is_the_share_of_held_out_images(few_digits: Dataset) -> None:
    constant = restore_trained_extractor("domain_classifier", constant_weights(few_digits), few_digits).network
    zeros = (present(few_digits.labels)[few_digits.held_out_indices] == 0).sum()
    assert accuracy(constant, few_digits) == zeros / 20
    # Also of more images than go through at once.
    many = replace(few_digits, held_out_indices=np.tile(few_digits.held_out_indices, 12)[:-3])
    zeros = (present(many.labels)[many.held_out_indices] == 0).sum()
    assert accuracy(constant, many) == zeros / 237


def test_features_and_logits(few_digits: Dataset) -> None:
    network = restore_trained_extractor("domain_classifier", constant_weights(few_digits), few_digits).network
    features, logits = apply_network(network, torch.from_numpy(few_digits.images[:5]))
    assert logits is not None
    assert (features.shape, logits.shape) == ((5, HIDDEN_DIMS), (5, 10))
    assert not network.training
    assert not features.requires_grad


@pytest.mark.parametrize(("image_size", "num_channels"), [(8, 1), (28, 3), (64, 1), (250, 1)])
def test_any_image_size(image_size: int, num_channels: int) -> None:
    network = DomainClassifier(image_size, num_channels, 7)
    features, logits = network(torch.zeros(2, num_channels, image_size, image_size, dtype=torch.uint8))
    assert (features.shape, logits.shape) == ((2, HIDDEN_DIMS), (2, 7))


def test_large_images_are_brought_to_64_pixels_and_the_key_says_so(few_digits: Dataset) -> None:
    small = np.repeat(np.repeat(few_digits.images, 8, axis=2), 8, axis=3)
    large = np.repeat(np.repeat(small, 2, axis=2), 2, axis=3)
    datasets = [replace(few_digits, images=images) for images in (small, large)]
    of_small, of_large = (
        restore_trained_extractor("domain_classifier", constant_weights(dataset), dataset) for dataset in datasets
    )
    assert (of_small.preprocessing, of_large.preprocessing) == ("uint8-64px", "uint8-128px-area64")
    of_large.network.load_state_dict(of_small.network.state_dict())
    expected, _ = apply_network(of_small.network, torch.from_numpy(small[:3]))
    got, _ = apply_network(of_large.network, torch.from_numpy(large[:3]))
    torch.testing.assert_close(got, expected, rtol=1e-6, atol=1e-6)


def test_three_digits_in_one_image(few_digits: Dataset, tmp_path: Path) -> None:
    triples = np.stack([np.arange(200), np.arange(200) // 2, np.arange(200)[::-1]], axis=1)
    stacked = replace(
        few_digits,
        name="stacked_mnist",
        images=few_digits.images[triples, 0],
        labels=present(few_digits.labels)[triples] @ np.array([100, 10, 1]),
        class_names=tuple(f"{number:03}" for number in range(1000)),
    )
    extractor = load_or_train_extractor("domain_classifier", stacked, Storage(tmp_path))
    assert isinstance(extractor.network, StackedClassifier)
    features, logits = apply_network(extractor.network, torch.from_numpy(stacked.images))
    assert logits is not None
    assert (extractor.dims, features.shape, logits.shape) == (192, (200, 192), (200, 1000))
    alone, digit_logits = apply_network(extractor.network.digit, torch.from_numpy(few_digits.images))
    assert digit_logits is not None
    torch.testing.assert_close(features, alone[torch.from_numpy(triples)].flatten(1), rtol=1e-5, atol=1e-5)
    named = digit_logits.argmax(1).numpy()
    assert logits.argmax(1).tolist() == (named[triples] @ np.array([100, 10, 1])).tolist()
    joint = digit_logits.softmax(1)[torch.from_numpy(triples[7])]
    torch.testing.assert_close(logits[7].softmax(0)[527], joint[0, 5] * joint[1, 2] * joint[2, 7], rtol=1e-4, atol=0)
    # Measured: all of them. The 20 held-out triples share digits with the train part, so their accuracy means little.
    assert (named == few_digits.labels)[few_digits.train_indices].mean() > 0.9
    assert extractor.accuracy == accuracy(extractor.network, stacked)


def test_without_labels_it_says_what_else_there_is(few_digits: Dataset, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        load_or_train_extractor(
            "domain_classifier", replace(few_digits, labels=None, class_names=None), Storage(tmp_path)
        )
    assert str(caught.value) == (
        "objective.extractor: the domain classifier needs class labels, but got dataset=digits without any; "
        "use extractor: autoencoder or inception, or put the images into a folder for each class"
    )


def test_it_is_trained_once_and_then_read_from_the_cache(few_digits: Dataset, tmp_path: Path) -> None:
    cache = Storage(tmp_path)
    first = load_or_train_extractor("domain_classifier", few_digits, cache)
    (name,) = cache.list_names()
    assert name == f"domain_classifier-4-{few_digits.identity}.safetensors"
    assert cache.read_bytes(name) == first.weights
    other = constant_weights(few_digits)
    cache.write_bytes(name, other)
    second = load_or_train_extractor("domain_classifier", few_digits, cache)
    assert second.weights == other
    assert second.accuracy != first.accuracy
    assert second.weights_hash == hashlib.sha256(other).hexdigest()[:8]


def test_other_images_are_another_classifier(few_digits: Dataset, tmp_path: Path) -> None:
    cache = Storage(tmp_path)
    first = load_or_train_extractor("domain_classifier", few_digits, cache)
    inverted = load_or_train_extractor("domain_classifier", replace(few_digits, images=255 - few_digits.images), cache)
    assert len(cache.list_names()) == 2
    assert inverted.weights_hash != first.weights_hash


def test_the_cache_lies_where_the_environment_says(
    few_digits: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAN_STUDY_CACHE", str(tmp_path / "cache"))
    load_or_train_extractor("domain_classifier", few_digits)
    assert len(Storage(tmp_path / "cache").list_names()) == 1
    monkeypatch.delenv("GAN_STUDY_CACHE")
    monkeypatch.setenv("HOME", str(tmp_path))
    load_or_train_extractor("domain_classifier", few_digits)
    assert len(Storage(tmp_path / ".cache/gan_study").list_names()) == 1


def test_a_cache_that_cannot_be_used_does_no_harm(few_digits: Dataset, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    trained = load_or_train_extractor("domain_classifier", few_digits, Storage(tmp_path / "file"))
    assert (
        trained.weights
        == load_or_train_extractor("domain_classifier", few_digits, Storage(tmp_path / "folder")).weights
    )


def test_training_is_repeatable_and_leaves_torch_as_it_was(
    few_digits: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    num_threads, forward, seen = torch.get_num_threads(), DomainClassifier.forward, set()

    def watched(network: DomainClassifier, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        seen.add(torch.get_num_threads())  # sums over several threads come out differently now and then
        return forward(network, images)

    monkeypatch.setattr(DomainClassifier, "forward", watched)
    first = save(train(few_digits).state_dict())
    try:
        torch.set_num_threads(2)
        torch.manual_seed(77)
        before = torch.random.get_rng_state()
        assert save(train(few_digits).state_dict()) == first
        assert torch.equal(torch.random.get_rng_state(), before)
        assert torch.get_num_threads() == 2
        assert seen == {1}
    finally:
        torch.set_num_threads(num_threads)
    assert save(train(few_digits, seed=1).state_dict()) != first


def test_only_the_train_part_is_learned(few_digits: Dataset) -> None:
    images = few_digits.images.copy()
    images[few_digits.held_out_indices] = 0
    same = save(train(replace(few_digits, images=images)).state_dict())
    assert same == save(train(few_digits).state_dict())


@pytest.mark.slow
def test_the_digits_of_a_study_give_the_same_weights_again(prepared: Prepared, tmp_path: Path) -> None:
    assert (
        load_or_train_extractor("domain_classifier", prepared.dataset, Storage(tmp_path)).weights_hash
        == prepared.record.key.weights_hash
    )
