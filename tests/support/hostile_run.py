"""A synthetic run with everything that a report can show, whose every text from outside tries to be HTML.

Names of arms cannot: study files and folders allow letters, digits, `_`, `.` and `-` in them. All else may come from a
study file, an error, a data set's folders, a host, or whoever renames folders.
"""

from typing import Any

from gan_study.runs.folder import RunFolder
from gan_study.runs.records.diagnosis import VerdictName
from gan_study.runs.records.importance import ImportanceRecord, ParameterImportance, TargetImportance
from support.pareto_run import add_coverages
from support.planted_diagnosis import planted_diagnosis
from support.synthetic_run import (
    CLASS_NAMES,
    DIVERGED,
    FAILED,
    OBJECTIVE,
    SEARCH,
    STUDY,
    Outcome,
    draw_samples,
    write_synthetic_run,
)

HOSTILE = "<b><img src=x onerror=wasRun=1>"
"""Without a slash, so that a folder can have this name, too."""
HOSTILE_TRIAL = f"search_000 {HOSTILE}"
CHOICE = "network.discriminator_norm"

_STUDY: dict[str, Any] = {
    **STUDY,
    "description": HOSTILE,
    "search_space": {**STUDY["search_space"], CHOICE: {"choice": [HOSTILE, "batch"]}},
    "search": {"objectives": ["score", "coverage"], "scheduler": "none"},
}


def write_hostile_run(location: str) -> RunFolder:
    """Failed trials, confirmed seeds, timelines, looks, a Pareto front, importance and findings, all with `HOSTILE`."""
    objective = OBJECTIVE.model_copy(
        update={
            "class_names": (*CLASS_NAMES[:-1], f"9{HOSTILE}"),
            "data_warnings": (f"{HOSTILE}/1.png is corrupt",),
            "key": OBJECTIVE.key.model_copy(update={"dataset": f"{HOSTILE}-16px"}),
        }
    )
    search = {
        "lsgan": (*SEARCH["lsgan"][:3], Outcome(DIVERGED, None, kimg=20, reason=HOSTILE), SEARCH["lsgan"][4]),
        "wgan": (*SEARCH["wgan"][:2], Outcome(FAILED, None, kimg=10, reason=HOSTILE), *SEARCH["wgan"][3:]),
    }
    folder = write_synthetic_run(location, study=_STUDY, search=search, objective=objective)
    add_coverages(folder)
    for arm in folder.arms():
        for name in folder.trials(arm):
            _add_to_trial(folder, arm, name)
    folder.write_importance(_importance())
    environment = folder.read_environment()
    assert environment is not None
    changes = {"hosts": (HOSTILE,), "command": f"gan_study run {HOSTILE}", "versions": {HOSTILE: "1.0"}}
    folder.write_environment(environment.model_copy(update=changes))
    # A folder without a configuration is named among those that were left out.
    folder.trial("lsgan", HOSTILE).storage.write_text("notes.txt", "not a trial")
    return folder


def _add_to_trial(folder: RunFolder, arm: str, name: str) -> None:
    trial = folder.trial(arm, name)
    config, status = trial.read_config(), trial.read_status()
    assert config is not None
    assert status is not None
    choice = HOSTILE if config.index % 2 else "batch"
    config = config.model_copy(update={"searched": {**config.searched, CHOICE: choice}})
    trial.write_config(config)
    trial.write_status(status.model_copy(update={"host": HOSTILE}))
    if config.phase == "confirm":
        record = planted_diagnosis(VerdictName.PARTIAL_COLLAPSE, missing_classes=(HOSTILE,))
        trial.write_diagnosis(record)
        trial.write_neighbours(draw_samples(config.index, 0.9))
        trial.write_interpolation(draw_samples(config.index, 0.8))
    elif name == "search_000":
        # The same trial once more, under a name that only somebody who writes into the run folder can have given it.
        renamed = folder.trial(arm, HOSTILE_TRIAL)
        renamed.write_config(config.model_copy(update={"name": HOSTILE_TRIAL}))
        renamed.write_status(status)
        renamed.write_evaluations(trial.read_evaluations())
        for nimg in trial.sample_nimgs():
            renamed.write_samples(nimg, trial.read_samples(nimg))


def _importance() -> ImportanceRecord:
    known = ParameterImportance(name="g_lr", num_trials=20, value=0.6, low=0.4, high=0.8, by_chance=0.3)
    none = ParameterImportance(
        name=HOSTILE, num_trials=4, value=None, low=None, high=None, by_chance=None, reason=HOSTILE, condition=HOSTILE
    )
    target = TargetImportance(
        arm="wgan", target="score", scale="log", num_trials=20, num_failed=None, parameters=(known, none)
    )
    return ImportanceRecord(num_forests=4, num_trees=16, num_resamples=30, num_shuffles=20, targets=(target,))
