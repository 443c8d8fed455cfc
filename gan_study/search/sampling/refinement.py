"""The start of an arm's refinement: a search in ranges around its best trials, which knows the arm's earlier trials."""

from collections.abc import Sequence
from dataclasses import replace

from gan_study.config.arms.arm import Arm
from gan_study.config.arms.parameters import Parameter
from gan_study.config.search.narrowing import narrow
from gan_study.config.training import TrialConfig
from gan_study.runs.folder import RunFolder
from gan_study.runs.records.measurements import ObjectiveRecord
from gan_study.runs.records.refinement import RefinementRecord
from gan_study.search.sampling.arm_search import ArmSearch
from gan_study.search.sampling.search_storage import SearchStorage


def begin_refinement(
    arm: Arm,
    folder: RunFolder,
    storage: SearchStorage,
    objective: ObjectiveRecord,
    searches: Sequence[ArmSearch],
    best: Sequence[TrialConfig],
) -> ArmSearch:
    """Make the search of an arm's refine trials, in an Optuna study of its own.

    The ranges are read from the run folder, or else narrowed now and written there. The trials of `searches` inside
    these ranges are imported, so that a learning sampler starts from them.

    Args:
        arm: an arm whose search has ended.
        folder: the run folder.
        storage: holds the Optuna studies.
        objective: the study's objective.
        searches: the arm's searches.
        best: the arm's completed search trials, best first.
    """
    parameters = _parameters(arm, folder, best)
    refinement = ArmSearch(
        arm, storage, objective.failure_score, objective.num_train_images, phase="refine", parameters=parameters
    )
    for search in searches:
        refinement.import_trials(search)
    return refinement


def _parameters(arm: Arm, folder: RunFolder, best: Sequence[TrialConfig]) -> tuple[Parameter, ...]:
    record = folder.read_refinement(arm.name)
    if record is None:
        kept = best[: arm.study.refine.keep]
        narrowed = narrow(arm.parameters, arm.fixed, [config.searched for config in kept])
        ranges = {p.label: p.range for p in narrowed}
        record = RefinementRecord(sources=tuple(config.name for config in kept), ranges=ranges)
        folder.write_refinement(arm.name, record)
    return tuple(replace(p, range=record.ranges.get(p.label, p.range)) for p in arm.parameters)
