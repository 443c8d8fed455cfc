"""The features of chosen real images: those of the extractor, in the order asked for, taken once and found again."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from prepared_objective import Prepared

from gan_study.extractors import real_features
from gan_study.extractors.base import apply
from gan_study.extractors.real_features import image_features, obtain
from gan_study.runs.storage import Storage

CHOSEN = np.random.default_rng(0).permutation(1797)[:250]


def test_they_are_the_extractor_s_in_the_order_asked_for(prepared: Prepared, tmp_path: Path) -> None:
    extractor, images = prepared.load().extractor, prepared.dataset.images
    expected, logits = apply(extractor.network, torch.from_numpy(images[CHOSEN]))
    assert logits is not None
    for _ in ("taken", "found again"):
        features, classes = obtain(extractor, prepared.dataset, CHOSEN, Storage(tmp_path))
        np.testing.assert_allclose(features, expected.numpy(), rtol=1e-5, atol=1e-5)
        assert features.dtype == np.float32
        assert classes is not None
        assert classes.tolist() == logits.argmax(1).tolist()


def test_an_extractor_without_classes_gives_none(prepared: Prepared, tmp_path: Path) -> None:
    class NoClasses(torch.nn.Linear):
        def forward(self, images_uint8: torch.Tensor) -> tuple[torch.Tensor, None]:
            return super().forward(images_uint8.flatten(1).float()), None

    extractor = replace(prepared.load().extractor, network=NoClasses(256, 3), weights_hash="00000000")
    for _ in ("taken", "found again"):
        features, classes = obtain(extractor, prepared.dataset, CHOSEN, Storage(tmp_path))
        assert (features.shape, classes) == ((250, 3), None)


def test_they_are_taken_once_for_each_extractor_and_choice(
    prepared: Prepared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def counted(*arguments: Any) -> Any:
        calls.append(arguments)
        return image_features(*arguments)

    monkeypatch.setattr(real_features, "image_features", counted)
    extractor, dataset, cache = prepared.load().extractor, prepared.dataset, Storage(tmp_path)
    for _ in range(2):
        obtain(extractor, dataset, CHOSEN, cache)
        assert len(calls) == 1
    obtain(extractor, dataset, CHOSEN[::-1], cache)
    obtain(replace(extractor, weights_hash="12345678"), dataset, CHOSEN, cache)
    obtain(replace(extractor, precision="bfloat16"), dataset, CHOSEN, cache)
    obtain(extractor, replace(dataset, train_indices=dataset.train_indices[:500]), CHOSEN, cache)
    assert len(calls) == 5
