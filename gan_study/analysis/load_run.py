"""Load a run folder as plain values. Missing files are allowed."""

from pydantic import ValidationError

from gan_study.analysis.run_data import RunData, TrialData
from gan_study.config.arms.resolved_training import ASSUMED_TRAIN_IMAGES
from gan_study.config.reading.load import require_mapping
from gan_study.config.reading.problems import explain_errors, locate_faults
from gan_study.config.reading.source import Origin, parse
from gan_study.config.rules.run_folder import require_trained_as
from gan_study.config.study import StudyConfig
from gan_study.config.training import PHASES
from gan_study.errors import InputError, StorageError
from gan_study.runs.folder import RunFolder
from gan_study.runs.present_status import present_status
from gan_study.runs.records.measurements import ObjectiveRecord, ScoreKey
from gan_study.runs.records.score_keys import require_equal_keys, require_scored_as
from gan_study.runs.records.status import TrialState, TrialStatus


def load_run(folder: RunFolder) -> RunData:
    """Load everything that a report needs except images.

    Raises InputError if the folder holds no study, or trials with scores of another kind; StorageError if a file does
    not fit this version of gan_study.
    """
    folder.require_run()
    found = [(arm, name, _load_trial(folder, arm, name)) for arm in folder.arms() for name in folder.trials(arm)]
    study = _load_study(folder)
    trials = _in_order([trial for _, _, trial in found if trial is not None], study)
    objective = folder.read_objective()
    _check_counted(folder, trials, study)
    num_train_images = objective.num_train_images if objective is not None else ASSUMED_TRAIN_IMAGES
    require_trained_as(study, [t.config for t in trials], num_train_images, f"{folder.location}/study.yaml")
    if objective is not None:
        _check_keys(folder, trials, objective.key)
        _check_class_shares(folder, trials, objective)
    decisions = folder.read_decisions()
    kept = {arm: config for arm, config in study.arms.items() if arm not in decisions.skipped}
    study = study.model_copy(update={"arms": kept})
    trials = [trial for trial in trials if trial.config.arm in kept]
    refinements = {arm: folder.read_refinement(arm) for arm in study.arms if study.refine.trials_per_arm}
    return RunData(
        study=study,
        objective=objective,
        environment=folder.read_environment(),
        status=present_status(folder),
        trials=tuple(trial for trial in trials if not trial.is_damaged),
        unreadable=tuple(
            f"arms/{arm}/{name}"
            for arm, name, trial in found
            # A study that was killed before it wrote a trial's files leaves an empty folder.
            if trial is None and folder.trial(arm, name).storage.list_names()
        ),
        damaged=tuple(f"arms/{trial.config.arm}/{trial.name}" for trial in trials if trial.is_damaged),
        decisions=decisions,
        extensions=folder.read_extensions().extensions,
        importance=folder.read_importance(),
        refinements={arm: refinement for arm, refinement in refinements.items() if refinement is not None},
        location=folder.location,
    )


def _in_order(trials: list[TrialData], study: StudyConfig) -> list[TrialData]:
    """Sort trials by arm in the order of the study file, then in the order in which a study trains them."""
    places = {arm: place for place, arm in enumerate(study.arms)}

    def key(trial: TrialData) -> tuple[int, str, int, int, int]:
        config = trial.config
        # The folder may hold trials of an arm that the study no longer names.
        place = places.get(config.arm, len(places))
        return place, config.arm, PHASES.index(config.phase), config.repeat, config.index

    return sorted(trials, key=key)


def _check_keys(folder: RunFolder, trials: list[TrialData], key: ScoreKey) -> None:
    """Raise InputError unless all trials have scores of one kind, since they are ranked and plotted together."""
    for trial in trials:
        place = f"{folder.location}/arms/{trial.config.arm}/{trial.name}"
        require_scored_as(place, trial.config.training.objective, key)
        if trial.final_scores is not None:
            require_equal_keys(place, trial.final_scores.key, key)


def _check_class_shares(folder: RunFolder, trials: list[TrialData], objective: ObjectiveRecord) -> None:
    """Raise StorageError unless all evaluations have a share for each class of the objective, or none."""
    num_classes = len(objective.real_class_shares or ())
    for trial in trials:
        for line, evaluation in enumerate(trial.evaluations, 1):
            shares = evaluation.class_shares
            if shares is not None and (len(shares) != num_classes or min(shares) < 0 or not any(shares)):
                raise StorageError(
                    f"{folder.location}/arms/{trial.config.arm}/{trial.name}/metrics.jsonl:{line}: class_shares must "
                    f"hold a share for each of the {num_classes} classes of objective/objective.json, 0 or more and "
                    f"not all 0, but got {len(shares)} from {min(shares, default=0):g} to {max(shares, default=0):g}; "
                    "copy both files again from where the run was made"
                )


def _check_counted(folder: RunFolder, trials: list[TrialData], study: StudyConfig) -> None:
    for trial in trials:
        if trial.at != study.objective.at:
            raise InputError(
                f"{folder.location}/arms/{trial.config.arm}/{trial.name}: the same evaluation must count in all trials "
                f"of a run folder, but got objective.at={trial.at} here and {study.objective.at} in study.yaml; keep "
                "trials of another objective in a separate run folder"
            )


def _load_study(folder: RunFolder) -> StudyConfig:
    root, problems = parse(folder.read_study_text(), Origin(f"{folder.location}/study.yaml"))
    if root is None or problems:
        raise StorageError(f"{problems[0]}, or copy the file again from where the run was made")
    require_mapping(root)
    try:
        return StudyConfig.model_validate(root.plain())
    except ValidationError as error:
        first, *others = sorted(locate_faults(explain_errors(error, root, StudyConfig), root))
        more = f"; and {len(others)} more" if others else ""
        raise StorageError(
            f"{first.place.label}: the file does not fit this version of gan_study ({first.path}: {first.rule}{more}); "
            "read it with the version in environment.json"
        ) from error


def _load_trial(folder: RunFolder, arm: str, name: str) -> TrialData | None:
    files = folder.trial(arm, name)
    config = files.read_config()
    if config is None:
        return None
    # A trial with a configuration but no status has just been created.
    status = files.read_status() or TrialStatus(state=TrialState.RUNNING)
    return TrialData(config, status, tuple(files.read_evaluations()), files.read_diagnosis(), files.read_final_scores())
