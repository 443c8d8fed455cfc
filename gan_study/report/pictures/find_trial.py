"""Find the folder of a trial, also if its arm has another name on the page."""

from collections.abc import Callable

from gan_study.analysis.comparison.side_by_side import SideBySide
from gan_study.analysis.run_data import TrialData
from gan_study.runs.folder import RunFolder
from gan_study.runs.trial_folder import TrialFolder

FindTrial = Callable[[TrialData], TrialFolder]
"""A function that returns the folder of a trial."""


def find_in_run(folder: RunFolder) -> FindTrial:
    """Find the trials of one run."""
    return lambda trial: folder.trial(trial.config.arm, trial.name)


def find_in_studies(found: SideBySide) -> FindTrial:
    """Find the trials of compared studies, whose arms may have other names there than in their run folders."""
    places = {
        arm: (RunFolder(study.location), name)
        for study, run in zip(found.studies, found.runs, strict=True)
        for arm, name in zip(run.arms, study.run.arms, strict=True)
    }

    def find(trial: TrialData) -> TrialFolder:
        folder, name = places[trial.config.arm]
        return folder.trial(name, trial.name)

    return find
