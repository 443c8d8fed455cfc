"""The protocol of a study as terms and texts, for anyone who wants to repeat or check it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from gan_study.analysis.run_data import RunData, TrialData, best_trial
from gan_study.analysis.sentences.importance_text import arm_importances
from gan_study.analysis.sentences.looks_text import looks_text
from gan_study.analysis.sentences.number_text import duration, listed, number, percent, quantity
from gan_study.analysis.statistics.fidelity import describe_fidelity
from gan_study.config.arms.arm import Arm
from gan_study.config.plan.search_text import (
    counted_text,
    objectives_text,
    order_text,
    refinement_text,
    sampler_text,
    stopping_text,
)
from gan_study.config.search.sampling import searches_anything
from gan_study.config.study import ConfirmConfig
from gan_study.report.figures.importance_figures import importance_items
from gan_study.report.score_notes import rough_note
from gan_study.report.tables.extension_items import extension_items
from gan_study.runs.records.environment import Environment, Surroundings
from gan_study.runs.records.measurements import ObjectiveRecord
from gan_study.runs.records.status import TrialState

Item = tuple[str, str]
"""A term and its text."""
_MOST_NAMES = 10
"""Machines whose names are listed."""


def protocol_items(run: RunData) -> list[Item]:
    """The protocol, from the data set to the cost. Items that were not recorded are left out."""
    dataset = run.study.dataset
    items = [("Data set", f"{dataset.name}, {dataset.image_size} × {dataset.image_size} pixels")]
    if run.objective is not None:
        items += [("Data set's files", warning) for warning in run.objective.data_warnings]
        items += _objective_items(run.objective)
    items.append(("Counted", counted_text(run.study.objective)))
    if (fidelity := describe_fidelity(run)) is not None:
        items.append(("Scores before the end", fidelity.sentence))
    if run.study.resources.max_workers > 1:
        items.append(("Workers", _workers_text(run)))
    if (num := run.study.resources.trials_per_process) > 1:
        items.append(("Processes", f"each trains up to {num} trials at once, which share its GPU if it has one"))
    return (
        items
        + _search_items(run)
        + extension_items(run)
        + importance_items(run, arm_importances(run))
        + _environment_items(run)
        + ([("Arithmetic", _arithmetic(run))] if run.trials else [])
        + [("Cost", _cost(run.trials))]
    )


def comparability(objective: ObjectiveRecord) -> str:
    """Say if the scores are comparable with published FID."""
    return "comparable with published FID" if objective.key.is_published_fid else "not comparable with published FID"


def _objective_items(objective: ObjectiveRecord) -> list[Item]:
    key = objective.key
    items = [
        ("Score", f"{key.label()}, {comparability(objective)}; lower is better"),
        ("Reference", f"{key.num_real:,} real images of {key.dataset}, split {key.split}"),
        ("Generated images per score", _num_samples(objective)),
        ("Real-against-real floor", _floor(objective)),
        ("Untrained score", f"{number(objective.untrained_score)}, of a generator before its first step"),
        ("Failure score", f"{number(objective.failure_score)}, counted for a trial that diverged or failed"),
    ]
    if objective.extractor_accuracy is not None:
        text = f"{percent(objective.extractor_accuracy)} of held-out real images classified correctly"
        items.append(("Extractor accuracy", text))
    return items


def _num_samples(objective: ObjectiveRecord) -> str:
    if objective.early_num_samples is None:
        return f"{objective.key.num_generated:,}"
    return f"{objective.key.num_generated:,} at a training's end, {objective.early_num_samples:,} before"


def _floor(objective: ObjectiveRecord) -> str:
    text = f"{number(objective.floor)}, the expected score of as many fresh real images{rough_note(objective.key)}"
    num = objective.early_num_samples
    if num is None:
        return text
    early = f"{number(objective.early_floor)} for the {num:,} before a training's end{rough_note(objective.key, num)}"
    return f"{text}; {early}"


def _search_items(run: RunData) -> list[Item]:
    search, budget = run.study.search, run.study.budget
    max_kimg = max([*(t.config.training.total_kimg for t in run.trials), budget.total_kimg or 0.0])
    length = f"{_length(run)}, evaluated every {number(budget.evaluate_every_kimg)} kimg"
    first_seed, seeds = search.seed, sorted({t.config.training.seed for t in run.trials if t.config.phase == "confirm"})
    first = f"seed {search.seed}"
    if any(searches_anything(Arm(run.study, arm)) for arm in run.arms):
        first = f"first trial: {search.first_trial.replace('_', ' ')}; {first}"
    return [
        ("Budget", f"{quantity(budget.trials_per_arm, 'trial')} for each arm{_repeats(run)}, each of at most {length}"),
        ("Sampler", f"{sampler_text(run.study)}; {first}{_sampler_settings(run)}"),
        *([("Objectives", text)] if (text := objectives_text(run.study)) else []),
        ("Scheduler", stopping_text(run.study, max_kimg) if max_kimg else search.scheduler),
        ("Order", order_text(run.study)),
        *([("Refinement", refinement_text(run.study))] if run.study.refine.trials_per_arm else []),
        ("Confirmation", _confirmation(run.study.confirm)),
        *_schedules(run),
        ("Seeds", f"search: {first_seed} plus the trial's number; confirm: {', '.join(map(str, seeds)) or 'none'}"),
    ]


def _sampler_settings(run: RunData) -> str:
    """Settings of Optuna's sampler, if they were recorded."""
    environment = run.environment
    if environment is None or not environment.sampler:
        return ""
    given = ", ".join(f"{name}={value}" for name, value in environment.sampler.items() if value is not None)
    return f"; Optuna {environment.versions['optuna']} with {given}"


def _repeats(run: RunData) -> str:
    repeats = run.study.search.repeats
    return f" in each of {repeats} searches that differ only in their sampler's seed" if repeats > 1 else ""


def _schedules(run: RunData) -> list[Item]:
    """The learning rates and betas over training that population-based training found, for each arm's best trial."""
    items = []
    for arm in run.arms:
        best = best_trial(run.trials_of_arm(arm, "search"))
        if best is not None and best.config.training.schedule:
            entries = "; ".join(
                f"from {number(e.from_kimg)} kimg g_lr {number(e.g_lr)}, d_lr {number(e.d_lr)}, "
                f"beta1 {number(e.beta1)}, beta2 {number(e.beta2)}"
                for e in best.config.training.schedule
            )
            items.append((f"Schedule of {arm}", f"{best.name}: {entries}"))
    return items


def _confirmation(confirm: ConfirmConfig) -> str:
    if confirm.top_k == 0:
        return "none"
    configurations = "configuration" if confirm.top_k == 1 else f"{confirm.top_k} configurations"
    each = " each" if confirm.top_k > 1 else ""
    text = f"the best {configurations} of each arm, {quantity(confirm.seeds, 'fresh seed')}{each}"
    if len(confirm.looks) == 1:
        return text
    return f"{text}, and further ones until one arm wins; {looks_text(confirm.looks)}"


def _commit(environment: Surroundings) -> str:
    """Describe the commit, which ends in `+` if there were uncommitted changes, and how it is known."""
    commit, source = environment.commit, environment.commit_source
    if commit is None:
        return f"unknown: {source}" if source else "not run from a checkout"
    known = f"{commit[:-1]}, with changes that were not committed" if commit.endswith("+") else commit
    return f"{known} (from {source})" if source else known


def _hosts(environment: Surroundings) -> str:
    """Describe the machines: how many of each kind, and their names."""
    kinds = Counter(environment.hosts)
    text = "; ".join(f"{count} times {kind}" if count > 1 else kind for kind, count in kinds.items())
    names = list(dict.fromkeys(environment.host_names))
    more = [f"{len(names) - _MOST_NAMES} more"] if len(names) > _MOST_NAMES else []
    return f"{text} ({listed([*names[:_MOST_NAMES], *more])})" if names else text


def _length(run: RunData) -> str:
    """The length of a full training, in the unit of the study and in other units."""
    length = run.study.budget.length
    completed = [t for t in run.trials if t.state is TrialState.COMPLETED]
    converted = []
    # With a budget in seconds, the number of images is known only after a training has ended.
    kimg = sorted({t.kimg for t in completed} if length.is_time else {t.config.training.total_kimg for t in run.trials})
    if length.unit != "total_kimg" and kimg:
        converted.append(f"{_span(kimg)} kimg")
    if length.unit != "epochs" and kimg and run.objective is not None:
        num_images = run.objective.num_train_images
        converted.append(f"{_span([1000 * k / num_images for k in kimg])} epochs of {num_images:,} images")
    if not length.is_time and completed:
        converted.append(f"{_span(sorted(t.device_sec for t in completed))} device-seconds")
    text = f"{number(length.amount)} {length.noun}" + (f" ({', '.join(converted)})" if converted else "")
    return f"{text}, on this machine and not reproducible bit for bit" if length.is_time else text


def _span(values: Sequence[float]) -> str:
    low, high = number(values[0]), number(values[-1])
    return low if low == high else f"{low} to {high}"


def _environment_items(run: RunData) -> list[Item]:
    items = []
    if run.environment is not None:
        environment = run.environment
        items = [
            *_earlier_items(environment),
            ("Command", environment.command),
            ("Versions", _versions(environment.versions)),
            ("Commit", _commit(environment)),
            ("Hosts", _hosts(environment)),
            *([("Processor", environment.processor)] if environment.processor else []),
        ]
    if run.status is not None:
        started = datetime.fromtimestamp(run.status.start_time, UTC).strftime("%Y-%m-%d %H:%M UTC")
        at_once = f"{quantity(run.status.num_concurrent_trials, 'trial')} at once"
        items.append(("Run", f"started {started}, {duration(run.status.elapsed_sec)} in all, {at_once}"))
    return items


def _earlier_items(environment: Environment) -> list[Item]:
    """Commands, versions and hosts of trainings before the last command, the oldest first."""
    items = []
    for place, each in enumerate(environment.earlier):
        different = {name: v for name, v in each.versions.items() if environment.versions.get(name) != v}
        versions = f"; {_versions(different)}" if different else ""
        commit = f"commit {_commit(each)}" if each.commit or each.commit_source else _commit(each)
        text = f"{each.command}; {commit}; {_hosts(each)}{versions}"
        items.append(("Then with" if place else "Trained first with", text))
    if items:
        term, text = items[-1]
        items[-1] = (term, f"{text}. Trainings since ran with the command, versions, commit and hosts below")
    return items


def _versions(versions: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in versions.items())


def _workers_text(run: RunData) -> str:
    resources = run.study.resources
    statistics = resources.batch_statistics.replace("_", " ")
    text = f"{resources.workers_text} for each training, which share every batch; batch statistics {statistics}"
    if resources.min_workers == resources.max_workers:
        return text
    used = [{e.num_workers for e in trial.evaluations if e.num_workers is not None} for trial in run.trials]
    resized = sum(len(numbers) > 1 for numbers in used)
    found = sorted(set().union(*used))
    return f"{text}. {quantity(resized, 'training')} changed the number; numbers used: {', '.join(map(str, found))}"


def _arithmetic(run: RunData) -> str:
    """Name the precision of the trainings, and say where a GPU shortens float32."""
    text = listed(sorted({t.config.training.precision for t in run.trials}))
    if not any(t.config.training.precision == "float32" and t.config.workers.gpus_per_worker for t in run.trials):
        return text
    if run.study.resources.trials_per_process > 1:
        return f"{text}; on GPUs, float32 is never shortened to TF32, since each process trains several trials"
    return f"{text}; on GPUs, convolutions of float32 use TF32, which is torch's default, and matrix products do not"


def _cost(trials: tuple[TrialData, ...]) -> str:
    gpu_sec = sum(t.device_sec * t.config.workers.gpus_per_worker for t in trials)
    cpu_sec = sum(t.device_sec * t.config.workers.cpus_per_worker for t in trials)
    gpu_hours = f"{gpu_sec / 3600:.3g} GPU-hours and " if gpu_sec else ""
    kimg, num_trials = number(sum(t.kimg for t in trials)), quantity(len(trials), "trial")
    return f"{gpu_hours}{cpu_sec / 3600:.3g} CPU-core-hours in {num_trials}, for {kimg} kimg of training"
