"""Trainings that two arms have in common, which count as one result."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gan_study.analysis.run_data import TrialData
from gan_study.analysis.sentences.number_text import quantity

_NOT_LEARNED = frozenset({"dataset", "objective", "evaluate_every_kimg"})
"""Fields of a training's configuration that do not change what is learned. Compared arms have the same images and
scores, wherever their files are, and evaluating a training does not change it."""


@dataclass(frozen=True)
class SameTrainings:
    """Two arms that share some or all of their confirmed trainings, either copied or trained twice."""

    a: str
    b: str
    num_confirmed: int
    """Shared trainings among the confirmed seeds that count."""
    num_searched: int
    """Shared trainings among the search and refine trials."""
    is_copy: bool
    """True if the two arms share all their confirmed trainings."""

    @property
    def words(self) -> str:
        """Explain the shared trainings and what they mean for the scores."""
        searched = f", and {self.num_searched:,} in the search," if self.num_searched else ""
        once = f" Against other arms they count as one test, with the scores of {self.a}." if self.is_copy else ""
        return (
            f"{self.a} and {self.b} hold the same {quantity(self.num_confirmed, 'confirmed training')}{searched} by "
            "configuration and seed. They are one result and not two, so the two arms are not tested against each "
            "other, and their similar scores confirm nothing."
            f"{once}"
        )


def num_same(a: Sequence[TrialData], b: Sequence[TrialData]) -> int:
    """Number of trainings of `a` that are also in `b`, with equal configuration and seed.

    Scores are ignored. They may differ if a training was repeated on another machine, but both runs start from the same
    weights and see the same images and latents, so they are not independent.
    """
    keys = {_key(trial) for trial in b}
    return len({_key(trial) for trial in a} & keys)


def first_copies(arms: Mapping[str, Sequence[TrialData]]) -> dict[str, str]:
    """By arm, the first arm with exactly the same trainings: itself, unless it is a copy."""
    keys = {arm: frozenset(map(_key, trials)) for arm, trials in arms.items()}
    return {arm: next(other for other in arms if keys[other] == keys[arm]) for arm in arms}


def _key(trial: TrialData) -> str:
    return trial.config.training.model_dump_json(exclude=set(_NOT_LEARNED))
