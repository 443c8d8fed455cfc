"""The work behind `export`: write a trained generator for other programs, with a model card."""

from rich.console import Console

from gan_study.cli.preparation.claim import warn_of_lost_trials
from gan_study.cli.preparation.output_folder import describe_incomplete, new_folder
from gan_study.cli.terminal.interruption import explain_interruption
from gan_study.cli.terminal.outcome import make_console
from gan_study.config.own.parts import is_own
from gan_study.evaluation.exports.description import describe_export
from gan_study.evaluation.exports.formats import check_formats, export_generator
from gan_study.evaluation.exports.known import FILES
from gan_study.evaluation.exports.model_card import model_card
from gan_study.evaluation.exports.source import FILE as MODEL_FILE
from gan_study.evaluation.exports.source import generator_to_source
from gan_study.evaluation.generators import load_trained_generator
from gan_study.evaluation.snapshots import find_snapshot


def export(location: str, out: str, formats: tuple[str, ...], arm: str | None, trial: str | None) -> None:
    """Write a generator in each of the formats, its config.json and a model card into a new folder.

    Raises InputError if there is no such generator, the folder holds other files, or a format is unknown, lacks its
    packages or does not reproduce the images; InterruptionError (after a message about what is left).
    """
    formats = tuple(dict.fromkeys(formats))
    check_formats(formats)
    target = new_folder(out)
    warn_of_lost_trials(location)
    snapshot = load_trained_generator(find_snapshot(location, arm, trial))
    config = snapshot.source.config
    with (
        explain_interruption(lambda: describe_incomplete(target)),
        Console(stderr=True).status(f"exporting {snapshot.place}"),
    ):
        source = generator_to_source(snapshot.generator, snapshot.training, snapshot.num_channels)
        made = {
            name: export_generator(snapshot.generator, snapshot.training, name, snapshot.place, source)
            for name in formats
        }
        card = model_card(describe_export(snapshot, {name: difference for name, (_, difference) in made.items()}))
        for name, (content, _) in made.items():
            target.write_bytes(FILES[name], content)
        beside = ["README.md", "config.json"]
        if "safetensors" in made:
            beside.insert(0, MODEL_FILE)
            target.write_text(MODEL_FILE, source)
            for file in snapshot.training.code if is_own(snapshot.training.network.name) else ():
                beside.insert(1, file.file)
                target.write_text(file.file, snapshot.source.run.read_code(file.file))
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
