"""Score one collection of images against another."""

from dataclasses import dataclass

import torch

from gan_study.config.extractors import FID_EXTRACTOR
from gan_study.errors import InputError
from gan_study.evaluation.collections.features import (
    Loading,
    Observed,
    View,
    extract_features,
    kind_of,
    make_view,
    place_of,
)
from gan_study.evaluation.collections.images import Argument, open_argument
from gan_study.evaluation.collections.options import EvaluateOptions, ScoringRequest, complete_request
from gan_study.evaluation.collections.statistics_file import Statistics
from gan_study.evaluation.generators import TrainedGenerator
from gan_study.extractors.progress import at_work, count_done
from gan_study.metrics.all_scores import NUM_SCORES, AllScores, sides_to_scores
from gan_study.metrics.statistics import Gaussian
from gan_study.runs.records.measurements import ScoreKey

_NUM_DRAWS = 3
"""Draws of latents for a generator's Frechet distance; compare_gan takes as many."""


@dataclass(frozen=True)
class Collection:
    """A description of one side."""

    place: str
    """The user's own words; for a generator, the snapshot's file."""
    kind: str
    """A noun for the counted items, such as `held-out images`."""
    num: int | None
    """Number of images; None if a file of statistics does not hold it."""
    preprocessing: str | None
    """The conversion of the images to the network's input; None if a file of statistics does not name it."""


@dataclass(frozen=True)
class Evaluation:
    """The content of `evaluate`'s output."""

    label: str
    """Name of the Frechet distance; only `FID` is comparable with published FIDs."""
    is_published_fid: bool
    key: ScoreKey | None
    """Scores compare only if every field is equal; None if a file does not name the origin of its statistics."""
    generated: Collection
    reference: Collection
    extractor_accuracy: float | None
    """Share of held-out images that the domain classifier classifies correctly; None for other extractors."""
    reconstruction_error: float | None
    """Share of the held-out images' variance that the autoencoder loses; None for other extractors."""
    class_names: tuple[str, ...] | None
    """Names of the classes, in the order of the scores' shares; None if the extractor predicts none."""
    scores: AllScores
    notes: tuple[str, ...]
    """Warnings about the images' files, and remarks on the defaults."""


def evaluate_collections(generated: str, reference: str, options: EvaluateOptions) -> tuple[Evaluation, Observed]:
    """Score the collection `generated` against `reference`; return the scores and the features of the generated side.

    Raises InputError if a collection cannot be read, or the two cannot be compared.
    """
    request = complete_request(
        open_argument(generated, options.split or "all", is_reference=False),
        open_argument(reference, options.split or "all", is_reference=True),
        options,
    )
    first, second, options = request.generated, request.reference, request.options
    view, device = None, parse_device(options.device)
    if not (isinstance(first, Statistics) and isinstance(second, Statistics)):
        name = options.extractor or FID_EXTRACTOR
        with at_work(f"the extractor {name}"):
            size, kimg = options.image_size, request.extractor_kimg
            view = make_view(first, second, name, options.dims, size, device, kimg)
    _check_comparable(first, second, view)
    loading = Loading(options.batch_size, options.num_workers, device)
    ours = extract_features(first, view, options.num, loading, options.seed)
    # Another seed, so that a generator is never compared with its own images.
    theirs = extract_features(second, view, options.num_reference, loading, options.seed + _NUM_DRAWS)
    draws = _fresh_draws(first, view, options, loading)
    with at_work("scores", NUM_SCORES):
        scores = sides_to_scores(
            ours.side, theirs.side, draws, options.seed, on_score=count_done, with_control=request.is_as_in_study
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
                [*request.notes, *_other_images(request, theirs), *ours.notes, *theirs.notes, *_unlike(ours, theirs)]
            )
        ),
    )
    return evaluation, ours


def parse_device(name: str) -> torch.device:
    """The device that --device names. Raises InputError if torch cannot use it."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device: torch.device | None = torch.device(name)
    except RuntimeError:
        device = None
    if device is None or device.type not in ("cpu", "cuda"):
        raise InputError(f"--device: the device must be auto, cpu, cuda or cuda:N, but got device={name}; choose one")
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise InputError(
            f"--device: torch must be able to use the GPU, but got device={name} and {torch.cuda.device_count()} GPUs; "
            "use auto or cpu"
        )
    return device


def _check_comparable(first: Argument, second: Argument, view: View | None) -> None:
    """Raise InputError, naming the fields that differ, unless both sides have features of the same network."""
    ours, theirs = (_network(side, view) for side in (first, second))
    different = [name for name in ours if name in theirs and ours[name] != theirs[name]]
    if different:
        fields = ", ".join(f"{name}={ours[name]} and {theirs[name]}" for name in different)
        raise InputError(
            f"{place_of(first)}, {place_of(second)}: features must be of the same network on both sides, but got "
            f"{fields}; compute both with the same --extractor, --dims, --image-size and weights"
        )


def _network(side: Argument, view: View | None) -> dict[str, str | int]:
    """The known fields of the network that makes a side's features."""
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


def _fresh_draws(first: Argument, view: View | None, options: EvaluateOptions, loading: Loading) -> list[Gaussian]:
    """Statistics of the generator's images from other latents; empty without a generator."""
    if not isinstance(first, TrainedGenerator):
        return []
    seeds = range(options.seed + 1, options.seed + _NUM_DRAWS)
    return [extract_features(first, view, options.num, loading, seed).side.gaussian for seed in seeds]


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


def _other_images(request: ScoringRequest, theirs: Observed) -> list[str]:
    """A note if the reference images are no longer those of the generator's study."""
    if not request.is_as_in_study or not isinstance(request.generated, TrainedGenerator) or theirs.key is None:
        return []
    objective = request.generated.source.run.read_objective()
    if objective is None or objective.key.dataset == theirs.key.dataset:
        return []
    return [
        f"the images of {theirs.key.dataset} are no longer those of the generator's study ({objective.key.dataset}), "
        "so this score and the study's are of different data; put the files back as they were to compare them"
    ]


def _unlike(ours: Observed, theirs: Observed) -> list[str]:
    """A note if the images of the two sides were converted to the network's input in different ways."""
    if ours.key is None or theirs.key is None or ours.key.preprocessing == theirs.key.preprocessing:
        return []
    return [
        f"the two sides were prepared for the network in different ways ({ours.key.preprocessing}, "
        f"{theirs.key.preprocessing}), which moves a score; make both in one way, such as with one --image-size"
    ]


def _collection(argument: Argument, observed: Observed, num: int | None) -> Collection:
    return Collection(
        place=place_of(argument),
        kind=kind_of(argument, num),
        num=observed.side.gaussian.num,
        preprocessing=observed.key.preprocessing if observed.key else None,
    )
