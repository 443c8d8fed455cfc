"""The pruners that stop trials before their end: Optuna's, chosen by name in the study file."""

from optuna.pruners import BasePruner, HyperbandPruner, MedianPruner, NopPruner, SuccessiveHalvingPruner

from gan_study.config.arms.resolved_training import ASSUMED_TRAIN_IMAGES
from gan_study.config.estimates.longest_training import max_training_kimg
from gan_study.config.search.stopping import grace_kimg, min_completed_trials, num_brackets, reduction_factor
from gan_study.config.study import StudyConfig

PRUNING = ("asha", "hyperband", "median")
"""The schedulers that compare trials before their end."""


def make_pruner(study: StudyConfig, num_train_images: int = ASSUMED_TRAIN_IMAGES) -> BasePruner:
    """Make the pruner of one arm's trials; its resource is the number of images seen. It uses no default of Optuna's.

    num_train_images: images in the data set's train part, from which hyperband computes its longest training.
    """
    grace_nimg = round(grace_kimg(study) * 1000)
    match study.search.scheduler:
        case "asha":
            return SuccessiveHalvingPruner(
                min_resource=grace_nimg,
                reduction_factor=reduction_factor(study),
                min_early_stopping_rate=0,
                bootstrap_count=0,
            )
        case "hyperband":
            longest = max_training_kimg(study, num_train_images)
            if num_brackets(study, longest) == 0:
                return NopPruner()
            return HyperbandPruner(
                min_resource=grace_nimg,
                max_resource=round(1000 * longest),
                reduction_factor=reduction_factor(study),
                bootstrap_count=0,
            )
        case "median":
            return MedianPruner(
                n_startup_trials=min_completed_trials(study),
                n_warmup_steps=grace_nimg,
                interval_steps=1,
                n_min_trials=1,
            )
        case "none" | "pbt":
            return NopPruner()
