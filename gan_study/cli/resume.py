"""The work behind the options of `resume` that shorten a study before it continues."""

from collections import Counter
from collections.abc import Sequence

from gan_study.analysis.sentences.notes import unequal_seeds_note
from gan_study.config.reading.load import dump_study, parse_study
from gan_study.config.reading.suggestions import suggestion
from gan_study.config.rules.extension import GROWING, compare_studies, split_lowered, study_settings
from gan_study.config.study import StudyConfig
from gan_study.errors import InputError
from gan_study.runs.folder import RunFolder
from gan_study.runs.records.decisions import DecisionsRecord, SkippedArm
from gan_study.workflow.data_files import require_images_of
from gan_study.workflow.run_folder import require_unedited, require_whole


def shorten_study(
    folder: RunFolder,
    skip_arms: Sequence[str],
    confirm_now: bool,
    overrides: Sequence[str],
    *,
    trains_here: bool = False,
) -> None:
    """Record which arms are given up, whether the search ends now, and which numbers become smaller.

    trains_here: True if this machine trains the study, and so must have the images that it began with.

    Raises InputError, before anything is written, if an arm does not exist or is the last one, a population would be
    shortened, an override does not lower a number of trials, configurations or seeds, a trial has lost its
    config.json, or this machine has other images.
    """
    if not (skip_arms or confirm_now or overrides):
        return
    text, name = folder.read_study_text(), f"{folder.location}/study.yaml"
    study = parse_study(text, name, is_begun=True)
    require_unedited(folder, study)
    known = folder.read_decisions()
    skipped = known.skipped | {arm: _skip(folder, study, arm) for arm in skip_arms if arm not in known.skipped}
    if not study.arms.keys() - skipped.keys():
        raise InputError(
            f"--skip-arm: at least one arm must go on, but got {', '.join(skip_arms)} with no other left; leave one out"
        )
    if confirm_now and study.search.scheduler == "pbt":
        raise InputError(
            "--confirm-now: a population is trained and compared together, so its search cannot end early, but got "
            "search.scheduler=pbt; leave the option out"
        )
    after = parse_study(text, name, overrides, is_begun=True)
    lowered = _lowered(study, after)
    require_whole(folder)
    if trains_here:
        require_images_of(folder, study)
    folder.write_decisions(
        DecisionsRecord(
            skipped=skipped, confirms_now=known.confirms_now or confirm_now, changes=(*known.changes, *lowered)
        )
    )
    if lowered:
        folder.write_trained_study(dump_study(after))
        folder.write_study_text(dump_study(after))
    if study.confirm.until_decided is None and any(change.startswith("confirm.") for change in lowered):
        going_on = [arm for arm in study.arms if arm not in skipped]
        for note in unequal_seeds_note({arm: _num_confirmed(folder, after, arm) for arm in going_on}):
            print(f"Note: {note}")
    status = folder.read_study_status()
    if status is not None:
        folder.write_study_status(status.model_copy(update={"state": "interrupted", "pid": None}))


def _skip(folder: RunFolder, study: StudyConfig, arm: str) -> SkippedArm:
    if arm not in study.arms:
        raise InputError(
            f"--skip-arm: this must name an arm of the study, but got arm={arm!r}{suggestion(arm, study.arms)}"
        )
    trials = [folder.trial(arm, name) for name in folder.trials(arm)]
    searched = [t for t in trials if (config := t.read_config()) is not None and config.phase != "confirm"]
    ended = sum(status is not None and status.state.is_final for status in (t.read_status() for t in searched))
    return SkippedArm(num_trials=ended, num_planned=study.search_trials_per_arm + study.refine.trials_per_arm)


def _num_confirmed(folder: RunFolder, study: StudyConfig, arm: str) -> int:
    """Confirmed trainings that an arm will have: those that have begun, and the missing ones of its best."""
    configs = (folder.trial(arm, name).read_config() for name in folder.trials(arm))
    begun = Counter(config.source for config in configs if config is not None and config.phase == "confirm")
    top_k, seeds = study.confirm.top_k, study.confirm.seeds
    return sum(max(num, seeds) for num in begun.values()) + max(0, top_k - len(begun)) * seeds


def _lowered(before: StudyConfig, after: StudyConfig) -> tuple[str, ...]:
    """The lowered numbers, such as `confirm.seeds: 5 to 2`. Raises InputError if anything else changes."""
    lowered, undone = split_lowered(before, after)
    found = compare_studies(before, undone, "by --set")
    rule = f"--set: resume only lowers {', '.join(GROWING)}"
    refused = [f"{rule}, but got {each}; run the changed study under another name" for each in found.conflicts]
    refused += [f"{rule}, but got {each}; use extend" for each in (*found.additions, *found.changes)]
    if refused:
        raise InputError(refused)
    return tuple(f"{name}: {old} to {study_settings(after)[name]}" for name, old in lowered.items())
