"""Faults in studies with population based training."""

from collections.abc import Iterator

from gan_study.config.arms.arm import arms_of
from gan_study.config.population import SCHEDULED
from gan_study.config.reading.problems import Fault
from gan_study.config.search.population import interval_kimg, pbt_settings, scheduled_names
from gan_study.config.study import StudyConfig


def population_faults(study: StudyConfig) -> Iterator[Fault]:
    """Settings of pbt with another scheduler, and settings that pbt cannot work with."""
    if study.search.scheduler != "pbt":
        if study.search.pbt is not None:
            yield Fault(
                ("search", "pbt"),
                f"pbt's settings belong to it, but got scheduler={study.search.scheduler}; remove them, or set "
                "scheduler: pbt",
                at_key=True,
            )
        return
    yield from _length_faults(study)
    if study.budget.trials_per_arm < 2:
        yield Fault(
            ("budget", "trials_per_arm"),
            "a population has at least two trials, but got trials_per_arm=1; train more, or set scheduler: none",
        )
    if study.refine.trials_per_arm:
        yield Fault(
            ("refine", "trials_per_arm"),
            "a refinement narrows ranges around values that held for whole trainings, which those of a population do "
            f"not, but got trials_per_arm={study.refine.trials_per_arm} with scheduler=pbt; leave refine out",
        )
    if study.search.repeats > 1:
        yield Fault(
            ("search", "repeats"),
            f"a population is searched once, but got repeats={study.search.repeats} with scheduler=pbt; leave repeats "
            "out",
        )
    if study.diagnosis.on_collapse == "rollback":
        yield Fault(
            ("diagnosis", "on_collapse"),
            "a population replaces its worst trials by copies of the best, and its schedules give all learning rates, "
            "but got on_collapse=rollback with scheduler=pbt; set stop or record",
        )
    for arm in arms_of(study):
        if not scheduled_names(arm):
            yield Fault(
                ("arms", arm.name),
                f"a population varies learning rates and decay rates, but arm {arm.name} searches none of "
                f"{', '.join(SCHEDULED)}; give one of them a range",
                at_key=True,
            )


def _length_faults(study: StudyConfig) -> Iterator[Fault]:
    length = study.budget.length
    if not length.fixes_images:
        yield Fault(
            ("budget", length.unit),
            "a population is compared at equal images, and ends at equal images, but got "
            f"{length.unit}={length.amount:g}; give the length as total_kimg or epochs",
            at_key=True,
        )
    every, interval = study.budget.evaluate_every_kimg, interval_kimg(study)
    if abs(interval / every - round(interval / every)) > 1e-9 or interval < every:
        yield Fault(
            ("search", "pbt", "interval_kimg"),
            f"a population is compared at evaluations, but got interval_kimg={interval:g} with "
            f"evaluate_every_kimg={every:g}; give a multiple of it",
        )
    if length.unit == "total_kimg" and interval >= length.amount:
        yield Fault(
            ("search", "pbt", "interval_kimg") if pbt_settings(study).interval_kimg else ("budget", "total_kimg"),
            f"a population must be compared before its trainings end, but got interval_kimg={interval:g} with "
            f"total_kimg={length.amount:g}; compare more often, or train longer",
        )
