"""How long a training is expected to go on under a scheduler that may stop it."""

from collections.abc import Sequence
from functools import lru_cache
from statistics import fmean

from gan_study.config.plan.stopping import brackets, reduction_factor
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

    There are none under another scheduler, so that what is left is then the most that it can be.
    """
    if study.search.scheduler != "asha":
        return []
    rungs, arrivals, factor = [], study.budget.trials_per_arm, reduction_factor(study)
    (bracket,) = brackets(study, total_nimg / 1000)
    for rung in bracket.rungs_kimg:
        chance = _chance_to_go_on(arrivals, factor)
        rungs.append((1000 * rung, chance))
        arrivals = max(1, round(arrivals * chance))
    return rungs


@lru_cache(maxsize=256)
def _chance_to_go_on(arrivals: int, factor: int) -> float:
    """The mean chance of `arrivals` trials to go on beyond a rung of asha.

    A trial goes on if it is among the best 1 of `factor` that have come to the rung so far, or the best of all
    (Optuna's SuccessiveHalvingPruner). So the n-th to come goes on with chance max(1, n // factor) / n.
    """
    return fmean(max(1, n // factor) / n for n in range(1, arrivals + 1))
