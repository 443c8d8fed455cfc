"""Scores and leader of the confirmed seeds by the evaluation that does not count, last or best."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import fmean

from gan_study.analysis.confirmed_arm import ConfirmedArm
from gan_study.analysis.ranking import rank_arms
from gan_study.analysis.sentences.number_text import listed, number, quantity
from gan_study.analysis.statistics.failures import counted_scores
from gan_study.config.plan.search_text import counted_text
from gan_study.runs.counted_generator import At
from gan_study.runs.records.measurements import ObjectiveRecord

_MOST_ARMS = 4
"""Largest number of arms whose means the sentence gives. For more, it refers to the table of scores."""
_WORDS: dict[At, str] = {
    "last": "their last evaluations",
    "best": "their best evaluations, scored again on fresh latents",
}


@dataclass(frozen=True)
class OtherCount:
    """The confirmed seeds by their last and by their best evaluations, of which one counts."""

    at: At
    """The evaluation that does not count."""
    mean_last: dict[str, float]
    """By arm, the mean score of the last evaluations over all seeds. A failed seed counts with the failure score."""
    mean_best: dict[str, float]
    """By arm, the mean score of the best evaluations on fresh latents over all seeds."""
    leader: str | None
    """The arm that leads by the evaluation that does not count; None below two arms."""
    sentence: str
    """The evaluation that counts, and the scores by the other one, in words."""


def describe_other_count(
    confirmed: Sequence[ConfirmedArm], objective: ObjectiveRecord | None, leader: str | None, level_share: float = 1.0
) -> OtherCount | None:
    """Compare the confirmed seeds by both evaluations; `leader` is the arm that leads by the one that counts.

    `level_share` is as in `rank_arms`. None without confirmed seeds, or if the best evaluation of a seed was not scored
    again.
    """
    trials = [trial for arm in confirmed for trial in arm.trials]
    scored = [trial for trial in trials if trial.score is not None]
    if objective is None or not scored or any(trial.best is None for trial in scored):
        return None
    at: At = "best" if trials[0].at == "last" else "last"
    others = [replace(arm, counted=counted_scores(arm.trials, objective, at)) for arm in confirmed]
    means = {arm.arm: fmean(arm.counted) for arm in confirmed}, {arm.arm: fmean(arm.counted) for arm in others}
    last, best = means if at == "best" else means[::-1]
    ranking = rank_arms(others, level_share=level_share) if len(others) > 1 else None
    text = f"What counts is {counted_text(trials[0].config.training.objective)}."
    num_earlier = sum(t.best is not None and t.best.cur_nimg < t.evaluations[-1].cur_nimg for t in scored)
    text += f" {_means(others, confirmed, at)} The best came before the last in {num_earlier} of {len(scored)} seeds."
    if ranking is not None:
        equals = [pair.b for pair in ranking.leader_pairs if not pair.is_distinguishable]
        too = "also leads by these" if ranking.leader == leader else f"leads by these, instead of {leader}"
        text += f" {ranking.leader} {too}"
        text += (
            f", but is not distinguishable from {_named(equals)}." if equals else ", distinguishable from all others."
        )
    return OtherCount(at, last, best, ranking.leader if ranking else None, text)


def _means(others: Sequence[ConfirmedArm], confirmed: Sequence[ConfirmedArm], at: At) -> str:
    """Such as `By their best evaluations, the confirmed seeds score on average 68.6 instead of 82.8 (hinge).`"""
    if len(others) > _MOST_ARMS:
        return f"The table of scores also gives the confirmed seeds by {_WORDS[at]}."
    pairs = zip(others, confirmed, strict=True)
    found = [f"{number(fmean(o.counted))} instead of {number(fmean(c.counted))} ({c.arm})" for o, c in pairs]
    return f"By {_WORDS[at]}, the confirmed seeds score on average {listed(found)}."


def _named(arms: Sequence[str]) -> str:
    return listed(arms) if len(arms) < _MOST_ARMS else quantity(len(arms), "other arm")
