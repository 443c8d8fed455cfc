"""A study's search in words, for the plan and the report."""

from collections.abc import Sequence

from gan_study.config.arms.arm import Arm, arms_of
from gan_study.config.data import ObjectiveConfig
from gan_study.config.search.order import chances_in_repeating, most_searched_at_once, search_lag
from gan_study.config.search.population import interval_kimg, pbt_settings, scheduled_names
from gan_study.config.search.sampling import (
    JOINT_SAMPLERS,
    LEARNING_SAMPLERS,
    all_configurations,
    joint_parameters,
    population_size,
    searches_anything,
    startup_trials,
)
from gan_study.config.search.stopping import brackets, grace_kimg, min_completed_trials, reduction_factor, stops_trials
from gan_study.config.study import StudyConfig

_TITLES = {
    "random": "random",
    "tpe": "tpe",
    "gp": "gp (Gaussian process)",
    "cmaes": "cmaes (evolution strategy)",
    "sobol": "sobol (scrambled quasi random numbers, most even at a power of two)",
}


def listed_arms(arms: Sequence[Arm]) -> str:
    """The arms by name, such as `arm a` or `arms a, b`."""
    return f"arm{'s' if len(arms) > 1 else ''} {', '.join(arm.name for arm in arms)}"


def sampler_text(study: StudyConfig) -> str:
    """The sampler, and the trials that it learns from."""
    sampler = study.search.sampler
    searching = [arm for arm in arms_of(study) if searches_anything(arm)]
    if not searching:
        return "nothing is searched: the trials of an arm differ only in their seeds"
    parts: list[str] = [_TITLES[sampler]]
    drawn = _drawn(study) if sampler in LEARNING_SAMPLERS else ""
    if drawn:
        parts.append(f"which draws {drawn} of an arm at random")
    if sampler == "cmaes":
        then = "then" if drawn else "which"
        ended = "ended" if stops_trials(study) else "completed"
        parts.append(f"{then} learns after every {_generations(study)} {ended} trials of its own")
    elif sampler in LEARNING_SAMPLERS and not drawn:
        parts.append("which learns from the first trial on")
    if sampler in JOINT_SAMPLERS and stops_trials(study):
        parts.append("and uses a stopped trial's last score as its score")
    parts += [text for arm in searching if (text := _end_of(arm))]
    if len(searching) < len(study.arms):
        parts.append(f"in {', '.join(arm.name for arm in searching)} only: the other arms search nothing")
    return ", ".join(parts)


def _end_of(arm: Arm) -> str:
    """A remark if an arm has fewer configurations than trials; else empty."""
    everything = all_configurations(arm.parameters, arm.fixed)
    num = arm.study.budget.trials_per_arm
    if everything is None or len(everything) >= num:
        return ""
    repeated = f"some of its {num} trials repeat one with another seed"
    return f"{arm.name} has only {len(everything)} configurations, so {repeated}"


def _drawn(study: StudyConfig) -> str:
    """The trials of an arm that its sampler draws before it learns; empty if there are none."""
    num = max(startup_trials(study), search_lag(study) or 1)
    if study.search.first_trial == "sampled":
        return f"the first {'trial' if num == 1 else f'{num} trials'}"
    return {1: "", 2: "trial 2"}.get(num, f"trials 2 to {num}")


def _generations(study: StudyConfig) -> str:
    """Trials in a generation of cmaes over all arms, such as `8` or `6 to 8`."""
    spaces = (joint_parameters("cmaes", arm.parameters, arm.fixed) for arm in arms_of(study))
    sizes = sorted({population_size(len(space)) for space in spaces if space})
    if not sizes:
        return "(no numbers to learn)"
    return str(sizes[0]) if len(sizes) == 1 else f"{sizes[0]} to {sizes[-1]}"


def stopping_text(study: StudyConfig, max_kimg: float) -> str:
    """The points at which the scheduler may stop a trial, with trainings of at most `max_kimg`."""
    scheduler, total = study.search.scheduler, f"{max_kimg:g} kimg"
    if scheduler == "none":
        return f"none: every trial runs to {total}"
    if scheduler == "pbt":
        return _population_text(study, max_kimg)
    if scheduler == "median":
        num = min_completed_trials(study)
        return (
            f"median: from {grace_kimg(study):g} of {total} on, once {num} trial{'s' if num > 1 else ''} of the arm "
            "are completed, a trial whose best score so far is worse than their median at as many images"
        )
    found = [bracket for bracket in brackets(study, max_kimg) if bracket.rungs_kimg]
    if not found:
        return f"{scheduler} has no rung below {total}: every trial runs to the end"
    best = f"the best 1 in {reduction_factor(study)}"
    if scheduler == "asha":
        return f"asha: at {_rungs(found[0].rungs_kimg)} of {total}, {best} of an arm so far continue"
    shares = [
        f"about {100 * bracket.share:.0f} % of the trials "
        + (f"at {_rungs(bracket.rungs_kimg)}" if bracket.rungs_kimg else "nowhere")
        for bracket in brackets(study, max_kimg)
    ]
    return f"hyperband, brackets of {total}: {'; '.join(shares)}; {best} of an arm's bracket so far continue"


def order_text(study: StudyConfig) -> str:
    """The results that each trial knows, what this makes the search wait for, and whether the search repeats."""
    lag, limit = search_lag(study), most_searched_at_once(study)
    reasons = chances_in_repeating(study)
    repeats = f"a second run can give another result ({'; '.join(reasons)})" if reasons else "a second run repeats it"
    if study.search.order == "free" and reasons:
        return f"free: each trial knows whatever has ended when it begins; {repeats}"
    if lag is None:
        return f"no trial depends on another's result, so nothing waits; {repeats}"
    if limit is None:
        return f"fixed: no trial waits for another's result; {repeats}"
    all_but = {1: "", 2: " but the one before it"}.get(lag, f" but the {lag - 1} before it")
    searches = len(study.arms) * study.search.repeats
    each = f" ({lag} in each of {searches} searches)" if searches > 1 else ""
    return (
        f"fixed: each trial knows the results of all earlier ones of its search{all_but} (lag {lag}) and waits for "
        f"them, so at most {limit} search trials run at once{each}, and {repeats}"
    )


def idle_room_text(study: StudyConfig, num_fitting: int) -> str:
    """A remark if more trials fit on the machines than the search can run at once; else empty."""
    limit = most_searched_at_once(study)
    if limit is None or num_fitting <= limit:
        return ""
    return (
        f"{num_fitting} trials fit at once, but the search runs at most {limit}, so that it can be repeated (a larger "
        "search.lag or search.order=free uses more of the room); the confirmation uses all of it"
    )


def _rungs(rungs: tuple[float, ...]) -> str:
    return ", ".join(f"{rung:g}" for rung in rungs)


def refinement_text(study: StudyConfig) -> str:
    """The refine trials and their ranges."""
    refine = study.refine
    kept = "trial" if refine.keep == 1 else f"{refine.keep} trials"
    num = f"{refine.trials_per_arm} more trial{'s' if refine.trials_per_arm > 1 else ''}"
    return f"{num} for each arm, in ranges narrowed around its best {kept} of the search"


def _population_text(study: StudyConfig, max_kimg: float) -> str:
    """The course of population based training, in words for the plan and the report."""
    settings, size = pbt_settings(study), study.budget.trials_per_arm
    names = dict.fromkeys(name for arm in arms_of(study) for name in scheduled_names(arm))
    low, high = settings.factors
    return (
        f"pbt: the {size} trials of an arm are one population, all drawn before any has ended; every "
        f"{interval_kimg(study):g} of {max_kimg:g} kimg the worst {100 * settings.share:g} % continue as copies of the "
        f"best, with a parent's whole configuration and weights but other {', '.join(names)} (times {low:g} or "
        f"{high:g}, or drawn anew); the confirmation trains the best trial's schedule again from its first step"
    )


def objectives_text(study: StudyConfig) -> str:
    """Several objectives in words, for the plan and the report; empty for the score alone."""
    if len(study.search.objectives) == 1:
        return ""
    words = {
        "score": "score (lower is better)",
        "coverage": "coverage at a trial's end (higher is better)",
        "device_sec": "device-seconds of a trial (lower is better; measured, so no search repeats exactly)",
    }
    names = ", ".join(words[name] for name in study.search.objectives)
    return f"{names}; a Pareto front for each arm, of which the best scores are confirmed (the next best fill up)"


def counted_text(objective: ObjectiveConfig) -> str:
    """The evaluation of a training that counts, in words for the plan and the report."""
    if objective.at == "last":
        return "each training's last evaluation (objective.at: last)"
    return "each training's best evaluation, scored again on fresh latents (objective.at: best)"
