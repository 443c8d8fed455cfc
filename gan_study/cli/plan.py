"""The work behind `plan`: check a study, and print its trials, its cost and the difference that it can detect."""

from collections.abc import Sequence
from pathlib import Path

from gan_study.analysis.load_run import load_run
from gan_study.analysis.sentences.detectable_difference import SeedSpread, observed_spread, seeds_rows
from gan_study.cli.preparation.machine_pace import assumed_pace, measure_pace
from gan_study.cli.terminal.messages import print_warning
from gan_study.config.estimates.study_time import estimate_time
from gan_study.config.plan.plan import plan_study
from gan_study.config.plan.plan_text import format_plan, time_text
from gan_study.config.reading.load import load_study
from gan_study.config.study import StudyConfig
from gan_study.errors import GanStudyError, InputError
from gan_study.workflow.data_files import count_images, files_text, weights_text
from gan_study.workflow.own_code import try_own_code
from gan_study.workflow.requirements import missing_cpus
from gan_study.workflow.run_folder import open_run


def print_plan(study_file: str, overrides: Sequence[str], spread_from: str | None, measure: bool) -> None:
    """Print the plan of a study; `measure` bases the estimate of its time on a measurement.

    Raises InputError if the study or the run folder of `spread_from` cannot be used.
    """
    cancelled: list[str] = []
    study = load_study(study_file, overrides, count_images=count_images, warn=cancelled.append)
    notes = try_own_code(study)
    counted = None
    if study.dataset.known_train_images is None:
        from gan_study.data.inspection.inspection import count_train_images

        counted = count_train_images(study.dataset)
    num_train_images = counted.num_train if counted else None
    files = files_text(study.dataset, num_train_images)
    rows = _seeds_rows(study, spread_from)
    estimate = estimate_time(study, num_train_images, measure_pace(study) if measure else assumed_pace())
    time, weights = time_text(study, estimate), weights_text(study.objective)
    print(format_plan(plan_study(study, num_train_images), files, weights, rows, cancelled, time))
    for warning in (*notes, *(counted.warnings if counted else ()), *missing_cpus(study.resources)):
        print_warning(warning)


def _seeds_rows(study: StudyConfig, spread_from: str | None) -> list[tuple[str, str]]:
    if spread_from is not None:
        spread = _spread(study, spread_from)
        if spread is None:
            raise InputError(
                f"--spread-from: the run folder needs an arm with two or more confirmed scores, but got spread_from="
                f"{spread_from} without one; name another folder, or wait until two seeds of an arm are confirmed"
            )
        return seeds_rows(study, spread, spread_from)
    usual = f"runs/{study.name}"
    if not Path(usual, "study.yaml").is_file():
        return seeds_rows(study, None, "")
    try:
        spread = _spread(study, usual)
    except GanStudyError as error:
        return [*seeds_rows(study, None, ""), ("spread", f"not used. {error}")]
    if spread is None:
        reason = (
            f"not known yet: no arm in {usual} has two confirmed scores. Once one has, plan takes the spread from "
            "there; --spread-from takes it from another run folder"
        )
        return [*seeds_rows(study, None, ""), ("spread", reason)]
    return seeds_rows(study, spread, usual)


def _spread(study: StudyConfig, location: str) -> SeedSpread | None:
    """The spread of confirmed scores in a run folder; None if no arm has two of them.

    Raises InputError if the scores are not comparable with this study's.
    """
    run = load_run(open_run(location))
    for name in ("dataset", "objective"):
        if getattr(run.study, name) != getattr(study, name):
            raise InputError(
                f"{location}: a spread needs seeds that are scored as in this study, but got another {name} there; "
                "name a run folder with the same data set and objective by --spread-from"
            )
    return observed_spread(run)
