"""The beginning of an arm's refinement: ranges narrowed around its best, and a search in them that knows the first."""

from collections.abc import Sequence
from dataclasses import replace

from optuna.storages import BaseStorage

from gan_study.config.arms.arm import Arm
from gan_study.config.arms.narrowing import narrow
from gan_study.config.arms.parameters import Parameter
from gan_study.config.study import StudyConfig
from gan_study.config.training import TrialConfig
from gan_study.runs.folder import RunFolder
from gan_study.runs.records import ObjectiveRecord
from gan_study.runs.refinement import RefinementRecord
from gan_study.search.sampling.arm_search import ArmSearch


def begin_refinement(
    study: StudyConfig,
    arm: str,
    folder: RunFolder,
    storage: BaseStorage,
    objective: ObjectiveRecord,
    searches: Sequence[ArmSearch],
    best: Sequence[TrialConfig],
) -> ArmSearch:
    """The search of an arm's refine trials, in an Optuna study of its own.

    The ranges are those in the run folder, or else narrowed now and written there. The trials of `searches` that lie
    within are taken over, so that a sampler that learns goes on from them.

    Args:
        study: says how many of the best span the ranges.
        arm: one of its arms, whose search has ended.
        folder: the run folder.
        storage: holds the Optuna studies.
        objective: of the study.
        searches: the arm's searches.
        best: the arm's completed search trials, the best first.
    """
    parameters = _parameters(study, arm, folder, best)
    refinement = ArmSearch(
        study, arm, storage, objective.failure_score, objective.num_train_images, phase="refine", parameters=parameters
    )
    for search in searches:
        refinement.take_over(search)
    return refinement


def _parameters(study: StudyConfig, arm: str, folder: RunFolder, best: Sequence[TrialConfig]) -> tuple[Parameter, ...]:
    found, record = Arm(study, arm), folder.read_refinement(arm)
    if record is None:
        kept = best[: study.refine.keep]
        narrowed = narrow(found.parameters, found.fixed, [config.searched for config in kept])
        ranges = {p.label: p.range for p in narrowed}
        record = RefinementRecord(sources=tuple(config.name for config in kept), ranges=ranges)
        folder.write_refinement(arm, record)
    return tuple(replace(p, range=record.ranges.get(p.label, p.range)) for p in found.parameters)
