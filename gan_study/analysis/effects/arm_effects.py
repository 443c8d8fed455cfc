"""The effects of each arm's searched values, from eight trials on."""

from collections.abc import Mapping
from dataclasses import dataclass

from gan_study.analysis.confirmed_arm import ConfirmedArm, represented_by
from gan_study.analysis.effects.partial_dependence import PartialDependence, partial_dependence
from gan_study.analysis.effects.path import Path, find_path
from gan_study.analysis.effects.surrogate import make_surrogate
from gan_study.analysis.run_data import RunData
from gan_study.analysis.search_curves import compared_scores
from gan_study.analysis.search_samples import SearchSamples, search_samples
from gan_study.config.arms.arm import Arm
from gan_study.config.arms.resolved_training import first_trial_values
from gan_study.config.search.sampling import searches_anything


@dataclass(frozen=True)
class ArmEffects:
    """The effects of one arm's searched values on its score, as a Gaussian process predicts them."""

    arm: str
    reason: str | None
    """The reason why there are none; None if there are."""
    num_trials: int = 0
    """Search trials from which they were learned."""
    num_seeds: int = 0
    """Confirmed seeds from which they were learned, too."""
    kimg: float | None = None
    """Thousands of images after which scores were compared; None for the end of the trainings."""
    is_relative: bool = True
    """True if changes are shares of the score, and not differences."""
    best: str | None = None
    """The best configuration's search trial."""
    path: Path | None = None
    """From the paper's defaults to the best configuration; None if these are equal."""
    dependence: tuple[PartialDependence, ...] = ()


def arm_effects(run: RunData, confirmed: Mapping[str, ConfirmedArm]) -> tuple[ArmEffects, ...]:
    """The effects in every arm that searches anything; empty for an unfinished study and without an objective.

    The best configuration is the confirmed one, or else that of the best search trial.
    """
    if not run.is_finished or run.objective is None:
        return ()
    arms = [Arm(run.study, arm) for arm in run.arms]
    return tuple(_effects(run, arm, confirmed.get(arm.name)) for arm in arms if searches_anything(arm))


def _effects(run: RunData, arm: Arm, confirmed: ConfirmedArm | None) -> ArmEffects:
    samples, best = search_samples(run, arm.name), represented_by(run, arm.name, confirmed)
    if isinstance(samples, str):
        return ArmEffects(arm.name, samples)
    if best is None:
        return ArmEffects(arm.name, "no search trial has a score")
    seeds = _seed_scores(run, samples, confirmed)
    surrogate = make_surrogate(samples, best.config.searched, seeds)
    found = (partial_dependence(surrogate, parameter) for parameter in arm.parameters)
    return ArmEffects(
        arm.name,
        None,
        len(samples.trials),
        len(seeds),
        samples.kimg,
        samples.is_log,
        best.name,
        find_path(surrogate, first_trial_values(arm), best.config.searched),
        tuple(each for each in found if each is not None),
    )


def _seed_scores(run: RunData, samples: SearchSamples, confirmed: ConfirmedArm | None) -> list[float]:
    images = None if samples.kimg is None else round(1000 * samples.kimg)
    seeds = confirmed.trials if confirmed else ()
    return [score for score in compared_scores(run, seeds, images) if score is not None]
