"""Everything that a model card says about a generator, collected from its trial and its study."""

from collections.abc import Iterator
from contextlib import suppress

from gan_study.analysis.load_run import load_run
from gan_study.analysis.run_data import RunData
from gan_study.analysis.summary import summarise
from gan_study.config.training import TrialConfig
from gan_study.errors import StorageError
from gan_study.evaluation.exports.model_card import Exported
from gan_study.evaluation.generators import TrainedGenerator
from gan_study.runs.counted_generator import recorded_score
from gan_study.runs.folder import RunFolder
from gan_study.runs.records.status import TrialState


def describe_export(snapshot: TrainedGenerator, differences: dict[str, float]) -> Exported:
    """The content of the model card of a snapshot's generator.

    differences: for each format, the largest difference of its pixels from the original's, on [-1, 1].
    """
    source = snapshot.source
    folder, cur_nimg = source.trial, source.cur_nimg
    status, diagnosis, study = folder.read_status(), folder.read_diagnosis(), _study(source.run)
    return Exported(
        config=source.config,
        moment=source.moment,
        num_channels=snapshot.num_channels,
        num_parameters=sum(weight.numel() for weight in snapshot.generator.parameters()),
        seed_scores=tuple(_seed_scores(study, source.config)) if study else (),
        state=status.state if status else TrialState.RUNNING,
        score=recorded_score(folder.read_evaluations(), cur_nimg, source.config.training.objective),
        objective=source.run.read_objective(),
        study_verdict=_verdict(study) if study else None,
        diagnosis=diagnosis if diagnosis is not None and diagnosis.cur_nimg == cur_nimg else None,
        differences=differences,
    )


def _study(folder: RunFolder) -> RunData | None:
    if folder.is_a_run():
        with suppress(StorageError):  # A generator is exported even if its study is of another version.
            return load_run(folder)
    return None


def _seed_scores(study: RunData, config: TrialConfig) -> Iterator[float]:
    """Scores of the completed confirmed trainings of a confirmed trial's configuration."""
    for trial in study.trials_of_arm(config.arm, "confirm"):
        is_sibling = config.phase == "confirm" and trial.config.source == config.source
        if is_sibling and trial.state is TrialState.COMPLETED and trial.score is not None:
            yield trial.score


def _verdict(study: RunData) -> str:
    found = summarise(study)
    return " ".join((found.verdict, *found.notes))
