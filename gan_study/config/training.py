"""One training, fully resolved: everything that decides what a trial computes."""

from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt, field_validator, model_validator
from pydantic_core import PydanticCustomError

from gan_study.config.base import Frozen, Scalar
from gan_study.config.names import (
    LABELLED_DATASETS,
    NETWORK_IMAGE_SIZES,
    WEIGHTED_PENALTIES,
    DatasetName,
    LossName,
    NetworkName,
    PenaltyName,
)

SCHEMA_VERSION: Final = 1
"""Version of every file in a run folder; raised when a reader must treat older files differently."""

DecayRate = Annotated[float, Field(ge=0, lt=1)]
BatchSize = Annotated[int, Field(ge=2)]
StepRatio = Annotated[int, Field(ge=1, le=100)]
Width = Annotated[int, Field(ge=1, le=2048)]
DiscriminatorNorm = Literal["batch", "none"]


class DatasetConfig(Frozen):
    """Which images are learned."""

    name: DatasetName
    """A data set by name."""
    image_size: Annotated[int, Field(ge=8, le=128)] = 16
    """Height and width in pixels that every image is brought to."""


class NetworkConfig(Frozen):
    """The shape of the generator and the discriminator."""

    name: NetworkName
    """dcgan (strided convolutions) or mlp (stacked fully connected layers)."""
    width: Width = 64
    """dcgan: channels of the layer next to the image; mlp: units of the hidden layers."""
    discriminator_norm: DiscriminatorNorm = "batch"
    """Normalisation in the discriminator. Default: none with wgan_gp (its penalty is per image, WGAN-GP
    paper section 4) and in the mlp, batch otherwise."""


class ObjectiveConfig(Frozen):
    """How a generator is scored; lower is better."""

    metric: Literal["frechet_distance"] = "frechet_distance"
    """Frechet distance between the features of generated and real images."""
    extractor: Literal["domain_classifier"] = "domain_classifier"
    """The network that turns images into features: a small classifier trained on the data set's labels."""
    num_samples: Annotated[int, Field(ge=100, le=100_000)] = 5000
    """Generated images per score."""


# Adam's settings and the update ratio that each loss was published with. least_squares, wasserstein with
# weight clipping: Lucic et al. 2018, the authors' defaults (compare_gan v1 params.py), where WGAN's RMSProp
# is replaced by Adam; wgan_gp: Gulrajani et al. 2017, algorithm 1; non_saturating: Radford et al. 2015
# (DCGAN), section 4. Lucic et al. leave Adam's beta2 at 0.999.
_PAPER_DEFAULTS: dict[tuple[str, str | None], dict[str, Scalar]] = {
    ("least_squares", None): {"g_lr": 2e-4, "d_lr": 2e-4, "beta1": 0.5, "beta2": 0.999, "d_steps_per_g_step": 1},
    ("non_saturating", None): {"g_lr": 2e-4, "d_lr": 2e-4, "beta1": 0.5, "beta2": 0.999, "d_steps_per_g_step": 1},
    ("wasserstein", None): {"g_lr": 5e-5, "d_lr": 5e-5, "beta1": 0.5, "beta2": 0.999, "d_steps_per_g_step": 5},
    ("wasserstein", "wgan_gp"): {"g_lr": 1e-4, "d_lr": 1e-4, "beta1": 0.0, "beta2": 0.9, "d_steps_per_g_step": 5},
}
_PENALTY_DEFAULTS: dict[str, dict[str, Scalar]] = {
    "wgan_gp": {"penalty_weight": 10.0},  # Gulrajani et al. 2017, algorithm 1
    "weight_clip": {"clip_value": 0.01},  # Arjovsky et al. 2017, algorithm 1
}


def paper_defaults(loss: str, penalty: str) -> dict[str, Scalar]:
    """The hyperparameters a loss with a penalty was published with, by dotted name (sources above)."""
    defaults = _PAPER_DEFAULTS.get((loss, penalty)) or _PAPER_DEFAULTS.get((loss, None), {})
    return {**defaults, **_PENALTY_DEFAULTS.get(penalty, {})}


class TrainingConfig(Frozen):
    """Everything that decides what one training computes. Missing hyperparameters take the paper's defaults."""

    dataset: DatasetConfig
    """The images."""
    network: NetworkConfig
    """Generator and discriminator; a bare name stands for its defaults."""
    loss: LossName
    """The two players' objective."""
    penalty: PenaltyName = "none"
    """What keeps the discriminator smooth."""
    penalty_weight: PositiveFloat | None = None
    """Factor of the penalty in the discriminator's loss (lambda in the papers)."""
    clip_value: PositiveFloat | None = None
    """Bound of every discriminator weight under weight_clip (c in the WGAN paper)."""
    batch_size: BatchSize = 64
    """Images per step, over all workers together."""
    g_lr: PositiveFloat
    """The generator's Adam learning rate."""
    d_lr: PositiveFloat
    """The discriminator's Adam learning rate."""
    beta1: DecayRate
    """Adam's first decay rate, for both networks."""
    beta2: DecayRate
    """Adam's second decay rate, for both networks."""
    d_steps_per_g_step: StepRatio = 1
    """Discriminator steps for every generator step (n_critic in the WGAN paper)."""
    z_dim: PositiveInt = 64
    """Length of the latent vector, drawn from N(0, 1)."""
    ema_half_life_kimg: NonNegativeFloat = 10.0
    """Half-life of the averaged generator's weights in thousands of images, at most a twentieth of the
    images seen so far; 0 means no averaging."""
    total_kimg: Annotated[float, Field(gt=0)] = 60.0
    """Length of the training: thousands of real images shown to the discriminator."""
    evaluate_every_kimg: Annotated[float, Field(gt=0)] = 10.0
    """Thousands of images between two evaluations; the first is at 0, the last at the end."""
    objective: ObjectiveConfig = ObjectiveConfig()
    """How the generator is scored."""
    seed: Annotated[int, Field(ge=0)] = 0
    """Seed of the weights, the order of the images and every latent."""
    precision: Literal["float32", "float64"] = "float32"
    """Arithmetic of the networks; float64 is for checks of exactness."""

    @field_validator("network", mode="before")
    @classmethod
    def _named_network(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value

    @model_validator(mode="before")
    @classmethod
    def _fill_defaults(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        loss, penalty = str(data.get("loss")), str(data.get("penalty", "none"))
        filled = {**paper_defaults(loss, penalty), **{k: v for k, v in data.items() if v is not None}}
        network = filled.get("network")
        network = {"name": network} if isinstance(network, str) else network
        if isinstance(network, dict) and "discriminator_norm" not in network:
            plain = penalty == "wgan_gp" or network.get("name") == "mlp"
            filled["network"] = {**network, "discriminator_norm": "none" if plain else "batch"}
        return filled

    @model_validator(mode="after")
    def _combinable(self) -> Self:
        problems = combination_problems(self)
        if problems:
            # The context lets the study's reader place each problem at its own line.
            raise PydanticCustomError(
                "combination", "{text}", {"text": "; ".join(problems.values()), "problems": problems}
            )
        return self


def combination_problems(training: TrainingConfig) -> dict[str, str]:
    """Every reason why the parts of a training do not fit together, by the name of what is out of place."""
    problems = {}
    sizes = NETWORK_IMAGE_SIZES[training.network.name]
    if sizes is not None and training.dataset.image_size not in sizes:
        problems["dataset.image_size"] = (
            f"network {training.network.name} is built for images of {', '.join(map(str, sizes))} pixels, "
            f"but got image_size={training.dataset.image_size}; choose one of these sizes or network mlp"
        )
    if training.penalty_weight is not None and training.penalty not in WEIGHTED_PENALTIES:
        problems["penalty_weight"] = (
            f"penalty_weight belongs to {', '.join(WEIGHTED_PENALTIES)}, but got penalty={training.penalty} "
            f"with penalty_weight={training.penalty_weight:g}; remove it or choose such a penalty"
        )
    if training.clip_value is not None and training.penalty != "weight_clip":
        problems["clip_value"] = (
            f"clip_value belongs to weight_clip, but got penalty={training.penalty} "
            f"with clip_value={training.clip_value:g}; remove it or set penalty: weight_clip"
        )
    if training.objective.extractor == "domain_classifier" and training.dataset.name not in LABELLED_DATASETS:
        problems["dataset.name"] = (
            f"the domain classifier needs labels, but got dataset={training.dataset.name}; "
            f"choose one of {', '.join(LABELLED_DATASETS)}"
        )
    if training.evaluate_every_kimg > training.total_kimg:
        problems["evaluate_every_kimg"] = (
            f"evaluate_every_kimg must not exceed total_kimg, but got {training.evaluate_every_kimg:g} "
            f"with total_kimg={training.total_kimg:g}; evaluate more often or train longer"
        )
    return problems


class WorkersConfig(Frozen):
    """What one trial runs on."""

    num_workers: Annotated[int, Field(ge=1)] = 1
    """Processes that share each batch."""
    cpus_per_worker: Annotated[int, Field(ge=1)] = 1
    """CPU threads of each process."""
    gpus_per_worker: Annotated[float, Field(ge=0)] = 0.0
    """Share of a GPU of each process; below 1, several trials share one."""
    batch_statistics: Literal["per_rank", "synchronised"] = "per_rank"
    """Whether batch norm sees each worker's part of the batch or the whole (synchronised needs GPUs)."""


class TrialConfig(Frozen):
    """The file config.json of a trial: who it is, what it trains and on what. `gan_study train` takes it."""

    schema_version: Literal[1] = SCHEMA_VERSION
    """Version of this file's layout."""
    study: str = "train"
    """Name of the study."""
    arm: str = "train"
    """Name of the arm."""
    name: str = "trial"
    """Name of the trial, and of its folder."""
    phase: Literal["search", "confirm"] = "search"
    """search: a sampled configuration; confirm: a re-training of a found one with a fresh seed."""
    index: Annotated[int, Field(ge=0)] = 0
    """Running number within arm and phase."""
    source: str | None = None
    """confirm: the search trial whose configuration this is."""
    searched: dict[str, Scalar] = Field(default_factory=dict)
    """The sampled hyperparameters by dotted name."""
    training: TrainingConfig
    """What is computed."""
    workers: WorkersConfig = WorkersConfig()
    """What it runs on."""

    @model_validator(mode="after")
    def _batch_divides(self) -> Self:
        if self.training.batch_size % self.workers.num_workers:
            raise ValueError(
                f"the batch must divide among the workers, but got batch_size={self.training.batch_size} "
                f"with num_workers={self.workers.num_workers}; change one of them"
            )
        return self
