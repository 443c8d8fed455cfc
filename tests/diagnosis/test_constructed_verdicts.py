"""Generators made of real images with known verdicts: a small part of tests/benchmarks/verdict_confusion.py, on 8,000
of MNIST's images at half their size and in one draw."""

from pathlib import Path

import numpy as np
import pytest
import torch
from support.constructed_verdicts import CASES, Case, Material, make_material, score
from support.present import present
from support.small_mnist import small_mnist

from gan_study.diagnosis.diagnose import ImageSet
from gan_study.diagnosis.measures.modes import confusion_matrix
from gan_study.extractors.extractor import apply_network
from gan_study.extractors.loading import load_or_train_extractor

NUM, NUM_LEARNED, NUM_HELD_OUT = 500, 1500, 6500


@pytest.fixture(scope="module")
def material(data_folder: Path, extractor_cache: Path) -> Material:
    """Images as seen by a classifier that has learned the first 1500."""
    dataset = small_mnist(data_folder, NUM_LEARNED, NUM_HELD_OUT)
    network = load_or_train_extractor("domain_classifier", dataset).network

    def look(images: np.ndarray) -> ImageSet:
        seen = [apply_network(network, part) for part in torch.from_numpy(images).split(500)]
        labels = torch.cat([logits.argmax(1) for _, logits in seen if logits is not None])
        return ImageSet(torch.cat([features for features, _ in seen]).numpy(), images, labels.numpy())

    every, held_out = look(dataset.images), dataset.held_out_indices
    confusion = confusion_matrix(present(dataset.labels)[held_out], present(every.labels)[held_out], 10)
    return make_material(dataset, every, look, NUM, NUM_LEARNED, confusion, seed=0)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_verdicts_of_generators_that_are_known(case: Case, material: Material) -> None:
    verdict, _ = score(case, material, seed=CASES.index(case))
    assert verdict.name == case.expected, verdict.sentence
