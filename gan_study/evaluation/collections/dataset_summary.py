"""The content of a data set and the cost of a study of it, as `doctor` shows them."""

from collections.abc import Iterator
from dataclasses import dataclass

from gan_study.config.data import DatasetConfig, ObjectiveConfig
from gan_study.config.estimates.training_time import estimate_seconds_per_kimg
from gan_study.config.names import NETWORK_IMAGE_SIZES
from gan_study.config.training import TrainingConfig
from gan_study.data.inspection.advice import Advice, list_advice
from gan_study.data.inspection.inspection import Inspection


@dataclass(frozen=True)
class NetworkFit:
    """A network and the time that its training takes."""

    network: str
    image_sizes: tuple[int, ...] | None
    """Image sizes in pixels that the network is built for; None for any."""
    epoch_sec: float | None
    """Seconds of one core for one pass over the train part, scores included; None if the network does not fit."""


@dataclass(frozen=True)
class DatasetSummary:
    """The content of `doctor`'s output."""

    name: str
    """The data set as the user named it."""
    inspection: Inspection
    dataset: DatasetConfig
    """The `dataset` block proposed for a study."""
    objective: ObjectiveConfig
    """The `objective` block proposed for a study."""
    networks: tuple[NetworkFit, ...]
    cache_bytes: int
    """Bytes of the decoded images on disk."""
    advice: tuple[Advice, ...]
    preview: str | None
    """Path of the preview, a PNG; None if no example could be decoded."""


def summarise_dataset(name: str, inspection: Inspection, config: DatasetConfig, preview: str | None) -> DatasetSummary:
    """Assemble the report on an inspected data set.

    name: the data set as the user named it. config: the image size and crop to train with. preview: path of the
    preview.
    """
    extractor = "autoencoder" if inspection.class_counts is None else "domain_classifier"
    objective = ObjectiveConfig.model_validate({"extractor": extractor})
    dataset = config.model_copy(update={"channels": inspection.channels}) if config.path is not None else config
    return DatasetSummary(
        name=name,
        inspection=inspection,
        dataset=dataset,
        objective=objective,
        networks=tuple(_fits(dataset, objective, inspection.num_train)),
        cache_bytes=inspection.survey.num_images * inspection.channels * config.image_size**2,
        advice=tuple(list_advice(inspection, config)),
        preview=preview,
    )


def _fits(dataset: DatasetConfig, objective: ObjectiveConfig, num_train: int) -> Iterator[NetworkFit]:
    for network, image_sizes in NETWORK_IMAGE_SIZES.items():
        fits = image_sizes is None or dataset.image_size in image_sizes
        training = {"network": network, "loss": "non_saturating", "dataset": dataset, "objective": objective}
        kimg = num_train / 1000
        seconds = kimg * estimate_seconds_per_kimg(TrainingConfig.model_validate(training)) if fits else None
        yield NetworkFit(network, image_sizes, seconds)
