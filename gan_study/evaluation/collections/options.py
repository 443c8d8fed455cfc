"""The options of `evaluate`, and the defaults that a generator or a file of statistics gives them."""

from dataclasses import dataclass, replace
from typing import Any

from gan_study.analysis.sentences.number_text import listed
from gan_study.config.extractors import EXTRACTORS, FID_EXTRACTOR
from gan_study.config.reading.suggestions import no_such
from gan_study.data.datasets import SPLITS
from gan_study.errors import InputError
from gan_study.evaluation.collections.images import Argument, ImageSource, was_trained_on
from gan_study.evaluation.collections.statistics_file import Statistics
from gan_study.evaluation.generators import TrainedGenerator
from gan_study.runs.counted_generator import recorded_score


@dataclass(frozen=True, kw_only=True)
class EvaluateOptions:
    """The options of the command line, which `commands.image_commands.evaluate` explains."""

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


def check_options(options: EvaluateOptions) -> None:
    """Raise InputError, which names the choices, if an option has an unknown value."""
    for name, value, known in (
        ("extractor", options.extractor, EXTRACTORS),
        ("split", options.split, SPLITS),
        ("dims", options.dims, EXTRACTORS[FID_EXTRACTOR].layers),
    ):
        if value is not None and value not in known:
            raise InputError(f"--{name}: {no_such(name, str(value), map(str, known))}")


@dataclass(frozen=True)
class ScoringRequest:
    """Both sides, and the options with their defaults filled in."""

    generated: Argument
    reference: Argument
    options: EvaluateOptions
    is_as_in_study: bool = False
    """True if a generator is scored as in its study."""
    extractor_kimg: float | None = None
    """Longest training of the extractor in the generator's study, in thousands of images; None for its own length."""
    notes: tuple[str, ...] = ()
    """Remarks on the defaults that were filled in."""


def complete_request(generated: Argument, reference: Argument, options: EvaluateOptions) -> ScoringRequest:
    """Fill in the options that the user left out, from a generator's training or from a file of statistics.

    A generator's training data is cropped and split as in its training. If such data is the reference and no extractor
    is named, the generator is scored as in its study. Raises InputError if an option chooses among the images of a side
    that holds statistics.
    """
    _check_choices(generated, reference, options)
    for snapshot in (generated, reference):
        if isinstance(snapshot, TrainedGenerator):
            generated, reference = _as_learned(generated, snapshot), _as_learned(reference, snapshot)
    if options.extractor is not None or options.dims is not None:
        return ScoringRequest(generated, reference, options)
    for statistics in (generated, reference):
        if isinstance(statistics, Statistics):
            return ScoringRequest(generated, reference, replace(options, **_network_of(statistics, options.image_size)))
    if (
        isinstance(generated, TrainedGenerator)
        and isinstance(reference, ImageSource)
        and was_trained_on(generated, reference)
    ):
        return _as_in_study(generated, reference, options)
    return ScoringRequest(generated, reference, options)


def _check_choices(generated: Argument, reference: Argument, options: EvaluateOptions) -> None:
    for option, value, side in (
        ("num", options.num, generated),
        ("num-reference", options.num_reference, reference),
        ("split", options.split, reference),
    ):
        if value is not None and isinstance(side, Statistics):
            raise InputError(
                f"--{option}: this chooses among images, but got {option.replace('-', '_')}={value} for the statistics "
                f"{side.place}, which hold none; leave it out, or give the images"
            )


def _network_of(statistics: Statistics, image_size: int | None) -> dict[str, Any]:
    """The options for the network of the statistics, as far as the file names it; a given image size is kept."""
    key = statistics.key
    if key is not None:
        dims = key.dims if key.extractor == FID_EXTRACTOR else None
        return {"extractor": key.extractor, "dims": dims, "image_size": image_size or key.image_size}
    dims = len(statistics.gaussian.mean)
    return {"dims": dims} if dims in EXTRACTORS[FID_EXTRACTOR].layers else {}


def _as_in_study(generated: TrainedGenerator, reference: ImageSource, options: EvaluateOptions) -> ScoringRequest:
    objective = generated.training.objective
    num, split = options.num or objective.num_samples, options.split or objective.split
    taken = {"extractor": None, "number of generated images": options.num, "part of the data": options.split}
    names = [name for name, said in taken.items() if said is None]
    other = "" if objective.extractor == FID_EXTRACTOR else f"; for the FID, --extractor {FID_EXTRACTOR}"
    notes = [f"{listed(names)} {'are those' if len(names) > 1 else 'is that'} of the generator's study{other}"]
    if {options.num, options.split, options.num_reference} == {None}:
        notes += _own_scores(generated)
    request = replace(options, extractor=objective.extractor, dims=objective.dims, num=num, split=split)
    return ScoringRequest(
        generated,
        replace(reference, split=split),
        request,
        is_as_in_study=True,
        extractor_kimg=objective.extractor_kimg,
        notes=tuple(notes),
    )


def _own_scores(generated: TrainedGenerator) -> list[str]:
    """A remark with the scores that this generator had in its study."""
    trial, cur_nimg = generated.source.trial, generated.source.cur_nimg
    own = recorded_score(trial.read_evaluations(), cur_nimg, generated.training.objective)
    if own is None:
        return []
    final = trial.read_final_scores()
    fresh = ""
    if final is not None and final.cur_nimg == cur_nimg:
        fresh = f", and {final.mean:.4g} as the mean of {len(final.draws)} fresh draws"
    return [f"in its study this generator scored {own:.4g}{fresh}; latents are others here"]


def _as_learned(side: Argument, snapshot: TrainedGenerator) -> Argument:
    if not isinstance(side, ImageSource) or not was_trained_on(snapshot, side):
        return side
    return ImageSource(side.name, snapshot.training.dataset, side.split)
