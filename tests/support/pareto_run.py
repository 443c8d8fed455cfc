"""A synthetic run whose search weighs up score and coverage."""

from typing import Any

from gan_study.runs.folder import RunFolder
from gan_study.runs.records.measurements import CoverageRecord
from support.synthetic_run import COMPLETED, DIVERGED, STUDY, Outcome, write_synthetic_run

OBJECTIVES: dict[str, Any] = {**STUDY, "search": {"objectives": ["score", "coverage"], "scheduler": "none"}}
COVERAGES: dict[str, tuple[float | None, ...]] = {
    "lsgan": (0.5, 0.9, 0.4, 0.3, 0.9),
    "wgan": (0.95, 0.1, None, 0.2, 0.2),
}
SCORES: dict[str, tuple[float | None, ...]] = {
    "lsgan": (10.0, 30.0, 20.0, 5.0, 40.0),
    "wgan": (50.0, 7.0, 3.0, None, 6.0),
}


def write_run(place: object) -> RunFolder:
    """lsgan's fourth trial has the best score, its second and fifth the best coverage; wgan's fourth diverged."""
    search = {
        arm: tuple(Outcome(DIVERGED if score is None else COMPLETED, score) for score in scores)
        for arm, scores in SCORES.items()
    }
    folder = write_synthetic_run(str(place), search=search, confirm={}, study=OBJECTIVES)
    add_coverages(folder)
    return folder


def add_coverages(folder: RunFolder) -> None:
    """`COVERAGES` for the search trials of the synthetic run."""
    objective = folder.read_objective()
    assert objective is not None
    for arm, coverages in COVERAGES.items():
        for index, coverage in enumerate(coverages):
            files = folder.trial(arm, f"search_{index:03d}")
            *before, last = files.read_evaluations()
            record = None if coverage is None else CoverageRecord(value=coverage, expected=0.97, k=5, key=objective.key)
            files.write_evaluations([*before, last.model_copy(update={"coverage": record})])
