"""The models of a trial's config.json: one training with every value resolved, and the trial around it."""

from typing import Annotated, Any, Final, Literal, Self, get_args

from pydantic import (
    AfterValidator,
    Field,
    PositiveFloat,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from gan_study.config.base import Frozen, Scalar
from gan_study.config.data import DatasetConfig, ObjectiveConfig
from gan_study.config.hyperparameters import Hyperparameters
from gan_study.config.own.named import collect_own_values
from gan_study.config.own.parts import CodeFile, is_own, own_parameters
from gan_study.config.paper_defaults import default_discriminator_norm, paper_defaults
from gan_study.config.rules.combinations import combination_problems
from gan_study.config.thresholds import Thresholds
from gan_study.config.values.betas import betas_text, pair_to_text, parse_betas
from gan_study.config.values.intervals import default_interval
from gan_study.config.values.joined_names import names_to_text
from gan_study.config.values.schedule import Schedule, require_ascending

SCHEMA_VERSION: Final = 1
"""Version of every file in a run folder; raised when a reader must treat older files differently."""

Phase = Literal["search", "refine", "confirm"]
"""Phases of a study, in their order; each trial belongs to one."""
PHASES: Final[tuple[Phase, ...]] = get_args(Phase)


class TrainingConfig(Hyperparameters):
    """All settings that a training's result depends on. Missing hyperparameters take the paper's defaults."""

    dataset: DatasetConfig
    """The images."""
    total_kimg: Annotated[float, Field(gt=0)] = 60.0
    """Length of the training: thousands of real images shown to the discriminator. With device_sec it is only an
    estimate, and does not end the training."""
    device_sec: PositiveFloat | None = None
    """Length of the training in seconds of its devices, in place of total_kimg: the seconds of training steps and
    evaluations on rank 0's clock, over all attempts, times the number of workers (each has one device: a GPU, its
    share of one, or its CPU threads). The training ends after the step in which they run out, or on a GPU after at
    most a hundred more; the evaluation that follows is extra. The number of images depends on the machine, so results
    are not reproducible bit for bit."""
    schedule: Annotated[Schedule, AfterValidator(require_ascending)] = ()
    """Later values of g_lr, d_lr, beta1 and beta2, each from a number of images on; the fields of these names hold
    until the first entry. The scheduler pbt writes schedules."""
    evaluate_every_kimg: Annotated[float, Field(gt=0, default_factory=default_interval)]
    """Thousands of images between two evaluations; the first is at 0, the last at the end. Default: an eighth of
    total_kimg."""
    objective: ObjectiveConfig = ObjectiveConfig()
    """The score of the generator."""
    seed: Annotated[int, Field(ge=0)] = 0
    """Seed of the weights, the order of the images and every latent."""
    code: tuple[CodeFile, ...] = ()
    """The files with the own parts that the training uses; the run folder holds them in its folder `code`."""

    @field_validator("network", mode="before")
    @classmethod
    def _named_network(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value

    @model_validator(mode="before")
    @classmethod
    def _fill_defaults(cls, data: Any) -> Any:
        data = collect_own_values(data)
        if not isinstance(data, dict):
            return data
        loss, penalty = str(data.get("loss")), str(names_to_text(data.get("penalty", "none")))
        if "lr" in data:
            data = {"g_lr": data["lr"], "d_lr": data["lr"], **{k: v for k, v in data.items() if k != "lr"}}
        if "lr_schedule" in data:
            schedules = dict.fromkeys(("g_lr_schedule", "d_lr_schedule"), data["lr_schedule"])
            data = {**schedules, **{k: v for k, v in data.items() if k != "lr_schedule"}}
        if isinstance(data.get("betas"), list | tuple | str | dict):
            beta1, beta2 = parse_betas(pair_to_text(data["betas"]))
            data = {"beta1": beta1, "beta2": beta2, **{k: v for k, v in data.items() if k != "betas"}}
        filled = {**paper_defaults(loss, penalty), **{k: v for k, v in data.items() if v is not None}}
        for both in ("lr", "betas"):
            filled.pop(both, None)
        network = filled.get("network")
        network = {"name": network} if isinstance(network, str) else network
        if code := filled.get("code"):
            named = {"loss": loss, "penalty": penalty, "network.name": (network or {}).get("name", "")}
            named["augment"] = names_to_text(filled.get("augment"))
            files = [CodeFile.model_validate(file) for file in code]
            defaults = {name: parameter.default for name, parameter in own_parameters(files, named)}
            filled["own"] = {**defaults, **(filled.get("own") or {})}
        if isinstance(network, dict) and "discriminator_norm" not in network and not is_own(network.get("name")):
            spectral, conditional = network.get("spectral_norm") is True, str(filled.get("conditional"))
            norm = default_discriminator_norm(penalty, str(network.get("name")), spectral, conditional)
            filled["network"] = {**network, "discriminator_norm": norm}
        return filled

    @property
    def num_inputs(self) -> int:
        """Length of the generator's input: the latent vector, and one more number that decides a conditional GAN's
        class."""
        return self.z_dim + (self.conditional != "none")

    @property
    def num_stacks(self) -> int:
        """Stacks of `pac` images in a batch, each of which the discriminator judges as one."""
        return self.batch_size // self.pac

    @property
    def lr(self) -> float | None:
        """The learning rate of both networks; None if each has its own. As an input, `lr` sets `g_lr` and `d_lr`."""
        return self.g_lr if self.g_lr == self.d_lr else None

    @property
    def lr_schedule(self) -> str | None:
        """The schedule of both learning rates; None if each has its own. As an input, it sets both."""
        return self.g_lr_schedule if self.g_lr_schedule == self.d_lr_schedule else None

    @property
    def betas(self) -> str:
        """Both of Adam's decay rates, such as `[0.5, 0.999]`. As an input, `betas` sets `beta1` and `beta2`."""
        return betas_text(self.beta1, self.beta2)

    @model_validator(mode="after")
    def _combinable(self) -> Self:
        problems = combination_problems(self, self.dataset, self.objective, self.code)
        if self.device_sec is None and self.evaluate_every_kimg > self.total_kimg:
            problems["evaluate_every_kimg"] = (
                f"evaluate_every_kimg must not exceed total_kimg, but got {self.evaluate_every_kimg:g} "
                f"with total_kimg={self.total_kimg:g}; evaluate more often or train longer"
            )
        for name in ("g_lr_schedule", "d_lr_schedule"):
            if self.device_sec is not None and getattr(self, name) != "constant":
                problems[name] = (
                    "a schedule needs a training whose number of images is known, but got "
                    f"{name}={getattr(self, name)} with device_sec={self.device_sec:g}; give the length in images or "
                    "steps, or leave the schedule out"
                )
        if problems:
            # The context lets the study's reader place each problem at its own line.
            raise PydanticCustomError(
                "combination", "{text}", {"text": "; ".join(problems.values()), "problems": problems}
            )
        return self


class WorkersConfig(Frozen):
    """Processes and devices of one trial."""

    num_workers: Annotated[int, Field(ge=1)] = 1
    """Processes that share each batch; the most of them where `min_workers` is given."""
    min_workers: Annotated[int, Field(ge=1)] | None = None
    """Least processes of a trial whose number of processes follows the cluster; null if the number is fixed."""
    cpus_per_worker: Annotated[int, Field(ge=1)] = 1
    """CPU threads of each process."""
    gpus_per_worker: Annotated[float, Field(ge=0)] = 0.0
    """Share of a GPU of each process, or of the trial if its process trains several; below 1, trials share one."""
    batch_statistics: Literal["per_rank", "synchronised"] = "per_rank"
    """Batch norm over each worker's part of the batch, or over the whole (synchronised needs GPUs)."""
    gpu_data_share: Annotated[float, Field(ge=0, le=1)] = 0.25
    """Largest share of a GPU's free memory that the training images may take; a larger data set stays in the memory of
    the machine, and follows batch by batch."""


class DiagnosisConfig(Frozen):
    """Checks besides the score, and the reaction to their results."""

    at_end: Literal["confirmed", "all", "none"] = "confirmed"
    """Completed trials whose images are measured at their end: the confirmed ones, all, or none."""
    num_samples: Annotated[int, Field(ge=40)] = 2000
    """Images measured at the end, but no more than there are training images, or half the held-out ones."""
    on_collapse: Literal["record", "stop", "rollback"] = "record"
    """Reaction when the evaluations of a training show a total collapse or images that are not finite. record: only
    note it. stop: end the training, which saves the rest of its budget; the search counts it like a diverged one.
    rollback: restore networks and optimizers as they were at the last evaluation without a sign of collapse, and train
    on from there, with images and latents that have not been drawn before and with both learning rates times
    `rollback_lr_factor`. A rollback also follows a loss or gradient that is not finite, which otherwise ends a
    training. Images seen still count: the budget is not refunded. After `max_rollbacks`, rollback acts like stop. A
    generator that has not begun to learn has not collapsed: it trains on, and its score counts."""
    max_rollbacks: Annotated[int, Field(ge=1, le=100)] = 2
    """on_collapse: rollback: most rollbacks in one training."""
    rollback_lr_factor: Annotated[float, Field(gt=0, le=1)] = 0.5
    """on_collapse: rollback: factor of both learning rates at each rollback; 1 leaves them as they are."""
    thresholds: Thresholds = Thresholds()
    """Limits beyond which a measure is a sign of trouble."""


class TrialConfig(Frozen):
    """The config.json of a trial: its identity, its training and its resources. `gan_study train` reads it."""

    schema_version: Literal[1] = SCHEMA_VERSION
    """Version of this file's layout."""
    study: str = "train"
    """Name of the study."""
    arm: str = "train"
    """Name of the arm."""
    name: str = "trial"
    """Name of the trial, and of its folder."""
    phase: Phase = "search"
    """search: a sampled configuration; refine: one sampled around the best; confirm: one of these trained again with a
    fresh seed."""
    index: Annotated[int, Field(ge=0)] = 0
    """search: number within the arm's search, or within one repeat of it; confirm: running number within the arm."""
    repeat: Annotated[int, Field(ge=0)] = 0
    """Number of the repeat of the arm's search that the trial (or, for confirm, its source) belongs to."""
    source: str | None = None
    """confirm: the search or refine trial whose configuration this is."""
    searched: dict[str, Scalar] = Field(default_factory=dict)
    """The sampled hyperparameters by dotted name."""
    training: TrainingConfig
    """The training."""
    workers: WorkersConfig = WorkersConfig()
    """Processes and devices of the trial."""
    diagnosis: DiagnosisConfig = DiagnosisConfig()
    """Checks besides the score, and the reaction to their results."""
    measure_coverage: bool = False
    """Measure coverage at the end, which the search needs if coverage is one of its objectives."""

    @property
    def rescores_best(self) -> bool:
        """True if the best evaluation's generator is scored again at the end: it counts, or the report shows it."""
        return self.training.objective.at == "best" or self.phase == "confirm"

    @model_validator(mode="after")
    def _batch_divides(self) -> Self:
        if self.workers.min_workers is None and self.training.batch_size % self.workers.num_workers:
            raise ValueError(
                f"the batch must divide among the workers, but got batch_size={self.training.batch_size} "
                f"with num_workers={self.workers.num_workers}; change one of them"
            )
        return self
