"""The verbs. Each imports what it needs when it is called, so that none waits for a package it does not use."""

import os
import sys
from typing import Annotated

import typer

from gan_study import __version__
from gan_study.cli.messages import print_error
from gan_study.errors import GanStudyError, InputError

app = typer.Typer(
    name="gan_study",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
_INTERRUPTED = 130  # 128 + SIGINT, as shells say it

StudyFile = Annotated[
    str, typer.Argument(help="The study file, such as studies/lsgan_vs_wgan.yaml.", show_default=False)
]
RunFolderPlace = Annotated[
    str,
    typer.Argument(help="The run folder that `run` named: a local path, an s3:// or a gs:// URI.", show_default=False),
]
Overrides = Annotated[
    list[str],
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="Change one value of the study, such as arms.wgan.penalty_weight=5; may be repeated.",
    ),
]
Address = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS", help="Join the Ray cluster there (auto: the one of this machine). Default: start Ray here."
    ),
]
DataRoot = Annotated[
    str | None,
    typer.Option(
        metavar="FOLDER",
        help="The folder with the files of data sets on this machine; sets GAN_STUDY_DATA for this command and the "
        "Ray it starts. On a cluster that is joined, each machine has its own GAN_STUDY_DATA instead.",
    ),
]
InceptionWeights = Annotated[
    str | None,
    typer.Option(
        metavar="FILE",
        help="The file with Inception's official weights on this machine, for scores that need it; sets "
        "GAN_STUDY_INCEPTION_WEIGHTS as --data-root sets GAN_STUDY_DATA.",
    ),
]
Verbose = Annotated[bool, typer.Option("--verbose", help="Show Ray's own messages too.")]


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"gan_study {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Compare ways of training GANs as a fair experiment: search, confirm, report."""


@app.command()
def run(
    study_file: StudyFile,
    out: Annotated[
        str, typer.Option(metavar="FOLDER", help="Where run folders go: a local path, an s3:// or a gs:// URI.")
    ] = "runs",
    overrides: Overrides = [],  # noqa: B006  # typer reads the default and never changes it
    address: Address = None,
    data_root: DataRoot = None,
    inception_weights: InceptionWeights = None,
    verbose: Verbose = False,
) -> None:
    """Search, confirm and report a study."""
    from gan_study.cli.run_folder import refuse_if_begun
    from gan_study.cli.surroundings import set_places
    from gan_study.config.load import dump_study, load_study
    from gan_study.runs.folder import RunFolder

    set_places(data_root, inception_weights, address)
    study = load_study(study_file, overrides)
    folder = RunFolder(f"{out.rstrip('/')}/{study.name}")
    refuse_if_begun(folder, out)
    from gan_study.cli.study_verbs import run_and_report  # takes seconds, so it comes after the checks

    folder.write_study_text(dump_study(study))
    try:
        run_and_report(folder, address, verbose)
    except InputError:
        # Nothing has begun: leave no folder behind that the next `run` would refuse.
        if not folder.arms():
            folder.storage.delete("study.yaml")
        raise


@app.command()
def resume(
    run_folder: RunFolderPlace,
    address: Address = None,
    data_root: DataRoot = None,
    inception_weights: InceptionWeights = None,
    verbose: Verbose = False,
) -> None:
    """Go on with an interrupted study.

    Finished trials stay as they are; unfinished ones continue from their last checkpoints. Of a finished study
    the report is written anew.
    """
    from gan_study.cli.outcome import conclude, make_console
    from gan_study.cli.run_folder import is_completed, open_run, refuse_if_running
    from gan_study.cli.surroundings import set_places
    from gan_study.report.write import write_report

    set_places(data_root, inception_weights, address)
    folder = open_run(run_folder)
    refuse_if_running(folder)
    if is_completed(folder):
        conclude(make_console(), folder, write_report(folder))
        return
    from gan_study.cli.study_verbs import run_and_report

    run_and_report(folder, address, verbose)


@app.command()
def report(run_folder: RunFolderPlace) -> None:
    """Write the report of a run folder anew.

    Writes report.html, summary.json and trials.csv. The folder may be a copy on a machine without torch and ray.
    """
    from gan_study.cli.outcome import make_console, print_outcome
    from gan_study.cli.run_folder import open_run
    from gan_study.report.write import write_report

    folder = open_run(run_folder)
    print_outcome(make_console(), folder, write_report(folder))


@app.command()
def plan(
    study_file: StudyFile,
    overrides: Overrides = [],  # noqa: B006  # as in run
    data_root: DataRoot = None,
) -> None:
    """Check a study and print what it would do.

    Prints arms, search space, trials, images and an estimate of the time. Starts nothing.
    """
    from gan_study.cli.surroundings import set_places
    from gan_study.config.load import load_study
    from gan_study.config.plan import format_plan
    from gan_study.config.plan import plan as plan_study

    set_places(data_root, None)
    study = load_study(study_file, overrides)
    num_train_images = None
    if study.dataset.known_train_images is None:
        from gan_study.data.inspection import count_train_images

        num_train_images = count_train_images(study.dataset)
    print(format_plan(plan_study(study, num_train_images)))


@app.command()
def doctor(
    dataset: Annotated[
        str,
        typer.Argument(help="A folder or archive (zip, tar) of images, or a data set's name.", show_default=False),
    ],
    crop: Annotated[
        int | None, typer.Option(min=8, help="Side in pixels of the centre crop. Default: the largest square.")
    ] = None,
    image_size: Annotated[
        int | None, typer.Option(min=8, max=256, help="Height and width in pixels to learn. Default: proposed.")
    ] = None,
    data_root: DataRoot = None,
    preview: Annotated[
        str | None,
        typer.Option(metavar="FILE.png", help="Where the preview goes. Default: doctor-<name>.png in this folder."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON instead.")] = False,
) -> None:
    """Look at a data set before anything is learned from it.

    Prints numbers, sizes, duplicates, corrupt files, networks that fit, estimates and advice; writes a preview.
    """
    from gan_study.cli.surroundings import set_places

    set_places(data_root, None)
    from gan_study.cli.doctor import examine

    examine(dataset, crop=crop, image_size=image_size, preview=preview, as_json=as_json)


@app.command()
def train(
    config_file: Annotated[
        str, typer.Argument(help="A trial's config.json, or a YAML file of the same form.", show_default=False)
    ],
    out: Annotated[
        str, typer.Option(metavar="FOLDER", help="Where the trial's files go: a local path, an s3:// or a gs:// URI.")
    ] = "runs/train",
    device: Annotated[str, typer.Option(metavar="auto|cpu|cuda", help="What to train on.")] = "auto",
    data_root: DataRoot = None,
    inception_weights: InceptionWeights = None,
) -> None:
    """Train one GAN, without Ray.

    Runs on one process or under torchrun, and goes on from its checkpoint if there is one.
    """
    from gan_study.cli.surroundings import set_places
    from gan_study.config.trial_file import load_trial

    set_places(data_root, inception_weights)
    load_trial(config_file)  # tells of a wrong file before torch is imported, which takes seconds
    from gan_study.cli.train_verb import train_one

    train_one(config_file, out, device)


@app.command()
def evaluate(
    generated: Annotated[
        str,
        typer.Argument(
            help="A folder or archive (zip, tar) of images, a data set's name, statistics (.npz), or a trained "
            "generator: a snapshot, its trial folder, or a run folder (the best confirmed trial).",
            show_default=False,
        ),
    ],
    reference: Annotated[
        str,
        typer.Argument(help="The real images, or whatever it is compared with: the same kinds.", show_default=False),
    ],
    extractor: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="inception, or autoencoder or domain_classifier, which learn from the reference.",
        ),
    ] = "inception",
    dims: Annotated[
        int | None,
        typer.Option(metavar="64|192|768|2048", help="Which of Inception's layers. Default: 2048, the FID's."),
    ] = None,
    batch_size: Annotated[int, typer.Option(min=1, help="Images that the network is handed at a time.")] = 50,
    num_workers: Annotated[
        int | None,
        typer.Option(min=1, max=64, help="Threads that decode files. Default: one for each core, at most 8."),
    ] = None,
    device: Annotated[str, typer.Option(metavar="auto|cpu|cuda|cuda:N", help="What the network runs on.")] = "auto",
    save_stats: Annotated[
        str | None,
        typer.Option(
            metavar="FILE.npz", help="Where the statistics of the first collection go, in pytorch-fid's format."
        ),
    ] = None,
    image_size: Annotated[
        int | None,
        typer.Option(
            min=8,
            max=256,
            help="Side in pixels that all images are cropped and brought to. Default: a generator's own; else, for "
            "inception, each image's own size, as pytorch-fid does it.",
        ),
    ] = None,
    num: Annotated[
        int | None,
        typer.Option(
            min=2,
            max=1_000_000,
            help="Images of the first collection: drawn from a generator (default: 10,000), or chosen at random "
            "(default: all).",
        ),
    ] = None,
    num_reference: Annotated[int | None, typer.Option(min=2, max=1_000_000, help="The same of the reference.")] = None,
    split: Annotated[
        str,
        typer.Option(
            metavar="all|train|held_out",
            help="Part of a data set that is given by name, and of a folder or archive that is the reference.",
        ),
    ] = "all",
    seed: Annotated[int, typer.Option(min=0, help="Of latents and random parts.")] = 0,
    data_root: DataRoot = None,
    inception_weights: InceptionWeights = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON instead.")] = False,
    json_file: Annotated[
        str | None, typer.Option(metavar="FILE.json", help="Write everything as JSON into a file, too.")
    ] = None,
) -> None:
    """Score a collection of images against another.

    Prints the FID, or a Frechet distance on other features, with what real images would score; KID, precision and
    recall, density and coverage, Vendi score, and what an extractor with classes tells.
    """
    from gan_study.cli.surroundings import set_places

    set_places(data_root, inception_weights)
    from gan_study.cli.evaluate_verb import Options, evaluate

    options = Options(
        extractor=extractor,
        dims=dims,
        batch_size=batch_size,
        num_workers=num_workers or min(os.cpu_count() or 1, 8),
        device=device,
        save_stats=save_stats,
        image_size=image_size,
        num=num,
        num_reference=num_reference,
        split=split,
        seed=seed,
        as_json=as_json,
        json_file=json_file,
    )
    evaluate(generated, reference, options)


@app.command()
def diagnose(
    generator: Annotated[
        str,
        typer.Argument(
            help="A snapshot, a trial folder (its last snapshot), or a run folder (every confirmed trial).",
            show_default=False,
        ),
    ],
    again: Annotated[bool, typer.Option("--again", help="Measure anew what diagnosis.json holds.")] = False,
    data_root: DataRoot = None,
    inception_weights: InceptionWeights = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON instead.")] = False,
) -> None:
    """Say what became of trained generators: collapsed, undertrained, copying, healthy.

    Prints the verdict and every finding with its value, threshold, source and real-against-real control.
    """
    from gan_study.cli.surroundings import set_places

    set_places(data_root, inception_weights)
    from gan_study.cli.diagnose_verb import diagnose as diagnose_generators

    diagnose_generators(generator, again=again, as_json=as_json)


def main() -> None:
    """Run the command line and end the process with its exit status."""
    try:
        app()
    except GanStudyError as error:
        print_error(error)
        sys.exit(error.exit_status)
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
