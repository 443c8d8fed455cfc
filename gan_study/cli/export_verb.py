"""The work behind `export`: a trained generator as files for other programs, with a model card."""

from collections.abc import Iterator
from contextlib import suppress

from rich.console import Console

from gan_study.analysis.summary import summarise
from gan_study.cli.export_formats import FILES, check_formats, export_generator
from gan_study.cli.generators import Snapshot, read_snapshot
from gan_study.cli.model_card import Exported, model_card
from gan_study.cli.outcome import make_console
from gan_study.cli.output_folder import new_folder
from gan_study.cli.snapshots import SnapshotPlace, find_generator
from gan_study.errors import StorageError
from gan_study.report.load import load_run
from gan_study.runs.records import TrialState


def export(location: str, out: str, formats: tuple[str, ...], arm: str | None, trial: str | None) -> None:
    """Write a generator in every format asked for, its config.json and a model card into a new folder.

    Raises InputError if there is no such generator, a format is unknown, lacks its packages or does not give the
    original's images, or the folder holds other files.
    """
    formats = tuple(dict.fromkeys(formats))
    check_formats(formats)
    target = new_folder(out)
    snapshot = read_snapshot(find_generator(location, arm, trial))
    with Console(stderr=True).status(f"exporting {snapshot.place}"):
        made = {name: export_generator(snapshot.generator, snapshot.training, name, snapshot.place) for name in formats}
        card = model_card(_describe(snapshot, {name: difference for name, (_, difference) in made.items()}))
    for name, (content, _) in made.items():
        target.write_bytes(FILES[name], content)
    target.write_text("config.json", snapshot.source.config.model_dump_json(indent=2) + "\n")
    target.write_text("README.md", card)
    console, config = make_console(), snapshot.source.config
    lines = [
        f"{config.arm}/{config.name} after {snapshot.source.cur_nimg:,} images:",
        *(
            f"  {FILES[name]}: {len(content):,} bytes, largest difference from the original {difference:.2g}"
            for name, (content, difference) in made.items()
        ),
        f"  README.md and config.json beside {'it' if len(made) == 1 else 'them'} in {target.location}",
    ]
    console.print("\n".join(lines), markup=False, highlight=False, soft_wrap=True)


def _describe(snapshot: Snapshot, differences: dict[str, float]) -> Exported:
    source = snapshot.source
    folder, cur_nimg = source.trial, source.cur_nimg
    status, diagnosis = folder.read_status(), folder.read_diagnosis()
    return Exported(
        config=source.config,
        cur_nimg=cur_nimg,
        num_channels=snapshot.num_channels,
        num_parameters=sum(weight.numel() for weight in snapshot.generator.parameters()),
        seed_scores=tuple(_seed_scores(source)),
        state=status.state if status else TrialState.RUNNING,
        evaluation=next((e for e in folder.read_evaluations() if e.cur_nimg == cur_nimg), None),
        objective=source.run.read_objective(),
        study_verdict=_study_verdict(snapshot),
        diagnosis=diagnosis if diagnosis is not None and diagnosis.cur_nimg == cur_nimg else None,
        differences=differences,
    )


def _seed_scores(source: SnapshotPlace) -> Iterator[float]:
    if source.config.phase != "confirm":
        return
    for name in source.run.trials(source.config.arm):
        trial = source.run.trial(source.config.arm, name)
        config, status, evaluations = trial.read_config(), trial.read_status(), trial.read_evaluations()
        if config is None or (config.phase, config.source) != ("confirm", source.config.source):
            continue
        if status is not None and status.state is TrialState.COMPLETED and evaluations[-1].score is not None:
            yield evaluations[-1].score


def _study_verdict(snapshot: Snapshot) -> str | None:
    run = snapshot.source.run
    if run.is_a_run():
        with suppress(StorageError):  # a study of another version: the generator is exported all the same
            found = summarise(load_run(run))
            return " ".join((found.verdict, *found.notes))
    return None
