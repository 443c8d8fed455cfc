"""diagnosis.json: what was measured of a generator, each number held against its threshold, and the verdict."""

from enum import StrEnum
from typing import Any, Literal

from pydantic import model_validator

from gan_study.runs.records import SCHEMA_VERSION, Record

Direction = Literal["above", "below"]


class MeasureWithControl(Record):
    """A measure of the generated images, and its control: the same measure of as many held-out real images."""

    value: float
    """Of the generated images."""
    control: float
    """Of the held-out real images: the value that a perfect generator would have."""

    @property
    def ratio(self) -> float | None:
        """Value over control; None where the control is 0."""
        return self.value / self.control if self.control else None

    @property
    def excess(self) -> float:
        """Value less control."""
        return self.value - self.control


class LayerSpectrum(Record):
    """The singular values of one weight. To report, not to judge by: no cut-off is published.

    Liu et al. 2019 (Spectral Regularization, ICCV) see many small ones in the discriminator where modes collapse;
    Brock et al. 2019 (BigGAN, ICLR), section 4.1, the largest one of the generator explode when training does.
    """

    layer: str
    """Its name."""
    top: tuple[float, ...]
    """The three largest, largest first: the first is the spectral norm."""
    small_share: float
    """Share of them below a tenth of the largest, in [0, 1]."""


class Classes(Record):
    """Which classes the generated images belong to, by the classifier."""

    num_modes: MeasureWithControl
    """Classes with at least one image."""
    kl: MeasureWithControl | None
    """Divergence of their shares from the real ones, in nats; null if an image is of a class that no real one has."""
    missing: tuple[int, ...]
    """Numbers of the classes that hardly any image belongs to, after the control for the classifier's errors."""
    missing_by_chance: float
    """How many a perfect generator would miss on average."""
    left: MeasureWithControl | None = None
    """Share of the real images whose class is not missing, in [0, 1]; null in a file of a version without it."""


class Diagnostics(Record):
    """What generated images show at the end of a trial."""

    num: int
    """Generated images measured, and held-out ones in each control."""
    num_train: int
    """Training images that neighbours were looked for in."""
    non_finite: tuple[str, ...] = ()
    """What held NaN or infinity (images, features); nothing else is measured then."""
    level_deviation: MeasureWithControl | None = None
    """Standard deviation of all values of the images, in levels of 255."""
    duplicates: MeasureWithControl | None = None
    """Share of the images that equal an earlier one."""
    variation: MeasureWithControl | None = None
    """Share of the variance of all values that lies between the images, not within their mean."""
    pairwise_distance: MeasureWithControl | None = None
    """Mean distance of two images, over that of two training images."""
    precision: MeasureWithControl | None = None
    """Share of the images among real ones."""
    recall: MeasureWithControl | None = None
    """Share of the real images among these."""
    density: MeasureWithControl | None = None
    """Real neighbourhoods that an image lies in, over the number expected."""
    coverage: MeasureWithControl | None = None
    """Share of the real neighbourhoods with an image."""
    vendi: MeasureWithControl | None = None
    """Effective number of different images; null if a feature vector is zero."""
    support: MeasureWithControl | None = None
    """Different images by the birthday test, a lower bound where few collide."""
    ndb: MeasureWithControl | None = None
    """Share of the bins of training images that are filled differently."""
    bins_jensen_shannon: MeasureWithControl | None = None
    """Divergence of the two histograms over these bins, in nats."""
    c_t: MeasureWithControl | None = None
    """C_T, a z score: far below 0 for copies of training images."""
    authenticity: MeasureWithControl | None = None
    """Share of the images that are no copies, by Alaa's measure."""
    near_copies: MeasureWithControl | None = None
    """Share of the images much closer to a training image than held-out ones are."""
    nearest_distance: MeasureWithControl | None = None
    """Median distance to the nearest training image, over that of held-out images."""
    pixel_distance: MeasureWithControl | None = None
    """Median root mean square difference to the nearest of up to 1000 training images, in levels of 255; the control is
    that of held-out images whose classes are weighted like those of the generated ones. Null in a file of a version
    without it."""
    classes: Classes | None = None
    """Null without labels."""
    spectra: tuple[LayerSpectrum, ...] = ()
    """Singular values of the generator's weights."""


class Finding(Record):
    """What was measured, from where on it is a sign of something, and what a perfect generator has."""

    name: str
    """Of the check, such as coverage_partial."""
    value: float | None
    """What was measured; null if it was not."""
    threshold: float | None
    """Where it begins to fire, in the units of the value; null if it goes with a control that was not measured."""
    direction: Direction
    """Side of the threshold on which it fires, the threshold itself not included."""
    source: str
    """Who proposed the measure, and the threshold."""
    control: float | None
    """The same measure of as many held-out real images in the place of the generated ones; null if there is none."""
    fires: bool
    """Whether the value is beyond the threshold."""
    sentence: str
    """The finding for a reader, with its numbers."""
    note: str = ""
    """How value or threshold came about, if it is not a setting as it stands, such as `0.75 of the control`; empty
    otherwise, or in a file of a version without it."""

    @property
    def what(self) -> str:
        """What was looked at, in words: the beginning of the sentence."""
        is_open = self.value is None or self.threshold is None
        end = " was not measured." if is_open else f" is {self.value:.4g}, "
        return self.sentence.split(end)[0].removeprefix("The ").removesuffix(",")


class VerdictName(StrEnum):
    """What became of a trial."""

    DIVERGED = "diverged"
    NOT_LEARNING = "not_learning"
    TOTAL_COLLAPSE = "total_collapse"
    SHRUNKEN_MODES = "shrunken_modes"
    PARTIAL_COLLAPSE = "partial_collapse"
    POSSIBLE_MEMORISATION = "possible_memorisation"
    DISCRIMINATOR_OVERPOWERING = "discriminator_overpowering"
    OSCILLATING = "oscillating"
    STILL_IMPROVING = "still_improving"
    UNLIKE_REAL_IMAGES = "unlike_real_images"
    HEALTHY = "healthy"
    INCONCLUSIVE = "inconclusive"

    @property
    def word(self) -> str:
        """The verdict for a reader, such as `partial collapse`."""
        return self.value.replace("_", " ")


class Verdict(Record):
    """What became of a trial, and why."""

    name: VerdictName
    late_collapse: bool
    """Whether the training was better before its end: its best evaluation's snapshot is kept."""
    missing_classes: tuple[str, ...]
    """Names of the classes that hardly any image belongs to, or their numbers where they have no names; none if the
    images are so poor that their classes mean nothing."""
    decisive: tuple[Finding, ...]
    """The findings that decided; for healthy, those that had to be made; for inconclusive, those that are missing."""
    findings: tuple[Finding, ...]
    """All of them, also those that did not fire or were not measured."""
    sentence: str
    """The verdict and its reason, for a reader."""

    @model_validator(mode="before")
    @classmethod
    def _split_undertrained(cls, data: Any) -> Any:
        """Earlier versions had one name, undertrained, for both of its successors, and one remedy."""
        if not isinstance(data, dict) or data.get("name") != "undertrained":
            return data
        sentence, decisive = data.get("sentence"), data.get("decisive")
        if not isinstance(sentence, str) or not isinstance(decisive, list | tuple):
            return data  # whose fields are then found to be wrong
        falls = any(isinstance(finding, dict) and finding.get("name") == "still_falling" for finding in decisive)
        name = VerdictName.STILL_IMPROVING if falls else VerdictName.UNLIKE_REAL_IMAGES
        sentence = sentence.replace("Undertrained:", f"{name.word.capitalize()}:", 1)
        if not falls:
            sentence = sentence.replace(" Train longer: give it a larger budget.", "")
        return {**data, "name": name, "sentence": sentence}


class DiagnosisRecord(Record):
    """The whole file."""

    schema_version: Literal[1] = SCHEMA_VERSION
    cur_nimg: int
    """Images seen by the generator that was measured: the number of its snapshot."""
    extractor: str
    """What the features are of: network@weights,layer,d=dims."""
    seconds: float
    """How long the measuring took, without what is shared by all trials of a process."""
    verdict: Verdict
    """With every finding: value, threshold, source and control."""
    diagnostics: Diagnostics
    """The bare measures."""
    neighbour_distances: tuple[float, ...] = ()
    """Of the pairs in samples/neighbours.png from left to right, over the median distance of held-out images to their
    nearest training image: below 1, a generated image lies closer than they usually do. Empty if that is 0, or in a
    file of a version without it."""
