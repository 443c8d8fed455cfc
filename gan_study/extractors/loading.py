"""Extractors by name: obtained for a study, and restored from a run folder."""

from importlib import import_module

import torch
from safetensors.torch import load as load_tensors

from gan_study.config.data import ObjectiveConfig
from gan_study.config.extractors import EXTRACTORS
from gan_study.data.datasets import Dataset
from gan_study.errors import InputError
from gan_study.extractors.extractor import Extractor, hash_weights, shrink_name
from gan_study.extractors.fitting import learned_weights
from gan_study.extractors.inception_weights import in_study
from gan_study.extractors.kinds import PretrainedKind, TrainedKind
from gan_study.runs.records.measurements import ScoreKey
from gan_study.runs.storage import Storage


def extractor_kind(name: str) -> TrainedKind | PretrainedKind:
    """The kind of extractor that the module `gan_study.extractors.<name>` defines as KIND.

    No other extractor's module is imported: Inception's needs torchvision, which takes seconds.
    """
    kind: TrainedKind | PretrainedKind = import_module(f"gan_study.extractors.{name}").KIND
    return kind


def trained_kind(name: str) -> TrainedKind:
    """The kind of extractor `name`, which must not be a pretrained one."""
    kind = extractor_kind(name)
    assert isinstance(kind, TrainedKind), f"{name} is pretrained"
    return kind


def pretrained_kind(name: str) -> PretrainedKind:
    """The kind of extractor `name`, which must be a pretrained one."""
    kind = extractor_kind(name)
    assert isinstance(kind, PretrainedKind), f"{name} is trained on the data set"
    return kind


def prepare_extractor(objective: ObjectiveConfig, dataset: Dataset, device: torch.device | None) -> Extractor:
    """The extractor of a study, with weights from this machine or a download, or trained on `device`.

    Raises InputError if it needs labels and the data set has none, or if there are no weights.
    """
    if EXTRACTORS[objective.extractor].is_pretrained:
        return pretrained_kind(objective.extractor).load(objective, dataset.image_size, in_study)
    return load_or_train_extractor(objective.extractor, dataset, kimg=objective.extractor_kimg, device=device)


def restore_extractor(key: ScoreKey, weights: bytes | None, dataset: Dataset) -> Extractor:
    """The extractor of a score's key. `weights` are those that its study keeps, None if it is pretrained."""
    if weights is None:
        return pretrained_kind(key.extractor).restore(key, dataset)
    return restore_trained_extractor(key.extractor, weights, dataset)


def load_or_train_extractor(
    name: str,
    dataset: Dataset,
    cache: Storage | None = None,
    kimg: float | None = None,
    device: torch.device | None = None,
) -> Extractor:
    """The extractor of a data set: from this machine's cache, else trained (up to a minute or so) and cached.

    kimg: images in its training, at most, in thousands, in place of `most_kimg`; device: where it is trained.
    Raises InputError if it needs labels and the data set has none.
    """
    kind, facts = trained_kind(name), EXTRACTORS[name]
    if facts.is_classifier and dataset.labels is None:
        others = " or ".join(other for other, its in EXTRACTORS.items() if not its.is_classifier)
        raise InputError(
            f"objective.extractor: the {name.replace('_', ' ')} needs class labels, but got dataset={dataset.name} "
            f"without any; use extractor: {others}, or put the images into a folder for each class"
        )
    weights = learned_weights(
        kind.weights_name(dataset, kimg),
        lambda file: kind.train(dataset, kimg=kimg or facts.most_kimg, device=device, file=file),
        cache,
    )
    return kind.measure(restore_trained_extractor(name, weights, dataset), dataset)


def restore_trained_extractor(name: str, weights: bytes, dataset: Dataset) -> Extractor:
    """The extractor with stored weights, safetensors; its quality is not measured again."""
    kind = trained_kind(name)
    network = kind.build(dataset)
    network.load_state_dict(load_tensors(weights))
    return Extractor(
        network=network.eval().requires_grad_(False).to(memory_format=torch.channels_last),  # faster
        name=name,
        weights_hash=hash_weights(weights),
        layer=kind.layer,
        dims=network.dims,
        preprocessing=shrink_name(dataset.image_size),
        weights=weights,
    )
