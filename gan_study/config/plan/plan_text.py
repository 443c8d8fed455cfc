"""A study's plan as plain text."""

import textwrap
from collections.abc import Sequence

from gan_study.config.arms.resolved_training import ASSUMED_TRAIN_IMAGES
from gan_study.config.arms.settings import TITLE_NAMES, ArmSettings
from gan_study.config.base import Scalar
from gan_study.config.data import ObjectiveConfig
from gan_study.config.estimates.study_time import TimeEstimate
from gan_study.config.extractors import EXTRACTORS
from gan_study.config.hyperparameters import HYPERPARAMETERS
from gan_study.config.plan.plan import StudyPlan
from gan_study.config.plan.search_text import (
    counted_text,
    objectives_text,
    order_text,
    refinement_text,
    sampler_text,
    stopping_text,
)
from gan_study.config.space import range_text
from gan_study.config.study import ResourcesConfig, StudyConfig
from gan_study.config.values.intervals import eighth

_WIDTH = 100
_LABEL = 14
_NAME = max(map(len, HYPERPARAMETERS)) + 2
_VALUE = 14


def format_plan(
    plan: StudyPlan,
    files: str | None = None,
    weights: str | None = None,
    seeds: Sequence[tuple[str, str]] = (),
    cancelled: Sequence[str] = (),
    time: str | None = None,
) -> str:
    """The plan as plain text of at most 100 columns; no path in it is broken.

    Args:
        plan: a study's plan.
        files: state of the data set's files on this machine.
        weights: state of Inception's weights on this machine, if it scores.
        seeds: labels and texts about the differences that the confirmed seeds can show.
        cancelled: sentences about settings without effect.
        time: an estimate of the duration from the pace of this machine.
    """
    study = plan.study
    lines = [f"Study {study.name}"]
    if study.description:
        lines.append(textwrap.fill(study.description, _WIDTH, initial_indent="  ", subsequent_indent="  "))
    size, objective = study.dataset.image_size, study.objective
    lines += [
        _row("data", f"{study.dataset.name}, {size} x {size} pixels"),
        *([_row("files", files)] if files is not None else []),
        _row("objective", f"{objective.metric}, {objective.extractor}, {_samples(objective)}"),
        _row("counted", counted_text(objective)),
        *([_row("weights", weights)] if weights is not None else []),
        _row("search", _search(study)),
        *([_row("refine", refinement_text(study))] if study.refine.trials_per_arm else []),
        *([_row("weighing", text)] if (text := objectives_text(study)) else []),
        _row("length", _length(plan)),
        _row("evaluated", _evaluated(plan)),
        _row("stopping", stopping_text(study, plan.max_training_kimg)),
        _row("order", order_text(study)),
        _row("at once", _at_once(study.resources)),
        *([_row("trackers", ", ".join(study.trackers))] if study.trackers else []),
        *(line for arm in plan.arms for line in ("", *_arm_lines(study, arm))),
        *(["", "Settings that others cancel"] if cancelled else []),
        *(_row("-", sentence, 2) for sentence in cancelled),
        "",
        "At most",
        _row("trainings", _trainings(plan)),
        _row("images", _images(plan)),
        *([_row("time", _time(plan))] if time is None else ["", _row("time", time)]),
        *(["", "What the confirmed seeds can show"] if seeds else []),
        *(_row(label, text) for label, text in seeds),
    ]
    return "\n".join(lines)


def _arm_lines(study: StudyConfig, arm: ArmSettings) -> list[str]:
    first = "first trial" if arm.first_trial is not None else ""
    lines = [textwrap.fill(f"Arm {arm.title}", _WIDTH, subsequent_indent="  ")]
    lines.append(f"  {'':{_NAME}}{first:{_VALUE}}searched" if arm.searched else "  searches nothing")
    values = {**arm.fixed, **(arm.first_trial or {})}
    for parameter in arm.searched:
        taken = arm.first_trial is not None and parameter.is_active(values)
        value = _show(values[parameter.name]) if taken else "-" if arm.first_trial is not None else ""
        mark = " *" if parameter.name in arm.outside else ""
        text = f"{value + mark:{_VALUE - 1}} {range_text(parameter.range)}"
        lines.append(_row(parameter.name, text, _NAME, _NAME + _VALUE))
    shown = {name: value for name, value in arm.fixed.items() if name not in TITLE_NAMES}
    lines += [_row(name, f"{_show(value):{_VALUE - 1}} fixed", _NAME) for name, value in shown.items()]
    if arm.drawn_at_random:
        names = ", ".join(arm.drawn_at_random)
        text = f"{study.search.sampler} always draws at random: {names}"
        lines.append(textwrap.fill(text, _WIDTH, initial_indent="  ", subsequent_indent="    "))
    if arm.outside:
        lines.append("  * outside the range: this trial uses the value, but the sampler does not learn from it")
    return lines


def _row(label: str, text: str, label_width: int = _LABEL, hang: int | None = None) -> str:
    """A label and a text whose further lines are indented to its start."""
    return textwrap.fill(
        f"{label:{label_width}}{text}",
        _WIDTH,
        initial_indent="  ",
        subsequent_indent=" " * (2 + (hang or label_width)),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _samples(objective: ObjectiveConfig) -> str:
    if objective.early_num_samples is None:
        return f"{objective.num_samples} generated images"
    return f"{objective.num_samples} generated images at the end, {objective.early_num_samples} on the way"


def _length(plan: StudyPlan) -> str:
    length, images = plan.study.budget.length, "kimg (thousands of real images)"
    if length.unit == "total_kimg":
        return f"{length.amount:g} {images} for each training"
    text = f"{length.amount:g} {length.noun}"
    if length.is_time:
        return (
            f"{text} for each training (training and evaluation, on each of its workers), estimated at most "
            f"{plan.max_training_kimg:,.3g} {images}; images and scores then depend on the machine and are not "
            "reproducible bit for bit"
        )
    text += f": at most {plan.max_training_kimg:,.6g} {images} for each training"
    if length.unit == "epochs":
        known = "" if plan.num_train_images else ", since the files have not been counted"
        text += f"; an epoch is taken as {plan.num_train_images or ASSUMED_TRAIN_IMAGES:,} images{known}"
    return text


def _evaluated(plan: StudyPlan) -> str:
    every_kimg = plan.study.budget.evaluate_every_kimg
    share = "" if every_kimg != eighth(plan.max_training_kimg) else " (default: an eighth of the length)"
    return f"at 0 kimg, then every {every_kimg:,.6g} kimg{share} and at the end"


def _at_once(resources: ResourcesConfig) -> str:
    cpus, number = resources.cpus_per_worker, resources.max_concurrent_trials
    trials = "as many trials as fit" if number == "auto" else f"at most {number} trials"
    workers = f" on {resources.workers_text} workers" if resources.max_workers > 1 else ""
    each = " each" if workers else ""
    gpus = resources.gpus_per_worker
    whose = "worker" if resources.trials_per_process == 1 else "process"
    share = f"a GPU for each {whose} where there are any" if gpus == "auto" else f"{gpus:g} GPU for each {whose}"
    share = "" if gpus == 0 else f" and {share}"
    together = f"; {resources.trials_per_process} trials share a process" if resources.trials_per_process > 1 else ""
    return f"{trials}, each{workers} with {cpus} CPU{'s' if cpus > 1 else ''}{each}{share}{together}"


def _search(study: StudyConfig) -> str:
    num_trials, repeats = study.budget.trials_per_arm, study.search.repeats
    text = f"{num_trials} trial{'s' if num_trials > 1 else ''} for each arm"
    repeated = f" in each of {repeats} searches of its own" if repeats > 1 else ""
    return f"{text}{repeated}; {sampler_text(study)}"


def _trainings(plan: StudyPlan) -> str:
    total = plan.num_search_trials + plan.num_refine_trials + plan.num_confirm_trials
    confirm = plan.study.confirm
    parts = [f"{plan.num_search_trials} searched"]
    parts += [f"{plan.num_refine_trials} refined"] if plan.num_refine_trials else []
    if confirm.top_k:
        most = confirm.looks[-1]
        seeds = f"{most} seed{'' if most == 1 else 's'}"
        seeds += f"; {confirm.looks[0]} if the first look decides" if len(confirm.looks) > 1 else ""
        parts.append(f"{plan.num_confirm_trials} again (best {confirm.top_k} of each arm, {seeds})")
        return f"{total}: {', '.join(parts)}"
    return f"{total}: {', '.join(parts)}, none again" if plan.num_refine_trials else f"{total}, none again"


def _images(plan: StudyPlan) -> str:
    estimated = ", estimated for the fastest trainings" if plan.study.budget.length.is_time else ""
    is_stopped = plan.study.search.scheduler != "none" or plan.study.diagnosis.on_collapse != "record"
    stopped = ", before early stopping" if is_stopped else ""
    return f"{plan.max_kimg:,.0f} kimg (thousands of real images){estimated}{stopped}"


def _time(plan: StudyPlan) -> str:
    scoring, number = plan.scoring, plan.num_concurrent_trials
    text = f"about {duration_in_words(scoring.preparation_sec + plan.max_core_sec)}"
    text += ", estimated for one core of the developers' machine"
    if number is not None and number > 1:
        text += f"; about {duration_in_words(plan.max_sec)} with {number} trials at once, each on its own core"
    extractor = plan.study.objective.extractor
    if EXTRACTORS[extractor].is_pretrained:
        before = duration_in_words(scoring.preparation_sec)
        text += (
            f"; of it {before} before the first trial, in which {scoring.num_real:,} real images and "
            f"{scoring.num_untrained:,} of an untrained generator pass through {extractor}, unless this machine keeps "
            "the real ones' statistics from before"
        )
    left_out = "the start of Ray and of its processes, which takes 20 s to a minute on two cores"
    if not EXTRACTORS[extractor].is_pretrained:
        left_out += f", and the training of the {extractor.replace('_', ' ')} unless this machine keeps it"
    return f"{text}; left out is {left_out}"


def duration_in_words(seconds: float) -> str:
    """Seconds in words, such as `12 minutes`."""
    if seconds < 90:
        return "1 second" if seconds < 1.5 else f"{seconds:.0f} seconds"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} minutes"
    hours = seconds / 3600
    return f"{hours:.1f} hours" if hours < 100 else f"{hours:,.0f} hours"


def _show(value: Scalar) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def time_text(study: StudyConfig, estimate: TimeEstimate) -> str:
    """The estimate as one text of a plan."""
    pace, parts = estimate.pace, []
    for label, seconds in (
        ("Ray's start", estimate.start_sec),
        (f"training the {study.objective.extractor.replace('_', ' ')}", estimate.extractor_sec),
        ("real and untrained images", estimate.preparation_sec),
        ("search", estimate.search_sec),
        ("confirmation", estimate.confirm_sec),
        ("first and final scores, diagnoses and what each trial adds", estimate.end_sec),
        ("the report", estimate.report_sec),
    ):
        if seconds > 0:
            parts.append(f"{label} {duration_in_words(seconds)}")
    trials = "1 trial at a time" if estimate.num_at_once == 1 else f"{estimate.num_at_once} trials at once"
    if estimate.num_searched_at_once < estimate.num_at_once:
        trials += f" ({estimate.num_searched_at_once} during the search, because of its order)"
    text = f"about {duration_in_words(estimate.total_sec)} with {trials}: {', '.join(parts)}"
    if estimate.first_look_sec is not None:
        text += f"; about {duration_in_words(estimate.first_look_sec)} if the first look at the seeds decides"
    if pace.extractor_is_kept:
        text += "; this machine keeps the extractor"
    if estimate.max_sec > 1.1 * estimate.total_sec:
        text += f"; at most {duration_in_words(estimate.max_sec)}, if all are the longest and none is stopped early"
    if pace.is_measured:
        return f"{text}. This machine was measured for two seconds"
    return f"{text}. Nothing was measured: the figures assume the developers' machine"
