"""The work behind `export`: a trained generator as files for other programs, with a model card."""

from collections.abc import Iterator
from contextlib import suppress

from rich.console import Console

from gan_study.analysis.load import load_run
from gan_study.analysis.run_data import RunData
from gan_study.analysis.summary import summarise
from gan_study.cli.preparation.output_folder import left_in, new_folder
from gan_study.cli.preparation.run_folder import warn_of_lost_trials
from gan_study.cli.terminal.interruption import telling
from gan_study.cli.terminal.outcome import make_console
from gan_study.config.training import TrialConfig
from gan_study.errors import StorageError
from gan_study.evaluation.exports.formats import check_formats, export_generator
from gan_study.evaluation.exports.known import FILES
from gan_study.evaluation.exports.model_card import Exported, model_card
from gan_study.evaluation.exports.source import FILE as MODEL_FILE
from gan_study.evaluation.exports.source import generator_to_source
from gan_study.evaluation.generators import Snapshot, read_snapshot
from gan_study.evaluation.snapshots import find_generator
from gan_study.runs.counted import recorded_score
from gan_study.runs.folder import RunFolder
from gan_study.runs.records import TrialState


def export(location: str, out: str, formats: tuple[str, ...], arm: str | None, trial: str | None) -> None:
    """Write a generator in every format asked for, its config.json and a model card into a new folder.

    Raises InputError if there is no such generator, a format is unknown, lacks its packages or does not give the
    original's images, or the folder holds other files, and InterruptionError (after saying what is left).
    """
    formats = tuple(dict.fromkeys(formats))
    check_formats(formats)
    target = new_folder(out)
    warn_of_lost_trials(location)
    snapshot = read_snapshot(find_generator(location, arm, trial))
    config = snapshot.source.config
    with telling(lambda: left_in(target)), Console(stderr=True).status(f"exporting {snapshot.place}"):
        made = {name: export_generator(snapshot.generator, snapshot.training, name, snapshot.place) for name in formats}
        card = model_card(_describe(snapshot, {name: difference for name, (_, difference) in made.items()}))
        for name, (content, _) in made.items():
            target.write_bytes(FILES[name], content)
        beside = ["README.md", "config.json"]
        if "safetensors" in made:
            beside.insert(0, MODEL_FILE)
            target.write_text(MODEL_FILE, generator_to_source(snapshot.generator))
        target.write_text("config.json", config.model_dump_json(indent=2) + "\n")
        target.write_text("README.md", card)
    console = make_console()
    lines = [
        f"{config.arm}/{config.name} {snapshot.source.moment}:",
        *(
            f"  {FILES[name]}: {len(content):,} bytes, largest difference from the original {difference:.2g}"
            for name, (content, difference) in made.items()
        ),
        f"  {', '.join(beside[:-1])} and {beside[-1]} are beside {'it' if len(made) == 1 else 'them'} in "
        f"{target.location}",
    ]
    console.print("\n".join(lines), markup=False, highlight=False, soft_wrap=True)


def _describe(snapshot: Snapshot, differences: dict[str, float]) -> Exported:
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
        with suppress(StorageError):  # a study of another version: the generator is exported all the same
            return load_run(folder)
    return None


def _seed_scores(study: RunData, config: TrialConfig) -> Iterator[float]:
    """Of the confirmed trainings of a confirmed trial's configuration that have come to their end."""
    for trial in study.of_arm(config.arm, "confirm"):
        is_sibling = config.phase == "confirm" and trial.config.source == config.source
        if is_sibling and trial.state is TrialState.COMPLETED and trial.score is not None:
            yield trial.score


def _verdict(study: RunData) -> str:
    found = summarise(study)
    return " ".join((found.verdict, *found.notes))
