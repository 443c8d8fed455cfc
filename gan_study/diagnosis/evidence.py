"""All that is known of a trial before it is judged. Everything is null where it was not measured."""

from gan_study.diagnosis.spectra import LayerSpectrum
from gan_study.runs.records import Record, TrialState


class Measured(Record):
    """A measure of the generated images, beside the same measure of as many held-out real ones in their place."""

    value: float
    """Of the generated images."""
    control: float
    """Of the held-out real images: what a perfect generator has."""

    @property
    def ratio(self) -> float | None:
        """Value over control; None where the control is 0."""
        return self.value / self.control if self.control else None

    @property
    def excess(self) -> float:
        """Value less control."""
        return self.value - self.control


class Classes(Record):
    """Which classes the generated images belong to, by the classifier."""

    num_modes: Measured
    """Classes with at least one image."""
    kl: Measured | None
    """Divergence of their shares from the real ones, in nats; null if an image is of a class that no real one has."""
    missing: tuple[int, ...]
    """Numbers of the classes that hardly any image belongs to, after the control for the classifier's errors."""
    missing_by_chance: float
    """How many a perfect generator would miss on average."""


class Diagnostics(Record):
    """What generated images show at the end of a trial."""

    num: int
    """Generated images measured, and held-out ones in each control."""
    num_train: int
    """Training images that neighbours were looked for in."""
    non_finite: tuple[str, ...] = ()
    """What held NaN or infinity (features); nothing else is measured then."""
    level_deviation: Measured | None = None
    """Standard deviation of all values of the images, in levels of 255."""
    duplicates: Measured | None = None
    """Share of the images that equal an earlier one."""
    pairwise_distance: Measured | None = None
    """Mean distance of two images, over that of two training images."""
    precision: Measured | None = None
    """Share of the images among real ones."""
    recall: Measured | None = None
    """Share of the real images among these."""
    density: Measured | None = None
    """Real neighbourhoods that an image lies in, over the number expected."""
    coverage: Measured | None = None
    """Share of the real neighbourhoods with an image."""
    vendi: Measured | None = None
    """Effective number of different images; null if a feature vector is zero."""
    support: Measured | None = None
    """Different images by the birthday test, a lower bound where few collide."""
    ndb: Measured | None = None
    """Share of the bins of training images that are filled differently."""
    bins_jensen_shannon: Measured | None = None
    """Divergence of the two histograms over these bins, in nats."""
    c_t: Measured | None = None
    """C_T, a z score: far below 0 for copies of training images."""
    authenticity: Measured | None = None
    """Share of the images that are no copies, by Alaa's measure."""
    near_copies: Measured | None = None
    """Share of the images much closer to a training image than held-out ones are."""
    nearest_distance: Measured | None = None
    """Median distance to the nearest training image, over that of held-out images."""
    classes: Classes | None = None
    """Null without labels."""
    spectra: tuple[LayerSpectrum, ...] = ()
    """Singular values of the weights."""


class Signals(Record):
    """What one evaluation during training saw."""

    cur_nimg: int
    """Real images shown to the discriminator so far."""
    score: float | None = None
    """The objective, lower is better; null if it was not finite."""
    class_shares: tuple[float, ...] | None = None
    """Share of each class among the generated images."""
    d_accuracy_real: float | None = None
    """Discriminator's accuracy on held-out real images; null for losses whose logits have no zero."""
    d_accuracy_fake: float | None = None
    """The same on generated images."""
    jensen_shannon: float | None = None
    """Its estimate in nats; null for losses other than the cross-entropies, and with label smoothing."""
    g_output_gradient: float | None = None
    """Norm of the gradient of the generator's loss at its output."""
    latent_sensitivity: float | None = None
    """How far an image moves with its latent."""
    pairwise_distance_ratio: float | None = None
    """Mean distance of two generated images over that of two real ones."""
    duplicates: float | None = None
    """Share of the generated images that equal an earlier one."""


class Evidence(Record):
    """All that is known of a trial, or of a bare set of generated images, which has neither state nor signals."""

    state: TrialState | None = None
    """How the training ended."""
    non_finite: tuple[str, ...] = ()
    """What became NaN or infinite in training, such as d_loss."""
    signals: tuple[Signals, ...] = ()
    """The evaluations in their order."""
    real_class_shares: tuple[float, ...] | None = None
    """Share of each class in the reference of the evaluations."""
    diagnostics: Diagnostics | None = None
    """The measures at the end."""
    class_names: tuple[str, ...] | None = None
    """Names of the classes in the order of their numbers."""
