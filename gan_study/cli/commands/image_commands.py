"""The commands that examine images and trained generators. Each imports its packages when it is called."""

import os
from typing import Annotated

import typer

from gan_study.cli.commands.options import DataRoot, InceptionWeights, TrustCode

app = typer.Typer()
"""Added to the command line's own in `main`."""


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
        typer.Option(
            metavar="FILE.png",
            help="The file that the preview is written to. Default: doctor-<name>.png in the current folder, or beside "
            "the images' folder if the command is called in that.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON instead.")] = False,
) -> None:
    """Inspect a data set before training.

    Prints numbers, sizes, duplicates, corrupt files, networks that fit, estimates and advice.

    Writes one file, a preview of the images as a GAN would see them: doctor-<name>.png in the current folder, unless
    --preview names another place. Its path is printed.
    """
    from gan_study.cli.commands.surroundings import set_places

    set_places(data_root, None)
    from gan_study.cli.doctor import examine_dataset

    examine_dataset(dataset, crop=crop, image_size=image_size, preview=preview, as_json=as_json)


@app.command()
def evaluate(
    generated: Annotated[
        str,
        typer.Argument(
            help="A folder or archive (zip, tar) of images, a data set's name, statistics (.npz), or a trained "
            "generator: a snapshot, its trial folder, or a run folder (its winner's best confirmed trial).",
            show_default=False,
        ),
    ],
    reference: Annotated[
        str,
        typer.Argument(help="The images to compare with, usually real ones: any of these kinds.", show_default=False),
    ],
    extractor: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="inception; or autoencoder or domain_classifier, which are trained on the reference. Default: for a "
            "generator and its own training data, its study's extractor; else inception.",
        ),
    ] = None,
    dims: Annotated[
        int | None,
        typer.Option(
            metavar="64|192|768|2048",
            help="Layer of Inception, by its number of features. Default: 2048, as in the FID.",
        ),
    ] = None,
    batch_size: Annotated[int, typer.Option(min=1, help="Images that pass through the network at once.")] = 50,
    num_workers: Annotated[
        int | None,
        typer.Option(min=1, max=64, help="Threads that decode files. Default: one for each core, at most 8."),
    ] = None,
    device: Annotated[str, typer.Option(metavar="auto|cpu|cuda|cuda:N", help="Device of the network.")] = "auto",
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
            help="Side in pixels to which all images are cropped and resized. Default: a generator's own; else, for "
            "inception, each image keeps its size, as in pytorch-fid.",
        ),
    ] = None,
    num: Annotated[
        int | None,
        typer.Option(
            min=2,
            max=1_000_000,
            help="Images of the first collection: drawn from a generator (default: as many as in its study with the "
            "study's extractor, else 10,000), or chosen at random (default: all).",
        ),
    ] = None,
    num_reference: Annotated[
        int | None, typer.Option(min=2, max=1_000_000, help="Images of the reference, likewise.")
    ] = None,
    split: Annotated[
        str | None,
        typer.Option(
            metavar="all|train|held_out",
            help="Part of a data set that is given by name, or of a folder or archive that is the reference. "
            "Default: the study's part with the study's extractor, else all.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of latents and of random parts.")] = 0,
    data_root: DataRoot = None,
    inception_weights: InceptionWeights = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON instead.")] = False,
    json_file: Annotated[
        str | None, typer.Option(metavar="FILE.json", help="Write everything as JSON into a file, too.")
    ] = None,
    trust_code: TrustCode = False,
) -> None:
    """Score a collection of images against another.

    Prints the FID, or a Frechet distance on other features, with the score of real images; KID, precision and
    recall, density and coverage, Vendi score, and the shares of classes if the extractor predicts classes.
    """
    from gan_study.cli.commands.surroundings import set_places

    set_places(data_root, inception_weights)
    from gan_study.cli.evaluate import evaluate
    from gan_study.evaluation.collections.options import EvaluateOptions

    options = EvaluateOptions(
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
            help="A snapshot, a trial folder (its snapshot that counts, the last or the best by objective.at), or a "
            "run folder (every confirmed trial).",
            show_default=False,
        ),
    ],
    again: Annotated[bool, typer.Option("--again", help="Measure again what diagnosis.json holds.")] = False,
    data_root: DataRoot = None,
    inception_weights: InceptionWeights = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON instead.")] = False,
    trust_code: TrustCode = False,
) -> None:
    """Diagnose trained generators: collapsed, not learning, copying, healthy.

    Prints the verdict and its reasons, other findings and the reasons why they did not decide, and every finding with
    its value, threshold and real-against-real control. For a run folder it prints a line for each trial.

    The table explains the findings in a few words. The tab Collapse of the study's report.html explains them in
    sentences, with sources. --json prints everything.

    Once a trial has ended, the diagnosis of its snapshot that counts is kept in its folder (diagnosis.json,
    samples/neighbours.png), where later reports find it.
    """
    from gan_study.cli.commands.surroundings import set_places

    set_places(data_root, inception_weights)
    from gan_study.cli.diagnose import diagnose as diagnose_generators

    diagnose_generators(generator, again=again, as_json=as_json)
