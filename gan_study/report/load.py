"""A run folder as plain values. Reads only through `gan_study.runs`, and copes with files that are not there."""

import base64
from dataclasses import dataclass

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from gan_study.analysis.run_data import PHASES, RunData, TrialData
from gan_study.config.study import StudyConfig
from gan_study.errors import StorageError
from gan_study.runs.folder import RunFolder
from gan_study.runs.records import TrialState, TrialStatus


@dataclass(frozen=True)
class SampleGrid:
    """A trial's generated images at one point of its training, always from the same latents."""

    cur_nimg: int
    data_uri: str
    """The PNG, in base64."""


def load_run(folder: RunFolder) -> RunData:
    """Everything a report needs except images. Raises InputError if no study has begun there, StorageError if
    a file does not fit this version of gan_study.
    """
    folder.require_run()
    found = [(arm, name, _load_trial(folder, arm, name)) for arm in folder.arms() for name in folder.trials(arm)]
    trials = [trial for _, _, trial in found if trial is not None]
    trials.sort(key=lambda t: (t.config.arm, PHASES.index(t.config.phase), t.config.index))
    study = _load_study(folder)
    refinements = {arm: folder.read_refinement(arm) for arm in study.arms if study.refine.trials_per_arm}
    return RunData(
        study=study,
        objective=folder.read_objective(),
        environment=folder.read_environment(),
        status=folder.read_study_status(),
        trials=tuple(trials),
        unreadable=tuple(f"arms/{arm}/{name}" for arm, name, trial in found if trial is None),
        refinements={arm: refinement for arm, refinement in refinements.items() if refinement is not None},
    )


def load_samples(folder: RunFolder, trial: TrialData) -> tuple[SampleGrid, ...]:
    """All sample grids of a trial, in the order of images seen."""
    files = folder.trial(trial.config.arm, trial.name)
    return tuple(
        SampleGrid(nimg, "data:image/png;base64," + base64.b64encode(files.read_samples(nimg)).decode("ascii"))
        for nimg in files.sample_nimgs()
    )


def _load_study(folder: RunFolder) -> StudyConfig:
    try:
        return StudyConfig.model_validate(YAML(typ="safe", pure=True).load(folder.read_study_text()))
    except (YAMLError, ValidationError) as error:
        raise StorageError(
            f"{folder.location}/study.yaml: the file does not fit this version of gan_study ({error}); "
            "read it with the version in environment.json"
        ) from error


def _load_trial(folder: RunFolder, arm: str, name: str) -> TrialData | None:
    files = folder.trial(arm, name)
    config = files.read_config()
    if config is None:
        return None
    # A trial that has its configuration but no status yet has just been created.
    status = files.read_status() or TrialStatus(state=TrialState.RUNNING)
    return TrialData(config, status, tuple(files.read_evaluations()))
