"""The work behind `doctor`: inspect a data set, print its content and write a preview."""

import json
from dataclasses import asdict
from os.path import abspath
from pathlib import Path

from rich.console import Console

from gan_study.cli.doctor_text import print_dataset_summary
from gan_study.cli.terminal.outcome import make_console, print_line
from gan_study.config.data import DatasetConfig
from gan_study.data.inspection.advice import propose_image_size
from gan_study.data.inspection.inspection import example_images, inspect_dataset
from gan_study.data.inspection.preview import is_preview, preview_png
from gan_study.data.sources.image_folder import images_path
from gan_study.errors import InputError
from gan_study.evaluation.collections.dataset_summary import DatasetSummary, summarise_dataset
from gan_study.evaluation.collections.places import find_dataset
from gan_study.runs.storage import Storage
from gan_study.workflow.data_files import fetch_files

_NUM_EXAMPLES = 64


def examine_dataset(
    name: str, *, crop: int | None = None, image_size: int | None = None, preview: str | None = None, as_json: bool
) -> None:
    """Inspect a folder, an archive or a data set by name; print a summary and write a preview.

    `crop` and `image_size` are in pixels; the default size is a proposal. Raises InputError if there is no such data
    set, it cannot be read, or the preview would replace a file of another kind; StorageError if it cannot be written.
    """
    chosen = {"crop": crop, "image_size": image_size}
    config = DatasetConfig.model_validate({**find_dataset(name), **{k: v for k, v in chosen.items() if v is not None}})
    target = _preview_path(preview, config)
    console = Console(stderr=True)
    fetch_files(config, lambda text: print_line(console, text))
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


def _preview_path(preview: str | None, config: DatasetConfig) -> Path:
    """Return the path of the preview. Raises InputError if it cannot go there."""
    examined = None if config.path is None else Path(abspath(images_path(config)))
    stem = config.name if examined is None else examined.name.partition(".")[0] or "images"
    folder = Path.cwd()
    if examined is not None and folder.is_relative_to(examined):  # There it would be one of the images.
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


def _as_json(summary: DatasetSummary) -> dict[str, object]:
    values = asdict(summary)
    values["inspection"]["survey"] = summary.inspection.survey.model_dump()
    values["inspection"]["notes"] = summary.inspection.notes.model_dump()
    return {
        **values,
        "dataset": summary.dataset.model_dump(exclude_none=True),
        "objective": summary.objective.model_dump(exclude_none=True),
    }
