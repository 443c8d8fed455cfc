"""Recognise files written by `export` that are given in place of a trained generator."""

from contextlib import suppress
from os.path import basename, dirname

from gan_study.errors import InputError, StorageError
from gan_study.runs.storage import Storage
from gan_study.runs.trial_folder import TrialFolder

FILES = {
    "safetensors": "generator.safetensors",
    "torch_export": "generator.pt2",
    "torchscript": "generator.pt",
    "onnx": "generator.onnx",
}
"""The file of each format."""


def refuse_export(place: str) -> None:
    """Raise InputError if a place is an export or its folder: gan_study reads a trial's own snapshots instead."""
    is_file = basename(place) in FILES.values()
    folder = Storage(dirname(place) if is_file else place)
    found = [name for name in FILES.values() if folder.exists(name)]
    if (basename(place) not in found) if is_file else not (found and folder.exists("config.json")):
        return
    config = None
    with suppress(StorageError):  # written by another version
        config = TrialFolder(folder).read_config()
    origin = f" of {config.arm}/{config.name} in the study {config.study}" if config is not None else ""
    raise InputError(
        f"{place}: a trained generator is read from the folder of its trial, but got an export by gan_study{origin}, "
        "which is for other programs; give that trial's folder or the snapshot that it was made from"
    )
