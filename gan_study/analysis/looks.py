"""The looks of a confirmation that goes on until it is decided: tests of the arms at planned numbers of seeds."""

from dataclasses import dataclass

from gan_study.analysis.comparison.same_arms import same_arms
from gan_study.analysis.confirmed_arm import arms_with_seeds, has_all_seeds
from gan_study.analysis.ranking import rank_arms
from gan_study.analysis.run_data import RunData
from gan_study.analysis.statistics.spending import level_shares


@dataclass(frozen=True)
class Look:
    """A test of the arms after a planned number of confirmed seeds."""

    seeds: int
    """Seeds of each configuration that the test knows."""
    level_share: float
    """The share of the test's level that this look may spend."""
    leader: str | None
    """The leading arm; None with fewer than two confirmed arms."""
    p: float | None
    """The largest p value of the leader against a rival, corrected for all looks and by Holm's method. None if no rival
    can be tested."""
    is_decided: bool
    """True if the leader is clearly better than each rival."""
    is_last: bool
    """True if no look follows: this one is decided, nothing can be tested, or it has all seeds."""


def passed_looks(run: RunData) -> tuple[Look, ...]:
    """The looks so far, at most up to the last one; empty for a study without `confirm.until_decided`.

    A look waits for all of its seeds in all arms, and knows no others. So it does not depend on which training ends
    first.
    """
    confirm, found = run.study.confirm, list[Look]()
    if confirm.until_decided is None:
        return ()
    for seeds, share in zip(confirm.looks, level_shares(confirm.looks), strict=True):
        if not has_all_seeds(run, seeds):
            break
        found.append(_look_at(run, seeds, share))
        if found[-1].is_last:
            break
    return tuple(found)


def wanted_seeds(run: RunData) -> int:
    """The seeds of each configuration that the next look needs, or that the last look had."""
    passed, looks = passed_looks(run), run.study.confirm.looks
    return passed[-1].seeds if passed and passed[-1].is_last else looks[len(passed)]


def level_share(run: RunData) -> float:
    """The share of the level that a test of the present seeds may spend: that of the next look, or of the last."""
    looks = run.study.confirm.looks
    return level_shares(looks)[looks.index(wanted_seeds(run))]


def _look_at(run: RunData, seeds: int, share: float) -> Look:
    arms = list(arms_with_seeds(run, seeds).values())
    is_full = seeds == run.study.confirm.looks[-1]
    if len(arms) < 2:
        return Look(seeds, share, None, None, is_decided=False, is_last=True)
    ranking = rank_arms(arms, same_arms([run]), share)
    rivals = [pair for pair in ranking.leader_pairs if pair.is_rival and pair.is_tested]
    p = max((pair.p_holm for pair in rivals if pair.p_holm is not None), default=None)
    is_decided = bool(rivals) and all(pair.is_better for pair in rivals)
    return Look(seeds, share, ranking.leader, p, is_decided, is_last=is_decided or p is None or is_full)
