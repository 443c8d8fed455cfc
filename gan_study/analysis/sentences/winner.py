"""The winner of a study, if there is one, and the headline of the report."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from gan_study.analysis.arm_comparison import ArmsComparison, PairStatistics
from gan_study.analysis.comparison.same_arm_notes import is_better, rivals, same_notes
from gan_study.analysis.confirmed_arm import ConfirmedArm
from gan_study.analysis.run_data import RunData, TrialData, best_trial
from gan_study.analysis.sentences.headline import clearly_better, could_be_chance, small_print
from gan_study.analysis.sentences.number_text import number, quantity
from gan_study.analysis.trial_verdicts import count_words, counts_text


@dataclass(frozen=True)
class StudyOutcome:
    """The winner of a study, if there is one, and the headline with its numbers."""

    winner: str | None
    sentence: str
    small_print: str = ""
    """The test and the intervals behind the headline; empty if nothing is tested."""


def decide_winner(run: RunData, confirmed: Sequence[ConfirmedArm], comparison: ArmsComparison) -> StudyOutcome:
    """Decide which arm wins a run, and write the headline.

    Only a finished study has a winner, and only if one arm beats every other arm by more than chance. It need not beat
    the same arm of another study, which may only have had a less lucky search, nor its own copy.
    """
    if not run.trials:
        return StudyOutcome(None, _untrained(run))
    if run.objective is None:
        return StudyOutcome(None, "No verdict: the run folder has no objective, so its scores cannot be interpreted.")
    if all(t.score is None for t in run.trials):
        return StudyOutcome(None, _without_scores(run))
    if len(run.arms) == 1:
        return StudyOutcome(None, _single_arm(run, confirmed))
    if comparison.leader is None:
        head = "No winner" if run.is_finished else "No winner yet"
        return StudyOutcome(None, f"{head}: {_unconfirmed(run, confirmed)}.")
    missing = [arm for arm in run.arms if arm not in {c.arm for c in confirmed}]
    tested, mixed = _tested(comparison), _partly_same(comparison)
    decided = bool(tested) and all(map(is_better, tested))
    winner = comparison.leader if run.is_finished and decided and not missing and not mixed else None
    if winner:
        first = f"{winner} wins. {clearly_better(comparison, tested)}"
    elif decided:
        first = f"{_leading(run, comparison)}. {clearly_better(comparison, tested)}"
    elif tested:
        first = f"{_undecided(run)}. {could_be_chance(comparison, tested)}"
    else:
        reason = "nothing can be tested" if mixed else "there is no other arm to test it against"
        first = f"{_leading(run, comparison)}, but {reason}."
    notes = [f"{arm} has no confirmed seeds" for arm in missing]
    notes += same_notes(comparison, winner) + _named_failures(run, confirmed)
    leader = next(arm for arm in confirmed if arm.arm == comparison.leader)
    sentence = " ".join([first, *(f"{note}." for note in notes)]) + _collapsed_seeds(run, leader)
    return StudyOutcome(winner, sentence, small_print(comparison, tested))


def _tested(comparison: ArmsComparison) -> list[PairStatistics]:
    """Pairs of the leader with each rival with which it has no training in common."""
    return [pair for pair in rivals(comparison, comparison.leader) if pair.test.is_tested]


def _partly_same(comparison: ArmsComparison) -> list[PairStatistics]:
    """Pairs of the leader with each rival with which it shares some trainings, but not all."""
    return [pair for pair in rivals(comparison, comparison.leader) if not pair.test.is_tested]


def _untrained(run: RunData) -> str:
    if unusable := run.unreadable + run.damaged:
        return f"No verdict: no trial of the run folder can be read ({', '.join(unusable)})."
    at_work = run.status is not None and run.status.state == "running"
    if at_work:
        return "No verdict yet: the study is running, but its first trial has not begun."
    return "No verdict yet: nothing has been trained in this run folder; continue it with the command resume."


def _without_scores(run: RunData) -> str:
    counts = ", ".join(f"{num} {state}" for state, num in Counter(run.state_text(t.state) for t in run.trials).items())
    if all(t.state.is_final for t in run.trials):
        return f"No verdict: no trial has a score ({counts})."
    return f"No verdict yet: no trial has ended with a score ({counts})."


def _single_arm(run: RunData, confirmed: Sequence[ConfirmedArm]) -> str:
    (arm,) = run.arms
    if confirmed:
        low, high = number(min(confirmed[0].counted)), number(max(confirmed[0].counted))
        num = len(confirmed[0].counted)
        scores = f"score {low} to {high}" if num > 1 else f"scores {low}"
        text = f"{arm} is the only arm: {quantity(num, 'confirmed seed')} {scores}"
        return ". ".join([text, *_named_failures(run, confirmed)]) + "." + _collapsed_seeds(run, confirmed[0])
    return f"{arm} is the only arm: its best search trial scores {_best_search(run, arm)}, unconfirmed."


def _unconfirmed(run: RunData, confirmed: Sequence[ConfirmedArm]) -> str:
    bests = [(arm, best_trial(run.searched_trials(arm))) for arm in run.arms]
    leaders = sorted((t.score, arm) for arm, t in bests if t is not None and t.score is not None)
    if confirmed:
        reason = f"only {confirmed[0].arm} has confirmed seeds"
    else:
        reason = "no configuration has been re-trained with fresh seeds"
    if not leaders:
        return reason
    first, *others = [f"{arm} with {_best_search(run, arm)}" for _, arm in leaders]
    before = f", ahead of {', '.join(others)}" if others else ", and no other arm has a score"
    return f"{reason}; unconfirmed, the search is led by {first}{before}"


def _best_search(run: RunData, arm: str) -> str:
    trial = best_trial(run.searched_trials(arm))
    return f"{number(trial.score)} ({trial.name})" if trial else "nothing"


def _leading(run: RunData, comparison: ArmsComparison) -> str:
    return f"{comparison.leader} leads{'' if run.is_finished else f' so far{_state(run)}'}"


def _undecided(run: RunData) -> str:
    return "No clear winner" if run.is_finished else f"No winner yet{_state(run)}"


def _state(run: RunData) -> str:
    return f" (the study is {run.status.state})" if run.status else ""


def _named_failures(run: RunData, confirmed: Sequence[ConfirmedArm]) -> list[str]:
    failed: list[tuple[str, TrialData]] = [(arm.arm, t) for arm in confirmed for t in arm.failed]
    if not failed:
        return []
    names = (f"{arm} {t.name} ({run.state_text(t.state)})" for arm, t in failed)
    return [f"Counted as worst: {', '.join(names)}"]


def _collapsed_seeds(run: RunData, arm: ConfirmedArm) -> str:
    """A sentence on seeds of an arm that have a score but failed by their verdicts; empty without such seeds."""
    collapsed = [(arm.arm, t.name) for t in arm.trials if t.score is not None and (arm.arm, t.name) in run.collapsed]
    if not collapsed:
        return ""
    counts, num, of = count_words(run.verdicts[key] for key in collapsed), len(collapsed), len(arm.trials)
    if of == 1:
        failed = f"{arm.arm}'s only confirmed training failed by its verdict ({next(iter(counts))})"
    else:
        failed = f"{num} of {arm.arm}'s {of} confirmed trainings failed by their verdicts ({counts_text(counts)})"
    return f" But {failed}; scores and ranking ignore that, so look at the images."
