"""The work behind `train`: train one GAN without Ray, on one process or under torchrun."""

import os
import time
from contextlib import nullcontext

import torch
from rich.console import Console

from gan_study.analysis.sentences.notes import END_PARTS
from gan_study.analysis.sentences.number_text import listed
from gan_study.cli.preparation.claim import claim_run_folder
from gan_study.cli.preparation.devices import device_named
from gan_study.cli.terminal.interruption import explain_interruption
from gan_study.cli.terminal.messages import print_warning
from gan_study.cli.terminal.outcome import print_line
from gan_study.config.data import ObjectiveConfig
from gan_study.config.reading.trial_file import load_trial
from gan_study.config.training import TrialConfig
from gan_study.data.datasets import Dataset, load_dataset
from gan_study.errors import GanStudyError, InputError
from gan_study.evaluation.end_parts import missing_end_parts
from gan_study.evaluation.own_code import keep_code, load_given_code, placed, require_trusted
from gan_study.evaluation.whole_trial import train_and_finish
from gan_study.extractors.objective import load_objective, prepare_objective
from gan_study.extractors.progress import listening, now_and_then
from gan_study.gan.own_checks import batch_norm_note, require_sound_parts
from gan_study.own_code import explain_own_errors
from gan_study.runs.folder import RunFolder
from gan_study.runs.records.measurements import ObjectiveRecord
from gan_study.runs.records.status import TrialState, TrialStatus
from gan_study.runs.trial_folder import TrialFolder
from gan_study.training.distributed import Workers, join_process_group
from gan_study.training.progress import Progress
from gan_study.workflow.own_code import channels_of

_QUIET_SEC = 30.0
"""Seconds between two lines of progress while the objective is made."""
LOOK_SEC = 0.5
"""Seconds between two checks whether the first rank has made the objective."""


class TrainingDivergedError(GanStudyError):
    """The requested training has diverged."""

    exit_status = 1


def train_one(config_file: str, out: str, device: str) -> None:
    """Train the configuration in a file and print a line at every evaluation.

    Raises InputError for a wrong file, folder or device, TrainingDivergedError, and InterruptionError (after a message
    about how to continue).
    """
    is_first = int(os.environ.get("RANK", "0")) == 0
    chosen = device_named(device)
    config = load_trial(config_file)
    present = {"num_workers": int(os.environ.get("WORLD_SIZE", "1")), "min_workers": None}
    workers_config = config.workers.model_copy(update=present)
    config = config.model_copy(update={"workers": workers_config})
    folder = RunFolder(out)
    if config.training.code:
        config = _with_code(config, config_file, folder, keeps=is_first)
    trial = folder.trial(config.arm, config.name)
    with (
        claim_run_folder(folder) if is_first else nullcontext(),
        explain_interruption(lambda: _describe_rest(config, trial) if is_first else None),
    ):
        dataset, record = prepare_training(config, folder, chosen, is_first)
        # Ranks of a process group wait minutes at most for each other, so the group is made after the preparation.
        with join_process_group(use_gpu=device != "cpu") as workers:
            _train(config, dataset, record, folder, workers)


def _with_code(config: TrialConfig, config_file: str, folder: RunFolder, *, keeps: bool) -> TrialConfig:
    """Load the training's own code: from the files that it names, or from the run folder of its config.json."""
    code = config.training.code
    if not all(file.place for file in code):
        run = RunFolder(os.path.abspath(f"{config_file}/../../../.."))
        require_trusted(code, run)
        code = tuple(placed(file, run) for file in code)
    load_given_code(code)
    num_channels = channels_of(config.training.dataset)
    require_sound_parts(config.training, num_channels)
    if keeps and (note := batch_norm_note(config.training, num_channels)):
        print_warning(note)
    if keeps:
        keep_code(code, folder)
    return config


def prepare_training(
    config: TrialConfig, folder: RunFolder, device: torch.device, is_first: bool
) -> tuple[Dataset, ObjectiveRecord]:
    """Load the data and the objective. The first rank makes it and writes the trial's config.json; the others wait."""
    if is_first:
        trial = folder.trial(config.arm, config.name)
        known = trial.read_config()
        if known is not None and known.training != config.training:
            raise InputError(
                f"{trial.storage.location}: a folder holds one training, but got the files of another "
                f"({_difference(known.training.model_dump(), config.training.model_dump())}); choose another --out"
            )
        # The first time on a machine this decodes all images and trains the extractor, which takes minutes.
        _print_notice("preparing the data and the extractor")
    with listening(now_and_then(_QUIET_SEC, lambda text: _print_notice(f"preparing: {text}"), since=time.monotonic())):
        dataset = load_dataset(config.training.dataset)
        if is_first:
            record = prepare_objective(config.training, dataset, folder, device)
            for warning in dataset.warnings:
                print_warning(warning)
            trial.write_config(config)
            return dataset, record
    while (made := folder.read_objective()) is None:  # torchrun ends this process if the first rank fails
        time.sleep(LOOK_SEC)
    return dataset, made


def _train(config: TrialConfig, dataset: Dataset, record: ObjectiveRecord, folder: RunFolder, workers: Workers) -> None:
    """Train, with a line at every evaluation. Raises TrainingDivergedError."""
    console, trial = Console(), folder.trial(config.arm, config.name)
    if workers.is_first:
        print_line(console, f"{record.key.label()}, floor {record.floor:.3g}")
    objective = load_objective(folder.storage, record, dataset).to(workers.device)
    finished_before = workers.is_first and (status := trial.read_status()) is not None and status.state.is_final
    last: Progress | None = None
    steps = explain_own_errors("training", train_and_finish(config, dataset, objective, trial, workers))
    for last in steps:
        if workers.is_first and last.evaluation is not None:
            print_line(console, _line(last, config.training.objective))
    assert last is not None, "a training gives at least one progress"
    if last.status.state is TrialState.DIVERGED:
        raise TrainingDivergedError(f"{trial.storage.location}: the training diverged: {last.status.reason}")
    if workers.is_first:
        _warn_of_end_work(trial)
        print_line(console, _end(last.status, finished_before, trial))


def _warn_of_end_work(trial: TrialFolder) -> None:
    """Warn about damaged checkpoints, and about the parts of the end work that could not be made."""
    status = trial.read_status()
    for nimg in status.damaged_checkpoints if status is not None else ():
        print_warning(
            f"{trial.checkpoint_location(nimg)}: the checkpoint was damaged, so the training went on from the one "
            "before, or started again; check the disk"
        )
    for part, reason in status.end_failures.items() if status is not None else ():
        print_warning(
            f"{trial.storage.location}: the training is complete, but its {END_PARTS[part]} could not be made "
            f"({reason}); the same command tries it again"
        )


def _describe_rest(config: TrialConfig, trial: TrialFolder) -> str:
    """Describe the state that an interrupted command leaves, and what the same command would do."""
    status, nimgs = trial.read_status(), trial.checkpoint_nimgs()
    if status is not None and status.state.is_final:
        ended = f"the training had come to its end before: {status.state} at {status.cur_nimg:,} images"
        missing = [END_PARTS[part] for part in missing_end_parts(config, status, trial)]
        return f"{ended}; the same command makes its {listed(missing)}" if missing else ended
    if not nimgs:
        return "nothing is trained yet; the same command starts again"
    return f"the same command goes on from the last checkpoint, at {nimgs[-1]:,} images"


def _print_notice(text: str) -> None:
    print_line(Console(stderr=True), text)


def _end(status: TrialStatus, finished_before: bool, trial: TrialFolder) -> str:
    before = ", in an earlier run: nothing was trained now" if finished_before else ""
    return (
        f"{status.state} at {status.cur_nimg:,} images{before}; "
        f"metrics.jsonl, samples and snapshots are in {trial.storage.location}"
    )


def _line(progress: Progress, objective: ObjectiveConfig) -> str:
    evaluation = progress.evaluation
    assert evaluation is not None, "only evaluations are printed"
    score = f"{evaluation.score:.4f}" if evaluation.score is not None else "none"
    # If scores come from different numbers of images, each line shows its number.
    images = f" (N = {evaluation.num_samples:,})" if objective.early_num_samples is not None else ""
    seconds = evaluation.seconds
    back = evaluation.rolled_back_to
    note = "" if back is None else f"  collapsed: back to the state at {back:,} images"
    if (best := evaluation.best) is not None:
        anew = "none" if best.score is None else f"{best.score:.4f}"
        note += f"  best evaluation at {best.cur_nimg:,} images, score {anew} on fresh latents"
    return f"{evaluation.cur_nimg:>10,} images  score {score}{images}  {seconds:.1f} s{note}"


def _difference(known: dict[str, object], asked: dict[str, object]) -> str:
    return ", ".join(
        f"{name}: {known[name]} there, {asked[name]} asked" for name in known if known[name] != asked[name]
    )
