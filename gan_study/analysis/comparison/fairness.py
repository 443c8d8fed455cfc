"""Checks that finished studies may be compared, and the list of their harmless differences."""

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gan_study.analysis.run_data import RunData
from gan_study.analysis.sentences.number_text import listed
from gan_study.config.rules.extension import grown_too_late, setting_text, study_settings
from gan_study.runs.records.measurements import ScoreKey

_EQUAL_TUNING = ("budget.trials_per_arm", "search.repeats", "refine.trials_per_arm", "confirm.top_k")
"""Settings for the number of configurations that are tried for an arm and confirmed."""
_SPENT_BY_TIME = ("budget.evaluate_every_kimg", "objective.early_num_samples")
"""Settings for what a budget in seconds is spent on besides training steps."""
_NAMES = ("name", "description")


@dataclass(frozen=True)
class ComparedStudy:
    """One of the studies of a comparison."""

    label: str
    """Unique name of the study within the comparison."""
    location: str
    """Its run folder."""
    run: RunData


@dataclass(frozen=True)
class Difference:
    """A setting or fact that differs between the studies."""

    name: str
    """Such as `search.sampler`."""
    values: tuple[str, ...]
    """The value in each study, in the order of the studies."""


def fairness_problems(studies: Sequence[ComparedStudy]) -> list[str]:
    """All reasons not to compare these studies, each as a line with the field, its values and a remedy.

    Data, scores, the length of a training and the number of configurations tried must be equal, and all studies must be
    finished.
    """
    runs = _runs(studies)
    problems = [_repeated(same) for same in runs if len(same) > 1]
    # A run that is given twice, extended or not, is checked against the others once.
    studies = [same[0] for same in runs]
    keys = {s.label: s.run.objective.key for s in studies if s.run.objective is not None}
    problems += [_unfinished(s) for s in studies if not s.run.is_finished]
    problems += [_unscored(s) for s in studies if s.run.is_finished and s.run.objective is None]
    unlike = _key_problems(keys) + _counted_problems(studies) + _data_problems(studies, keys)
    unlike += _length_problems(studies)
    return problems + unlike + _tuning_problems(studies, can_be_extended=not unlike)


def differences(studies: Sequence[ComparedStudy]) -> list[Difference]:
    """The differences between studies that may be compared, such as sampler and hardware; arms are left out."""
    return _differing([_particulars(study.run) for study in studies])


def _particulars(run: RunData) -> dict[str, str]:
    """All settings, software versions and machines of a study by name, without its arms."""
    values = {name: _show(value) for name, value in study_settings(run.study).items() if name not in _NAMES}
    if (objective := run.objective) is not None:
        marks = ("floor", "untrained_score", "failure_score")
        values |= {f"objective.{name}": f"{getattr(objective, name):.6g}" for name in marks}
    if (environment := run.environment) is not None:
        every = environment.all
        for name in dict.fromkeys(name for each in every for name in each.versions):
            values[f"version of {name}"] = _in_turn(each.versions.get(name, "none") for each in every)
        values["commit"] = _in_turn(each.commit or "not run from a checkout" for each in every)
        values["hosts"] = _in_turn("; ".join(each.hosts) for each in every)
    if run.status is not None:
        values["trials at once"] = str(run.status.num_concurrent_trials)
    return values | {"extensions": str(len(run.extensions))}


def _in_turn(values: Iterable[str]) -> str:
    """Join values over time, such as `2.1 then 2.2`; each value is named once."""
    return ", then ".join(dict.fromkeys(values))


def _differing(values: Sequence[Mapping[str, str]]) -> list[Difference]:
    """The names whose values are not the same in all mappings. A missing value is shown as `nothing`."""
    names = dict.fromkeys(name for each in values for name in each)
    rows = [Difference(name, tuple(each.get(name, "nothing") for each in values)) for name in names]
    return [row for row in rows if len(set(row.values)) > 1]


def _runs(studies: Sequence[ComparedStudy]) -> list[list[ComparedStudy]]:
    """Group the studies by run, since a run folder and its copy hold the same trainings, extended or not."""
    found: dict[tuple[str, float | str], list[ComparedStudy]] = {}
    for study in studies:
        begun = study.run.status.start_time if study.run.status is not None else study.location
        found.setdefault((study.run.study.name, begun), []).append(study)
    return list(found.values())


def _repeated(same: Sequence[ComparedStudy]) -> str:
    return (
        f"{same[0].run.study.name}: a study is compared only with others, but got it {len(same)} times, since "
        f"{listed([study.location for study in same])} hold the same run; name it once"
    )


def _unfinished(study: ComparedStudy) -> str:
    state = study.run.status.state if study.run.status else "not recorded"
    wait = "wait for its end or, if no process is working on it, " if state == "running" else ""
    return (
        f"{study.location}: only finished studies are compared, but got state={state}; {wait}continue it with "
        f"`python -m gan_study resume {shlex.quote(study.location)}`"
    )


def _unscored(study: ComparedStudy) -> str:
    return (
        f"{study.location}: a comparison needs the objective of the scores, but got no objective/objective.json; copy "
        "the whole run folder"
    )


def _key_problems(keys: Mapping[str, ScoreKey]) -> list[str]:
    fields = [{name: str(value) for name, value in key.model_dump().items()} for key in keys.values()]
    return [
        f"objective {row.name}: scores are compared only if all fields of their keys are equal, but got "
        f"{_listed(row.values, list(keys))}; {_key_remedy(row.name)}"
        for row in _differing(fields)
    ]


def _counted_problems(studies: Sequence[ComparedStudy]) -> list[str]:
    return [
        f"{row.name}: the same evaluation of every training must count, but got "
        f"{_listed(row.values, [s.label for s in studies])}; run one of them again with the value of the other"
        for row in _chosen(studies, ["objective.at"])
    ]


def _key_remedy(field: str) -> str:
    if field == "dataset":
        return "compare studies of the same images, prepared in the same way"
    if field == "weights_hash":
        return "run one of them again where GAN_STUDY_CACHE holds the extractor of the other"
    return "run one of them again with the objective and the data set of the other"


def _data_problems(studies: Sequence[ComparedStudy], keys: Mapping[str, ScoreKey]) -> list[str]:
    """Settings of the data set that differ, if its content differs."""
    if len({key.dataset for key in keys.values()}) < 2:
        return []
    return [
        f"{row.name}: all arms learn the same images, but got {_listed(row.values, [s.label for s in studies])}; run "
        "one of them again with the data set of the other"
        for row in _chosen(studies, [n for n in study_settings(studies[0].run.study) if n.startswith("dataset.")])
    ]


def _length_problems(studies: Sequence[ComparedStudy]) -> list[str]:
    labels = [s.label for s in studies]
    lengths = [s.run.study.budget.length for s in studies]
    problems = []
    if len(set(lengths)) > 1:
        values = [f"{length.unit}={_show(length.amount)}" for length in lengths]
        problems.append(
            f"budget: every training must be equally long, in one unit, but got {_listed(values, labels)}; run one of "
            "them again with the budget of the other"
        )
    if any(length.is_time for length in lengths):
        problems += [
            f"{row.name}: a budget in device_sec is spent on evaluations too, but got {_listed(row.values, labels)}; "
            "run one of them again with the value of the other"
            for row in _chosen(studies, _SPENT_BY_TIME)
        ]
    return problems


def _tuning_problems(studies: Sequence[ComparedStudy], can_be_extended: bool) -> list[str]:
    """Problems of unequal tuning. can_be_extended: True if extending the smaller studies would solve them."""
    problems = []
    for row in _chosen(studies, _EQUAL_TUNING):
        extend = _extend(studies, row.name) if can_be_extended else ""
        problems.append(
            f"{row.name}: arms must be tuned equally, but got {_listed(row.values, [s.label for s in studies])}; "
            f"{extend or 'run one of them again with the value of the other'}"
        )
    return problems


def _extend(studies: Sequence[ComparedStudy], name: str) -> str:
    """Commands that extend every smaller study to the largest value; empty if one of them cannot be extended."""
    most = max(study_settings(s.run.study)[name] for s in studies)
    smaller = [s for s in studies if study_settings(s.run.study)[name] < most]
    if any(grown_too_late(s.run.study, name) for s in smaller):
        return ""
    commands = (f"`python -m gan_study extend {shlex.quote(s.location)} --set {name}={most}`" for s in smaller)
    return f"extend the smaller: {' and '.join(commands)}"


def _chosen(studies: Sequence[ComparedStudy], names: Sequence[str]) -> list[Difference]:
    """The named settings that differ between the studies."""
    found = [study_settings(s.run.study) for s in studies]
    return _differing([{name: _show(values[name]) for name in names} for values in found])


def _listed(values: Sequence[str], labels: Sequence[str]) -> str:
    return ", ".join(f"{value} in {label}" for value, label in zip(values, labels, strict=True))


def _show(value: Any) -> str:
    return ", ".join(map(setting_text, value)) or "none" if isinstance(value, list) else setting_text(value)
