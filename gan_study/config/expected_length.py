"""How long a training is expected to go on under a scheduler that may stop it."""

from collections.abc import Sequence
from statistics import fmean

from gan_study.config.stopping import brackets, reduction_factor
from gan_study.config.study import StudyConfig


def expected_nimg(total_nimg: float, cur_nimg: float, rungs: Sequence[tuple[float, float]]) -> float:
    """Images that a trial at `cur_nimg` is expected to be shown yet, up to `total_nimg`.

    `rungs` are (images, chance to go on there), ascending, with the rungs at or below `cur_nimg` passed already.
    """
    expected, chance, position = 0.0, 1.0, cur_nimg
    for rung, chance_there in rungs:
        if cur_nimg < rung < total_nimg:
            expected += chance * (rung - position)
            chance, position = chance * chance_there, rung
    return expected + chance * max(0.0, total_nimg - position)


def chances_at_rungs(study: StudyConfig, total_nimg: float) -> list[tuple[float, float]]:
    """asha's rungs below `total_nimg`, and the share of an arm's trials that goes on at each if luck decides.

    None under another scheduler: what is left is then the most that it can be.

    A trial goes on if it is among the best 1 of reduction_factor that have come to the rung so far, or the best of
    all (Optuna's SuccessiveHalvingPruner): the n-th to come does so with chance max(1, n // reduction_factor) / n.
    """
    if study.search.scheduler != "asha":
        return []
    rungs, arrivals, factor = [], study.budget.trials_per_arm, reduction_factor(study)
    (bracket,) = brackets(study, total_nimg / 1000)
    for rung in bracket.rungs_kimg:
        chance = fmean(max(1, n // factor) / n for n in range(1, arrivals + 1))
        rungs.append((1000 * rung, chance))
        arrivals = max(1, round(arrivals * chance))
    return rungs
