"""What `evaluate` is told on the command line, and what it takes where it is told nothing."""

from dataclasses import dataclass, replace

from gan_study.cli.evaluate_features import EXTRACTORS
from gan_study.cli.evaluate_images import Argument, ImageSource, has_learned
from gan_study.cli.generators import Snapshot
from gan_study.errors import InputError
from gan_study.extractors import inception

SPLITS = ("all", "train", "held_out")
DIMS = (64, 192, 768, 2048)


@dataclass(frozen=True, kw_only=True)
class Options:
    """What may be said on the command line beside the two collections. See `main.evaluate`."""

    extractor: str | None = None
    dims: int | None = None
    batch_size: int = 50
    num_workers: int = 1
    device: str = "auto"
    save_stats: str | None = None
    image_size: int | None = None
    num: int | None = None
    num_reference: int | None = None
    split: str | None = None
    seed: int = 0
    as_json: bool = False
    json_file: str | None = None


def check_options(options: Options) -> None:
    """Raise InputError, with what may be chosen, if a word or number is none of those known."""
    for name, value, known in (
        ("extractor", options.extractor, EXTRACTORS),
        ("split", options.split, SPLITS),
        ("dims", options.dims, DIMS),
    ):
        if value is not None and value not in known:
            words = ", ".join(map(str, known))
            raise InputError(f"--{name}: this must be one of {words}, but got {name}={value}; choose one")


def settle(
    generated: Argument, reference: Argument, options: Options
) -> tuple[Argument, Argument, Options, tuple[str, ...]]:
    """Both sides and the options, with what was left open taken from a generator's training; and what was, in words.

    The data that a generator has learned from is cropped and parted as it was there. A generator that is held against
    it, with no extractor named, is scored as in its study, and the words are not empty.
    """
    for snapshot in (generated, reference):
        if isinstance(snapshot, Snapshot):
            generated, reference = _as_learned(generated, snapshot), _as_learned(reference, snapshot)
    if (
        options.extractor is not None
        or options.dims is not None
        or not isinstance(generated, Snapshot)
        or not isinstance(reference, ImageSource)
        or not has_learned(generated, reference)
    ):
        return generated, reference, options, ()
    objective = generated.training.objective
    num, split = options.num or objective.num_samples, options.split or objective.split
    settled = replace(options, extractor=objective.extractor, dims=objective.dims, num=num, split=split)
    other = "" if objective.extractor == inception.NAME else f"; for the FID, --extractor {inception.NAME}"
    words = f"extractor, numbers of images and part of the data are those of the generator's study{other}"
    return generated, replace(reference, split=split), settled, (words,)


def _as_learned(side: Argument, snapshot: Snapshot) -> Argument:
    if not isinstance(side, ImageSource) or not has_learned(snapshot, side):
        return side
    return ImageSource(side.name, snapshot.training.dataset, side.split)
