"""Trials trained in the test's own process, by what runs inside Ray's workers: as real, and without starting any."""

from gan_study.config.training import TrialConfig
from gan_study.data.datasets import load_dataset
from gan_study.extractors.objective import prepare_objective
from gan_study.runs.folder import RunFolder
from gan_study.search.trials.begin_trial import begin_trial
from gan_study.search.trials.messages import TrialOrder
from gan_study.training.distributed import Workers


def train_here(config: TrialConfig, folder: RunFolder) -> None:
    """Train a trial to its end on one worker, with its study's objective, which is made if it is not there."""
    prepare_objective(config.training, load_dataset(config.training.dataset), folder)
    folder.trial(config.arm, config.name).write_config(config)
    for _ in begin_trial(TrialOrder(config, folder.location), Workers()):
        pass
