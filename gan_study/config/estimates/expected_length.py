"""The expected length of a training under a scheduler that may stop it."""

from collections.abc import Sequence
from functools import lru_cache
from statistics import fmean

from gan_study.config.search.order import search_lag
from gan_study.config.search.stopping import brackets, reduction_factor
from gan_study.config.study import StudyConfig


def expected_nimg(total_nimg: float, cur_nimg: float, rungs: Sequence[tuple[float, float]]) -> float:
    """Expected number of further images of a trial at `cur_nimg` whose full training has `total_nimg`.

    `rungs` are pairs (images, chance to pass), ascending. The trial has passed those at or below `cur_nimg`.
    """
    expected, chance, position = 0.0, 1.0, cur_nimg
    for rung, chance_there in rungs:
        if cur_nimg < rung < total_nimg:
            expected += chance * (rung - position)
            chance, position = chance * chance_there, rung
    return expected + chance * max(0.0, total_nimg - position)


def chances_at_rungs(study: StudyConfig, total_nimg: float) -> list[tuple[float, float]]:
    """asha's rungs below `total_nimg`, each with the share of an arm's trials that passes it if luck decides.

    Other schedulers have no such rungs here, so the expected length is then the full one.
    """
    if study.search.scheduler != "asha":
        return []
    rungs, arrivals, factor = [], study.budget.trials_per_arm, reduction_factor(study)
    not_known = (search_lag(study) or 1) - 1.0
    (bracket,) = brackets(study, total_nimg / 1000)
    for rung in bracket.rungs_kimg:
        chance = _chance_to_go_on(arrivals, factor, round(not_known))
        rungs.append((1000 * rung, chance))
        arrivals, not_known = max(1, round(arrivals * chance)), not_known * chance
    return rungs


@lru_cache(maxsize=256)
def _chance_to_go_on(arrivals: int, factor: int, num_not_known: int) -> float:
    """The mean chance of `arrivals` trials to pass a rung of asha.

    A trial passes if it is among the best 1 in `factor` of itself and those that it knows to have reached the rung, or
    the best of all (Optuna's SuccessiveHalvingPruner): with n of them, by a chance of max(1, n // factor) / n. It knows
    the arrivals before it but for the last `num_not_known`.
    """
    compared = (max(1, n - num_not_known) for n in range(1, arrivals + 1))
    return fmean(max(1, n // factor) / n for n in compared)
