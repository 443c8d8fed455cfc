"""What a study would do and cost at most, before anything runs."""

import textwrap
from dataclasses import dataclass
from math import log2

from gan_study.config.arms import arm_search_space, first_trial_values, resolve_training
from gan_study.config.base import Scalar
from gan_study.config.names import HYPERPARAMETERS, WEIGHTED_PENALTIES
from gan_study.config.space import SearchRange, contains, describe, extremes
from gan_study.config.study import StudyConfig
from gan_study.config.training import TrainingConfig

_WIDTH = 100
_LABEL = 14
_NAME = max(map(len, HYPERPARAMETERS)) + 2
_VALUE = 14


@dataclass(frozen=True)
class ArmPlan:
    """One arm's trials."""

    name: str
    loss: str
    penalty: str
    network: str
    fixed: dict[str, Scalar]
    """Hyperparameters that no trial varies, by dotted name: the study's, else the paper's."""
    searched: dict[str, SearchRange]
    """Ranges by dotted name."""
    first_trial: dict[str, Scalar] | None
    """The searched names' values in the first trial; None if it is sampled like the others."""

    @property
    def outside(self) -> tuple[str, ...]:
        """Names whose value in the first trial lies outside the range: it is trained, the sampler is not shown it."""
        values = self.first_trial or {}
        return tuple(name for name, value in values.items() if not contains(self.searched[name], value))


@dataclass(frozen=True)
class StudyPlan:
    """A study's trials, images and time, all at most: early stopping makes them fewer."""

    study: StudyConfig
    arms: tuple[ArmPlan, ...]
    rungs_kimg: tuple[float, ...]
    """Where asha may stop a trial; empty without it."""
    num_search_trials: int
    """Over all arms."""
    num_confirm_trials: int
    """Over all arms."""
    max_kimg: float
    """Thousands of images of all trainings together."""
    max_core_sec: float
    """Estimated seconds of all trainings together on one core, evaluations included."""

    @property
    def num_concurrent_trials(self) -> int | None:
        """Trials at once, if the study says so."""
        number = self.study.resources.max_concurrent_trials
        return None if number == "auto" else number


def plan(study: StudyConfig) -> StudyPlan:
    """Plan a study that was loaded without problems."""
    num_arms, total_kimg = len(study.arms), study.budget.total_kimg
    per_arm = study.budget.trials_per_arm + study.confirm.top_k * study.confirm.seeds
    return StudyPlan(
        study=study,
        arms=tuple(_plan_arm(study, arm) for arm in study.arms),
        rungs_kimg=_rungs_kimg(study),
        num_search_trials=num_arms * study.budget.trials_per_arm,
        num_confirm_trials=num_arms * study.confirm.top_k * study.confirm.seeds,
        max_kimg=num_arms * per_arm * total_kimg,
        max_core_sec=sum(per_arm * total_kimg * _max_seconds_per_kimg(study, arm) for arm in study.arms),
    )


def estimate_seconds_per_kimg(training: TrainingConfig) -> float:
    """Seconds for a thousand real images on one core, the share of the evaluations included; an estimate.

    Measured with torch 2.15 on one of two cores of the developers' machine (a cloud server without GPU), batches of
    64, one channel, one D step for each G step, in seconds per thousand images:

        dcgan 16 px: width 16 0.21, width 32 0.29 (0.35 in the whole loop), width 64 0.81; 32 px width 32: 1.64
        mlp   16 px: width 64 0.04, width 256 0.10; 28 px width 256: 0.16
        D step's share 0.57; D step with wgan_gp: 1.4 to 2.4 times as long; 1000 images scored: 0.2 (16 px), 0.9 (32 px)

    The formula keeps within a third of these: a fixed part, and one that grows with width^2, pixels and the number
    of the dcgan's scales. A GPU, another processor or small batches change it by much more.
    """
    width, pixels = training.network.width, training.dataset.image_size**2
    if training.network.name == "dcgan":
        step = 0.12 + 0.23 * (width / 32) ** 2 * (pixels / 256) * (log2(training.dataset.image_size) - 2) / 2
    else:
        step = 0.03 + 5e-7 * (width**2 + width * pixels)
    d_step = 0.57 * step * (2 if training.penalty in WEIGHTED_PENALTIES else 1)
    g_step = 0.43 * step / training.d_steps_per_g_step
    scoring = 0.2 * (pixels / 256) * training.objective.num_samples / 1000 / training.evaluate_every_kimg
    return d_step + g_step + scoring


def format_plan(plan: StudyPlan) -> str:
    """The plan as plain text of at most 100 columns."""
    study = plan.study
    num_trials = study.budget.trials_per_arm
    lines = [f"Study {study.name}"]
    if study.description:
        lines.append(textwrap.fill(study.description, _WIDTH, initial_indent="  ", subsequent_indent="  "))
    size, objective = study.dataset.image_size, study.objective
    lines += [
        _row("data", f"{study.dataset.name}, {size} x {size} pixels"),
        _row("objective", f"{objective.metric}, {objective.extractor}, {objective.num_samples} generated images"),
        _row("search", f"{study.search.sampler}, {num_trials} trials for each arm"),
        _row("stopping", _stopping(plan)),
        *(line for arm in plan.arms for line in ("", *_arm_lines(arm))),
        "",
        "At most",
        _row("trainings", _trainings(plan)),
        _row("images", f"{plan.max_kimg:,.0f} kimg (thousands of real images), before early stopping"),
        _row("time", _time(plan)),
    ]
    return "\n".join(lines)


def _plan_arm(study: StudyConfig, arm: str) -> ArmPlan:
    searched = arm_search_space(study, arm)
    training = resolve_training(study, arm, {}, seed=0)
    values = {name: _value(training, name) for name in HYPERPARAMETERS if name not in searched}
    return ArmPlan(
        name=arm,
        loss=training.loss,
        penalty=training.penalty,
        network=training.network.name,
        fixed={name: value for name, value in values.items() if value is not None},
        searched=searched,
        first_trial=first_trial_values(study, arm) if study.search.first_trial == "paper_defaults" else None,
    )


def _value(training: TrainingConfig, name: str) -> Scalar | None:
    """One hyperparameter of a training by its dotted name."""
    holder, _, leaf = name.rpartition(".")
    value: Scalar | None = getattr(training.network if holder == "network" else training, leaf)
    return value


def _rungs_kimg(study: StudyConfig) -> tuple[float, ...]:
    if study.search.scheduler != "asha":
        return ()
    rungs = []
    rung = study.search.grace_kimg or study.budget.evaluate_every_kimg
    while rung < study.budget.total_kimg:
        rungs.append(rung)
        rung *= study.search.reduction_factor
    return tuple(rungs)


def _max_seconds_per_kimg(study: StudyConfig, arm: str) -> float:
    """The estimate for the slowest training that an arm's ranges hold."""
    searched = arm_search_space(study, arm)
    slowest = {name: extremes(search_range)[0] for name, search_range in searched.items()}

    def seconds(values: dict[str, Scalar]) -> float:
        return estimate_seconds_per_kimg(resolve_training(study, arm, values, seed=0))

    for name, search_range in searched.items():
        slowest = max(({**slowest, name: value} for value in extremes(search_range)), key=seconds)
    return seconds(slowest)


def _arm_lines(arm: ArmPlan) -> list[str]:
    first = "first trial" if arm.first_trial is not None else ""
    penalty = f", penalty {arm.penalty}" if arm.penalty != "none" else ""
    title = f"Arm {arm.name}: {arm.loss}{penalty}, {arm.network}"
    lines = [textwrap.fill(title, _WIDTH, subsequent_indent="  "), f"  {'':{_NAME}}{first:{_VALUE}}searched"]
    for name, search_range in arm.searched.items():
        value = "" if arm.first_trial is None else _show(arm.first_trial[name])
        mark = " *" if name in arm.outside else ""
        lines.append(_row(name, f"{value + mark:{_VALUE}}{describe(search_range)}", _NAME, _NAME + _VALUE))
    lines += [_row(name, f"{_show(value):{_VALUE}}fixed", _NAME) for name, value in arm.fixed.items()]
    if arm.outside:
        lines.append("  * outside the range: this trial takes it as it is, and the sampler is not shown this value")
    return lines


def _row(label: str, text: str, label_width: int = _LABEL, hang: int | None = None) -> str:
    """A label and a text, wrapped under itself."""
    return textwrap.fill(
        f"{label:{label_width}}{text}",
        _WIDTH,
        initial_indent="  ",
        subsequent_indent=" " * (2 + (hang or label_width)),
    )


def _stopping(plan: StudyPlan) -> str:
    search, total = plan.study.search, f"{plan.study.budget.total_kimg:g} kimg"
    if search.scheduler != "asha":
        return f"none: every trial goes on to {total}"
    if not plan.rungs_kimg:
        return f"asha has no rung below {total}: every trial goes on to the end"
    rungs = ", ".join(f"{rung:g}" for rung in plan.rungs_kimg)
    return f"asha: at {rungs} of {total}, the best 1 in {search.reduction_factor} of an arm so far go on"


def _trainings(plan: StudyPlan) -> str:
    total = plan.num_search_trials + plan.num_confirm_trials
    confirm = plan.study.confirm
    again = f"{plan.num_confirm_trials} again (best {confirm.top_k} of each arm, {confirm.seeds} seeds)"
    return f"{total}: {plan.num_search_trials} searched, {again}" if confirm.top_k else f"{total}, none again"


def _time(plan: StudyPlan) -> str:
    text = f"about {_duration(plan.max_core_sec)}, estimated for one core of the developers' machine"
    number = plan.num_concurrent_trials
    if number is not None and number > 1:
        text += f"; about {_duration(plan.max_core_sec / number)} with {number} trials at once, each on its own core"
    return text


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{max(seconds, 1):.0f} seconds"
    return f"{seconds / 60:.0f} minutes" if seconds < 90 * 60 else f"{seconds / 3600:.1f} hours"


def _show(value: Scalar) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
