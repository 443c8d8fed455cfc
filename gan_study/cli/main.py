"""The verbs. Each imports what it needs when it is called, so that none waits for a package it does not use."""

import sys
from typing import Annotated

import typer

from gan_study.errors import GanStudyError, InputError

app = typer.Typer(
    name="gan_study",
    help="Compare ways of training GANs as a fair experiment: search, confirm, report.",
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
    str, typer.Argument(help="The run folder that `run` named: a local path or an s3:// URI.", show_default=False)
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
Verbose = Annotated[bool, typer.Option("--verbose", help="Show Ray's own messages too.")]


@app.command()
def run(
    study_file: StudyFile,
    out: Annotated[
        str, typer.Option(metavar="FOLDER", help="Where run folders go: a local path or an s3:// URI.")
    ] = "runs",
    overrides: Overrides = [],  # noqa: B006  # typer reads the default and never changes it
    address: Address = None,
    verbose: Verbose = False,
) -> None:
    """Search, confirm and report a study."""
    from gan_study.cli.run_folder import refuse_if_begun
    from gan_study.config.load import dump_study, load_study
    from gan_study.runs.folder import RunFolder

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
def resume(run_folder: RunFolderPlace, address: Address = None, verbose: Verbose = False) -> None:
    """Go on with an interrupted study.

    Finished trials stay as they are; unfinished ones continue from their last checkpoints.
    """
    from gan_study.cli.run_folder import refuse_if_running
    from gan_study.runs.folder import RunFolder

    folder = RunFolder(run_folder)
    folder.require_run()
    refuse_if_running(folder)
    from gan_study.cli.study_verbs import run_and_report

    run_and_report(folder, address, verbose)


@app.command()
def report(run_folder: RunFolderPlace) -> None:
    """Write the report of a run folder anew.

    Writes report.html, summary.json and trials.csv. The folder may be a copy on a machine without torch and ray.
    """
    from rich.console import Console

    from gan_study.cli.outcome import print_outcome
    from gan_study.report.write import write_report
    from gan_study.runs.folder import RunFolder

    folder = RunFolder(run_folder)
    folder.require_run()
    print_outcome(Console(), folder, write_report(folder))


@app.command()
def plan(study_file: StudyFile, overrides: Overrides = []) -> None:  # noqa: B006  # as in run
    """Check a study and print what it would do.

    Prints arms, search space, trials, images and an estimate of the time. Starts nothing.
    """
    from gan_study.config.load import load_study
    from gan_study.config.plan import format_plan
    from gan_study.config.plan import plan as plan_study

    print(format_plan(plan_study(load_study(study_file, overrides))))


@app.command()
def train(
    config_file: Annotated[
        str, typer.Argument(help="A trial's config.json, or a YAML file of the same form.", show_default=False)
    ],
    out: Annotated[str, typer.Option(metavar="FOLDER", help="Where the trial's files go.")] = "runs/train",
    device: Annotated[str, typer.Option(metavar="auto|cpu|cuda", help="What to train on.")] = "auto",
) -> None:
    """Train one GAN, without Ray.

    Runs on one process or under torchrun, and goes on from its checkpoint if there is one.
    """
    from gan_study.cli.train_verb import train_one

    train_one(config_file, out, device)


def main() -> None:
    """Run the command line and end the process with its exit status."""
    try:
        app()
    except GanStudyError as error:
        for problem in str(error).splitlines():
            print(f"error: {problem}", file=sys.stderr)
        sys.exit(error.exit_status)
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
