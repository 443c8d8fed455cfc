"""The commands that train one GAN, without Ray. Each imports its packages when it is called."""

from typing import Annotated

import typer

from gan_study.cli.commands.options import DataRoot, InceptionWeights, RunFolderPlace, TrustCode

app = typer.Typer()
"""Added to the command line's own in `main`."""

_Device = Annotated[str, typer.Option(metavar="auto|cpu|cuda", help="Device of the training.")]


@app.command()
def train(
    config_file: Annotated[
        str, typer.Argument(help="A trial's config.json, or a YAML file of the same form.", show_default=False)
    ],
    out: Annotated[
        str, typer.Option(metavar="FOLDER", help="Where the trial's files go: a local path, an s3:// or a gs:// URI.")
    ] = "runs/train",
    device: _Device = "auto",
    data_root: DataRoot = None,
    inception_weights: InceptionWeights = None,
    trust_code: TrustCode = False,
) -> None:
    """Train one GAN, without Ray.

    Runs on one process or under torchrun, and continues from its checkpoint if there is one. The configuration of a
    confirmed trial is diagnosed and scored at its end as in its study.
    """
    from gan_study.cli.commands.surroundings import set_places
    from gan_study.config.reading.trial_file import load_trial

    set_places(data_root, inception_weights)
    load_trial(config_file)  # reports a wrong file before torch is imported, which takes seconds
    from gan_study.cli.train import train_one

    train_one(config_file, out, device)


@app.command()
def reproduce(
    run_folder: RunFolderPlace,
    trial: Annotated[
        str,
        typer.Argument(metavar="ARM/TRIAL", help="A trial that has ended: wgan/search_003.", show_default=False),
    ],
    out: Annotated[
        str | None,
        typer.Option(
            metavar="FOLDER",
            help="Keep the files of the second training in this new folder. Default: they are removed.",
            show_default=False,
        ),
    ] = None,
    device: _Device = "auto",
    data_root: DataRoot = None,
    inception_weights: InceptionWeights = None,
    trust_code: TrustCode = False,
) -> None:
    """Train a trial of a study again, and compare every number with the first training.

    Compares scores, losses, sample grids, weights, diagnosis and final scores to the last digit. A trial that the study
    stopped is trained as far as it came. Writes nothing into the run folder. Exit status 1 says that a number differs.
    """
    from gan_study.cli.commands.surroundings import set_places
    from gan_study.cli.reproduce import reproduce as reproduce_trial

    set_places(data_root, inception_weights)
    reproduce_trial(run_folder, trial, out, device)


@app.command()
def check(
    files: Annotated[
        list[str],
        typer.Argument(help="Python files with parts of your own.", show_default=False),
    ],
    image_size: Annotated[int, typer.Option(min=8, max=256, help="Height and width of the images in pixels.")] = 32,
    channels: Annotated[int, typer.Option(min=1, max=3, help="1 for grey images, 3 for colour.")] = 1,
) -> None:
    """Try own networks, losses, penalties, augmentations and data sets, as a study does before it trains anything.

    Prints each part with its hyperparameters. Checks shapes, ranges and finite values, gradients of every parameter,
    the round trip of the weights, and that equal seeds give equal weights. Exit status 2 says that a part is faulty.
    """
    from gan_study.cli.check import check_files

    check_files(files, image_size, channels)
