"""The work behind `check`: try the own parts in Python files, and print what each of them takes."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from gan_study.analysis.sentences.number_text import listed
from gan_study.config.base import Scalar
from gan_study.config.data import DatasetConfig
from gan_study.config.own.parts import CodeFile, OwnPart, code_hashes, own_parts
from gan_study.config.reading.own_code import read_file
from gan_study.config.training import TrainingConfig
from gan_study.data.datasets import load_dataset
from gan_study.errors import GanStudyError, InputError
from gan_study.evaluation.own_code import load_given_code
from gan_study.gan.own_checks import batch_norm_note, require_sound_parts

_DOUBLY_DIFFERENTIATED = "wgan_gp"
"""A penalty of ours that differentiates the discriminator twice."""


class UnsoundPartsError(GanStudyError):
    """A part does not do what a training needs; its faults were printed."""

    exit_status = 2


def check_files(files: Sequence[str], image_size: int, num_channels: int) -> None:
    """Try each part of some files on a tiny batch of images, make the images of data sets, and print a line for each.

    Raises InputError if a file cannot be read or run, or holds no part, and UnsoundPartsError.
    """
    code = [read_file(Path(file)) for file in files]
    parts = own_parts(code)
    if not parts:
        raise InputError(
            f"{', '.join(files)}: a file of own code holds networks, losses, penalties, augmentations or data sets, "
            "but got none; see `Your own GAN` in the README"
        )
    load_given_code(code)
    faulty = 0
    for name, part in parts.items():
        faults = list(dict.fromkeys(_faults(code, name, part, image_size, num_channels)))
        taken = ", ".join(f"{key}: {p.kind_text} = {p.default}" for key, p in part.parameters.items()) or "none"
        values = "settings" if part.kind == "dataset" else "hyperparameters"
        kind = "augmentation" if part.kind == "augment" else part.kind
        print(f"{name}: {kind}, {'faulty' if faults else 'sound'}; {values}: {taken}")
        for fault in faults:
            print(f"  {fault}")
        if part.kind == "network" and not faults:
            print(f"  {_penalty_sentence(code, name, image_size, num_channels)}")
        if part.kind == "dataset" and not faults:
            print(f"  {_data_sentence(_dataset(code, name, image_size, {}))}")
        faulty += bool(faults)
    if faulty:
        raise UnsoundPartsError(f"{faulty} of {len(parts)} parts are faulty; a study with them would be refused")


def _faults(code: Sequence[CodeFile], name: str, part: OwnPart, image_size: int, num_channels: int) -> Iterator[str]:
    """The faults of a part with its defaults, and with each other value that its signature lists."""
    for values in _variants(part):
        own = {f"{part.kind}.{key}": value for key, value in values.items()}
        try:
            if part.kind == "dataset":
                load_dataset(_dataset(code, name, image_size, values))
                continue
            require_sound_parts(_training(code, part.kind, name, image_size, own), num_channels)
        except InputError as error:
            yield from error.problems


def _variants(part: OwnPart) -> Iterator[dict[str, Scalar]]:
    listed = {
        key: parameter.choices or ((False, True) if parameter.type == "bool" else ())
        for key, parameter in part.parameters.items()
    }
    yield {}
    yield from ({key: value} for key, values in listed.items() for value in values)


def _dataset(code: Sequence[CodeFile], name: str, image_size: int, own: dict[str, Scalar]) -> DatasetConfig:
    return DatasetConfig(name=name, image_size=image_size, code=code_hashes(code), own=own)


def _data_sentence(config: DatasetConfig) -> str:
    dataset = load_dataset(config)
    colour = "grey" if dataset.num_channels == 1 else "colour"
    classes = "without classes" if dataset.class_names is None else f"of the classes {listed(dataset.class_names[:10])}"
    return (
        f"{len(dataset.images):,} {colour} images {classes}, {len(dataset.held_out_indices):,} of them held out, at "
        f"{config.image_size} x {config.image_size} pixels."
    )


def _penalty_sentence(code: Sequence[CodeFile], name: str, image_size: int, num_channels: int) -> str:
    training = _training(code, "network", name, image_size, {}, penalty=_DOUBLY_DIFFERENTIATED)
    try:
        require_sound_parts(training, num_channels)
    except InputError as error:
        return f"Penalties on gradients (dragan, r1, r2, wgan_gp) do not work with it: {error.problems[0]}"
    works = "Penalties on gradients work with it, since its discriminator can be differentiated twice."
    if batch_norm_note(training, num_channels):
        return f"{works} But its batch norm mixes what r1, r2 and wgan_gp penalise one by one."
    return works


def _training(
    code: Sequence[CodeFile], kind: str, name: str, image_size: int, own: dict[str, Scalar], penalty: str = "none"
) -> TrainingConfig:
    named = {"network": "mlp", "loss": "least_squares", "penalty": penalty, kind: name}
    return TrainingConfig.model_validate(
        {
            **named,
            "dataset": {"name": "digits", "image_size": image_size},
            "code": [file.model_dump() | {"place": file.place} for file in code],
            "own": own,
        }
    )
