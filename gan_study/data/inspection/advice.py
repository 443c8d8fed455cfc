"""Advice on learning from a data set: an image size to begin with, and remedies for its flaws."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, get_args

from gan_study.config.data import DatasetConfig
from gan_study.config.names import NETWORK_IMAGE_SIZES
from gan_study.data.decoding.decode import DEEP_LEVELS
from gan_study.data.files.selection import PassedOver
from gan_study.data.inspection.inspection import Inspection
from gan_study.data.survey import Survey

MAX_FIRST_IMAGE_SIZE = 64
"""Largest proposed size, since the time of a training grows with the number of pixels. Users can ask for more."""
_MAX_ENLARGEMENT = 1.25
"""Largest factor by which an image can be enlarged before it, and so a GAN's images, look blurred."""
_MIN_TRAIN = 1000
"""With fewer images, the discriminator memorises them early and the training breaks down (Karras et al. 2020, ADA,
figure 1). The number is ours."""
_MIN_HELD_OUT = 500
"""With this many held-out images, their scores vary by about a hundredth from draw to draw."""
_MIN_PER_CLASS = 20
"""With fewer images of a class, the domain classifier can hardly learn it."""
_MAX_CLASS_RATIO = 10
_MAX_SIZE_RATIO = 2
_MAX_COPIED_SHARE = 0.1
_MAX_CUT_SHARE = 0.3
MIN_REAL_FOR_FID = 5000
"""About 2.4 images for each of Inception's 2048 features; with fewer, the covariance of the real images is poorly
known."""
_GREY_MODES = ("1", "L", "LA", "La")


Gravity = Literal["stops", "spoils", "weakens", "noted"]
"""stops: a study is refused until it is fixed (a lack of labels: a study with the default extractor); spoils: training
or score are not what was intended; weakens: numbers are less certain, or some images are wrong; noted: harmless."""
GRAVITIES: Final[tuple[Gravity, ...]] = get_args(Gravity)


@dataclass(frozen=True)
class Advice:
    """A property of a data set that a user should know."""

    finding: str
    """The finding, with its numbers."""
    remedy: str
    """The remedy."""
    gravity: Gravity
    """Consequences without the remedy."""


def propose_image_size(survey: Survey, crop: int | None) -> int:
    """Height and width in pixels to begin with: the largest of dcgan's sizes that hardly enlarges a typical image.

    The size is between 16 and `MAX_FIRST_IMAGE_SIZE`. `crop` is the side of the centre crop in pixels, None for the
    largest square.
    """
    side = min(survey.width.median, survey.height.median, crop or float("inf"))
    sizes = NETWORK_IMAGE_SIZES["dcgan"] or ()
    return max(
        (size for size in sizes if size <= min(MAX_FIRST_IMAGE_SIZE, side * _MAX_ENLARGEMENT)), default=min(sizes)
    )


def list_advice(inspection: Inspection, config: DatasetConfig) -> list[Advice]:
    """All flaws that may spoil a study of this data set with `config`, gravest first."""
    found = [
        *_files(inspection, config),
        *_numbers(inspection, config),
        *_classes(inspection, config),
        *_sizes(inspection.survey, config),
        *_kinds(inspection, config),
    ]
    return sorted(found, key=lambda advice: GRAVITIES.index(advice.gravity))


def _files(inspection: Inspection, config: DatasetConfig) -> Iterator[Advice]:
    survey = inspection.survey
    num_files = survey.num_images + survey.num_left_out
    yield from _passed_over(inspection.notes.passed_over)
    if survey.further_pages:
        yield Advice(f"not used: {survey.further_pages}", "save the pages as single files to use them all", "weakens")
    for left_out, what, remedy in (
        (survey.corrupt, "cannot be decoded", "repair or remove them"),
        (survey.refused, "cannot be used unchanged", "follow the advice above for each"),
    ):
        if not left_out:
            continue
        found = f"{_of(len(left_out), num_files)} images {what}"
        if survey.share_left_out > config.max_corrupt_share:
            found += f", more than the share of {config.max_corrupt_share:g} that a training leaves out"
            yield Advice(found, f"{remedy}, or raise dataset.max_corrupt_share", "stops")
        else:
            yield Advice(f"{found}; a training leaves them out", remedy, "noted")
    if survey.num_duplicates:
        many = survey.num_duplicates > _MAX_COPIED_SHARE * survey.num_images
        gravity: Gravity = "spoils" if many else "weakens"
        remedy = "keep one of each: copies count double, and a held-out copy is not an unseen image"
        if config.name != "image_folder":
            gravity = "noted"
            remedy = "they belong to the published data set: keep them, to compare with others' results"
        copies = "is an exact copy" if survey.num_duplicates == 1 else "are exact copies"
        found = f"{_of(survey.num_duplicates, survey.num_images)} images {copies} of an earlier one"
        yield Advice(found, remedy, gravity)


def _passed_over(passed_over: PassedOver) -> Iterator[Advice]:
    """Files that are left out although they were probably meant to be learned; the row `not used` has all of them."""
    pictures, links = sum(passed_over.pictures.values()), passed_over.dangling_links
    if pictures:
        endings = ", ".join(passed_over.pictures)
        yield Advice(
            f"{pictures:,} {'picture is' if pictures == 1 else 'pictures are'} of a kind that is not read ({endings})",
            "convert them to PNG or JPEG to use them",
            "weakens",
        )
    if links:
        yield Advice(
            f"{links:,} {'link leads' if links == 1 else 'links lead'} to something that is not there",
            "bring back the files that the links name, or remove the links",
            "weakens",
        )
    if passed_over.num_archives:
        num = passed_over.num_archives
        yield Advice(
            f"{num:,} {'archive lies' if num == 1 else 'archives lie'} beside the images and {_are(num)} not opened",
            "unpack what belongs to the data set",
            "weakens",
        )


def _numbers(inspection: Inspection, config: DatasetConfig) -> Iterator[Advice]:
    if inspection.num_held_out == 0:
        yield Advice(
            "no image can be held out, which needs two of a class, and a training without held-out images is refused",
            "add images",
            "stops",
        )
    elif inspection.num_held_out < _MIN_HELD_OUT:
        can_raise = config.name == "image_folder" and inspection.survey.num_images >= 2 * _MIN_HELD_OUT
        share = -(-100 * _MIN_HELD_OUT // inspection.survey.num_images) / 100
        yield Advice(
            f"few images are held out ({inspection.num_held_out:,}), so scores of them vary by chance",
            f"set dataset.held_out_share: {share:g}" if can_raise else "add images, or read findings with care",
            "weakens",
        )
    if inspection.num_train < _MIN_TRAIN:
        yield Advice(
            f"few images are to be learned ({inspection.num_train:,}): a discriminator soon knows them by heart",
            "add images; else compare penalty: r1 with none, and expect the best score early in a training",
            "spoils",
        )
    if inspection.survey.num_images < MIN_REAL_FOR_FID:
        yield Advice(
            f"there are fewer than {MIN_REAL_FOR_FID:,} real images ({inspection.survey.num_images:,}), too few for "
            "FID in Inception's 2048 features",
            "score with metric: frechet_distance, whose extractor has few features, and read it beside the score of "
            "real images in the report",
            "weakens",
        )


def _classes(inspection: Inspection, config: DatasetConfig) -> Iterator[Advice]:
    counts = inspection.class_counts
    if counts is None:
        stray = inspection.notes.layout.stray_text()
        way_out = (
            "; for the domain classifier "
            f"{'move these images away' if stray else 'put the images of each class into a folder of its own'}"
        )
        yield Advice(
            f"the images have no labels, which extractor: domain_classifier needs{f' ({stray})' if stray else ''}",
            f"set extractor: autoencoder, or metric: fid{way_out if config.name == 'image_folder' else ''}",
            "stops",
        )
        return
    parts = inspection.notes.layout.parts_text()
    if parts is not None:
        yield Advice(
            f"{parts}: a classifier would learn to tell them apart",
            f"name the folder of one part alone, such as dataset.path: .../{inspection.notes.layout.parts[-1]}, or "
            "join the folders of equal names",
            "spoils",
        )
    smallest, largest = (choose(counts, key=lambda name: counts[name]) for choose in (min, max))
    if counts[smallest] < _MIN_PER_CLASS:
        num_small = sum(count < _MIN_PER_CLASS for count in counts.values())
        yield Advice(
            f"{_of(num_small, len(counts))} classes {_have(num_small)} fewer than {_MIN_PER_CLASS} images (the "
            f"smallest, {smallest}: {counts[smallest]:,}), too few to learn to classify",
            "add images, join or remove classes, or set extractor: autoencoder",
            "spoils",
        )
    elif counts[largest] > _MAX_CLASS_RATIO * counts[smallest]:
        yield Advice(
            f"class {largest} has {counts[largest]:,} images and class {smallest} {counts[smallest]:,}: a generator "
            "that never makes the small one loses little",
            "even them out, or look at the classes' shares in the report",
            "weakens",
        )


def _sizes(survey: Survey, config: DatasetConfig) -> Iterator[Advice]:
    smallest = min(survey.width.min, survey.height.min)
    if config.crop is not None and smallest < config.crop:
        yield Advice(
            f"the smallest image has a side of {smallest} pixels, less than the crop of {config.crop}, and is cropped "
            "to its largest square instead",
            f"choose a crop of at most {smallest}, or remove small images",
            "weakens",
        )
    side = min(smallest, config.crop or smallest)
    if side * _MAX_ENLARGEMENT < config.image_size:
        yield Advice(
            f"images down to {side} pixels are enlarged to {config.image_size}, which blurs them",
            "choose a smaller image size, or remove small images"
            if config.image_size > min(NETWORK_IMAGE_SIZES["dcgan"] or ())
            else f"expect blurred images, or learn {side} pixels with network: mlp",
            "spoils",
        )
    ratio = max(spread.max / spread.min for spread in (survey.width, survey.height))
    if ratio > _MAX_SIZE_RATIO:
        yield Advice(
            f"sides differ by up to a factor of {ratio:.1f}, so that one crop shows parts of very different scale",
            "look at the preview; if it is so, bring the images to one scale or sort them",
            "weakens",
        )
    short, long = sorted((survey.width.median, survey.height.median))
    if config.crop is None and short < (1 - _MAX_CUT_SHARE) * long:
        yield Advice(
            f"the square crop leaves out {1 - short / long:.0%} of a typical image, at both ends",
            "look at the preview; if it cuts what matters, crop or pad the images to squares before",
            "spoils",
        )
    fitting = [name for name, sizes in NETWORK_IMAGE_SIZES.items() if sizes is None or config.image_size in sizes]
    if "dcgan" not in fitting:
        sizes = ", ".join(map(str, NETWORK_IMAGE_SIZES["dcgan"] or ()))
        yield Advice(
            f"of the networks only {' and '.join(fitting)} can be built for {config.image_size} pixels",
            f"for convolutions choose one of {sizes}",
            "weakens",
        )


def _kinds(inspection: Inspection, config: DatasetConfig) -> Iterator[Advice]:
    modes, num_images = inspection.survey.modes, inspection.survey.num_images
    num_grey = sum(number for mode, number in modes.items() if mode in _GREY_MODES or mode.startswith("I"))
    num_coloured = num_images - num_grey
    if inspection.channels == 1 and num_coloured > 0:
        yield Advice(
            f"{_of(num_coloured, num_images)} images {_are(num_coloured)} stored in colour, but none shows any",
            "nothing, all are learned as grey, with one channel",
            "noted",
        )
    if inspection.channels == 3 and num_grey:
        yield Advice(
            f"{_of(num_grey, num_images)} images {_are(num_grey)} grey among coloured ones, and a generator will "
            "make both",
            "set dataset.channels: 1 to learn all as grey, or remove the grey ones",
            "weakens",
        )
    yield from _transparency(inspection.survey)
    yield from _levels(inspection.survey, config)


def _transparency(survey: Survey) -> Iterator[Advice]:
    num = survey.num_transparent
    if survey.num_hidden:
        yield Advice(
            f"{_of(survey.num_hidden, survey.num_images)} images are plain white, as their transparent parts are taken "
            "as white",
            "if they show something white, fill the transparent parts with another colour before",
            "spoils",
        )
    if num > survey.num_hidden:
        yield Advice(
            f"{_of(num, survey.num_images)} images {_have(num)} transparent parts, which are taken as white",
            "look at the preview; if white is wrong, fill them before",
            "weakens",
        )


def _levels(survey: Survey, config: DatasetConfig) -> Iterator[Advice]:
    if survey.deep_levels is None:
        return
    num, (lowest, highest) = survey.num_deep, survey.deep_levels
    found = f"{_of(num, survey.num_images)} images {_have(num)} 16 bits, of which the upper 8 are learned"
    used = f"; their levels are {lowest:,} to {highest:,} of {DEEP_LEVELS:,}"
    if survey.loses_levels(config.max_corrupt_share):
        yield Advice(
            f"{found}{used}, so that nothing is seen of them", "save them with 8 bits, or stretch them", "stops"
        )
    elif survey.is_dark:
        yield Advice(
            f"{found}{used}, so that they are dark", "if that is not meant, stretch the levels before", "spoils"
        )
    else:
        yield Advice(found, "look at the preview; if it is too dark or flat, stretch the levels before", "weakens")


def _of(part: int, whole: int) -> str:
    return f"{part:,} of {whole:,}"


def _are(num: int) -> str:
    return "is" if num == 1 else "are"


def _have(num: int) -> str:
    return "has" if num == 1 else "have"
