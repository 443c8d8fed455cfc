"""A study small enough to be run by a test: digits, networks of width 8, a second of training for each trial."""

from typing import Any

from gan_study.config.reading.load import dump_study
from gan_study.config.study import StudyConfig
from gan_study.runs.folder import RunFolder


def tiny_study(**changes: Any) -> StudyConfig:
    """Two arms of three trials; `changes` replace whole sections."""
    sections: dict[str, Any] = {
        "name": "tiny",
        "dataset": {"name": "digits", "image_size": 16},
        "objective": {"num_samples": 200},
        "budget": {"trials_per_arm": 3, "total_kimg": 1, "evaluate_every_kimg": 0.5},
        "arms": {
            "lsgan": {"network": "dcgan", "loss": "least_squares"},
            "wgan": {"network": "dcgan", "loss": "wasserstein", "penalty": "wgan_gp", "d_steps_per_g_step": 1},
        },
        "defaults": {"network": {"width": 8}},
        "search_space": {"g_lr": {"log_uniform": [1e-4, 1e-2]}},
        "search": {"reduction_factor": 2},
        "confirm": {"top_k": 1, "seeds": 1},
    }
    return StudyConfig.model_validate(sections | changes)


def tiny_folder(place: object, study: StudyConfig) -> RunFolder:
    """A run folder as `run` leaves it to `run_study`."""
    folder = RunFolder(str(place))
    folder.write_study_text(dump_study(study))
    return folder
