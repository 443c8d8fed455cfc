"""The report's tables as rows of text, and trials.csv."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

from gan_study.analysis.comparison import ConfirmedArm
from gan_study.analysis.run_data import RunData, TrialData, best_first
from gan_study.analysis.summary import ArmSummary, Summary
from gan_study.analysis.verdict import format_p
from gan_study.config.plan import plan_arm
from gan_study.config.space import describe
from gan_study.report.text import NOTHING, duration, number, percent, score_name, score_text
from gan_study.runs.records import TrialState


@dataclass(frozen=True)
class Table:
    """Plain text in rows and columns."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    text_columns: frozenset[str]
    """Columns of words, set flush left; all others hold numbers."""


def score_table(run: RunData, summary: Summary) -> Table:
    """One row for each arm: its confirmed scores beside what the search promised."""
    name = score_name(run.objective)
    columns = ("Arm", f"Confirmed {name}", "Mean", "95 % interval", "IQM", f"Search {name}", "Optimism")
    rows = tuple(_score_row(arm, summary.arms[arm]) for arm in run.arms)
    return Table(columns, rows, frozenset({"Arm", f"Confirmed {name}"}))


def _score_row(name: str, arm: ArmSummary) -> tuple[str, ...]:
    confirmed = arm.confirmed
    scores = confirmed.scores if confirmed else None
    interval = scores.interval if scores else None
    return (
        name,
        ", ".join(s.state if s.score is None else score_text(s.score) for s in confirmed.seeds)
        if confirmed
        else "none",
        score_text(scores.mean if scores else None),
        f"{score_text(interval[0])} to {score_text(interval[1])}" if interval else NOTHING,
        score_text(scores.interquartile_mean if scores else None),
        score_text(arm.search_score),
        number(confirmed.optimism if confirmed else None),
    )


def cost_table(summary: Summary) -> Table:
    """One row for each arm: how reliably it trained, what its images lack, and what it cost."""
    rows = tuple(
        (
            name,
            percent(arm.failure_rate),
            percent(arm.class_shares.smallest if arm.class_shares else None),
            (", ".join(arm.class_shares.missing) or "none") if arm.class_shares else NOTHING,
            str(sum(arm.trials_by_state.values())),
            number(arm.kimg),
            duration(arm.seconds),
        )
        for name, arm in summary.arms.items()
    )
    columns = ("Arm", "Failure rate", "Smallest class share", "Missing classes", "Trials", "kimg", "Time")
    return Table(columns, rows, frozenset({"Arm"}))


def configuration_table(summary: Summary) -> Table:
    """One row for each searched hyperparameter: its value in each arm's confirmed or else best configuration."""
    names = dict.fromkeys(name for arm in summary.arms.values() for name in arm.hyperparameters)
    rows = tuple((name, *(number(arm.hyperparameters.get(name)) for arm in summary.arms.values())) for name in names)
    return Table(("Hyperparameter", *summary.arms), rows, frozenset({"Hyperparameter"}))


def pair_table(summary: Summary) -> Table:
    """One row for each pair of arms."""
    rows = tuple(
        (
            f"{p.a} v {p.b}",
            f"{p.num_a} v {p.num_b}",
            percent(p.probability_lower),
            format_p(p.p),
            format_p(p.p_holm),
            "yes" if p.is_distinguishable else "no",
        )
        for p in summary.pairs
    )
    columns = ("A v B", "Seeds", "A has the lower score", "Mann-Whitney", "after Holm", "Distinguishable")
    return Table(columns, rows, frozenset({"A v B"}))


def leaderboard(run: RunData, arm: str) -> Table:
    """An arm's search trials, the best first; then those without a score."""
    trials = run.of_arm(arm, "search")
    searched = tuple(dict.fromkeys(name for t in trials for name in t.config.searched))
    columns = ("Rank", "Trial", score_name(run.objective), "State", *searched, "kimg", "Time", "Restarts")
    rows = tuple(
        (
            NOTHING if t.score is None else str(rank),
            t.name,
            score_text(t.score),
            run.state_text(t.state),
            *(number(t.config.searched.get(name)) for name in searched),
            number(t.kimg),
            duration(t.seconds),
            str(t.status.num_restarts),
        )
        for rank, t in enumerate(best_first(trials), start=1)
    )
    return Table(columns, rows, frozenset({"Trial", "State"}))


def confirmed_table(run: RunData, confirmed: Sequence[ConfirmedArm]) -> Table:
    """Every confirmed seed with its state."""
    rows = tuple(
        (
            arm.arm,
            t.name,
            str(t.config.training.seed),
            score_text(t.score),
            run.state_text(t.state),
            number(t.kimg),
            duration(t.seconds),
            str(t.status.num_restarts),
        )
        for arm in confirmed
        for t in arm.trials
    )
    columns = ("Arm", "Trial", "Seed", score_name(run.objective), "State", "kimg", "Time", "Restarts")
    return Table(columns, rows, frozenset({"Arm", "Trial", "State"}))


def failure_table(run: RunData) -> Table:
    """Every trial that diverged or failed, with the reason."""
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
    return Table(columns, rows, frozenset({"Arm", "Trial", "State", "Host", "Reason"}))


def arm_table(run: RunData) -> Table:
    """What each arm is: what it searches, and every other hyperparameter with its default filled in."""
    rows = []
    for name in run.study.arms:
        arm = plan_arm(run.study, name)
        fixed = ", ".join(
            f"{key} {number(value)}" for key, value in arm.fixed.items() if key not in ("loss", "penalty")
        )
        ranges = "; ".join(f"{p.name}: {describe(p.range)}" for p in arm.searched)
        conditions = (str(arm.fixed.get(key, "searched")) for key in ("loss", "penalty"))
        rows.append((name, *conditions, fixed, ranges or "nothing"))
    columns = ("Arm", "Loss", "Penalty", "Fixed", "Searched")
    return Table(columns, tuple(rows), frozenset(columns))


def state_table(run: RunData) -> Table:
    """How many trials of each arm and phase stand where."""
    rows = []
    for arm in run.arms:
        for phase in ("search", "confirm"):
            states = [t.state for t in run.trials if (t.config.arm, t.config.phase) == (arm, phase)]
            rows.append((arm, phase, *(str(states.count(s)) for s in TrialState), str(len(states))))
    columns = ("Arm", "Phase", *(run.state_text(s) for s in TrialState), "all")
    return Table(columns, tuple(rows), frozenset({"Arm", "Phase"}))


def trials_csv(run: RunData) -> str:
    """The content of trials.csv: one row for each trial; a value that does not exist is an empty cell."""
    searched = tuple(dict.fromkeys(name for t in run.trials for name in t.config.searched))
    columns = ["arm", "trial", "phase", "source", "state", "reason", "score", "cur_nimg", "seconds", "restarts", "seed"]
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(columns + [f"searched.{name}" for name in searched])
    for trial in run.trials:
        writer.writerow([*_csv_values(trial), *(trial.config.searched.get(name) for name in searched)])
    return stream.getvalue()


def _csv_values(trial: TrialData) -> tuple[object, ...]:
    config, status = trial.config, trial.status
    return (
        config.arm,
        config.name,
        config.phase,
        config.source,
        trial.state.value,
        status.reason,
        trial.score,
        round(1000 * trial.kimg),
        trial.seconds,
        status.num_restarts,
        config.training.seed,
    )
