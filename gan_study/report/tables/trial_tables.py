"""Tables of trials: leaderboards, confirmed seeds, failures and states."""

from collections.abc import Sequence

from gan_study.analysis.confirmed_arm import ConfirmedArm
from gan_study.analysis.run_data import RunData, TrialData, best_first
from gan_study.analysis.sentences.number_text import (
    NOTHING,
    duration,
    number,
    quantity,
)
from gan_study.config.training import PHASES, Phase
from gan_study.report.score_notes import score_name
from gan_study.report.tables.both_scores import score_cells, score_headings
from gan_study.report.tables.table import Table
from gan_study.runs.records.status import TrialState


def leaderboard(run: RunData, arm: str) -> Table:
    """An arm's search and refine trials, the best first and those without a score last; the best of very many."""
    trials = run.searched_trials(arm)
    searched = tuple(dict.fromkeys(name for t in trials for name in t.config.searched))
    scores = score_headings(score_name(run.objective), trials)
    columns = ("Trial", "Rank", *scores, "State", "Verdict", *searched, "kimg", "Time", "Restarts")
    rows = tuple(
        (
            t.name,
            NOTHING if t.score is None else str(rank),
            *score_cells(t, scores),
            _state(run, t),
            verdict_text(run, t),
            *(number(t.config.searched.get(name)) for name in searched),
            number(t.kimg),
            duration(t.seconds),
            str(t.status.num_restarts),
        )
        for rank, t in enumerate(best_first(trials), start=1)
    )
    return Table.of_first(columns, rows, frozenset({"Trial", "State", "Verdict"}))


def confirmed_table(run: RunData, confirmed: Sequence[ConfirmedArm]) -> Table:
    """Every confirmed seed, muted if it does not count."""
    shown = [(arm, t) for arm in confirmed for t in (*arm.trials, *arm.superseded, *arm.after_last_look)]
    scores = score_headings(score_name(run.objective), [t for _, t in shown])
    rows = tuple(
        (
            arm.arm,
            t.name,
            str(t.config.training.seed),
            *score_cells(t, scores),
            _state(run, t) + _why_left_out(arm, t),
            verdict_text(run, t),
            number(t.kimg),
            duration(t.seconds),
            str(t.status.num_restarts),
        )
        for arm, t in shown
    )
    columns = ("Arm", "Trial", "Seed", *scores, "State", "Verdict", "kimg", "Time", "Restarts")
    left_out = [row for row, (arm, t) in enumerate(shown) if t not in arm.trials]
    muted = frozenset((row, column) for row in left_out for column in range(len(columns)))
    return Table(columns, rows, frozenset({"Arm", "Trial", "State", "Verdict"}), muted)


def _why_left_out(arm: ConfirmedArm, trial: TrialData) -> str:
    if trial in arm.superseded:
        return ", no longer among the best"
    return ", after the last look" if trial in arm.after_last_look else ""


def verdict_text(run: RunData, trial: TrialData) -> str:
    """The verdict on a trial in a table; a dash before it has ended."""
    verdict = run.verdict_of(trial)
    return verdict.text if verdict else NOTHING


def _state(run: RunData, trial: TrialData) -> str:
    """State of a trial and the number of its rollbacks."""
    text, rollbacks = run.state_text(trial.state), trial.status.rollbacks
    return f"{text} after {quantity(len(rollbacks), 'rollback')}" if rollbacks else text


def failure_table(run: RunData) -> Table:
    """The trials that diverged or failed, with the reason: all, or the first of very many."""
    lost = [t for t in run.trials if t.state in (TrialState.DIVERGED, TrialState.FAILED)]
    rows = tuple(
        (
            t.config.arm,
            t.name,
            run.state_text(t.state),
            number(t.kimg),
            str(t.status.num_restarts),
            t.status.host or NOTHING,
            t.status.reason or "no reason was recorded",
        )
        for t in lost
    )
    columns = ("Arm", "Trial", "State", "kimg", "Restarts", "Host", "Reason")
    return Table.of_first(columns, rows, frozenset({"Arm", "Trial", "State", "Host", "Reason"}))


def state_table(run: RunData) -> Table:
    """Number of trials in each state, for each arm and phase."""
    rows = []
    for arm in run.arms:
        for phase in _phases(run):
            states = [t.state for t in run.trials if (t.config.arm, t.config.phase) == (arm, phase)]
            rows.append((arm, phase, *(str(states.count(s)) for s in TrialState), str(len(states))))
    columns = ("Arm", "Phase", *(run.state_text(s) for s in TrialState), "all")
    return Table(columns, tuple(rows), frozenset({"Arm", "Phase"}))


def _phases(run: RunData) -> list[Phase]:
    """The phases of the study in their order."""
    return [phase for phase in PHASES if phase != "refine" or run.study.refine.trials_per_arm]
