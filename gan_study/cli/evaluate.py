"""The work behind `evaluate`: score one collection of images against another, print it and write the files."""

import json
from dataclasses import asdict

from gan_study.cli.evaluate_text import print_evaluation
from gan_study.cli.preparation.claim import warn_of_lost_trials
from gan_study.cli.terminal.outcome import make_console, print_line
from gan_study.cli.terminal.progress_line import shown_progress
from gan_study.evaluation.collections.evaluation import Evaluation, evaluate_collections, parse_device
from gan_study.evaluation.collections.options import EvaluateOptions, check_options
from gan_study.evaluation.collections.statistics_file import check_target, write_statistics
from gan_study.runs.storage import Storage


def evaluate(generated: str, reference: str, options: EvaluateOptions) -> None:
    """Print the scores of a collection of images against another, and write the files that `options` name.

    Raises InputError if a collection cannot be read, the two cannot be compared, or an option is wrong.
    """
    check_options(options)
    parse_device(options.device)
    files = {
        suffix: check_target(option, file, suffix)
        for option, suffix, file in (
            ("--save-stats", ".npz", options.save_stats),
            ("--json-file", ".json", options.json_file),
        )
        if file is not None
    }
    for location in (generated, reference):
        warn_of_lost_trials(location)
    with shown_progress(f"scoring {generated} against {reference}"):
        evaluation, observed = evaluate_collections(generated, reference, options)
    text = json.dumps(_as_json(evaluation), indent=1)
    console = make_console()
    # The scores come before the files, so that nothing is lost if one of them cannot be written.
    if options.as_json:
        print(text)
    else:
        print_evaluation(console, evaluation)
    if ".npz" in files:
        write_statistics(files[".npz"], observed.side.gaussian, observed.key)
    if ".json" in files:
        Storage(files[".json"].parent).write_text(files[".json"].name, text + "\n")
    for target in () if options.as_json else files.values():
        print_line(console, f"Written: {target}")


def _as_json(evaluation: Evaluation) -> dict[str, object]:
    return {**asdict(evaluation), "key": evaluation.key.model_dump() if evaluation.key else None}
