"""Load several finished studies and render the page that compares them."""

from collections.abc import Sequence
from typing import Any

from gan_study.analysis.comparison.fairness import ComparedStudy, fairness_problems
from gan_study.analysis.comparison.side_by_side import SideBySide, put_side_by_side
from gan_study.analysis.load_run import load_run
from gan_study.analysis.run_data import RunData
from gan_study.analysis.sentences.luck_text import measure_luck
from gan_study.analysis.sentences.number_text import number
from gan_study.errors import InputError
from gan_study.report.comparison.comparison_plots import comparison_plots
from gan_study.report.comparison.comparison_tables import (
    arm_tables,
    configuration_table,
    difference_table,
    final_notes,
    protocol_table,
)
from gan_study.report.figures.figure_style import arm_styles
from gan_study.report.pictures.page_pictures import compared_pictures
from gan_study.report.score_notes import score_note, short_note
from gan_study.report.skeleton import Tab, render_skeleton
from gan_study.report.tables.luck_table import LUCK_CAPTION, luck_table
from gan_study.report.tables.protocol import comparability
from gan_study.report.tables.result_tables import pair_table
from gan_study.runs.folder import RunFolder

KIND = "comparison"
"""Kind of the pages, see `is_page`."""
TABS = (
    Tab("result", "Result"),
    Tab("confirmation", "Confirmation"),
    Tab("images_compared", "Images"),
    Tab("searches", "Search"),
    Tab("protocols", "Protocol"),
)


def compare_studies(folders: Sequence[RunFolder]) -> SideBySide:
    """Load studies and compare their arms.

    Raises InputError with all reasons if they may not be compared, StorageError if a file cannot be read.
    """
    runs: list[tuple[str, RunData]] = []
    problems: list[str] = []
    for folder in folders:
        try:
            runs.append((folder.location, load_run(folder)))
        except InputError as error:
            problems += error.problems
    studies = _labelled(runs)
    problems += fairness_problems(studies)
    if problems:
        raise InputError(problems)
    return put_side_by_side(studies)


def render_comparison(found: SideBySide) -> str:
    """Render the whole page, with pictures from the run folders. It needs no network and no other file.

    Raises StorageError if a picture cannot be read.
    """
    objective = found.together.objective
    assert objective is not None, "a study without an objective is refused"
    styles = arm_styles(found.together.arms)
    values: dict[str, Any] = {
        "found": found,
        "styles": styles,
        "pictures": compared_pictures(found),
        "run": found.together,
        "summary": found.summary,
        "notices": _notices(found),
        "comparability": comparability(objective),
        "score_note": score_note(objective),
        "short_note": short_note(objective),
        **arm_tables(found),
        "configurations": configuration_table(found),
        "pairs": pair_table(found.pairs),
        "final_note": final_notes(found),
        "luck": luck_table(measure_luck(found.confirmed)),
        "luck_caption": LUCK_CAPTION,
        "differences": difference_table(found),
        "protocol": protocol_table(found),
        "plots": comparison_plots(found, styles),
    }
    return render_skeleton(f"{found.summary.study}: comparison", "comparison_header", TABS, values, KIND)


def _labelled(runs: Sequence[tuple[str, RunData]]) -> list[ComparedStudy]:
    """Studies with unique labels: their names, their folders' names, or the parts in which their locations differ."""
    names = [run.study.name for _, run in runs]
    places = [location for location, _ in runs]
    folders = [place.partition("?")[0].rstrip("/").rpartition("/")[2] for place in places]
    labels = next((each for each in (names, folders) if len(set(each)) == len(runs)), _apart(places))
    return [ComparedStudy(label, place, run) for label, (place, run) in zip(labels, runs, strict=True)]


def _apart(places: Sequence[str]) -> list[str]:
    """Locations without their common first and last folders. At least one folder of each remains."""
    parts = [place.rstrip("/").split("/") for place in places]
    while all(len(each) > 1 for each in parts) and len({each[0] for each in parts}) == 1:
        parts = [each[1:] for each in parts]
    while all(len(each) > 1 for each in parts) and len({each[-1] for each in parts}) == 1:
        parts = [each[:-1] for each in parts]
    return ["/".join(each) for each in parts]


def _notices(found: SideBySide) -> list[str]:
    """Sentences that a reader needs before the numbers."""
    differing = {row.name for row in found.differences}
    notices = [same.words for same in found.same_trainings] + list(found.same_arms)
    if found.studies[0].run.study.budget.length.is_time and "hosts" in differing:
        notices.append(
            "The budget is in device-seconds and the studies ran on different machines, so the same budget is not the "
            "same number of images."
        )
    if "objective.failure_score" in differing and any(arm.failed for arm in found.confirmed.values()):
        notices.append(
            "In all studies, seeds without a score count with the highest of the failure scores, "
            f"{number(found.summary.score.failure_score if found.summary.score else None)}."
        )
    return notices
