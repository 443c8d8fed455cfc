"""Arguments and options that several commands share."""

from typing import Annotated

import typer


def _trust_code(wanted: bool) -> bool:
    if wanted:
        from gan_study.evaluation.own_code import trust_all

        trust_all()
    return wanted


StudyFile = Annotated[
    str, typer.Argument(help="The study file, such as studies/lsgan_vs_wgan.yaml.", show_default=False)
]
RunFolderPlace = Annotated[
    str,
    typer.Argument(help="The folder that `run` printed: a local path, an s3:// or a gs:// URI.", show_default=False),
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
        help="Path of the official Inception weights, needed for FID. GAN_STUDY_INCEPTION_WEIGHTS sets it too.",
    ),
]
Verbose = Annotated[bool, typer.Option("--verbose", help="Show Ray's own messages too.")]
TrustCode = Annotated[
    bool,
    typer.Option(
        "--trust-code",
        callback=_trust_code,
        help="Run the code that a run folder brings, though this machine has never run it. Read it first: it can do "
        "whatever you can.",
    ),
]
