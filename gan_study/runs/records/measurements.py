"""The records of a run folder: the evaluations of a trial, and the objective of the study.

A missing value is null and a state gives the reason; no number has a special meaning.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from gan_study.config.extractors import FID_DIMS, FID_EXTRACTOR
from gan_study.config.training import SCHEMA_VERSION as SCHEMA_VERSION

OFFICIAL_INCEPTION_HASH = "6726825d"
"""First 8 hex digits of the SHA-256 of pt_inception-2015-12-05-6726825d.pth, the weights of published FIDs."""


class Record(BaseModel):
    """A frozen record whose JSON form is the file format."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class ScoreKey(Record):
    """The identity of a score. Scores compare only if every field is equal."""

    metric: str
    """The metric, such as frechet_distance."""
    extractor: str
    """The network that made the features, such as domain_classifier."""
    weights_hash: str
    """First 8 hex digits of the SHA-256 of its weights."""
    layer: str
    """The layer whose outputs are the features."""
    dims: int
    """Length of a feature vector."""
    num_generated: int
    """Generated images scored."""
    num_real: int
    """Real images in the reference."""
    split: str
    """The part of the data set that is the reference, such as all."""
    preprocessing: str
    """Conversion of the images for the extractor."""
    dataset: str
    """The data set and its content, such as digits-16px-1a2b3c4d."""
    precision: str = "float32"
    """Precision of the extractor's arithmetic: float32 or bfloat16."""

    @property
    def is_published_fid(self) -> bool:
        """True if the score may be called FID and compared with published ones."""
        made_by = (self.metric, self.extractor, self.weights_hash, self.dims, self.precision)
        return made_by == ("frechet_distance", FID_EXTRACTOR, OFFICIAL_INCEPTION_HASH, FID_DIMS, "float32")

    def label(self) -> str:
        """The name under which the score is printed: FD[extractor@weights,layer,d=dims]/N=generated v real:split."""
        precision = "" if self.precision == "float32" else f",{self.precision}"
        return (
            f"FD[{self.extractor}@{self.weights_hash},{self.layer},d={self.dims}{precision}]"
            f"/N={self.num_generated}v{self.num_real}:{self.split}/{self.preprocessing}"
        )


class ObjectiveRecord(Record):
    """objective/objective.json: the objective of all trials of a study, made once before they start."""

    schema_version: Literal[1] = SCHEMA_VERSION
    key: ScoreKey
    """Identity of the scores."""
    floor: float
    """Expected score of as many fresh real images; no generator can be expected to score lower."""
    early_num_samples: int | None = None
    """Generated images in scores before the end of a training; null if as many as at the end."""
    early_floor: float | None = None
    """The floor for scores before the end; null if they are made from as many images as at the end."""
    untrained_score: float
    """Score of an untrained generator (the first arm's network)."""
    failure_score: float
    """Score that the searcher receives for a diverged trial, and the highest that it receives for any trial: twice the
    untrained score."""
    num_train_images: int = Field(ge=1)
    """Images that a generator learns from."""
    data_warnings: tuple[str, ...] = ()
    """Warnings about the data set's files, such as corrupt ones that were left out."""
    extractor_accuracy: float | None
    """Accuracy of the domain classifier on held-out real images, in [0, 1]; null for other extractors."""
    reconstruction_error: float | None = None
    """Share of the variance of held-out real images that the autoencoder loses; null for other extractors and for
    images without variance."""
    dataset_classes: tuple[str, ...] | None = None
    """Names of the data set's classes, by number; null if its images have no labels, and in files of older versions."""
    class_names: tuple[str, ...] | None
    """Names of the classes, in the order of `class_shares`; null if the extractor knows no classes."""
    real_class_shares: tuple[float, ...] | None
    """Share of each class in the reference, by the classifier's labels; null if the extractor knows no classes."""

    @model_validator(mode="after")
    def _check_classes(self) -> "ObjectiveRecord":
        names, shares = len(self.class_names or ()), len(self.real_class_shares or ())
        if names != shares:
            raise ValueError(f"each class has a name and a share, but got {names} names and {shares} shares")
        return self

    def num_samples(self, evaluation: "EvaluationRecord") -> int:
        """Generated images in an evaluation's score and class shares."""
        return self.key.num_generated if evaluation.num_samples is None else evaluation.num_samples

    def is_full(self, evaluation: "EvaluationRecord") -> bool:
        """Return True if an evaluation's score is made from as many images as a ranked score."""
        return self.num_samples(evaluation) == self.key.num_generated


class LossRecord(Record):
    """Means over the steps since the previous evaluation; null at 0 images. A mean is null if one of its steps is not
    finite."""

    d_loss: float | None
    """The discriminator's loss with its penalty."""
    g_loss: float | None
    """The generator's loss."""
    penalty: float | None
    """The weighted penalty alone; null without one."""
    real_logit: float | None
    """The discriminator's output on real images."""
    fake_logit: float | None
    """The discriminator's output on generated images."""
    d_grad_norm: float | None
    """Norm of the discriminator's gradient."""
    g_grad_norm: float | None
    """Norm of the generator's gradient."""
    g_output_gradient: float | None = None
    """Norm of the gradient of the loss of one generated image with respect to that image."""
    real_sign: float | None = None
    """Adaptive augmentations: sign of the discriminator's output on real images, the signal of overfitting."""
    augment_probability: float | None = None
    """Adaptive augmentations: the probability of each in the last step, not a mean."""


class SignalsRecord(Record):
    """Cheap signs of trouble at one evaluation, from a few hundred images; null if a sign does not exist."""

    non_finite: tuple[str, ...] = ()
    """Places with NaN or infinity (images, real_logits, fake_logits); signs that depend on them are null."""
    duplicates: float | None = None
    """Share of the generated images that equal an earlier image."""
    pairwise_distance_ratio: float | None = None
    """Mean pixel distance of two generated images, relative to that of two real images."""
    latent_sensitivity: float | None = None
    """Distance that an image moves with its latent."""
    d_accuracy_real: float | None = None
    """Accuracy of the discriminator on held-out real images; null for losses whose logits have no boundary."""
    d_accuracy_fake: float | None = None
    """Accuracy of the discriminator on images of the generator that it is trained against."""
    d_loss_real: float | None = None
    """Part of the discriminator's loss from held-out real images, without penalty and label smoothing; null for a loss
    of pairs."""
    d_loss_fake: float | None = None
    """Part of the discriminator's loss from generated images, as above."""
    jensen_shannon: float | None = None
    """Lower bound of the Jensen-Shannon divergence from these two losses, in nats; null for losses other than
    cross-entropies, and with label smoothing."""
    wasserstein: float | None = None
    """Mean output on held-out real images minus that on generated ones; null for losses other than wasserstein."""


class CoverageRecord(Record):
    """Share of the real images' variety that the generated ones reach, at the end of a trial."""

    value: float
    """Share of the real neighbourhoods that contain a generated image, in [0, 1]; higher is better."""
    expected: float
    """Mean value for a perfect generator with as many images."""
    k: int
    """A neighbourhood extends to the k-th nearest other real image, border included."""
    key: ScoreKey
    """Identity of the measurement: the features of the score, and as many generated as real images of `split`."""


class BestScore(Record):
    """The best evaluation of a completed training, with a new score of its generator on fresh latents."""

    cur_nimg: int
    """Images seen by this generator; this is the number of its snapshot."""
    score: float | None
    """The objective from fresh latents and as many images as at the end (lower is better); null if it or an image is
    not finite."""
    chosen_by: float
    """Score of the evaluation, the lowest of all comparable ones. It is biased towards low values."""


class EvaluationRecord(Record):
    """One line of metrics.jsonl: a trial's state at one number of images."""

    cur_nimg: int
    """Real images shown to the discriminator so far."""
    num_d_steps: int
    """Discriminator steps so far."""
    num_g_steps: int
    """Generator steps so far."""
    train_sec: float
    """Seconds spent in training steps so far, over all attempts."""
    evaluate_sec: float
    """Seconds spent in evaluations and writing so far, over all attempts."""
    device_sec: float | None = None
    """These seconds times the workers at the time; null in files of older versions."""
    num_workers: int | None = None
    """Workers that trained up to this evaluation; null in files of older versions."""
    score: float | None
    """The objective (lower is better); null if it or an image is not finite."""
    num_samples: int | None = None
    """Generated images in the score; null in files of older versions, where it is the objective's number."""
    early_score: float | None = None
    """Score from as many images as the scores before the end; null before the end, and if all scores of the trial are
    made from equally many images."""
    class_shares: tuple[float, ...] | None
    """Share of each class among the generated images, by the domain classifier's labels; null without classes or if
    the score is null."""
    losses: LossRecord | None
    """Means since the last evaluation or rollback; null if no step was made since then, as at 0 images."""
    signals: SignalsRecord | None = None
    """Signs of trouble; null in files of older versions."""
    rolled_back_to: int | None = None
    """Images seen by the state to which the training returned because the generator had collapsed here; null if the
    training went on."""
    coverage: CoverageRecord | None = None
    """Coverage of the generator that counts, at the end of a trial whose search has coverage as an objective; otherwise
    null, and null if an image is not finite."""
    ema_scores: dict[str, float | None] | None = None
    """Score of each further average of the generator, by its half-life in kimg such as `100`, at the end of a completed
    trial that keeps several; null before the end and in trials with one average."""
    best: BestScore | None = None
    """The best evaluation with its new score, at the end of a completed trial. Null before the end, if it is not asked
    for, if no evaluation has a score, and in files of older versions."""

    @property
    def seconds(self) -> float:
        """Seconds of training steps and evaluations so far."""
        return self.train_sec + self.evaluate_sec

    def device_sec_on(self, num_workers: int) -> float:
        """Return the device seconds so far; `num_workers` is the trial's number of workers, for older files."""
        return self.seconds * num_workers if self.device_sec is None else self.device_sec

    @property
    def curve_score(self) -> float | None:
        """The score that compares with the trial's other evaluations, since it is made from as many images. It never
        ranks a trial."""
        return self.score if self.early_score is None else self.early_score
