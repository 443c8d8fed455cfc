"""What every worker of a trial does before its first step and after its last one."""

from collections.abc import Generator

from gan_study.config.training import TrialConfig
from gan_study.data.datasets import Dataset, load_dataset
from gan_study.extractors.objective import Objective, load_objective
from gan_study.runs.folder import RunFolder
from gan_study.runs.records import TrialState
from gan_study.runs.trial_folder import TrialFolder
from gan_study.search.end_coverage import coverage_measure
from gan_study.search.end_diagnosis import diagnose_trial
from gan_study.search.end_images import write_end_images
from gan_study.search.final_scores import score_finally
from gan_study.search.messages import TrialOrder
from gan_study.training.distributed import Workers
from gan_study.training.loop import Progress, train


def begin_trial(order: TrialOrder, workers: Workers) -> Generator[Progress, None, None]:
    """The ordered trial's training loop, with its data and the study's objective (kept in this process).

    If the order asks for it, a completed trial's images are measured and scored before its last progress is given; of a
    confirmed one, images between latents are made.
    """
    config = order.config
    dataset = load_dataset(config.training.dataset)
    folder = RunFolder(order.run_folder)
    record = folder.read_objective()
    assert record is not None, "the objective is made before any trial starts"
    objective = load_objective(folder.storage, record, dataset).to(workers.device)
    return _train_and_diagnose(config, dataset, objective, folder.trial(config.arm, config.name), workers)


def _train_and_diagnose(
    config: TrialConfig, dataset: Dataset, objective: Objective, trial: TrialFolder, workers: Workers
) -> Generator[Progress, None, None]:
    measure = coverage_measure(config, dataset, objective)
    for progress in train(config, dataset, objective, trial, workers, measure):
        if workers.is_first and progress.status.state is TrialState.COMPLETED:
            if _is_wanted(config, trial):
                diagnose_trial(trial, config, dataset, objective).write(trial)
            if config.phase == "confirm" and trial.read_interpolation() is None:
                write_end_images(trial, config.training, dataset.num_channels)
            _score_finally(config, dataset, objective, trial)
        yield progress


def _is_wanted(config: TrialConfig, trial: TrialFolder) -> bool:
    """Whether the end of this trial is to be diagnosed, and has not been before."""
    at_end = config.diagnosis.at_end
    chosen = at_end == "all" or (at_end == "confirmed" and config.phase == "confirm")
    return chosen and trial.read_diagnosis() is None


def _score_finally(config: TrialConfig, dataset: Dataset, objective: Objective, trial: TrialFolder) -> None:
    """Write the final scores of a confirmed trial, if they are asked for and have not been written before."""
    if config.phase != "confirm" or not config.training.objective.final_draws or trial.read_final_scores() is not None:
        return
    scores = score_finally(trial, config.training, dataset, objective)
    if scores is not None:
        trial.write_final_scores(scores)
