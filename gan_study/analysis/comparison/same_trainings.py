"""Trainings that two arms have in common: one result, which is no second piece of evidence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gan_study.analysis.run_data import TrialData
from gan_study.analysis.sentences.text import quantity

_NOT_LEARNED = frozenset({"dataset", "objective", "evaluate_every_kimg"})
"""What a training's configuration holds besides what is learned and how: arms are compared on the same images and
scores only, wherever these lie, and looking at a training does not change it."""


@dataclass(frozen=True)
class SameTrainings:
    """Two arms whose confirmed seeds are partly or all the same trainings, in two copies or trained twice."""

    a: str
    b: str
    num_confirmed: int
    """Of the confirmed seeds that count."""
    num_searched: int
    """Of the search and refine trials."""
    is_copy: bool
    """Whether these are all the confirmed seeds of both."""

    @property
    def words(self) -> str:
        """What it is, and what it means for the scores."""
        searched = f", and {self.num_searched:,} in the search," if self.num_searched else ""
        once = f" Against other arms they make one test and not two, by the scores of {self.a}." if self.is_copy else ""
        return (
            f"{self.a} and {self.b} hold the same {quantity(self.num_confirmed, 'confirmed training')}{searched} by "
            "configuration and seed. That is one result and not two, so the two arms are not tested against each "
            "other, and that they score alike confirms nothing."
            f"{once}"
        )


def num_same(a: Sequence[TrialData], b: Sequence[TrialData]) -> int:
    """How many trainings of `a` are in `b` too: those of the same configuration and seed.

    Scores are not looked at: trained again on another machine they may differ, but start from the same weights and see
    the same images and latents, so they are not independent of each other either.
    """
    keys = {_key(trial) for trial in b}
    return len({_key(trial) for trial in a} & keys)


def first_copies(arms: Mapping[str, Sequence[TrialData]]) -> dict[str, str]:
    """By arm, the first one whose trainings are all the same as its own: itself, unless it is a copy."""
    keys = {arm: frozenset(map(_key, trials)) for arm, trials in arms.items()}
    return {arm: next(other for other in arms if keys[other] == keys[arm]) for arm in arms}


def _key(trial: TrialData) -> str:
    return trial.config.training.model_dump_json(exclude=set(_NOT_LEARNED))
