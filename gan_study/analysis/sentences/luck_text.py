"""Sentences on luck: how much of a score's scatter comes from training again, and which difference can be told."""

from collections.abc import Mapping
from dataclasses import dataclass

from gan_study.analysis.confirmed_arm import ConfirmedArm
from gan_study.analysis.run_data import RunData
from gan_study.analysis.sentences.detectable_difference import observed_spread, smallest_difference
from gan_study.analysis.sentences.number_text import listed, number, quantity
from gan_study.analysis.statistics.variance_components import ArmLuck, divide_variance

_MOST_ARMS = 4
"""Largest number of arms that have a sentence each. For more, one sentence gives the range."""


@dataclass(frozen=True)
class Luck:
    """The luck in the confirmed scores of a study."""

    arms: dict[str, ArmLuck]
    """The arms with two or more trainings that were scored on two or more draws of latents each."""
    score_sd: float | None
    """Standard deviation of the confirmed scores within an arm, pooled over the arms; failed seeds are left out."""
    smallest_difference: float | None
    """The smallest difference between the mean scores of two arms that the study can tell, with a chance of 80 %. None
    for a single arm, with too few seeds, or if their spread is not known."""
    sentences: tuple[str, ...]


def describe_luck(run: RunData, confirmed: Mapping[str, ConfirmedArm]) -> Luck | None:
    """Measure the luck in a run; None if nothing is known about it."""
    arms = measure_luck(confirmed)
    spread = observed_spread(run)
    difference = smallest_difference(run.study, spread) if spread is not None else None
    sentences = _luck_sentences(arms, [name for name in confirmed if name not in arms])
    if spread is not None and difference is not None:
        looks = run.study.confirm.looks
        most = f"{'at most ' if len(looks) > 1 else ''}{quantity(looks[-1], 'seed')}"
        sentences.append(
            f"The smallest difference that this study can tell is about {_rounded(difference)} between the mean scores "
            f"of two arms, with a chance of 80 % and {most} each, because the scores of an arm scatter with a standard "
            f"deviation of {_rounded(spread.deviation)}."
        )
    deviation = spread.deviation if spread is not None else None
    return Luck(arms, deviation, difference, tuple(sentences)) if arms or spread else None


def measure_luck(confirmed: Mapping[str, ConfirmedArm]) -> dict[str, ArmLuck]:
    """Measure the luck of every arm that has two or more trainings with two or more draws each."""
    return {name: luck for name, arm in confirmed.items() if (luck := _arm_luck(arm)) is not None}


def _arm_luck(arm: ConfirmedArm) -> ArmLuck | None:
    panel = [trial.final_scores.draws for trial in arm.trials if trial.final_scores is not None]
    num_draws = max(map(len, panel), default=0)
    whole = [draws for draws in panel if len(draws) == num_draws]
    return divide_variance(whole, len(arm.trials) - len(whole))


def _luck_sentences(arms: Mapping[str, ArmLuck], others: list[str]) -> list[str]:
    if not arms:
        return []
    ratios = {arm: luck.ratio for arm, luck in arms.items()}
    if len(ratios) > _MOST_ARMS:
        least, most = (choose(ratios, key=lambda arm: ratios[arm].value) for choose in (min, max))
        sentences = [
            f"Retraining changes the score of an arm {_rounded(ratios[least].value)} ({least}) to "
            f"{_rounded(ratios[most].value)} ({most}) times as much as drawing other latents."
        ]
    else:
        sentences = [
            f"Retraining changes the score of {arm} {_rounded(ratio.value)} times as much as drawing other latents "
            f"(95 % interval {_rounded(ratio.low)} to {_rounded(ratio.high)})."
            for arm, ratio in ratios.items()
        ]
    if others:
        sentences.append(
            f"For {listed(others)} this is not known, because it needs two trainings with two draws of latents each."
        )
    return sentences


def _rounded(value: float) -> str:
    """A number with two significant digits, since seeds are few."""
    return number(float(f"{value:.2g}"))
