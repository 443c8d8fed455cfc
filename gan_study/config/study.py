"""The models of a study file: arms, budget, search, refinement, confirmation and resources."""

from typing import Annotated, Any, Literal, Self

from pydantic import Discriminator, Field, StringConstraints, Tag, WithJsonSchema, model_validator

from gan_study.config.base import Frozen
from gan_study.config.data import DatasetConfig, ObjectiveConfig
from gan_study.config.groups import FirstValue
from gan_study.config.hyperparameters import HyperparameterName, PartialHyperparameters
from gan_study.config.names import SearchObjectiveName, TrackerName
from gan_study.config.own.parts import CodeFile
from gan_study.config.population import PbtConfig
from gan_study.config.space import SearchSpace
from gan_study.config.training import DiagnosisConfig
from gan_study.config.values.intervals import default_interval
from gan_study.config.values.length import LENGTH_UNITS, Length

_PATHS: dict[str, Any] = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
"""A study file gives paths of code; what the files hold takes their place when it is read."""
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
"""A name that is also valid for a folder."""


class ArmConfig(PartialHyperparameters):
    """One of the competing ways of training a GAN."""

    first_trial: dict[HyperparameterName, FirstValue] = Field(default_factory=dict)
    """Values of searched hyperparameters in the arm's first trial, in place of the paper's."""
    search_space: SearchSpace = Field(default_factory=dict)
    """Ranges of this arm alone, by dotted name; they replace the study's ranges of the same name."""


class BudgetConfig(Frozen):
    """The budget of each arm. Stopped, diverged and failed trials count."""

    trials_per_arm: Annotated[int, Field(ge=1, le=1_000_000)]
    """Configurations tried for each arm, in each repeat of its search."""
    total_kimg: Annotated[float, Field(gt=0, le=1e9)] | None = None
    """Length of a full training: thousands of real images shown to the discriminator."""
    epochs: Annotated[float, Field(gt=0, le=1e9)] | None = None
    """Length of a full training in passes over the train part of the data set."""
    d_steps: Annotated[int, Field(ge=1, le=10**12)] | None = None
    """Length of a full training in discriminator steps."""
    g_steps: Annotated[int, Field(ge=1, le=10**12)] | None = None
    """Length of a full training in generator steps."""
    device_sec: Annotated[float, Field(gt=0, le=1e9)] | None = None
    """Length of a full training in seconds of its devices: training steps and evaluations, times workers_per_trial (a
    worker's device is its GPU, its share of one, or its CPU threads). Results then depend on the machine and on what
    else runs there, and are not reproducible bit for bit."""
    evaluate_every_kimg: Annotated[float, Field(gt=0, default_factory=default_interval)]
    """Thousands of images between two evaluations (each also writes a checkpoint). Default: an eighth of the length of
    the longest training within the ranges."""

    @model_validator(mode="after")
    def _one_length(self) -> Self:
        given = [name for name in LENGTH_UNITS if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(
                f"a budget must have one length out of {', '.join(LENGTH_UNITS)}, but got "
                f"{' and '.join(given) or 'none'}; {'keep one of them' if given else 'add one'}"
            )
        return self

    @property
    def length(self) -> Length:
        """The length of a full training."""
        return next(Length(unit, amount) for unit in LENGTH_UNITS if (amount := getattr(self, unit)) is not None)


class SearchConfig(Frozen):
    """The choice of configurations, and the rule by which trials are stopped early."""

    sampler: Literal["tpe", "random", "gp", "cmaes", "sobol"] = "tpe"
    """Optuna's sampler; each arm has its own. gp: Gaussian process; cmaes: evolution strategy; sobol: scrambled quasi
    random numbers. `gan_study plan` says which hyperparameters gp and cmaes draw at random."""
    startup_trials: Annotated[int, Field(ge=1)] | None = None
    """Trials that tpe, gp and cmaes draw at random before they learn; default: a third of trials_per_arm (cmaes: 1)."""
    scheduler: Literal["asha", "hyperband", "median", "pbt", "none"] = "asha"
    """asha: successive halving; a trial that is not among the arm's best at a rung is stopped. hyperband: the arm's
    trials in brackets, each with asha's rungs from a later one on. median: a trial is stopped once its best score is
    worse than the median of the arm's completed trials at as many images. pbt: population based training."""
    reduction_factor: Annotated[int, Field(ge=2)] | None = None
    """asha, hyperband: one in this many trials survives each rung; default: 3."""
    grace_kimg: Annotated[float, Field(gt=0)] | None = None
    """Images before which no trial is stopped; asha, hyperband: those of the first rung (later rungs: times
    reduction_factor each); default: evaluate_every_kimg."""
    pbt: PbtConfig | None = None
    """pbt: how its populations are compared and changed."""
    objectives: Annotated[tuple[SearchObjectiveName, ...], Field(min_length=1)] = ("score",)
    """Objectives of the search, score first: coverage (higher is better, measured at each trial's end) and device_sec
    (seconds of training and evaluation times workers) may follow. With several there is a Pareto front instead of one
    best, the scheduler must be none, and the best scores on the front are confirmed."""
    min_completed_trials: Annotated[int, Field(ge=1)] | None = None
    """median: completed trials of an arm before any is stopped; default: a third of trials_per_arm, from 2 to 5."""
    order: Literal["fixed", "free"] = "fixed"
    """fixed: which results a trial knows depends on its number alone (see lag), so that the same study draws, stops and
    confirms the same on any number of machines. free: a trial knows whatever has ended; nothing waits, and two runs of
    one study differ."""
    lag: Annotated[int, Field(ge=1)] | None = None
    """order fixed: trial i of an arm's search knows the results of its trials 0 to i - lag, and begins once these have
    ended. So at most this many search trials of an arm run at once. Default: an eighth of trials_per_arm, at least
    2."""
    first_trial: Literal["paper_defaults", "sampled"] = "paper_defaults"
    """Values of each arm's first trial: those of the papers, or sampled ones."""
    seed: Annotated[int, Field(ge=0)] = 0
    """Seed of the samplers and, with the trial's number, of each training."""
    repeats: Annotated[int, Field(ge=1, le=100)] = 1
    """Repeats of each arm's whole search, each with trials_per_arm trials and a new sampler with its own seed. Only
    repeats show how much of an adaptive search's result is luck."""


class RefineConfig(Frozen):
    """Further trials, after the search, in ranges narrowed around each arm's best trials."""

    trials_per_arm: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    """Trials of each arm, drawn by its sampler; 0 for none."""
    keep: Annotated[int, Field(ge=1)] = 3
    """Best search trials of an arm that span its narrowed ranges: from the lowest to the highest of their values (of
    the logarithms for log_uniform) with a tenth of the range on both sides, never beyond the range; of a choice, the
    values that occur among them."""


class UntilDecidedConfig(Frozen):
    """Further seeds in planned steps, until the arms can be told apart."""

    max_seeds: Annotated[int, Field(ge=1, le=1_000)]
    """Most fresh seeds of each configuration."""


class ConfirmConfig(Frozen):
    """Re-training of the best configurations with fresh seeds."""

    top_k: Annotated[int, Field(ge=0)] = 1
    """Best configurations of each arm that are re-trained; 0 for none."""
    seeds: Annotated[int, Field(ge=1, le=1_000)] = 5
    """Fresh seeds for each of them."""
    until_decided: UntilDecidedConfig | None = None
    """Further seeds: the arms are tested after `seeds` each, and after as many more again and again, until one wins or
    max_seeds are reached. Each test spends a part of the 5 %, so that all together keep that level. Default: none."""

    @model_validator(mode="after")
    def _has_a_first_look(self) -> Self:
        if self.until_decided is not None and self.until_decided.max_seeds < self.seeds:
            raise ValueError(
                f"until_decided begins with the seeds of confirm.seeds, but got max_seeds="
                f"{self.until_decided.max_seeds} with seeds={self.seeds}; raise max_seeds or lower seeds"
            )
        return self

    @property
    def looks(self) -> tuple[int, ...]:
        """Seeds of each configuration at which the arms are tested, in increasing order."""
        most = self.seeds if self.until_decided is None else self.until_decided.max_seeds
        return (*range(self.seeds, most, self.seeds), most)


class WorkerRange(Frozen):
    """Least and most processes of a trial whose number of processes follows the cluster."""

    min: Annotated[int, Field(ge=1)]
    """A trial waits until there is room for this many."""
    max: Annotated[int, Field(ge=2)]
    """A trial uses no more, however much room there is."""

    @model_validator(mode="after")
    def _is_ordered(self) -> Self:
        if self.min > self.max:
            raise ValueError(f"min must not exceed max, but got min={self.min} with max={self.max}; change one of them")
        return self


class ResourcesConfig(Frozen):
    """Resources of the trials; a study runs unchanged on a laptop and on a cluster."""

    workers_per_trial: Annotated[
        Annotated[int, Field(ge=1), Tag("number")] | Annotated[WorkerRange, Tag("range")],
        Discriminator(lambda value: "range" if isinstance(value, dict | WorkerRange) else "number"),
    ] = 1
    """Processes that share each trial's batches (DDP under Ray Train when more than one): a number, or {min: 1, max: 4}
    to use as many as the cluster has room for."""
    cpus_per_worker: Annotated[int, Field(ge=1)] = 1
    """CPU threads of each worker."""
    gpus_per_worker: Literal["auto"] | Annotated[float, Field(ge=0)] = "auto"
    """Share of a GPU of each worker, such as 0.25 for four trials on one GPU; auto: 1 if there are any, else 0."""
    trials_per_gpu: Literal["auto"] | Annotated[int, Field(ge=1)] = 1
    """Trials that one process trains at once, each in a thread of its own, with `cpus_per_worker` for each and one GPU,
    or none, for all. The process can fail for all of them, but a trial that fails, diverges or is stopped leaves the
    others alone. auto: 1, because no number has been measured on a GPU yet."""
    max_concurrent_trials: Literal["auto"] | Annotated[int, Field(ge=1)] = "auto"
    """Trials at once; auto: as many as the machine or cluster has room for, also when a cluster grows or shrinks.
    Where an autoscaler can start machines, more trials wait for them: as many as run, at first five, and at most as
    many as the largest cluster has room for. One waits if the autoscaler does not tell how far it goes."""
    max_retries: Annotated[int, Field(ge=0)] = 2
    """Most restarts of a trial whose process died, each from its checkpoint."""
    batch_statistics: Literal["per_rank", "synchronised"] = "per_rank"
    """Batch norm over each worker's part of the batch, or over the whole (synchronised needs GPUs)."""
    gpu_data_share: Annotated[float, Field(ge=0, le=1)] = 0.25
    """Largest share of a GPU's free memory that the training images may take; trials that share a GPU divide it. A
    larger data set stays in the memory of the machine, and follows batch by batch. The results are the same."""

    @property
    def min_workers(self) -> int:
        """Least processes of a trial."""
        return self.workers_per_trial.min if isinstance(self.workers_per_trial, WorkerRange) else self.workers_per_trial

    @property
    def max_workers(self) -> int:
        """Most processes of a trial."""
        return self.workers_per_trial.max if isinstance(self.workers_per_trial, WorkerRange) else self.workers_per_trial

    @property
    def trials_per_process(self) -> int:
        """Trials that one process trains at once."""
        return 1 if self.trials_per_gpu == "auto" else self.trials_per_gpu

    @property
    def needs_groups(self) -> bool:
        """True if Ray Train's groups of workers train the trials, instead of the processes of Ray Tune."""
        return self.max_workers > 1 or self.trials_per_process > 1

    @property
    def cpus_per_process(self) -> int:
        """CPUs of a worker, which are those of all trials that its process trains."""
        return self.cpus_per_worker * self.trials_per_process

    @property
    def unit_text(self) -> str:
        """In words, what must find room on the machines at once."""
        return "a trial" if self.trials_per_process == 1 else f"a process of {self.trials_per_process} trials"

    @property
    def workers_text(self) -> str:
        """The number of processes of a trial in words, such as 2 or 1 to 4."""
        low, high = self.min_workers, self.max_workers
        return str(high) if low == high else f"{low} to {high}"


class StudyConfig(Frozen):
    """A whole study file."""

    name: Name
    """Name of the study, and of its run folder."""
    description: str = ""
    """Subject and purpose of the comparison, printed at the top of the report."""
    dataset: DatasetConfig
    """The images that every arm learns."""
    objective: ObjectiveConfig = ObjectiveConfig()
    """The score of generators."""
    budget: BudgetConfig
    """The budget of each arm."""
    arms: Annotated[dict[Name, ArmConfig], Field(min_length=1)]
    """The arms that compete, by name."""
    code: Annotated[tuple[CodeFile, ...], WithJsonSchema(_PATHS)] = ()
    """Own parts: a Python file beside the study, or a list of files. A part is named by `<file>.py:<name>`, or by its
    name alone where a file is listed here."""
    defaults: PartialHyperparameters = PartialHyperparameters()
    """Values for every arm that does not set its own."""
    search_space: SearchSpace = Field(default_factory=dict)
    """Ranges searched in every arm, by dotted name such as g_lr or network.width."""
    search: SearchConfig = SearchConfig()
    """The choice of configurations."""
    refine: RefineConfig = RefineConfig()
    """Further trials around the best ones, before the confirmation."""
    confirm: ConfirmConfig = ConfirmConfig()
    """Re-training of the best configurations."""
    resources: ResourcesConfig = ResourcesConfig()
    """Machines and processes of the trials."""
    diagnosis: DiagnosisConfig = DiagnosisConfig()
    """Checks besides the score, for signs of collapse and the like."""
    trackers: tuple[TrackerName, ...] = ()
    """Experiment trackers that log every evaluation: a list of tensorboard, mlflow and wandb. Their files are in
    <run folder>/trackers."""

    @property
    def search_trials_per_arm(self) -> int:
        """Search trials of each arm, over all repeats of its search."""
        return self.budget.trials_per_arm * self.search.repeats

    @model_validator(mode="before")
    @classmethod
    def _drop_schema_hint(cls, data: Any) -> Any:
        # "$schema" in a JSON or YAML study file is for editors.
        return {k: v for k, v in data.items() if k != "$schema"} if isinstance(data, dict) else data
