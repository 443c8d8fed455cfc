"""The plan of a study: its trials and its greatest possible cost, before anything runs."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from gan_study.config.arms.arm import Arm, arms_of
from gan_study.config.arms.longest import longest_trainings
from gan_study.config.arms.parameters import Parameter
from gan_study.config.arms.sampling import drawn_at_random
from gan_study.config.arms.trial_configs import ASSUMED_TRAIN_IMAGES, first_trial_values, resolve_training
from gan_study.config.base import Scalar
from gan_study.config.data import ObjectiveConfig
from gan_study.config.extractors import EXTRACTORS
from gan_study.config.hyperparameters import HYPERPARAMETERS, PARTS
from gan_study.config.intervals import eighth
from gan_study.config.names import CONDITIONS
from gan_study.config.plan.scoring_cost import ScoringCost, scoring_cost
from gan_study.config.plan.search_text import refinement_text, sampler_text, stopping_text
from gan_study.config.plan.stopping import Bracket, brackets
from gan_study.config.rules.objectives import counted_text, objectives_text
from gan_study.config.space import contains, describe
from gan_study.config.study import ResourcesConfig, StudyConfig
from gan_study.config.training import TrainingConfig

_WIDTH = 100
_LABEL = 14
_NAME = max(map(len, HYPERPARAMETERS)) + 2
_VALUE = 14
_IN_TITLE = ("loss", "penalty", "network.name")


@dataclass(frozen=True)
class ArmPlan:
    """One arm's trials."""

    name: str
    fixed: dict[str, Scalar]
    """Hyperparameters that no trial varies, by dotted name: the study's, else the paper's."""
    searched: tuple[Parameter, ...]
    """The arm's search space."""
    first_trial: dict[str, Scalar] | None
    """Values of the searched hyperparameters in the first trial; None if it is sampled like the others."""
    drawn_at_random: tuple[str, ...]
    """Labels of the parameters that the study's sampler cannot learn and draws at random in every trial."""

    @property
    def title(self) -> str:
        """The arm's name, loss, penalty and network; those that are searched are marked so."""
        parts = [str(self.fixed["loss"])] if "loss" in self.fixed else []
        if self.fixed.get("penalty", "none") != "none":
            parts.append(f"penalty {self.fixed['penalty']}")
        parts += [str(self.fixed["network.name"])] if "network.name" in self.fixed else []
        names = {p.name for p in self.searched}
        parts += [f"searched {name}" for name in _IN_TITLE if name in names]
        return f"{self.name}: {', '.join(parts)}"

    @property
    def outside(self) -> tuple[str, ...]:
        """Names whose value in the first trial is outside the range: the trial uses it, the sampler does not see it."""
        values = self.first_trial or {}
        active = [p for p in self.searched if p.name in values and p.is_active({**self.fixed, **values})]
        return tuple(p.name for p in active if not contains(p.range, values[p.name]))


@dataclass(frozen=True)
class StudyPlan:
    """Upper bounds of a study's trials, images and time; early stopping reduces them."""

    study: StudyConfig
    arms: tuple[ArmPlan, ...]
    num_train_images: int | None
    """Images in the train part; None if nobody has counted them."""
    max_training_kimg: float
    """Length of the longest training within the ranges."""
    num_search_trials: int
    """Search trials of all arms."""
    num_refine_trials: int
    """Refine trials of all arms."""
    num_confirm_trials: int
    """Confirm trials of all arms."""
    max_kimg: float
    """Thousands of images of all trainings together."""
    max_core_sec: float
    """Estimated seconds of all trainings together on one core, with all their scores."""
    scoring: ScoringCost
    """The cost of scores other than those during the trainings."""

    @property
    def brackets(self) -> tuple[Bracket, ...]:
        """Brackets of an arm's trials, with their rungs; empty if the scheduler has none."""
        return brackets(self.study, self.max_training_kimg)

    @property
    def max_sec(self) -> float:
        """Estimated seconds from start to end, with the study's number of trials at once, or one if it sets none."""
        return self.scoring.preparation_sec + self.max_core_sec / (self.num_concurrent_trials or 1)

    @property
    def num_concurrent_trials(self) -> int | None:
        """Trials at once; None if the study sets no number."""
        number = self.study.resources.max_concurrent_trials
        return None if number == "auto" else number


def plan(study: StudyConfig, num_train_images: int | None = None) -> StudyPlan:
    """Plan a valid study; `num_train_images` is None if nobody has counted them."""
    num_arms, searched, refined = len(study.arms), study.search_trials_per_arm, study.refine.trials_per_arm
    confirmed = study.confirm.top_k * study.confirm.seeds
    per_arm = searched + refined + confirmed
    counted = num_train_images or study.dataset.known_train_images
    num_confirmed = num_arms * confirmed
    scoring = scoring_cost(study, counted)
    arms = arms_of(study)
    longest = [longest_trainings(arm, counted or ASSUMED_TRAIN_IMAGES) for arm in arms]
    num_trainings = num_arms * per_arm
    return StudyPlan(
        study=study,
        arms=tuple(map(plan_arm, arms)),
        num_train_images=counted,
        max_training_kimg=max(kimg for kimg, _ in longest),
        num_search_trials=num_arms * searched,
        num_refine_trials=num_arms * refined,
        num_confirm_trials=num_confirmed,
        max_kimg=sum(per_arm * kimg for kimg, _ in longest),
        max_core_sec=sum(per_arm * seconds for _, seconds in longest)
        + scoring.seconds_beside(num_trainings, num_confirmed),
        scoring=scoring,
    )


def format_plan(
    plan: StudyPlan,
    files: str | None = None,
    weights: str | None = None,
    seeds: Sequence[tuple[str, str]] = (),
    cancelled: Sequence[str] = (),
    time: str | None = None,
) -> str:
    """The plan as plain text of at most 100 columns; no path in it is broken.

    files: what there is to say of the data set's files on this machine; weights: the same of Inception's, if it scores;
    seeds: labels and texts on what the confirmed seeds can show; cancelled: sentences on settings without effect;
    time: an estimate that takes this machine's measure.
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


def plan_arm(arm: Arm) -> ArmPlan:
    """One arm's trials: their search space, and every other hyperparameter with its default filled in."""
    first = first_trial_values(arm)
    conditions = {name: value for name, value in first.items() if name in CONDITIONS}
    training = resolve_training(arm, conditions, seed=0, num_train_images=ASSUMED_TRAIN_IMAGES)
    # A shorthand and its parts are never shown together.
    left_out = {p.name for p in arm.parameters}
    for both, parts in PARTS.items():
        left_out |= set(parts) if both in left_out else {both}
    values = {name: _value(training, name) for name in HYPERPARAMETERS if name not in left_out}
    return ArmPlan(
        name=arm.name,
        fixed={name: value for name, value in values.items() if value is not None},
        searched=arm.parameters,
        first_trial=first if arm.study.search.first_trial == "paper_defaults" else None,
        drawn_at_random=drawn_at_random(arm),
    )


def _value(training: TrainingConfig, name: str) -> Scalar | None:
    """One hyperparameter of a training by its dotted name."""
    holder, _, leaf = name.rpartition(".")
    value: Scalar | None = getattr(training.network if holder == "network" else training, leaf)
    return value


def _arm_lines(study: StudyConfig, arm: ArmPlan) -> list[str]:
    first = "first trial" if arm.first_trial is not None else ""
    lines = [textwrap.fill(f"Arm {arm.title}", _WIDTH, subsequent_indent="  ")]
    lines.append(f"  {'':{_NAME}}{first:{_VALUE}}searched" if arm.searched else "  searches nothing")
    values = {**arm.fixed, **(arm.first_trial or {})}
    for parameter in arm.searched:
        taken = arm.first_trial is not None and parameter.is_active(values)
        value = _show(values[parameter.name]) if taken else "-" if arm.first_trial is not None else ""
        mark = " *" if parameter.name in arm.outside else ""
        text = f"{value + mark:{_VALUE}}{describe(parameter.range)}"
        lines.append(_row(parameter.name, text, _NAME, _NAME + _VALUE))
    shown = {name: value for name, value in arm.fixed.items() if name not in _IN_TITLE}
    lines += [_row(name, f"{_show(value):{_VALUE}}fixed", _NAME) for name, value in shown.items()]
    if arm.drawn_at_random:
        names = ", ".join(arm.drawn_at_random)
        text = f"{study.search.sampler} draws at random, whatever it has learned: {names}"
        lines.append(textwrap.fill(text, _WIDTH, initial_indent="  ", subsequent_indent="    "))
    if arm.outside:
        lines.append("  * outside the range: this trial takes it as it is, and the sampler is not shown this value")
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
        known = "" if plan.num_train_images else ", which only the files can tell"
        text += f"; an epoch is taken as {plan.num_train_images or ASSUMED_TRAIN_IMAGES:,} images{known}"
    return text


def _evaluated(plan: StudyPlan) -> str:
    every_kimg = plan.study.budget.evaluate_every_kimg
    share = "" if every_kimg != eighth(plan.max_training_kimg) else " (default: an eighth of the length)"
    return f"at 0 kimg, then every {every_kimg:,.6g} kimg{share} and at the end"


def _at_once(resources: ResourcesConfig) -> str:
    cpus, number = resources.cpus_per_worker * resources.workers_per_trial, resources.max_concurrent_trials
    trials = "as many trials as there is room for" if number == "auto" else f"at most {number} trials"
    workers = f" on {resources.workers_per_trial} workers" if resources.workers_per_trial > 1 else ""
    gpus = resources.gpus_per_worker
    share = " and a GPU for each worker where there are any" if gpus == "auto" else f" and {gpus:g} GPU for each worker"
    share = "" if gpus == 0 else share
    return f"{trials}, each{workers} with {cpus} CPU{'s' if cpus > 1 else ''}{share}"


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
        seeds = f"{confirm.seeds} seed{'' if confirm.seeds == 1 else 's'}"
        parts.append(f"{plan.num_confirm_trials} again (best {confirm.top_k} of each arm, {seeds})")
        return f"{total}: {', '.join(parts)}"
    return f"{total}: {', '.join(parts)}, none again" if plan.num_refine_trials else f"{total}, none again"


def _images(plan: StudyPlan) -> str:
    estimated = " if all were the fastest, estimated" if plan.study.budget.length.is_time else ""
    is_stopped = plan.study.search.scheduler != "none" or plan.study.diagnosis.on_collapse != "record"
    stopped = ", before early stopping" if is_stopped else ""
    return f"{plan.max_kimg:,.0f} kimg (thousands of real images){estimated}{stopped}"


def _time(plan: StudyPlan) -> str:
    scoring, number = plan.scoring, plan.num_concurrent_trials
    text = f"about {duration(scoring.preparation_sec + plan.max_core_sec)}"
    text += ", estimated for one core of the developers' machine"
    if number is not None and number > 1:
        text += f"; about {duration(plan.max_sec)} with {number} trials at once, each on its own core"
    extractor = plan.study.objective.extractor
    if EXTRACTORS[extractor].is_pretrained:
        text += (
            f"; of it {duration(scoring.preparation_sec)} before the first trial, in which {scoring.num_real:,} real "
            f"images and {scoring.num_untrained:,} of an untrained generator pass through {extractor}, unless this "
            "machine keeps the real ones' statistics from before"
        )
    left_out = "the start of Ray and of its processes, which takes 20 s to a minute on two cores"
    if not EXTRACTORS[extractor].is_pretrained:
        left_out += f", and the training of the {extractor.replace('_', ' ')} unless this machine keeps it"
    return f"{text}; left out is {left_out}"


def duration(seconds: float) -> str:
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
