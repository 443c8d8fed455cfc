"""The report's tables as rows of text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gan_study.analysis.arm_comparison import ArmStatistics, PairStatistics
from gan_study.analysis.confirmation import ConfirmedArm
from gan_study.analysis.run_data import RunData, TrialData, best_first
from gan_study.analysis.sentences.number_text import (
    NOTHING,
    estimate_text,
    failure_text,
    format_p,
    number,
    percent,
    quantity,
    score_text,
    whole_percent,
)
from gan_study.analysis.sentences.other_count import OtherCount
from gan_study.analysis.summary import ArmSummary, Summary
from gan_study.config.arms.arm import Arm
from gan_study.config.arms.settings import arm_settings
from gan_study.config.base import Scalar
from gan_study.config.space import range_text
from gan_study.config.training import PHASES, Phase
from gan_study.report.score_notes import duration, score_name
from gan_study.report.tables.both_scores import both_headings, score_cells, score_headings, seeds_text
from gan_study.runs.records import TrialState


@dataclass(frozen=True)
class Table:
    """Plain text in rows and columns."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    text_columns: frozenset[str]
    """Columns of text, which are aligned left. The others hold numbers."""
    muted: frozenset[tuple[int, int]] = frozenset()
    """Row and column of cells that are shown in grey."""


def score_table(run: RunData, summary: Summary) -> Table:
    """One row for each arm with its confirmed scores, its search score and its failures.

    Columns without any value, such as means below five seeds, are left out.
    """
    name, other = score_name(run.objective), summary.other_count
    confirmed = both_headings(f"Confirmed {name}", run.study.objective.at) if other else (f"Confirmed {name}",)
    columns = (
        "Arm",
        *confirmed,
        *(("Mean: last, best",) if other else ()),
        "Failed seeds",
        "Mean (95 % interval)",
        "IQM (95 % interval)",
        "Mean without failed seeds",
        f"Search {name}",
        "Failed in search",
        "Optimism (95 % interval)",
    )
    rows = tuple(_score_row(summary.arms[arm], summary.comparison.by_arm[arm], other) for arm in run.arms)
    kept = [i for i in range(len(columns)) if any(row[i] != NOTHING for row in rows)]
    return Table(
        tuple(columns[i] for i in kept),
        tuple(tuple(row[i] for i in kept) for row in rows),
        frozenset({"Arm", *confirmed}),
    )


def _score_row(arm: ArmSummary, statistics: ArmStatistics, other: OtherCount | None) -> tuple[str, ...]:
    seeds = arm.confirmed.seeds if arm.confirmed else ()
    confirmed = statistics.confirmed
    successful = confirmed.successful if confirmed else None
    some_failed = successful is not None and successful.failures.num_failed > 0
    conditional = successful.scores if successful and some_failed else None
    return (
        statistics.arm,
        *((seeds_text(seeds, "last"), seeds_text(seeds, "best")) if other else (seeds_text(seeds),)),
        *((_both_means(other, statistics.arm),) if other else ()),
        failure_text(successful.failures if successful else None),
        estimate_text(confirmed.counted.mean if confirmed else None),
        estimate_text(confirmed.counted.interquartile_mean if confirmed else None),
        estimate_text(conditional.mean if conditional else None),
        score_text(arm.search_score),
        failure_text(statistics.search.failures),
        estimate_text(confirmed.optimism if confirmed else None),
    )


def _both_means(other: OtherCount, arm: str) -> str:
    """Means by both evaluations, such as `82.80, 68.60`; a dash without confirmed seeds."""
    if arm not in other.mean_last:
        return NOTHING
    return f"{score_text(other.mean_last[arm])}, {score_text(other.mean_best[arm])}"


def cost_table(summary: Summary) -> Table:
    """One row for each arm with the classes that its images lack, and its cost."""
    many = any(arm.class_shares and arm.class_shares.has_many_classes for arm in summary.arms.values())
    rows = tuple(
        (
            name,
            *(_modes(arm) if many else _classes(arm)),
            str(sum(arm.trials_by_state.values())),
            number(arm.kimg),
            duration(arm.seconds),
        )
        for name, arm in summary.arms.items()
    )
    classes = ("Modes found", "KL to real shares") if many else ("Smallest class share", "Missing classes")
    return Table(("Arm", *classes, "Trials", "kimg", "Time"), rows, frozenset({"Arm"}))


def _classes(arm: ArmSummary) -> tuple[str, str]:
    shares = arm.class_shares
    return (percent(shares.smallest), ", ".join(shares.missing) or "none") if shares else (NOTHING, NOTHING)


def _modes(arm: ArmSummary) -> tuple[str, str]:
    shares = arm.class_shares
    if shares is None:
        return NOTHING, NOTHING
    return f"{shares.modes_text} (a perfect generator: {shares.expected_num_modes:,.0f})", number(shares.kl)


def configuration_table(run: RunData, summary: Summary) -> Table:
    """One row for each hyperparameter that any arm searches, with its value in each arm.

    The values are those of the confirmed configuration, or else of the best one of the search. A value that the arm
    does not search is muted; an arm without the hyperparameter has a dash.
    """
    return configurations(summary, {arm: arm_settings(Arm(run.study, arm)).fixed for arm in run.arms})


def configurations(summary: Summary, fixed: Mapping[str, Mapping[str, Scalar]]) -> Table:
    """The configuration table for given fixed values: by arm, the hyperparameters that it does not search."""
    names = list(dict.fromkeys(name for arm in summary.arms.values() for name in arm.hyperparameters))
    rows = tuple(
        (name, *(number(arm.hyperparameters.get(name, fixed[key].get(name))) for key, arm in summary.arms.items()))
        for name in names
    )
    muted = frozenset(
        (row, column)
        for row, name in enumerate(names)
        for column, arm in enumerate(summary.arms.values(), start=1)
        if name not in arm.hyperparameters
    )
    return Table(("Hyperparameter", *summary.arms), rows, frozenset({"Hyperparameter"}), muted)


def pair_table(pairs: Sequence[PairStatistics]) -> Table:
    """One row for each pair of arms."""
    columns = (
        "A v B",
        "Seeds",
        "A scores lower (95 % interval)",
        "Mann-Whitney",
        "after Holm",
        "Result",
        "Would probably decide",
    )
    rows = tuple(_pair_row(pair) for pair in pairs)
    return Table(columns, rows, frozenset({"A v B", "Result", "Would probably decide"}))


def _pair_row(pair: PairStatistics) -> tuple[str, ...]:
    found, test = pair.probability_lower, pair.test
    interval = f" ({whole_percent(found.low)} to {whole_percent(found.high)})" if found else ""
    return (
        f"{test.a} v {test.b}",
        f"{test.num_a} v {test.num_b}",
        f"{whole_percent(test.probability_lower)}{interval}",
        format_p(test.p),
        format_p(test.p_holm),
        pair.words,
        pair.further_seeds.words if pair.further_seeds else NOTHING,
    )


def leaderboard(run: RunData, arm: str) -> Table:
    """An arm's search and refine trials, the best first and those without a score last."""
    trials = run.searched_trials(arm)
    searched = tuple(dict.fromkeys(name for t in trials for name in t.config.searched))
    scores = score_headings(score_name(run.objective), trials)
    columns = ("Trial", "Rank", *scores, "State", "Verdict", *searched, "kimg", "Time", "Restarts")
    rows = tuple(
        (
            t.name,
            NOTHING if t.score is None else str(rank),
            *score_cells(t, trials),
            _state(run, t),
            verdict_text(run, t),
            *(number(t.config.searched.get(name)) for name in searched),
            number(t.kimg),
            duration(t.seconds),
            str(t.status.num_restarts),
        )
        for rank, t in enumerate(best_first(trials), start=1)
    )
    return Table(columns, rows, frozenset({"Trial", "State", "Verdict"}))


def confirmed_table(run: RunData, confirmed: Sequence[ConfirmedArm]) -> Table:
    """Every confirmed seed, muted if it no longer counts because the study was extended."""
    shown = [(arm, t) for arm in confirmed for t in (*arm.trials, *arm.superseded)]
    trials = [t for _, t in shown]
    rows = tuple(
        (
            arm.arm,
            t.name,
            str(t.config.training.seed),
            *score_cells(t, trials),
            _state(run, t) + (", no longer among the best" if t in arm.superseded else ""),
            verdict_text(run, t),
            number(t.kimg),
            duration(t.seconds),
            str(t.status.num_restarts),
        )
        for arm, t in shown
    )
    scores = score_headings(score_name(run.objective), trials)
    columns = ("Arm", "Trial", "Seed", *scores, "State", "Verdict", "kimg", "Time", "Restarts")
    superseded = [row for row, (arm, t) in enumerate(shown) if t in arm.superseded]
    muted = frozenset((row, column) for row in superseded for column in range(len(columns)))
    return Table(columns, rows, frozenset({"Arm", "Trial", "State", "Verdict"}), muted)


def verdict_text(run: RunData, trial: TrialData) -> str:
    """The verdict on a trial in a table; a dash before it has ended."""
    verdict = run.verdict_of(trial)
    return verdict.text if verdict else NOTHING


def _state(run: RunData, trial: TrialData) -> str:
    """State of a trial and the number of its rollbacks."""
    text, rollbacks = run.state_text(trial.state), trial.status.rollbacks
    return f"{text} after {quantity(len(rollbacks), 'rollback')}" if rollbacks else text


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
    """The definition of each arm: its search space, and all fixed hyperparameters including defaults."""
    rows = []
    for name in run.study.arms:
        arm = arm_settings(Arm(run.study, name))
        fixed = ", ".join(
            f"{key} {number(value)}" for key, value in arm.fixed.items() if key not in ("loss", "penalty")
        )
        ranges = "; ".join(f"{p.name}: {range_text(p.range)}" for p in arm.searched)
        conditions = (str(arm.fixed.get(key, "searched")) for key in ("loss", "penalty"))
        rows.append((name, *conditions, fixed, ranges or "nothing", *_refined(run, name)))
    columns = ("Arm", "Loss", "Penalty", "Fixed", "Searched", *(["Refined"] if run.refinements else []))
    return Table(columns, tuple(rows), frozenset(columns))


def _refined(run: RunData, arm: str) -> list[str]:
    """A cell with the refined ranges of an arm; no cell if no arm has any."""
    if not run.refinements:
        return []
    found = run.refinements.get(arm)
    if found is None:
        return [NOTHING]
    around = f" (around {', '.join(found.sources)})" if found.sources else ""
    return ["; ".join(f"{label}: {range_text(each)}" for label, each in found.ranges.items()) + around]


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
