"""diagnosis.json: measures of a generator, the findings that compare them with thresholds, and the verdict."""

from enum import StrEnum
from typing import Any, Literal

from pydantic import model_validator

from gan_study.runs.records.measurements import SCHEMA_VERSION, Record

Direction = Literal["above", "below"]


class MeasureWithControl(Record):
    """A measure of the generated images, and its control: the measure of as many held-out real images."""

    value: float
    """Value for the generated images."""
    control: float
    """Value for the held-out real images, which a perfect generator would reach."""

    @property
    def ratio(self) -> float | None:
        """Value over control; None if the control is 0."""
        return self.value / self.control if self.control else None

    @property
    def excess(self) -> float:
        """Value minus control."""
        return self.value - self.control


class LayerSpectrum(Record):
    """Singular values of one weight. They are reported but do not affect the verdict, since no cut-off is published.

    Liu et al. 2019 (Spectral Regularization, ICCV) found many small singular values in the discriminator when modes
    collapse. Brock et al. 2019 (BigGAN, ICLR), section 4.1, found that the generator's largest one explodes when
    training does.
    """

    layer: str
    """Name of the layer."""
    top: tuple[float, ...]
    """The three largest singular values, largest first; the first is the spectral norm."""
    small_share: float
    """Share of the singular values that are below a tenth of the largest, in [0, 1]."""


class Classes(Record):
    """The classes of the generated images, by the classifier's labels."""

    num_modes: MeasureWithControl
    """Classes with at least one image."""
    kl: MeasureWithControl | None
    """Kullback-Leibler divergence of their class shares from the real ones, in nats; null if an image has a class that
    no real image has."""
    missing: tuple[int, ...]
    """Numbers of the classes with hardly any image, after allowing for the classifier's errors."""
    missing_by_chance: float
    """Classes that a perfect generator would miss on average."""
    left: MeasureWithControl | None = None
    """Share of the real images whose class is not missing, in [0, 1]; null in a file of a version without it."""


class Diagnostics(Record):
    """Measures of a generator's images at the end of a trial."""

    num: int
    """Generated images measured, and held-out images in each control."""
    num_train: int
    """Training images among which nearest neighbours were searched."""
    non_finite: tuple[str, ...] = ()
    """Places with NaN or infinity (images, features); nothing else is measured then."""
    level_deviation: MeasureWithControl | None = None
    """Standard deviation of all values of the images, in levels of 255."""
    duplicates: MeasureWithControl | None = None
    """Share of the images that equal an earlier image."""
    variation: MeasureWithControl | None = None
    """Share of the variance of all pixel values that is between images, not within the mean image."""
    pairwise_distance: MeasureWithControl | None = None
    """Mean distance between two images, relative to that between two training images."""
    precision: MeasureWithControl | None = None
    """Share of the generated images that lie in a real neighbourhood (Kynkaanniemi et al. 2019)."""
    recall: MeasureWithControl | None = None
    """Share of the real images that lie in a generated neighbourhood (Kynkaanniemi et al. 2019)."""
    density: MeasureWithControl | None = None
    """Real neighbourhoods around a generated image, relative to the expected number (Naeem et al. 2020)."""
    coverage: MeasureWithControl | None = None
    """Share of the real neighbourhoods that contain a generated image (Naeem et al. 2020)."""
    vendi: MeasureWithControl | None = None
    """Effective number of different images; null if a feature vector is zero."""
    support: MeasureWithControl | None = None
    """Number of different images by the birthday test; a lower bound if few images collide."""
    ndb: MeasureWithControl | None = None
    """Share of the bins of training images that contain a significantly different share of the images."""
    bins_jensen_shannon: MeasureWithControl | None = None
    """Jensen-Shannon divergence of the two histograms over these bins, in nats."""
    c_t: MeasureWithControl | None = None
    """C_T (Meehan et al. 2020), a z-score: far below 0 for copies of training images."""
    authenticity: MeasureWithControl | None = None
    """Share of the images that are not copies (Alaa et al. 2022)."""
    near_copies: MeasureWithControl | None = None
    """Share of the images that are much closer to a training image than held-out images are."""
    nearest_distance: MeasureWithControl | None = None
    """Median distance to the nearest training image, relative to that of held-out images."""
    pixel_distance: MeasureWithControl | None = None
    """Median root mean square difference to the nearest of up to 1000 training images, in levels of 255. The control
    weights held-out images by the class shares of the generated ones. Null in files of older versions."""
    classes: Classes | None = None
    """Classes of the images; null without labels."""
    spectra: tuple[LayerSpectrum, ...] = ()
    """Singular values of the generator's weights."""


class Finding(Record):
    """A measured value, the threshold beyond which it is a sign of trouble, and its control."""

    name: str
    """Name of the check, such as coverage_partial."""
    value: float | None
    """The measured value; null if it was not measured."""
    threshold: float | None
    """Threshold, in the units of the value; null if it depends on a control that was not measured."""
    direction: Direction
    """Side of the threshold on which the finding fires; a value equal to the threshold does not fire."""
    source: str
    """Source of the measure and of the threshold."""
    control: float | None
    """The measure of as many held-out real images; null if it has no control."""
    fires: bool
    """True if the value is beyond the threshold."""
    sentence: str
    """The finding for a reader, with its numbers."""
    note: str = ""
    """Derivation of value or threshold if it is not a plain setting, such as `0.75 of the control`; otherwise empty, as
    in files of older versions."""

    @property
    def what(self) -> str:
        """The measure in words: the beginning of the sentence."""
        is_open = self.value is None or self.threshold is None
        end = " was not measured." if is_open else f" is {self.value:.4g}, "
        return self.sentence.split(end)[0].removeprefix("The ").removesuffix(",")


class VerdictName(StrEnum):
    """Verdicts on a trial."""

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
    """The verdict on a trial and its reasons."""

    name: VerdictName
    late_collapse: bool
    """True if the generator was better before the end of training; the snapshot of the best evaluation is kept."""
    missing_classes: tuple[str, ...]
    """Names of the classes with hardly any image, or their numbers if they have no names; empty if the images are so
    poor that their classes mean nothing."""
    decisive: tuple[Finding, ...]
    """The findings that decided. For `healthy` these are the required ones, for `inconclusive` the missing ones."""
    findings: tuple[Finding, ...]
    """All findings, including those that did not fire or were not measured."""
    sentence: str
    """The verdict and its reason in words."""

    @model_validator(mode="before")
    @classmethod
    def _split_undertrained(cls, data: Any) -> Any:
        """Read files of earlier versions, which had one name, undertrained, for two of today's verdicts."""
        if not isinstance(data, dict) or data.get("name") != "undertrained":
            return data
        sentence, decisive = data.get("sentence"), data.get("decisive")
        if not isinstance(sentence, str) or not isinstance(decisive, list | tuple):
            return data  # pydantic reports its wrong fields
        falls = any(isinstance(finding, dict) and finding.get("name") == "still_falling" for finding in decisive)
        name = VerdictName.STILL_IMPROVING if falls else VerdictName.UNLIKE_REAL_IMAGES
        sentence = sentence.replace("Undertrained:", f"{name.word.capitalize()}:", 1)
        if not falls:
            sentence = sentence.replace(" Train longer: give it a larger budget.", "")
        return {**data, "name": name, "sentence": sentence}


class DiagnosisRecord(Record):
    """The content of diagnosis.json."""

    schema_version: Literal[1] = SCHEMA_VERSION
    cur_nimg: int
    """Images seen by the measured generator; this is the number of its snapshot."""
    extractor: str
    """The extractor, as network@weights,layer,d=dims."""
    seconds: float
    """Duration of the measurement, without the work that all trials of a process share."""
    verdict: Verdict
    """The verdict with all its findings."""
    diagnostics: Diagnostics
    """The measures alone."""
    neighbour_distances: tuple[float, ...] = ()
    """Distances of the pairs in samples/neighbours.png from left to right, relative to the median distance between
    held-out images and their nearest training image. Below 1, a generated image is closer than is usual. Empty if that
    median is 0, and in files of older versions."""
