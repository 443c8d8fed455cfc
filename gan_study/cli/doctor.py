"""The work behind `doctor`: look at a data set, and say what may be learned from it and what it takes."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from os.path import abspath
from pathlib import Path

from rich.console import Console

from gan_study.cli.doctor_text import print_dataset_summary
from gan_study.cli.preparation.data_files import fetch_files
from gan_study.cli.terminal.outcome import make_console, say
from gan_study.config.data import DatasetConfig, ObjectiveConfig
from gan_study.config.names import NETWORK_IMAGE_SIZES
from gan_study.config.plan.training_time import estimate_seconds_per_kimg
from gan_study.config.training import TrainingConfig
from gan_study.data.inspection.advice import Advice, advise, propose_image_size
from gan_study.data.inspection.inspection import Inspection, example_images, inspect_dataset
from gan_study.data.inspection.preview import is_preview, preview_png
from gan_study.data.places import data_folder
from gan_study.data.sources.image_folder import images_path
from gan_study.errors import InputError
from gan_study.evaluation.image_place import NAMED_DATASETS, find_place, refuse_runs
from gan_study.runs.storage import Storage

_NUM_EXAMPLES = 64


@dataclass(frozen=True)
class NetworkFit:
    """A network, and how long it would take."""

    network: str
    image_sizes: tuple[int, ...] | None
    """Pixels; None for any."""
    epoch_sec: float | None
    """Of one core, for one pass over the train part at the proposed size with the scoring; None if it does not fit."""


@dataclass(frozen=True)
class DatasetSummary:
    """Everything that `doctor` prints about a data set."""

    name: str
    """What the user called it."""
    inspection: Inspection
    dataset: DatasetConfig
    """As proposed for a study."""
    objective: ObjectiveConfig
    """As proposed for a study."""
    networks: tuple[NetworkFit, ...]
    cache_bytes: int
    """Of the decoded images on the disk."""
    advice: tuple[Advice, ...]
    preview: str | None
    """The PNG; None if no example could be decoded."""


def examine(
    name: str, *, crop: int | None = None, image_size: int | None = None, preview: str | None = None, as_json: bool
) -> None:
    """Look at a folder, an archive or a data set by name; print a summary and write a preview.

    `crop` and `image_size` are in pixels; without a size one is proposed. Raises InputError if there is no such data
    set or it cannot be read, or another kind of file is where the preview belongs, and StorageError.
    """
    chosen = {"crop": crop, "image_size": image_size}
    config = DatasetConfig.model_validate({**find_dataset(name), **{k: v for k, v in chosen.items() if v is not None}})
    target = _preview_path(preview, config)
    console = Console(stderr=True)
    fetch_files(config, lambda text: say(console, text))
    with console.status(f"looking at every image of {name}"):
        inspection = inspect_dataset(config)
        if image_size is None:
            config = config.model_copy(update={"image_size": propose_image_size(inspection.survey, crop)})
        examples = example_images(config, _NUM_EXAMPLES)
    if len(examples):
        Storage(target.parent).write_bytes(target.name, preview_png(examples))
    summary = summarise_dataset(name, inspection, config, str(target) if len(examples) else None)
    if as_json:
        print(json.dumps(_as_json(summary), indent=1))
    else:
        print_dataset_summary(make_console(), summary)


def find_dataset(name: str) -> dict[str, str]:
    """The part of a `dataset` block that says which: a data set's name, else a path as a study would give it.

    Raises InputError, with what is nearest, if there is neither, and for a folder that holds runs.
    """
    if name in NAMED_DATASETS:
        return {"name": name}
    root = Path(abspath(data_folder()))
    place = find_place(name, "doctor takes a folder, an archive or the name of a data set")
    if place.is_dir():
        refuse_runs(str(place), takes_generators=False)
    return {"name": "image_folder", "path": str(place.relative_to(root) if root in place.parents else place)}


def summarise_dataset(name: str, inspection: Inspection, config: DatasetConfig, preview: str | None) -> DatasetSummary:
    """Summarise an inspection for training as `config` asks for it; `name` is the user's name for the data set."""
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
        advice=tuple(advise(inspection, config)),
        preview=preview,
    )


def _preview_path(preview: str | None, config: DatasetConfig) -> Path:
    """Where the preview goes. Raises InputError if it must not."""
    examined = None if config.path is None else Path(abspath(images_path(config)))
    stem = config.name if examined is None else examined.name.partition(".")[0] or "images"
    folder = Path.cwd()
    if examined is not None and folder.is_relative_to(examined):  # where it would be one of the images itself
        folder = examined.parent
    target = Path(abspath(folder / Path(preview or f"doctor-{stem}.png").expanduser()))
    if target.suffix.lower() != ".png" or not target.parent.is_dir():
        raise InputError(
            f"--preview: the name must end in .png, in a folder that is there, but got {target}; choose another"
        )
    if examined is not None and target.is_relative_to(examined):
        raise InputError(
            f"--preview: the picture must not become one of the images, but got {target}; choose another folder"
        )
    if target.exists() and not is_preview(target):
        raise InputError(
            f"--preview: the picture replaces none but its own kind, but got {target} with another file in it; "
            "choose another name, such as --preview preview.png"
        )
    return target


def _fits(dataset: DatasetConfig, objective: ObjectiveConfig, num_train: int) -> Iterator[NetworkFit]:
    for network, image_sizes in NETWORK_IMAGE_SIZES.items():
        fits = image_sizes is None or dataset.image_size in image_sizes
        training = {"network": network, "loss": "non_saturating", "dataset": dataset, "objective": objective}
        kimg = num_train / 1000
        seconds = kimg * estimate_seconds_per_kimg(TrainingConfig.model_validate(training)) if fits else None
        yield NetworkFit(network, image_sizes, seconds)


def _as_json(summary: DatasetSummary) -> dict[str, object]:
    values = asdict(summary)
    values["inspection"]["survey"] = summary.inspection.survey.model_dump()
    values["inspection"]["notes"] = summary.inspection.notes.model_dump()
    return {
        **values,
        "dataset": summary.dataset.model_dump(exclude_none=True),
        "objective": summary.objective.model_dump(exclude_none=True),
    }
