"""The commands that run, report and plan studies. Each imports its packages when it is called."""

from typing import TYPE_CHECKING, Annotated

import typer

from gan_study.cli.commands.options import (
    Address,
    DataRoot,
    InceptionWeights,
    Overrides,
    RunFolderPlace,
    StudyFile,
    TrustCode,
    Verbose,
)
from gan_study.errors import InputError

if TYPE_CHECKING:
    from gan_study.runs.folder import RunFolder

app = typer.Typer()
"""Added to the command line's own in `main`."""


@app.command()
def run(
    study_file: StudyFile,
    out: Annotated[
        str, typer.Option(metavar="FOLDER", help="Where run folders go: a local path, an s3:// or a gs:// URI.")
    ] = "runs",
    overrides: Overrides = [],  # noqa: B006  # typer reads the default and never changes it
    continues: Annotated[
        bool,
        typer.Option(
            "--resume", help="Continue this study if its run folder exists. For job systems that repeat a command."
        ),
    ] = False,
    address: Address = None,
    data_root: DataRoot = None,
    inception_weights: InceptionWeights = None,
    verbose: Verbose = False,
) -> None:
    """Search, confirm and report a study.

    With --resume, the same command begins a study and, after an interruption, continues it.
    """
    from gan_study.cli.commands.surroundings import set_places
    from gan_study.cli.preparation.claim import claim_run_folder
    from gan_study.cli.terminal.messages import print_warning
    from gan_study.config.reading.load import load_study
    from gan_study.runs.folder import RunFolder
    from gan_study.runs.storage import Storage
    from gan_study.workflow.data_files import count_images
    from gan_study.workflow.requirements import missing_requirements
    from gan_study.workflow.run_folder import adopt_free_changes, begun_study, refuse_if_begun, resume_command

    set_places(data_root, inception_weights, address)
    # A cluster has data and resources of its own.
    cancelled: list[str] = []
    study = load_study(
        study_file, overrides, missing_requirements if address is None else None, count_images, cancelled.append
    )
    folder = RunFolder(Storage(out).child(study.name).location)
    with claim_run_folder(folder):
        for sentence in cancelled:
            print(f"Note: {sentence}")
        if continues and folder.is_a_run():
            adopt_free_changes(folder, study, study_file)
            _continue_study(folder, address, verbose)
            return
        remedy = f"continue it with `{resume_command(folder)}`"
        refuse_if_begun(folder, f"--out {out}", "--out", remedy)
        from gan_study.cli.run import run_and_report  # takes seconds, so it comes after the checks

        with begun_study(folder, study, print_warning):
            run_and_report(folder, address, verbose)


@app.command()
def resume(
    run_folder: RunFolderPlace,
    skip_arms: Annotated[
        list[str],
        typer.Option("--skip-arm", metavar="NAME", help="Give up this arm: it wins nothing and loses nothing."),
    ] = [],  # noqa: B006  # as in run
    confirm_now: Annotated[
        bool, typer.Option("--confirm-now", help="End the search with the trials there are, and confirm the best.")
    ] = False,
    overrides: Annotated[
        list[str],
        typer.Option(
            "--set", metavar="NAME=NUMBER", help="Lower a number of trials or seeds, such as confirm.seeds=2."
        ),
    ] = [],  # noqa: B006  # as in run
    address: Address = None,
    data_root: DataRoot = None,
    inception_weights: InceptionWeights = None,
    verbose: Verbose = False,
    trust_code: TrustCode = False,
) -> None:
    """Continue an interrupted study.

    Finished trials stay as they are; unfinished ones continue from their last checkpoints. For a finished study only
    the report is written again. --skip-arm, --confirm-now and --set shorten the study first, which its report mentions.
    """
    from gan_study.cli.commands.surroundings import set_places
    from gan_study.cli.preparation.claim import claim_run_folder
    from gan_study.cli.resume import shorten_study
    from gan_study.workflow.run_folder import open_run

    set_places(data_root, inception_weights, address)
    folder = open_run(run_folder)
    with claim_run_folder(folder):
        shorten_study(folder, skip_arms, confirm_now, overrides, trains_here=address is None)
        _continue_study(folder, address, verbose)


def _continue_study(folder: "RunFolder", address: str | None, verbose: bool) -> None:
    """Train what is missing; if nothing is, write the report again."""
    from gan_study.cli.terminal.outcome import conclude_study, make_console
    from gan_study.report.write import write_report
    from gan_study.workflow.run_folder import is_completed

    if is_completed(folder):
        print("Nothing is left to train: every trial of the study has ended. The report is written again.")
        conclude_study(make_console(), folder, write_report(folder))
        return
    from gan_study.cli.run import run_and_report

    run_and_report(folder, address, verbose)


@app.command()
def extend(
    run_folder: RunFolderPlace,
    study_file: Annotated[
        str | None,
        typer.Argument(
            help="The study with what is to be added. Default: the run folder's own, changed by --set.",
            show_default=False,
        ),
    ] = None,
    overrides: Overrides = [],  # noqa: B006  # as in run
    address: Address = None,
    data_root: DataRoot = None,
    inception_weights: InceptionWeights = None,
    verbose: Verbose = False,
    trust_code: TrustCode = False,
) -> None:
    """Add to a study that has been run: trials, repeats, arms, seeds or confirmed configurations.

    Nothing is trained again: finished trials stay as they are, the samplers learn from them, new trials follow, and
    the report is written again. Changes to an arm, the data, the score or the length of a training are refused.
    """
    from gan_study.cli.commands.surroundings import set_places
    from gan_study.cli.extend import extend_study
    from gan_study.cli.preparation.claim import claim_run_folder
    from gan_study.cli.terminal.outcome import conclude_study, make_console
    from gan_study.report.write import write_report
    from gan_study.workflow.run_folder import is_completed, open_run

    set_places(data_root, inception_weights, address)
    folder = open_run(run_folder)
    with claim_run_folder(folder):
        if not extend_study(folder, study_file, overrides, trains_here=address is None):
            print("Nothing is added to the study.")
            if is_completed(folder):
                conclude_study(make_console(), folder, write_report(folder))
                return
        from gan_study.cli.run import run_and_report

        run_and_report(folder, address, verbose)


@app.command()
def report(
    run_folders: Annotated[
        list[str],
        typer.Argument(
            help="The folder that `run` printed: a local path, an s3:// or a gs:// URI. With --compare, two or more.",
            show_default=False,
        ),
    ],
    compare: Annotated[bool, typer.Option("--compare", help="Compare finished studies on one page.")] = False,
    out: Annotated[
        str | None,
        typer.Option(
            metavar="FILE.html",
            help="Where the page of --compare goes. Default: compare-<study>-<study>.html in this folder.",
        ),
    ] = None,
) -> None:
    """Write the report of a run folder again, or compare studies.

    Writes report.html, summary.json and trials.csv. The folder may be a copy on a machine without torch and ray.

    --compare writes nothing into the run folders. It refuses studies whose data, scores, lengths of a training or
    numbers of trials differ, and shows all other differences.
    """
    if compare:
        from gan_study.cli.compare import compare as compare_studies

        compare_studies(run_folders, out)
        return
    if len(run_folders) > 1:
        raise InputError(
            f"report: one study is reported at a time, but got {len(run_folders)} run folders; add --compare to put "
            "them side by side"
        )
    if out is not None:
        raise InputError(
            f"--out: a study's report lies in its run folder, but got {out}; leave it out, or add --compare"
        )
    from gan_study.cli.terminal.outcome import make_console, print_outcome
    from gan_study.report.write import write_report
    from gan_study.workflow.run_folder import open_run

    folder = open_run(run_folders[0])
    print_outcome(make_console(), folder, write_report(folder))


@app.command()
def plan(
    study_file: StudyFile,
    overrides: Overrides = [],  # noqa: B006  # as in run
    spread_from: Annotated[
        str | None,
        typer.Option(
            metavar="FOLDER",
            help="A run folder with confirmed seeds. Their spread gives the difference that this study can detect. "
            "Default: runs/<name of the study>, if it exists.",
            show_default=False,
        ),
    ] = None,
    measure: Annotated[
        bool,
        typer.Option(
            "--measure/--no-measure",
            help="Measure for two seconds how fast this machine trains the study's networks. Without it, the estimate "
            "of the time assumes the developers' machine.",
        ),
    ] = True,
    data_root: DataRoot = None,
    inception_weights: InceptionWeights = None,
) -> None:
    """Check a study and print its trials, its cost and the difference that it can detect.

    Prints arms, search space, trials, images, an estimate of the time, the difference that the confirmed seeds can
    detect, and the places of the data set's files and, if the score needs them, of Inception's weights. Starts nothing
    and downloads nothing.
    """
    from gan_study.cli.commands.surroundings import set_places
    from gan_study.cli.plan import print_plan

    set_places(data_root, inception_weights)
    print_plan(study_file, overrides, spread_from, measure)
