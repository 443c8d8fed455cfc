"""The work behind `extend`: compare a study with the one that was run, and write it into the run folder."""

import sys
import time
from collections.abc import Sequence

from gan_study.analysis.sentences.number_text import listed
from gan_study.cli.terminal.messages import print_warning
from gan_study.config.reading.load import dump_study, load_study, parse_study
from gan_study.config.rules.extension import Extension, compare_studies
from gan_study.config.search.defaults import with_search_defaults
from gan_study.config.study import StudyConfig
from gan_study.errors import InputError
from gan_study.evaluation.own_code import keep_code, load_trusted_code, require_same_code
from gan_study.runs.folder import RunFolder
from gan_study.runs.records.extensions import ExtensionRecord, ExtensionsRecord
from gan_study.workflow.data_files import count_images, require_images_of
from gan_study.workflow.own_code import try_own_code
from gan_study.workflow.requirements import missing_requirements
from gan_study.workflow.run_folder import require_unedited, require_whole

_SEARCHING = ("budget.trials_per_arm", "search.repeats", "refine.trials_per_arm")
"""Settings whose increase can change the best configurations of an arm."""


def extend_study(
    folder: RunFolder, study_file: str | None, overrides: Sequence[str], *, trains_here: bool = False
) -> bool:
    """Write an extended study into the run folder. Return True if it adds anything.

    The former study.yaml is kept beside it. No trial is touched.

    Args:
        folder: the run folder.
        study_file: the extended study; None extends the folder's own by `overrides` alone.
        overrides: each `dotted.name=value`.
        trains_here: True if this machine trains the study, and so must have all that it needs.

    Raises InputError, before anything is written: with a line for each field if the study is not an extension of the
    former one, if a trial has lost its config.json, and if this machine has other images or lacks something.
    """
    if study_file is None and not overrides:
        raise InputError(
            "extend: additions must be given, but got neither a study file nor --set; write such as "
            "--set budget.trials_per_arm=20"
        )
    text = folder.read_study_text()
    name = f"{folder.location}/study.yaml"
    before = with_search_defaults(parse_study(text, name, is_begun=True))
    require_unedited(folder, before)
    given = (
        parse_study(text, name, overrides, is_begun=True, count_images=count_images)
        if study_file is None
        else load_study(study_file, overrides, count_images=count_images)
    )
    require_same_code(given.code, before.code, folder)
    after = with_search_defaults(given, before)
    found = compare_studies(before, after, "by --set" if study_file is None else "in the file")
    _refuse(folder, found)
    if before == after:
        return False
    if found.additions:
        require_whole(folder)
        if study_file is None:
            load_trusted_code(given.code, folder)
        for note in try_own_code(given):
            print_warning(note)
        keep_code(given.code, folder)
        if trains_here:
            _require_machine(folder, after)
        _warn_of_confirmed(folder, found, after)
        _record(folder, found, text)
        _reopen(folder)
    folder.write_study_text(dump_study(after))
    return bool(found.additions)


def _require_machine(folder: RunFolder, study: StudyConfig) -> None:
    if problems := missing_requirements(study):
        raise InputError(problems)
    require_images_of(folder, study)


def _refuse(folder: RunFolder, found: Extension) -> None:
    if found.conflicts:
        number = len(found.conflicts)
        raise InputError(
            [
                f"{folder.location}: an extension only adds to a study, but got "
                f"{'a field' if number == 1 else f'{number} fields'} that would change what has been run; take "
                f"{'it' if number == 1 else 'them'} back, or run the changed study by `run` under another name",
                *found.conflicts,
            ]
        )


def _warn_of_confirmed(folder: RunFolder, found: Extension, after: StudyConfig) -> None:
    """Warn that new search trials may replace confirmed configurations, and reopen a search that was ended by hand."""
    if not any(addition.split(":")[0] in _SEARCHING for addition in found.additions):
        return
    decisions = folder.read_decisions()
    if decisions.confirms_now:
        folder.write_decisions(decisions.model_copy(update={"confirms_now": False}))
    counts = {arm: sum(name.startswith("confirm_") for name in folder.trials(arm)) for arm in folder.arms()}
    confirmed = [f"{number} of {arm}" for arm, number in counts.items() if number]
    if confirmed:
        print_warning(
            "the new search trials may find better configurations than those that are confirmed. Where they do, the "
            f"confirmed trainings there are ({listed(confirmed)}) no longer count, and {after.confirm.seeds} are "
            "trained anew for each better configuration"
        )


def _record(folder: RunFolder, found: Extension, former: str) -> None:
    """Keep the former study, and record the additions to it."""
    known = folder.read_extensions().extensions
    if known and folder.read_former_study(known[-1].former_study) == former:
        known = known[:-1]  # It was recorded, but the process died before it wrote study.yaml.
    name = f"study_before_extension_{len(known) + 1}.yaml"
    folder.write_former_study(name, former)
    statuses = (folder.trial(arm, trial).read_status() for arm in folder.arms() for trial in folder.trials(arm))
    record = ExtensionRecord(
        time=time.time(),
        command=" ".join(["python -m gan_study", *sys.argv[1:]]),
        additions=found.additions,
        changes=found.changes,
        former_study=name,
        num_trials=sum(status is not None and status.state.is_final for status in statuses),
    )
    folder.write_extensions(ExtensionsRecord(extensions=(*known, record)))


def _reopen(folder: RunFolder) -> None:
    """Mark the study as unfinished, before study.yaml is written: no finished study may have trials to come."""
    status = folder.read_study_status()
    if status is not None:
        folder.write_study_status(status.model_copy(update={"state": "interrupted", "pid": None}))
