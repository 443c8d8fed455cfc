"""From a study to the trainings of its arms: which ranges an arm searches, and what one sample means."""

from typing import Any

from gan_study.config.base import Scalar
from gan_study.config.space import SearchRange, nearest
from gan_study.config.study import StudyConfig
from gan_study.config.training import TrainingConfig, TrialConfig, WorkersConfig, paper_defaults

CONFIRM_SEED_OFFSET = 100_000
"""Confirm trials count their seeds from here, so that no search trial has used them."""


def arm_search_space(study: StudyConfig, arm: str) -> dict[str, SearchRange]:
    """The ranges one arm searches: the study's, less what the arm fixes, with the arm's own instead."""
    fixed = study.arms[arm].dotted()
    shared = [(name, r) for name, r in study.search_space.items() if name not in fixed]
    return dict([*shared, *study.arms[arm].search_space.items()])


def fixed_values(study: StudyConfig, arm: str) -> dict[str, Scalar]:
    """The dotted hyperparameters of an arm that are not searched: the study's defaults, then the arm's own."""
    return {**study.defaults.dotted(), **study.arms[arm].dotted()}


def training_values(study: StudyConfig, arm: str, searched: dict[str, Scalar], seed: int) -> dict[str, Any]:
    """The nested values from which `TrainingConfig` validates one training of an arm."""
    arm_config = study.arms[arm]
    values: dict[str, Any] = {
        "dataset": study.dataset.model_dump(),
        "objective": study.objective.model_dump(),
        "loss": arm_config.loss,
        "penalty": arm_config.penalty,
        "total_kimg": study.budget.total_kimg,
        "evaluate_every_kimg": study.budget.evaluate_every_kimg,
        "seed": seed,
        "network": {},
    }
    for name, value in {**fixed_values(study, arm), **searched}.items():
        *parents, leaf = name.split(".")
        target = values
        for parent in parents:
            target = target.setdefault(parent, {})
        target[leaf] = value
    return values


def resolve_training(study: StudyConfig, arm: str, searched: dict[str, Scalar], seed: int) -> TrainingConfig:
    """One training of an arm with these searched values. Raises pydantic's ValidationError if they do not fit."""
    return TrainingConfig.model_validate(training_values(study, arm, searched, seed))


def first_trial_values(study: StudyConfig, arm: str) -> dict[str, Scalar]:
    """The searched names' values in an arm's first trial.

    What the papers of the loss and the penalty state (or the study's `defaults` in their place) is taken as
    it is, also outside the range: the trial trains with it, the plan says so, and the sampler is not shown
    that one parameter of that trial. Other names (such as network.width) start at the study's or the trainer's
    default, or the value nearest to it that the range holds.
    """
    arm_config = study.arms[arm]
    published = paper_defaults(arm_config.loss, arm_config.penalty)
    resolved = resolve_training(study, arm, {}, seed=0)
    values: dict[str, Scalar] = {}
    for name, search_range in arm_search_space(study, arm).items():
        default: Any = resolved
        for part in name.split("."):
            default = getattr(default, part)
        values[name] = default if name in published else nearest(search_range, default)
    return values


def search_trial_config(study: StudyConfig, arm: str, index: int, searched: dict[str, Scalar]) -> TrialConfig:
    """The configuration of an arm's search trial number `index` with the sampled values."""
    return TrialConfig(
        study=study.name,
        arm=arm,
        name=f"search_{index:03d}",
        phase="search",
        index=index,
        searched=searched,
        training=resolve_training(study, arm, searched, study.search.seed + index),
        workers=_workers(study),
    )


def confirm_trial_config(study: StudyConfig, source: TrialConfig, rank: int, seed_number: int) -> TrialConfig:
    """A search trial's configuration with fresh seed number `seed_number`; `rank` 0 is the arm's best."""
    seed = study.search.seed + CONFIRM_SEED_OFFSET + seed_number
    return source.model_copy(
        update={
            "name": f"confirm_{source.index:03d}_seed_{seed_number}",
            "phase": "confirm",
            "index": rank * study.confirm.seeds + seed_number,
            "source": source.name,
            "training": source.training.model_copy(update={"seed": seed}),
        }
    )


def _workers(study: StudyConfig) -> WorkersConfig:
    resources = study.resources
    gpus = resources.gpus_per_worker
    return WorkersConfig(
        num_workers=resources.workers_per_trial,
        cpus_per_worker=resources.cpus_per_worker,
        gpus_per_worker=0.0 if gpus == "auto" else gpus,
        batch_statistics=resources.batch_statistics,
    )
