"""Features of chosen real images: the extractor's, in the requested order, computed once and then cached."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from support.prepared_objective import Prepared

from gan_study.data.content_hash import content_hash
from gan_study.extractors import real_features, real_statistics
from gan_study.extractors.extractor import apply_network
from gan_study.extractors.real_features import compute_real_features, load_or_compute_features
from gan_study.runs.storage import Storage

CHOSEN = np.random.default_rng(0).permutation(1797)[:250]


def test_they_are_the_extractor_s_in_the_order_asked_for(prepared: Prepared, tmp_path: Path) -> None:
    extractor, images = prepared.load().extractor, prepared.dataset.images
    expected, logits = apply_network(extractor.network, torch.from_numpy(images[CHOSEN]))
    assert logits is not None
    for _ in ("taken", "found again"):
        features, classes = load_or_compute_features(extractor, prepared.dataset, CHOSEN, Storage(tmp_path))
        np.testing.assert_allclose(features, expected.numpy(), rtol=1e-5, atol=1e-5)
        assert features.dtype == np.float32
        assert classes is not None
        assert classes.tolist() == logits.argmax(1).tolist()


def test_an_extractor_without_classes_gives_none(prepared: Prepared, tmp_path: Path) -> None:
    class NoClasses(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = torch.nn.Linear(256, 3)

        def forward(self, images_uint8: torch.Tensor) -> tuple[torch.Tensor, None]:
            return self.linear(images_uint8.flatten(1).float()), None

    extractor = replace(prepared.load().extractor, network=NoClasses(), weights_hash="00000000")
    for _ in ("taken", "found again"):
        features, classes = load_or_compute_features(extractor, prepared.dataset, CHOSEN, Storage(tmp_path))
        assert (features.shape, classes) == ((250, 3), None)


def test_they_are_taken_once_for_each_extractor_and_choice(
    prepared: Prepared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def counted(*arguments: Any) -> Any:
        calls.append(arguments)
        return compute_real_features(*arguments)

    monkeypatch.setattr(real_features, "compute_real_features", counted)
    extractor, dataset, cache = prepared.load().extractor, prepared.dataset, Storage(tmp_path)
    for _ in range(2):
        load_or_compute_features(extractor, dataset, CHOSEN, cache)
        assert len(calls) == 1
    load_or_compute_features(extractor, dataset, CHOSEN[::-1], cache)
    load_or_compute_features(replace(extractor, weights_hash="12345678"), dataset, CHOSEN, cache)
    load_or_compute_features(replace(extractor, precision="bfloat16"), dataset, CHOSEN, cache)
    load_or_compute_features(extractor, replace(dataset, train_indices=dataset.train_indices[:500]), CHOSEN, cache)
    assert len(calls) == 5


@pytest.mark.parametrize("split", ["all", "train", "held_out"])
def test_those_of_a_part_whose_statistics_are_known_are_not_taken_again(
    prepared: Prepared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, split: str
) -> None:
    monkeypatch.setattr(real_features, "BLOCK_SIZE", 100)
    extractor, dataset, cache = prepared.load().extractor, prepared.dataset, Storage(tmp_path / "cache")
    part = np.random.default_rng(0).permutation(dataset.split_indices(split))[:120]
    apart = load_or_compute_features(extractor, dataset, part, Storage(tmp_path / "other"))
    real_statistics.load_or_compute_statistics(extractor, dataset, split, cache)
    calls: list[int] = []

    def counted(*arguments: Any) -> Any:
        calls.append(len(arguments[2]))
        return compute_real_features(*arguments)

    monkeypatch.setattr(real_features, "compute_real_features", counted)
    features, classes = load_or_compute_features(extractor, dataset, part, cache)
    assert not calls
    np.testing.assert_allclose(features, apart[0], rtol=1e-5, atol=1e-5)
    assert classes is not None
    assert apart[1] is not None
    assert classes.tolist() == apart[1].tolist()
    # One image of another part, or one block lost, and they are taken as if nothing were known.
    other = np.append(part, np.setdiff1d(np.arange(1797), dataset.split_indices(split))[:1])
    if len(other) > len(part):
        load_or_compute_features(extractor, dataset, other, cache)
        assert calls == [121]
    indices = dataset.split_indices(split)
    block = np.array_split(indices, -(-len(indices) // 100))[1]
    lost = next(name for name in cache.list_names() if f"-{content_hash([block])}-" in name)
    cache.delete(lost)
    load_or_compute_features(extractor, dataset, part, cache)
    assert calls[-1] == 120
