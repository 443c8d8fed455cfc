"""The configurations of search, refine and confirm trials: names, seeds, trainings and resources."""

from gan_study.config.arms.arm import Arm
from gan_study.config.arms.resolved_training import resolve_training
from gan_study.config.base import Scalar
from gan_study.config.study import StudyConfig
from gan_study.config.training import TrialConfig, WorkersConfig

REFINE_SEED_OFFSET = 50_000
"""First seed of refine trials, added to the study's."""
CONFIRM_SEED_OFFSET = 100_000
"""First seed of confirm trials: beyond those of search and refine trials, so that none of them is used twice."""
CONFIRM_SEED_STRIDE = 1_000_000_000
"""Distance between the first confirm seeds of two studies whose `search.seed` differs by 1: they share none."""
REPEAT_SEED_OFFSET = 1_000_000
"""Distance between the first seeds of two repeats of a search."""


def search_trial_config(
    arm: Arm, index: int, searched: dict[str, Scalar], num_train_images: int, repeat: int = 0
) -> TrialConfig:
    """The configuration of search trial number `index` with the sampled values, in one repeat of an arm's search."""
    study = arm.study
    seed = study.search.seed + REPEAT_SEED_OFFSET * repeat + index
    return TrialConfig(
        study=study.name,
        arm=arm.name,
        name=f"search_r{repeat}_{index:03d}" if repeat else f"search_{index:03d}",
        phase="search",
        index=index,
        repeat=repeat,
        searched=searched,
        training=resolve_training(arm, searched, seed, num_train_images),
        workers=_workers(study),
        diagnosis=study.diagnosis,
        measure_coverage="coverage" in study.search.objectives,
    )


def refine_trial_config(arm: Arm, index: int, searched: dict[str, Scalar], num_train_images: int) -> TrialConfig:
    """The configuration of an arm's refine trial number `index` with the sampled values."""
    config = search_trial_config(arm, REFINE_SEED_OFFSET + index, searched, num_train_images)
    return config.model_copy(update={"name": f"refine_{index:03d}", "phase": "refine", "index": index})


def first_confirm_seed(study: StudyConfig) -> int:
    """The seed of confirm trials with seed number 0; the others follow it."""
    return CONFIRM_SEED_OFFSET + CONFIRM_SEED_STRIDE * study.search.seed


def confirm_trial_name(source: str, seed_number: int) -> str:
    """The name of a confirm trial; it depends on the name of its source and the seed's number alone, so it does not
    change when more trials are confirmed later."""
    return f"confirm_{source.removeprefix('search_')}_seed_{seed_number}"


def seed_number(name: str) -> int:
    """The number of a confirm trial's seed, from the trial's name."""
    return int(name.rpartition("_")[2])


def confirm_trial_config(
    study: StudyConfig, source: TrialConfig, index: int, seed_number: int, first_seed: int | None = None
) -> TrialConfig:
    """A searched configuration with fresh seed number `seed_number`, as the arm's confirm trial number `index`.

    `first_seed` is the seed with number 0, by default `first_confirm_seed`.
    """
    seed = (first_confirm_seed(study) if first_seed is None else first_seed) + seed_number
    return source.model_copy(
        update={
            "name": confirm_trial_name(source.name, seed_number),
            "phase": "confirm",
            "index": index,
            "source": source.name,
            "training": source.training.model_copy(update={"seed": seed}),
            "workers": _workers(study),
        }
    )


def with_resources(config: TrialConfig, study: StudyConfig) -> TrialConfig:
    """A trial's configuration with the study's present CPUs and GPUs; settings that affect its results are kept."""
    present = _workers(study)
    resources = {name: getattr(present, name) for name in ("cpus_per_worker", "gpus_per_worker", "gpu_data_share")}
    return config.model_copy(update={"workers": config.workers.model_copy(update=resources)})


def _workers(study: StudyConfig) -> WorkersConfig:
    resources = study.resources
    gpus = resources.gpus_per_worker
    return WorkersConfig(
        num_workers=resources.max_workers,
        min_workers=resources.min_workers if resources.min_workers < resources.max_workers else None,
        cpus_per_worker=resources.cpus_per_worker,
        gpus_per_worker=0.0 if gpus == "auto" else gpus / resources.trials_per_process,
        batch_statistics=resources.batch_statistics,
        gpu_data_share=resources.gpu_data_share,
    )
