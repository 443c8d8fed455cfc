"""The commands that hand trained generators to a user. Each imports its packages when it is called."""

from typing import Annotated

import typer

from gan_study.cli.commands.options import TrustCode

app = typer.Typer()
"""Added to the command line's own in `main`."""

_Generator = Annotated[
    str,
    typer.Argument(
        help="A run folder (its winner's best confirmed generator), a trial folder (its snapshot that counts, the last "
        "or the best by objective.at) or a snapshot.",
        show_default=False,
    ),
]
_Arm = Annotated[str | None, typer.Option(metavar="NAME", help="In a run: take the best generator of this arm.")]
_Trial = Annotated[str | None, typer.Option(metavar="NAME", help="In a run: take this trial's generator that counts.")]


@app.command()
def sample(
    generator: _Generator,
    out: Annotated[
        str | None,
        typer.Option(
            metavar="FOLDER",
            help="Where the files go: a folder that is new or empty. Default: samples, or samples_2, samples_3, ... if "
            "that is taken.",
            show_default=False,
        ),
    ] = None,
    grid: Annotated[str, typer.Option(metavar="COLUMNSxROWS", help="Images in grid.png, or none for no grid.")] = "8x8",
    scale: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=64,
            help="Enlarge grid.png: each pixel becomes a square with this many pixels on a side. Default: the least "
            "that makes the grid 512 pixels wide. Single images keep their size.",
        ),
    ] = None,
    num: Annotated[
        int,
        typer.Option(
            min=0,
            max=1_000_000,
            help="Single images, as PNG files in the folder images; grid.png shows the first of them.",
        ),
    ] = 0,
    interpolation: Annotated[
        str,
        typer.Option(
            metavar="gif|webp|none",
            help="An animation of 16 walks through the latent space; webp keeps all colours, gif 256 of a frame's.",
        ),
    ] = "gif",
    corners: Annotated[int, typer.Option(min=2, max=100, help="Random latents that each walk passes.")] = 6,
    steps: Annotated[int, typer.Option(min=1, max=100, help="Frames from one of them to the next.")] = 12,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the latents.")] = 0,
    class_name: Annotated[
        str | None,
        typer.Option(
            "--class",
            metavar="NAME",
            help="Class of all images, by its name or number, for a conditional GAN. Default: the classes have the "
            "shares of the training images.",
            show_default=False,
        ),
    ] = None,
    arm: _Arm = None,
    trial: _Trial = None,
    trust_code: TrustCode = False,
) -> None:
    """Draw images from a trained generator.

    Writes a grid, single images and an animated interpolation. A seed always gives the same images.
    """
    from gan_study.cli.sample import parse_animation, parse_grid
    from gan_study.cli.sample import sample as sample_generator
    from gan_study.evaluation.sampling import SampleRequest

    request = SampleRequest(
        grid=parse_grid(grid),
        scale=scale,
        num=num,
        interpolation=parse_animation(interpolation),
        corners=corners,
        steps=steps,
        seed=seed,
    )
    sample_generator(generator, request, out, arm, trial, class_name)


@app.command()
def export(
    generator: _Generator,
    out: Annotated[
        str,
        typer.Option(metavar="FOLDER", help="Where the files go: a folder that is new or empty.", show_default=False),
    ],
    formats: Annotated[
        list[str],
        typer.Option(
            "--format",
            metavar="safetensors|torch_export|torchscript|onnx",
            help="Format of the file; may be given more than once. safetensors comes with model.py, which builds the "
            "network in plain torch. onnx needs `pip install 'gan_study[onnx]'`.",
        ),
    ] = ["safetensors"],  # noqa: B006  # typer reads the default and never changes it
    arm: _Arm = None,
    trial: _Trial = None,
    trust_code: TrustCode = False,
) -> None:
    """Write a trained generator for other programs, with a model card.

    Each file is loaded again and compared with the original on equal latents.
    """
    from gan_study.cli.export import export as export_generator

    export_generator(generator, out, tuple(formats), arm, trial)
