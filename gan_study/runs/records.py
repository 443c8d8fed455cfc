"""The records of a run folder: what a trial measured, how it ended, what the study's objective is.

A value that does not exist is null beside a state, never a magic number.
"""

from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict

from gan_study.config.extractors import FID_DIMS, FID_EXTRACTOR
from gan_study.config.training import SCHEMA_VERSION as SCHEMA_VERSION
from gan_study.runs.secrets import PublicText

OFFICIAL_INCEPTION_HASH = "6726825d"
"""First 8 hex digits of the SHA-256 of pt_inception-2015-12-05-6726825d.pth, the weights of published FIDs."""


class Record(BaseModel):
    """A frozen record whose JSON form is the file format."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class ScoreKey(Record):
    """What a score is. Scores compare only if every field is equal."""

    metric: str
    """Such as frechet_distance."""
    extractor: str
    """The network that made the features, such as domain_classifier."""
    weights_hash: str
    """First 8 hex digits of the SHA-256 of its weights."""
    layer: str
    """Which of its layers."""
    dims: int
    """Length of a feature vector."""
    num_generated: int
    """Generated images scored."""
    num_real: int
    """Real images in the reference."""
    split: str
    """The part of the data set that is the reference, such as all."""
    preprocessing: str
    """How images were brought to the extractor."""
    dataset: str
    """The data set and its content, such as digits-16px-1a2b3c4d."""
    precision: str = "float32"
    """Of the extractor's arithmetic: float32 or bfloat16."""

    @property
    def is_published_fid(self) -> bool:
        """Whether the score may be called FID and compared with published ones."""
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
    """objective/objective.json: what all trials of the study are scored with, made once before they start."""

    schema_version: Literal[1] = SCHEMA_VERSION
    key: ScoreKey
    """What the scores are."""
    floor: float
    """Expected score of as many fresh real images against the reference: no generator can be expected below."""
    early_num_samples: int | None = None
    """Generated images of scores before a training's end; null if as many as at the end."""
    early_floor: float | None = None
    """The floor with so many images; null without them."""
    untrained_score: float
    """Score of an untrained generator (the first arm's network)."""
    failure_score: float
    """What the searcher is told of a diverged trial, and the most it is told of any: twice the untrained score."""
    num_train_images: int
    """Images that a generator learns from."""
    data_warnings: tuple[str, ...] = ()
    """What a reader should know of the data set's files, such as corrupt ones that were left out."""
    extractor_accuracy: float | None
    """Share of held-out real images that the domain classifier names rightly; null for other extractors."""
    reconstruction_error: float | None = None
    """Share of the held-out real images' variance that the autoencoder loses; null for other extractors, and where the
    images have no variance."""
    class_names: tuple[str, ...] | None
    """Names of the classes, in the order of `class_shares`; null if the extractor knows none."""
    real_class_shares: tuple[float, ...] | None
    """Share of each class in the reference, as the classifier sees it; null if the extractor knows none."""

    def num_samples(self, evaluation: "EvaluationRecord") -> int:
        """Generated images that an evaluation's score and class shares are made from."""
        return self.key.num_generated if evaluation.num_samples is None else evaluation.num_samples

    def is_full(self, evaluation: "EvaluationRecord") -> bool:
        """Whether an evaluation's score is made from all the images that make a score rank."""
        return self.num_samples(evaluation) == self.key.num_generated


class LossRecord(Record):
    """Means over the steps since the evaluation before; null at 0 images. One is null where a step's is not finite."""

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
    """Norm of the gradient that reaches one generated image, as if the loss were that image's alone."""


class SignalsRecord(Record):
    """Cheap signs of trouble at one evaluation, from some hundred images; null where a sign does not exist."""

    non_finite: tuple[str, ...] = ()
    """What held NaN or infinity (images, real_logits, fake_logits); what depends on it is null."""
    duplicates: float | None = None
    """Share of the generated images that equal an earlier one."""
    pairwise_distance_ratio: float | None = None
    """Mean distance of two generated images over that of two real ones, in pixels."""
    latent_sensitivity: float | None = None
    """How far an image moves with its latent."""
    d_accuracy_real: float | None = None
    """Discriminator's accuracy on held-out real images; null for losses whose logits have no boundary."""
    d_accuracy_fake: float | None = None
    """The same on images of the generator that it plays against."""
    d_loss_real: float | None = None
    """What held-out real images add to the discriminator's loss, without penalty and label smoothing; null for a loss
    that looks at pairs."""
    d_loss_fake: float | None = None
    """What generated images add to it."""
    jensen_shannon: float | None = None
    """Divergence that these two losses prove, in nats; null for losses other than the cross-entropies, and with label
    smoothing."""
    wasserstein: float | None = None
    """Mean output on held-out real images less that on generated ones; null for losses other than wasserstein."""


class CoverageRecord(Record):
    """How much of the real images' variety the generated ones reach, at the end of a trial."""

    value: float
    """Share of the real neighbourhoods that hold a generated image, in [0, 1]; higher is better."""
    expected: float
    """What a perfect generator has on average with as many images."""
    k: int
    """A neighbourhood reaches to a real image's k-th nearest other one, border included."""
    key: ScoreKey
    """What it was measured with: the features of the score, as many generated as real images of `split`."""


class BestScore(Record):
    """The best evaluation of a completed training, its generator scored anew on latents that no evaluation has seen."""

    cur_nimg: int
    """Images that this generator had seen: the number of its snapshot."""
    score: float | None
    """The objective of as many images as at the end, from fresh latents (lower is better); null if it or an image is
    not finite."""
    chosen_by: float
    """The score of the evaluation, the lowest of all that compare, which flatters it."""


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
    score: float | None
    """The objective (lower is better); null if it or an image is not finite."""
    num_samples: int | None = None
    """Generated images that the score is made from; null in a file of a version without it: the objective's number."""
    early_score: float | None = None
    """The score of the fewer images that scores before the end are made from; null before the end, and where all
    scores of the trial are made from equal numbers."""
    class_shares: tuple[float, ...] | None
    """Share of each class among the generated images, as the domain classifier sees them; null like the score."""
    losses: LossRecord | None
    """Means since the last evaluation or rollback; null where no step was made since, as at 0 images."""
    signals: SignalsRecord | None = None
    """What the diagnosis saw; null in a file of a version without it."""
    rolled_back_to: int | None = None
    """What was evaluated here had collapsed, and was given up for the state at so many images; null if it was kept."""
    coverage: CoverageRecord | None = None
    """Measured at a trial's end where it is an objective of the search, of the generator that counts; null elsewhere
    and for images that are not finite."""
    best: BestScore | None = None
    """At a completed trial's end: its best evaluation, scored anew; null before the end, where that is not asked for,
    where no evaluation has a score, and in a file of a version without it."""

    @property
    def curve_score(self) -> float | None:
        """The score that compares with the trial's other evaluations: of as many images. It never ranks a trial."""
        return self.score if self.early_score is None else self.early_score


class TrialState(StrEnum):
    """Where a trial stands."""

    RUNNING = "running"
    COMPLETED = "completed"
    STOPPED = "stopped"
    """Given up by the scheduler, or ended by itself because its generator had collapsed."""
    DIVERGED = "diverged"
    """A loss or a gradient became non-finite."""
    FAILED = "failed"
    """Its process died or raised an error, also after the retries."""

    @property
    def is_final(self) -> bool:
        """Whether nothing more will happen to the trial."""
        return self is not TrialState.RUNNING


LOST_PROCESS = "its process "
"""How the reason of a failed trial begins whose process died or ended, rather than raise an error."""


class RollbackRecord(Record):
    """One return of a training to an earlier state, see `on_collapse: rollback`."""

    cur_nimg: int
    """Images seen by then; those after it count on from here."""
    to_nimg: int
    """Images that the state had seen which it went back to: the last evaluation without a sign of collapse."""
    reason: str
    """What was wrong, for a reader."""


EndPart = Literal["diagnosis", "interpolation", "final_scores"]
"""What may be done after the last step of a completed trial, in this order. It changes nothing of the training."""


class TrialStatus(Record):
    """status.json of a trial."""

    schema_version: Literal[1] = SCHEMA_VERSION
    state: TrialState
    reason: PublicText | None = None
    """Why it is not completed, for a reader."""
    collapsed: bool = False
    """Whether it was stopped because its generator had collapsed."""
    rollbacks: tuple[RollbackRecord, ...] = ()
    """Where the training went back to an earlier state, in their order."""
    cur_nimg: int = 0
    """Images seen when this was written."""
    is_paused: bool = False
    """Whether it waits for the rest of its population, with a checkpoint."""
    seconds: float | None = None
    """Seconds of training and evaluation when the loop ended it, over all attempts; null while it runs, where the
    study ended it, and in a file of a version without it."""
    end_failures: dict[EndPart, str] = {}
    """Why a part of the end work of a completed trial is missing; it is tried again when the study is gone on with."""
    end_not_finite: tuple[EndPart, ...] = ()
    """Parts of the end work that have no result, because a generated image is not finite."""
    num_restarts: int = 0
    """How often it was started again, from its checkpoint, after its process or the study had died."""
    pid: int | None = None
    """Process of rank 0 while it runs."""
    host: str | None = None
    """Name of the machine that process runs on."""
    start_time: float | None = None
    """Unix time at which its first attempt began."""
    end_time: float | None = None
    """Unix time at which it ended."""


class HeardRecord(Record):
    """heard.json of a trial that rungs compare with others: which of its evaluations the study has answered."""

    schema_version: Literal[1] = SCHEMA_VERSION
    order: dict[int, int] = {}
    """By images seen, the running number of the evaluation among all that the study has heard of, counted from 0."""


class StudyStatus(Record):
    """study_status.json: where the whole study stands."""

    schema_version: Literal[1] = SCHEMA_VERSION
    state: Literal["running", "interrupted", "completed", "failed"]
    start_time: float
    """Unix time at which the first attempt began."""
    elapsed_sec: float = 0.0
    """Seconds of all attempts together."""
    num_concurrent_trials: int = 1
    """Trials at once."""
    pid: int | None = None
    """Process of the command while it runs."""
    host: str | None = None
    """Name of the machine that process runs on."""
