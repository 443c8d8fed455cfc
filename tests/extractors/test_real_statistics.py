"""Statistics of real images: of the requested part, computed once and then cached."""

import multiprocessing
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from support.prepared_objective import Prepared

from gan_study.data.content_hash import content_hash
from gan_study.errors import InputError
from gan_study.extractors import real_features, real_statistics
from gan_study.extractors.extractor import apply_network
from gan_study.extractors.machine_cache import load_or_make
from gan_study.extractors.real_statistics import compute_real_statistics, load_or_compute_statistics, unpack_statistics
from gan_study.runs.storage import Storage


@pytest.mark.parametrize(("split", "num"), [("all", 1797), ("train", 1497), ("held_out", 300)])
def test_they_are_those_of_the_split(
    prepared: Prepared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, split: str, num: int
) -> None:
    monkeypatch.setattr(real_features, "BLOCK_SIZE", 500)
    extractor, dataset = prepared.load().extractor, prepared.dataset
    real = unpack_statistics(load_or_compute_statistics(extractor, dataset, split, Storage(tmp_path)))
    indices = dataset.split_indices(split)
    assert real.reference.num == num == len(indices)
    features, logits = apply_network(extractor.network, torch.from_numpy(dataset.images[indices]))
    assert logits is not None
    expected = features.double().numpy()
    np.testing.assert_allclose(real.reference.mean, expected.mean(0), rtol=1e-5, atol=1e-5)
    covariance, root = np.cov(expected, rowvar=False), real.reference.root
    np.testing.assert_allclose(root @ root.T, covariance, rtol=0, atol=1e-5 * covariance.max())
    assert real.reference.trace == pytest.approx(np.trace(covariance), rel=1e-5)
    assert real.class_counts.tolist() == np.bincount(logits.argmax(1), minlength=10).tolist()


def test_images_left_out_of_the_train_part_are_in_no_split(prepared: Prepared) -> None:
    dataset = replace(prepared.dataset, train_indices=prepared.dataset.train_indices[:50])
    assert [len(dataset.split_indices(split)) for split in ("all", "train", "held_out")] == [350, 50, 300]


def test_a_part_of_one_image_is_refused(prepared: Prepared, tmp_path: Path) -> None:
    dataset = replace(prepared.dataset, held_out_indices=prepared.dataset.held_out_indices[:1])
    with pytest.raises(InputError) as caught:
        load_or_compute_statistics(prepared.load().extractor, dataset, "held_out", Storage(tmp_path))
    assert str(caught.value) == (
        "objective.split: the real images that are scored against must be two at least, "
        "but got split=held_out with 1; choose another split"
    )


def test_they_are_taken_once_for_each_extractor_and_split(
    prepared: Prepared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def counted(*arguments: Any) -> Any:
        calls.append(arguments)
        return compute_real_statistics(*arguments)

    monkeypatch.setattr(real_statistics, "compute_real_statistics", counted)
    extractor, cache = prepared.load().extractor, Storage(tmp_path)
    first = load_or_compute_statistics(extractor, prepared.dataset, "held_out", cache)
    assert load_or_compute_statistics(extractor, prepared.dataset, "held_out", cache) == first
    assert len(calls) == 1
    load_or_compute_statistics(replace(extractor, weights_hash="12345678"), prepared.dataset, "held_out", cache)
    load_or_compute_statistics(replace(extractor, preprocessing="other"), prepared.dataset, "held_out", cache)
    load_or_compute_statistics(extractor, prepared.dataset, "train", cache)
    assert len(calls) == 4
    key = prepared.record.key
    part = content_hash([prepared.dataset.held_out_indices])
    name = f"real_stats-1-{key.dataset}-held_out-{part}-domain_classifier-hidden-uint8-16px-{key.weights_hash}.npz"
    assert name in cache.list_names()


def test_two_held_out_parts_beside_the_same_train_part_are_told_apart(prepared: Prepared, tmp_path: Path) -> None:
    """With max_images two studies may learn the same images and hold out others."""
    extractor, cache = prepared.load().extractor, Storage(tmp_path)
    indices = prepared.dataset.held_out_indices
    first, second = (replace(prepared.dataset, held_out_indices=part) for part in (indices[:20], indices[20:60]))
    assert first.identity == second.identity
    assert unpack_statistics(load_or_compute_statistics(extractor, first, "held_out", cache)).reference.num == 20
    assert unpack_statistics(load_or_compute_statistics(extractor, second, "held_out", cache)).reference.num == 40
    for dataset in (first, second):
        part = dataset.held_out_indices
        seen = np.concatenate(
            [seen.features for seen in real_features.split_features(extractor, dataset, "held_out", cache)]
        )
        assert np.array_equal(seen, real_features.compute_real_features(extractor, dataset, part).features)


def make_slowly(folder: str, out: str, number: int) -> None:
    def make() -> bytes:
        time.sleep(0.3)
        return str(number).encode()

    Path(out, str(number)).write_bytes(load_or_make("thing", make, Storage(folder)))


def test_processes_that_need_the_same_at_once_make_it_once(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    context = multiprocessing.get_context("fork")
    processes = [
        context.Process(target=make_slowly, args=(str(tmp_path / "cache"), str(out), number)) for number in range(3)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(timeout=60)
    assert [process.exitcode for process in processes] == [0, 0, 0]
    contents = {path.read_bytes() for path in out.iterdir()}
    assert len(contents) == 1
    assert Storage(tmp_path / "cache").list_names() == ["thing"]
    assert Storage(tmp_path / "cache").read_bytes("thing") in contents
