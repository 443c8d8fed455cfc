"""Checks of a run folder: before a study begins in it or goes on, and after its end."""

import shlex
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from gan_study.analysis.sentences.number_text import listed, quantity
from gan_study.analysis.summary import Summary
from gan_study.config.arms.resolved_training import ASSUMED_TRAIN_IMAGES
from gan_study.config.reading.load import DICTIONARY, dump_study, parse_study
from gan_study.config.reading.suggestions import nearest_name
from gan_study.config.rules.extension import GROWING, compare_studies, study_settings
from gan_study.config.rules.run_folder import require_begun_as, require_searched_as, require_trained_as
from gan_study.config.search.defaults import with_search_defaults
from gan_study.config.study import StudyConfig
from gan_study.errors import AllTrialsFailedError, InputError
from gan_study.evaluation.own_code import keep_code, require_same_code
from gan_study.runs.folder import RunFolder
from gan_study.runs.records.status import TrialState
from gan_study.runs.storage import Storage
from gan_study.workflow.own_code import try_own_code

_MOST_NAMED = 10


def open_run(location: str) -> RunFolder:
    """Open the run folder at a location.

    Raises InputError if there is no folder or no study in it; it names the run folders nearby, and for trainings by
    `train` the command to use.
    """
    folder = RunFolder(location)
    if not folder.storage.exists():
        folder.storage.require_bucket()
        near = _near(folder)
        remedy = "give the folder that `run` printed, or start a study with `python -m gan_study run <study file>`"
        raise InputError(
            f"{folder.location}: there is no such folder; {remedy if near is None else f'did you mean {near}?'}"
        )
    if not folder.is_a_run():
        _refuse_trainings(folder)
        if meant := _meant(folder):
            raise InputError(
                f"{folder.location}: a run folder contains a study.yaml, but this one does not; give {meant}"
            )
    folder.require_run()
    return folder


def _near(folder: RunFolder) -> str | None:
    """A run folder of a similar name beside this one on this machine's disk; None if there is none."""
    if not folder.storage.is_local:
        return None
    path = Path(folder.location)
    near = nearest_name(path.name, _runs_in(Storage(path.parent)))
    return None if near is None else str(path.with_name(near))


def _meant(folder: RunFolder) -> str | None:
    """The run folder that holds a place on this machine's disk, or those in it; None if there are none."""
    if folder.storage.is_local:
        path = Path(folder.location)
        above = [place for place in path.parents if (place / "study.yaml").exists() and (place / "arms").is_dir()]
        if above:
            return f"the run folder that it lies in: {above[0]}"
        if not path.is_dir():
            return None
    held = _runs_in(folder.storage)
    return f"one of the run folders in it: {places_text(held)}" if held else None


def _runs_in(storage: Storage) -> list[str]:
    """The names of the run folders in a folder."""
    return [name for name in storage.list_folders() if storage.exists(f"{name}/study.yaml")]


def _refuse_trainings(folder: RunFolder) -> None:
    """Raise InputError if a folder without a study holds what `train` has written."""
    if folder.storage.exists("environment.json"):  # The folder is a study's whose study.yaml is lost.
        return
    for arm in folder.arms():
        for name in folder.trials(arm):
            config = f"{folder.trial(arm, name).storage.location}/config.json"
            words = ["python", "-m", "gan_study", "train", config, "--out", folder.location]
            raise InputError(
                f"{folder.location}: a run folder contains a study.yaml, but this one has trainings by `train`; "
                f"continue one with `{shlex.join(words)}`"
            )


def refuse_if_begun(folder: RunFolder, given: str, option: str, remedy: str) -> None:
    """Raise InputError if a study has begun in the folder.

    given: the option with its value, as the user wrote it. remedy: the way to continue, as it can be written there.
    """
    if not folder.is_a_run():
        return
    of_no_trial, remove = "", ""
    if not folder.arms():  # It was interrupted while Ray started, or another process is at work there.
        of_no_trial, remove = " of which nothing is trained yet", f", remove {folder.location} if no process runs it"
    raise InputError(
        f"{given}: a study runs into a folder of its own, but got {folder.location} with a run in it{of_no_trial}; "
        f"{remedy}{remove}, or choose another {option}"
    )


@contextmanager
def begun_study(folder: RunFolder, study: StudyConfig, warn: Callable[[str], None]) -> Iterator[None]:
    """Write a new study into its run folder, and remove it again if an InputError comes before anything has begun.

    Its own code is tried first, and copied. `warn` receives a sentence for each doubt about it.
    """
    for note in try_own_code(study):
        warn(note)
    keep_code(study.code, folder)
    folder.write_study_text(dump_study(with_search_defaults(study)))
    try:
        yield
    except InputError:
        if not folder.arms():
            folder.forget_study()
        raise


def adopt_free_changes(folder: RunFolder, study: StudyConfig, source: str, option: str = "--resume") -> None:
    """Bring a run folder's study.yaml up to a study that differs only in what no training depends on.

    source: the study's file, or DICTIONARY. option: what asks for the study to be continued.

    Raises InputError, with a line for each other difference, if the study is not the one that has begun there.
    """
    begun = parse_study(folder.read_study_text(), f"{folder.location}/study.yaml", is_begun=True)
    require_same_code(study.code, begun.code, folder)
    given = with_search_defaults(study, begun)
    where = "in the dictionary" if source == DICTIONARY else "in the file"
    found = compare_studies(with_search_defaults(begun), given, where)
    lines = [*found.conflicts, *(f"{addition} {where}" for addition in found.additions)]
    if lines:
        number = f"{quantity(len(lines), 'difference')} from {folder.location}/study.yaml"
        is_extension = found.additions and not found.conflicts
        extend = f", run `extend {folder.location} {source}`" if is_extension and source != DICTIONARY else ""
        again = " (each --set of the first command is needed again)" if option == "--resume" else ""
        raise InputError(
            [
                f"{source}: {option} continues the study in the run folder, but got {number}; undo the "
                f"{'difference' if len(lines) == 1 else 'differences'}{again}{extend}, or run the study under another "
                "name",
                *lines,
            ]
        )
    if found.changes:
        folder.write_study_text(dump_study(given))


def require_unedited(folder: RunFolder, study: StudyConfig) -> None:
    """Raise InputError if somebody has edited the folder's study so that its trials no longer belong to it."""
    configs = (folder.trial(arm, name).read_config() for arm in folder.arms() for name in folder.trials(arm))
    objective = folder.read_objective()
    num_train_images = objective.num_train_images if objective is not None else ASSUMED_TRAIN_IMAGES
    trials = [config for config in configs if config is not None]
    place = f"{folder.location}/study.yaml"
    require_trained_as(study, trials, num_train_images, place)
    require_searched_as(study, trials, place)
    known = _trained_study(folder)
    if known is not None:
        require_begun_as(known, study, {trial.arm for trial in trials}, place)


def _trained_study(folder: RunFolder) -> StudyConfig | None:
    """The study as the last command that trained has read it; None in an older folder."""
    text = folder.read_trained_study()
    return None if text is None else parse_study(text, f"{folder.location}/study_as_trained.yaml", is_begun=True)


def require_whole(folder: RunFolder) -> None:
    """Raise InputError if a trial has lost its config.json: another one would be trained among its files."""
    lost = folder.trials_without_config()
    if lost:
        raise InputError(
            f"{folder.location}: a study goes on if each trial has its config.json, but got {places_text(lost)} "
            "without one; copy the file from a complete copy of the run folder, or move the trial's folder away to "
            "train it again"
        )


def places_text(places: Sequence[str]) -> str:
    """Return a list of places in words, of which only the first ten are named."""
    further = len(places) - _MOST_NAMED
    return listed([*places[:_MOST_NAMED], *([f"{further:,} more"] if further > 0 else [])])


def is_completed(folder: RunFolder) -> bool:
    """Return True if the study has come to its end: nothing is left to train, and no end work of a trial to try again.

    Raises InputError if its study.yaml cannot be read, or was edited so that its trials no longer belong to it.
    """
    status = folder.read_study_status()
    if status is None or status.state != "completed":
        return False
    study = parse_study(folder.read_study_text(), f"{folder.location}/study.yaml", is_begun=True)
    require_unedited(folder, study)
    if not study.arms.keys() <= set(folder.arms()):  # Somebody has added an arm by hand.
        return False
    known = _trained_study(folder)
    present, former = study_settings(study), study_settings(known or study)
    if any(present.get(name, 0) > former.get(name, 0) for name in GROWING):  # by hand, too
        return False
    statuses = (folder.trial(arm, name).read_status() for arm in folder.arms() for name in folder.trials(arm))
    return not any(status is not None and status.end_failures for status in statuses)


def resume_command(folder: RunFolder, address: str | None = None) -> str:
    """The command line that resumes a run."""
    words = ["python", "-m", "gan_study", "resume", folder.location, *(["--address", address] if address else [])]
    return shlex.join(words)


def require_a_score(folder: RunFolder, summary: Summary, report_location: str) -> None:
    """Raise AllTrialsFailedError, with the reasons, if no trial of the run has completed."""
    if not any(TrialState.COMPLETED in arm.trials_by_state for arm in summary.arms.values()):
        raise AllTrialsFailedError(
            f"{folder.location}: no trial has completed; {_reasons(folder)}; see {report_location}"
        )


def _reasons(folder: RunFolder) -> str:
    trials = (folder.trial(arm, name) for arm in folder.arms() for name in folder.trials(arm))
    reasons = {status.reason for trial in trials if (status := trial.read_status()) and status.reason}
    return "reasons: " + "; ".join(sorted(reasons)) if reasons else "no reason was recorded"
