"""The objective that tests of extractors and of training share, so that its classifier is trained once a session."""

from dataclasses import dataclass

from gan_study.config.training import TrainingConfig
from gan_study.data.datasets import Dataset, load_dataset
from gan_study.extractors.objective import Objective, load_objective, prepare_objective
from gan_study.runs.folder import RunFolder
from gan_study.runs.records.measurements import ObjectiveRecord


@dataclass(frozen=True)
class Prepared:
    """The objective of 16-pixel digits with 200 samples, and where it was made."""

    training: TrainingConfig
    dataset: Dataset
    record: ObjectiveRecord
    folder: RunFolder

    def load(self) -> Objective:
        return load_objective(self.folder.storage, self.record, self.dataset)


def prepare_digits(location: str) -> Prepared:
    """Makes the objective in a new run folder, with the extractor from GAN_STUDY_CACHE."""
    training = TrainingConfig.model_validate(
        {
            "dataset": {"name": "digits", "image_size": 16},
            "network": {"name": "dcgan", "width": 8},
            "loss": "least_squares",
            "objective": {"num_samples": 200},
        }
    )
    dataset, folder = load_dataset(training.dataset), RunFolder(location)
    return Prepared(training, dataset, prepare_objective(training, dataset, folder), folder)
