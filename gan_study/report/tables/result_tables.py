"""Tables with the results of the arms: scores, costs and tests of pairs."""

from collections.abc import Sequence

from gan_study.analysis.arm_comparison import ArmStatistics, PairStatistics
from gan_study.analysis.run_data import RunData
from gan_study.analysis.sentences.number_text import (
    NOTHING,
    duration,
    estimate_text,
    failure_text,
    format_p,
    number,
    percent,
    score_text,
    whole_percent,
)
from gan_study.analysis.sentences.other_count import OtherCount
from gan_study.analysis.summary import ArmSummary, Summary
from gan_study.report.score_notes import score_name
from gan_study.report.tables.both_scores import both_headings, seeds_text
from gan_study.report.tables.table import Table


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


def pair_table(pairs: Sequence[PairStatistics]) -> Table:
    """One row for each pair of arms."""
    columns = (
        "A v B",
        "Seeds",
        "A scores lower (95 % interval)",
        "Mann-Whitney",
        "corrected",
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
