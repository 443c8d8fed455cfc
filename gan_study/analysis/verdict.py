"""The one sentence with which a report begins."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from gan_study.analysis.comparison import SIGNIFICANCE, Comparison, ConfirmedArm, PairComparison, compare_arms
from gan_study.analysis.run_data import RunData, TrialData, best_trial


@dataclass(frozen=True)
class Verdict:
    """Who won, if anyone, and the sentence that says so with its numbers."""

    winner: str | None
    sentence: str


def judge(run: RunData, confirmed: Sequence[ConfirmedArm]) -> tuple[Verdict, Comparison | None]:
    """The verdict over a run, and the comparison behind it if at least two arms have confirmed seeds.

    There is a winner only in a finished study, and only if one arm is distinguishable from every other.
    """
    if run.objective is None:
        return Verdict(None, "No verdict: the run folder has no objective, so no score can be named."), None
    if all(t.score is None for t in run.trials):
        return Verdict(None, _without_scores(run)), None
    if len(run.arms) == 1:
        return Verdict(None, _single_arm(run, confirmed)), None
    if len(confirmed) < 2:
        head = "No winner" if run.is_finished else "No winner yet"
        return Verdict(None, f"{head}: {_unconfirmed(run, confirmed)}."), None
    comparison = compare_arms(confirmed)
    missing = [arm for arm in run.arms if arm not in {c.arm for c in confirmed}]
    if comparison.is_decided and run.is_finished and not missing:
        winner, head = comparison.leader, f"{comparison.leader} wins"
    else:
        winner, head = None, _leading(run, comparison)
    notes = [f"{arm} has no confirmed seeds" for arm in missing] + _named_failures(confirmed)
    sentence = "; ".join([f"{head}: {_leader_phrase(comparison)}", *notes])
    return Verdict(winner, f"{sentence}."), comparison


def _without_scores(run: RunData) -> str:
    if not run.trials:
        return "No verdict yet: no trial has begun."
    counts = ", ".join(f"{num} {state}" for state, num in Counter(t.state.value for t in run.trials).items())
    if all(t.state.is_final for t in run.trials):
        return f"No verdict: no trial has a score ({counts})."
    return f"No verdict yet: no trial has ended with a score ({counts})."


def _single_arm(run: RunData, confirmed: Sequence[ConfirmedArm]) -> str:
    (arm,) = run.arms
    if confirmed:
        scores = confirmed[0].distribution
        text = f"{scores.num} confirmed seeds score {scores.lowest:.4g} to {scores.highest:.4g}"
        return "; ".join([f"{arm} is the only arm: {text}", *_named_failures(confirmed)]) + "."
    return f"{arm} is the only arm: its best search trial scores {_best_search(run, arm)}, unconfirmed."


def _unconfirmed(run: RunData, confirmed: Sequence[ConfirmedArm]) -> str:
    bests = [(arm, best_trial(run.of_arm(arm, "search"))) for arm in run.arms]
    leaders = sorted((t.score, arm) for arm, t in bests if t is not None and t.score is not None)
    if confirmed:
        reason = f"only {confirmed[0].arm} has confirmed seeds"
    else:
        reason = "no configuration has been re-trained with fresh seeds"
    if not leaders:
        return reason
    first, *others = [f"{arm} with {_best_search(run, arm)}" for _, arm in leaders]
    before = f", before {', '.join(others)}" if others else ", and no other arm has a score"
    return f"{reason}; unconfirmed, the search is led by {first}{before}"


def _best_search(run: RunData, arm: str) -> str:
    trial = best_trial(run.of_arm(arm, "search"))
    return f"{trial.score:.4g} ({trial.name})" if trial else "nothing"


def _leading(run: RunData, comparison: Comparison) -> str:
    head = f"{comparison.leader} leads"
    if not run.is_finished:
        head += f" so far (the study is {run.status.state})" if run.status else " so far"
    equals = [p.b for p in comparison.leader_pairs if not p.is_distinguishable or p.probability_lower <= 0.5]
    return f"{head}, but is not distinguishable from {' and '.join(equals)}" if equals else head


def _leader_phrase(comparison: Comparison) -> str:
    first, *others = comparison.leader_pairs
    corrected = bool(others)
    text = f"{first.a} has the lower score in {_share(first)} of pairs of confirmed seeds"
    text += f" with {first.b}" if others else ""
    phrases = [f"{text} ({_numbers(first, corrected)})"]
    phrases += [f"in {_share(pair)} with {pair.b} ({_numbers(pair, corrected)})" for pair in others]
    return ", ".join(phrases)


def _share(pair: PairComparison) -> str:
    return f"{100 * pair.probability_lower:.0f} %"


def _numbers(pair: PairComparison, corrected: bool) -> str:
    test = "Holm-corrected Mann-Whitney" if corrected else "Mann-Whitney"
    text = f"{pair.num_a} v {pair.num_b}, {test} {format_p(pair.p_holm)}"
    if pair.smallest_p >= SIGNIFICANCE:
        text += f"; with so few seeds p cannot fall below {pair.smallest_p:.2g}"
    return text


def format_p(p: float) -> str:
    """Such as `p = 0.008` or `p < 0.001`."""
    return f"p = {p:.3f}" if p >= 0.001 else "p < 0.001"


def _named_failures(confirmed: Sequence[ConfirmedArm]) -> list[str]:
    failed: list[tuple[str, TrialData]] = [(arm.arm, t) for arm in confirmed for t in arm.failed]
    if not failed:
        return []
    return ["counted as worst: " + ", ".join(f"{arm} {t.name} ({t.state.value})" for arm, t in failed)]
