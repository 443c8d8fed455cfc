"""What gives trials up before their end: Optuna's pruners, by the names that a study file uses."""

from optuna.pruners import BasePruner, NopPruner, SuccessiveHalvingPruner

from gan_study.config.study import StudyConfig


def make_pruner(study: StudyConfig) -> BasePruner:
    """The pruner of one arm's trials; its resource is the number of images seen."""
    if study.search.scheduler == "none":
        return NopPruner()
    grace_kimg = study.search.grace_kimg or study.budget.evaluate_every_kimg
    return SuccessiveHalvingPruner(
        min_resource=round(grace_kimg * 1000), reduction_factor=study.search.reduction_factor
    )
