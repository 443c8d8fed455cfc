"""Settings of a study that have no effect because of other settings, in words for the plan and before a run."""

from collections.abc import Iterator, Sequence

from gan_study.config.arms.arm import Arm, arms_of
from gan_study.config.arms.parameters import overlap
from gan_study.config.conditions import has_effect, is_met, requirement
from gan_study.config.groups import group_values, is_group
from gan_study.config.plan.search_text import listed_arms
from gan_study.config.reading.hints import value_text
from gan_study.config.search.order import search_lag
from gan_study.config.space import extremes, ranges_of
from gan_study.config.study import StudyConfig


def cancelled_settings(study: StudyConfig) -> list[str]:
    """A sentence for each setting that another one makes ineffective, in all arms or in some."""
    arms = arms_of(study)
    return [
        *_fixed_in_arms(study, arms),
        *_without_effect(study, arms),
        *_defaults(study, arms),
        *_idle_values(arms),
        *_idle_sections(study),
    ]


def _fixed_in_arms(study: StudyConfig, arms: Sequence[Arm]) -> Iterator[str]:
    """Ranges of the study that an arm's fixed value replaces."""
    for name in study.search_space:
        fixing: dict[str, list[Arm]] = {}
        for arm in arms:
            declared = {parameter.path[0] for parameter in arm.declared_parameters if parameter.name == name}
            own = {key: value for key, value in arm.own_fixed.items() if overlap(key, name, arm.parts)}
            if "search_space" not in declared and own:
                given = " and ".join(f"{key}={value_text(value)}" for key, value in own.items())
                fixing.setdefault(given, []).append(arm)
        for given, found in fixing.items():
            yield f"{name} is not searched in {listed_arms(found)}, fixed there by {given}."


def _without_effect(study: StudyConfig, arms: Sequence[Arm]) -> Iterator[str]:
    """Ranges of the study that never exist in an arm, because of the values that it fixes."""
    for name, ranges in study.search_space.items():
        for part in group_values(str(extremes(ranges_of(ranges)[0])[0])) if is_group(name) else ():
            users = [arm for arm in arms if any(p.name == name for p in arm.parameters)]
            idle = [a for a in users if not any(has_effect(part, values, study.code) for values in a.assignments)]
            if idle:
                yield f"{part} of {name} is not used in {listed_arms(idle)}, where {_reason(idle[0], part)}."
        whole = {arm for arm in arms if any(p.name == name for p in arm.declared_parameters)}
        searched = {arm: {p.path for p in arm.parameters if p.name == name} for arm in whole}
        idle = [arm for arm in arms if arm in whole and not searched[arm]]
        if idle:
            yield f"{name} is not searched in {listed_arms(idle)}, where {_reason(idle[0], name)}."
        for number, search_range in enumerate(ranges_of(ranges) if isinstance(ranges, tuple) else ()):
            path = ("search_space", name, number)
            idle = [arm for arm in arms if searched.get(arm) and path not in searched[arm]]
            if idle and any(path in found for found in searched.values()):
                when = " and ".join(f"{key}={value_text(value)}" for key, value in search_range.when.items())
                yield f"The range of {name} for {when} is not searched in {listed_arms(idle)}, where that never holds."


def _reason(arm: Arm, name: str) -> str:
    required = requirement(name, arm.study.code)
    if required is None or any(is_met(required, values) for values in arm.assignments):
        return "the condition of its range is never met"
    condition, wanted = required
    value = arm.fixed.get(condition)
    given = f", but {condition}={value}" if value is not None else ""
    return f"it has no effect (it belongs to {condition} {' or '.join(wanted)}{given})"


def _defaults(study: StudyConfig, arms: Sequence[Arm]) -> Iterator[str]:
    """Values of `defaults` that no arm uses, or that only start its search."""
    for name, value in study.defaults.dotted().items():
        searched, own, idle = [], [], []
        for arm in arms:
            if any(overlap(p.name, name, arm.parts) for p in arm.parameters):
                searched.append(arm)
            elif any(overlap(key, name, arm.parts) for key in arm.own_fixed):
                own.append(arm)
            elif not any(has_effect(name, values, study.code) for values in arm.assignments):
                idle.append(arm)
        given = f"defaults.{name}={value_text(value)}"
        if len(own) == len(arms):
            yield f"{given} is not used: every arm sets its own."
        if searched:
            start = study.search.first_trial == "paper_defaults"
            yield (
                f"{given} does not fix {name} in {listed_arms(searched)}, where it is searched; "
                f"{'the first trial starts there' if start else 'it is not used there'}."
            )
        if idle:
            yield f"{given} is not used in {listed_arms(idle)}: {_reason(idle[0], name)}."


def _idle_values(arms: Sequence[Arm]) -> Iterator[str]:
    for arm in arms:
        for name, value in arm.own_fixed.items():
            if name in ("betas", "beta1") and not any(has_effect(name, values) for values in arm.assignments):
                yield f"{name}={value_text(value)} of {arm.name} is not used: {_reason(arm, name)}."
        if arm.config.first_trial and arm.study.search.first_trial == "sampled":
            yield f"first_trial of {arm.name} is not used, because search.first_trial=sampled draws that trial."


def _reason_without_lag(study: StudyConfig) -> str:
    """Why no trial waits for earlier ones; empty if trials do."""
    search = study.search
    if search.order == "free":
        return "search.order=free"
    if search.scheduler == "pbt":
        return "the whole population of search.scheduler=pbt is drawn at once"
    if search_lag(study) is None:
        return f"search.sampler={search.sampler} with search.scheduler={search.scheduler} uses no results"
    return ""


def _idle_sections(study: StudyConfig) -> Iterator[str]:
    """Settings in the file that belong to phases or reactions that are off."""
    confirm, refine, diagnosis, search = study.confirm, study.refine, study.diagnosis, study.search
    if search.lag is not None and (reason := _reason_without_lag(study)):
        yield f"search.lag={search.lag} is not used, because {reason}."
    if confirm.top_k == 0 and "seeds" in confirm.model_fields_set:
        yield f"confirm.seeds={confirm.seeds} is not used, because confirm.top_k=0."
    if confirm.until_decided is not None and (confirm.top_k == 0 or len(study.arms) == 1):
        reason = "confirm.top_k=0" if confirm.top_k == 0 else "there is one arm alone, and nothing to decide"
        yield f"confirm.until_decided.max_seeds={confirm.until_decided.max_seeds} is not used, because {reason}."
    if refine.trials_per_arm == 0 and "keep" in refine.model_fields_set:
        yield f"refine.keep={refine.keep} is not used, because refine.trials_per_arm=0."
    if diagnosis.on_collapse != "rollback":
        for name in sorted({"max_rollbacks", "rollback_lr_factor"} & diagnosis.model_fields_set):
            value = value_text(getattr(diagnosis, name))
            yield f"diagnosis.{name}={value} is not used, because diagnosis.on_collapse={diagnosis.on_collapse}."
    if diagnosis.at_end == "none" and "num_samples" in diagnosis.model_fields_set:
        yield f"diagnosis.num_samples={diagnosis.num_samples} is not used, because diagnosis.at_end=none."
