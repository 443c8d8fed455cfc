"""The work behind `evaluate`: the scores of one collection of images against another."""

import json
from dataclasses import asdict, dataclass

import torch

from gan_study.cli.evaluate_options import Options, Settled, check_options, settle
from gan_study.cli.evaluate_text import print_evaluation
from gan_study.cli.preparation.run_folder import warn_of_lost_trials
from gan_study.cli.terminal.outcome import make_console, say
from gan_study.cli.terminal.progress_line import shown_progress
from gan_study.config.extractors import FID_EXTRACTOR
from gan_study.errors import InputError
from gan_study.evaluation.collection_features import (
    Loading,
    Observed,
    View,
    kind_of,
    make_view,
    observe_argument,
    place_of,
)
from gan_study.evaluation.generators import Snapshot
from gan_study.evaluation.image_collections import Argument, open_argument
from gan_study.evaluation.statistics_file import Statistics, check_target, write_statistics
from gan_study.extractors.progress import at_work, passed
from gan_study.metrics.all_scores import NUM_SCORES, AllScores, sides_to_scores
from gan_study.metrics.statistics import Gaussian
from gan_study.runs.records import ScoreKey
from gan_study.runs.storage import Storage

_NUM_DRAWS = 3
"""Draws of latents that a generator's distance is taken of (compare_gan's number)."""


@dataclass(frozen=True)
class Collection:
    """One side, for a reader."""

    place: str
    """As the user wrote it; of a generator, the snapshot's file."""
    kind: str
    """What it is, in words."""
    num: int | None
    """Images; None if a file of statistics does not say."""
    preprocessing: str | None
    """How images were brought to the network; None if a file of statistics does not say."""


@dataclass(frozen=True)
class Evaluation:
    """All that `evaluate` has to say."""

    label: str
    """What the Frechet distance is; FID alone is what published FIDs are."""
    is_published_fid: bool
    key: ScoreKey | None
    """Scores compare only if every field is equal; None if a file does not say what made its statistics."""
    generated: Collection
    reference: Collection
    extractor_accuracy: float | None
    """Share of held-out images that the domain classifier names rightly; None for other extractors."""
    reconstruction_error: float | None
    """Share of the held-out images' variance that the autoencoder loses; None for other extractors."""
    class_names: tuple[str, ...] | None
    """In the order of the scores' shares; None if the extractor knows none."""
    scores: AllScores
    notes: tuple[str, ...]
    """What a user should know of the images' files."""


def evaluate(generated: str, reference: str, options: Options) -> None:
    """Print the scores of a collection of images against another, and write the files that `options` name.

    Raises InputError if a collection is not there or cannot be read, the two do not go together, or an option is
    wrong.
    """
    check_options(options)
    _device(options.device)
    files = {
        suffix: check_target(option, file, suffix)
        for option, suffix, file in (
            ("--save-stats", ".npz", options.save_stats),
            ("--json-file", ".json", options.json_file),
        )
        if file is not None
    }
    for location in (generated, reference):
        warn_of_lost_trials(location)
    with shown_progress(f"scoring {generated} against {reference}"):
        evaluation, observed = _evaluate(generated, reference, options)
    text = json.dumps(_as_json(evaluation), indent=1)
    console = make_console()
    # Before the files, so that nothing is lost if one of them cannot be written.
    if options.as_json:
        print(text)
    else:
        print_evaluation(console, evaluation)
    if ".npz" in files:
        write_statistics(files[".npz"], observed.side.gaussian, observed.key)
    if ".json" in files:
        Storage(files[".json"].parent).write_text(files[".json"].name, text + "\n")
    for target in () if options.as_json else files.values():
        say(console, f"Written: {target}")


def _evaluate(generated: str, reference: str, options: Options) -> tuple[Evaluation, Observed]:
    """The evaluation, and the generated side."""
    settled = settle(
        open_argument(generated, options.split or "all", is_reference=False),
        open_argument(reference, options.split or "all", is_reference=True),
        options,
    )
    first, second, options = settled.generated, settled.reference, settled.options
    view, device = None, torch.device(_device(options.device))
    if not (isinstance(first, Statistics) and isinstance(second, Statistics)):
        name = options.extractor or FID_EXTRACTOR
        with at_work(f"the extractor {name}"):
            size, kimg = options.image_size, settled.extractor_kimg
            view = make_view(first, second, name, options.dims, size, device, kimg)
    _check_comparable(first, second, view)
    loading = Loading(options.batch_size, options.num_workers, device)
    ours = observe_argument(first, view, options.num, loading, options.seed)
    # A seed of its own, so that a generator is never compared with the very images that it is scored by.
    theirs = observe_argument(second, view, options.num_reference, loading, options.seed + _NUM_DRAWS)
    draws = _fresh_draws(first, view, options, loading)
    with at_work("scores", NUM_SCORES):
        scores = sides_to_scores(
            ours.side, theirs.side, draws, options.seed, on_score=passed, with_control=settled.is_as_in_study
        )
    key = _score_key(ours, theirs)
    evaluation = Evaluation(
        label=_label(key, ours),
        is_published_fid=key is not None and key.is_published_fid,
        key=key,
        generated=_collection(first, ours, options.num),
        reference=_collection(second, theirs, options.num_reference),
        extractor_accuracy=view.extractor.accuracy if view else None,
        reconstruction_error=view.extractor.reconstruction_error if view else None,
        class_names=view.class_names if view else None,
        scores=scores,
        notes=tuple(
            dict.fromkeys(
                [*settled.notes, *_other_images(settled, theirs), *ours.notes, *theirs.notes, *_unlike(ours, theirs)]
            )
        ),
    )
    return evaluation, ours


def _device(name: str) -> str:
    """The name for torch. Raises InputError if torch cannot use it."""
    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError:
        device = None
    if device is None or device.type not in ("cpu", "cuda"):
        raise InputError(f"--device: the device must be auto, cpu, cuda or cuda:N, but got device={name}; choose one")
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise InputError(
            f"--device: torch must be able to use the GPU, but got device={name} and {torch.cuda.device_count()} GPUs; "
            "use auto or cpu"
        )
    return name


def _check_comparable(first: Argument, second: Argument, view: View | None) -> None:
    """Raise InputError, naming the fields that differ, unless both sides have features of the same network."""
    ours, theirs = (_network(side, view) for side in (first, second))
    different = [name for name in ours if name in theirs and ours[name] != theirs[name]]
    if different:
        fields = ", ".join(f"{name}={ours[name]} and {theirs[name]}" for name in different)
        raise InputError(
            f"{place_of(first)}, {place_of(second)}: features must be of the same network on both sides, but got "
            f"{fields}; take both with the same --extractor, --dims, --image-size and weights"
        )


def _network(side: Argument, view: View | None) -> dict[str, str | int]:
    """What is known of the network that makes a side's features."""
    if isinstance(side, Statistics):
        return side.key.network if side.key else {"dims": len(side.gaussian.mean)}
    assert view is not None, "images are seen through an extractor"
    extractor = view.extractor
    return {
        "extractor": extractor.name,
        "weights_hash": extractor.weights_hash,
        "layer": extractor.layer,
        "dims": extractor.dims,
        **({"image_size": view.learned_size} if view.learned_size else {}),
    }


def _fresh_draws(first: Argument, view: View | None, options: Options, loading: Loading) -> list[Gaussian]:
    """Statistics of the generator's images from other latents; none without a generator."""
    if not isinstance(first, Snapshot):
        return []
    seeds = range(options.seed + 1, options.seed + _NUM_DRAWS)
    return [observe_argument(first, view, options.num, loading, seed).side.gaussian for seed in seeds]


def _score_key(ours: Observed, theirs: Observed) -> ScoreKey | None:
    if ours.key is None or theirs.key is None or ours.side.gaussian.num is None or theirs.side.gaussian.num is None:
        return None
    ways = dict.fromkeys([ours.key.preprocessing, theirs.key.preprocessing])
    return ScoreKey(
        metric="frechet_distance",
        **theirs.key.model_dump(exclude={"preprocessing", "image_size"}),
        preprocessing="|".join(ways),
        num_generated=ours.side.gaussian.num,
        num_real=theirs.side.gaussian.num,
    )


def _label(key: ScoreKey | None, ours: Observed) -> str:
    if key is None:
        return f"FD[d={len(ours.side.gaussian.mean)}, of a network that a file of statistics does not name]"
    return f"FID {key.label()}" if key.is_published_fid else key.label()


def _other_images(settled: Settled, theirs: Observed) -> list[str]:
    """A note, if the images that a generator is scored by are no longer those of its study."""
    if not settled.is_as_in_study or not isinstance(settled.generated, Snapshot) or theirs.key is None:
        return []
    objective = settled.generated.source.run.read_objective()
    if objective is None or objective.key.dataset == theirs.key.dataset:
        return []
    return [
        f"the images of {theirs.key.dataset} are no longer those of the generator's study ({objective.key.dataset}), "
        "so this score and the study's are of different data; put the files back as they were to compare them"
    ]


def _unlike(ours: Observed, theirs: Observed) -> list[str]:
    """A note, if images of the two sides do not come to the network in the same way."""
    if ours.key is None or theirs.key is None or ours.key.preprocessing == theirs.key.preprocessing:
        return []
    return [
        f"the two sides were brought to the network in different ways ({ours.key.preprocessing}, "
        f"{theirs.key.preprocessing}), which moves a score; make both in one way, such as with one --image-size"
    ]


def _collection(argument: Argument, observed: Observed, num: int | None) -> Collection:
    return Collection(
        place=place_of(argument),
        kind=kind_of(argument, num),
        num=observed.side.gaussian.num,
        preprocessing=observed.key.preprocessing if observed.key else None,
    )


def _as_json(evaluation: Evaluation) -> dict[str, object]:
    return {**asdict(evaluation), "key": evaluation.key.model_dump() if evaluation.key else None}
