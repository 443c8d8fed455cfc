"""The work behind `reproduce`: train a trial of a study again, and compare every number."""

import tempfile
import time
from collections.abc import Iterator
from contextlib import nullcontext

import torch
from threadpoolctl import threadpool_limits

from gan_study.analysis.repetition import Difference, Repetition, compare_trainings
from gan_study.analysis.sentences.number_text import quantity
from gan_study.cli.preparation.devices import device_named
from gan_study.cli.preparation.output_folder import new_folder
from gan_study.cli.terminal.outcome import make_console, print_line
from gan_study.config.reading.suggestions import no_such
from gan_study.config.training import TrialConfig
from gan_study.data.datasets import load_dataset
from gan_study.errors import GanStudyError, InputError
from gan_study.evaluation.own_code import load_trusted_code
from gan_study.evaluation.whole_trial import train_and_finish
from gan_study.extractors.objective import load_objective
from gan_study.runs.folder import RunFolder
from gan_study.runs.processor import processor_kind
from gan_study.runs.records.environment import Environment
from gan_study.runs.records.status import TrialState, TrialStatus
from gan_study.runs.trial_folder import TrialFolder
from gan_study.training.distributed import Workers
from gan_study.training.progress import Progress
from gan_study.workflow.run_folder import open_run

_MOST_SHOWN = 5
"""Most differences that are printed."""


class NotReproducedError(GanStudyError):
    """The second training came to other numbers."""

    exit_status = 1


def reproduce(location: str, trial: str, out: str | None, device: str) -> None:
    """Train a trial again on this machine, as its config.json says, and print what differs.

    Args:
        location: the run folder.
        trial: arm and name of the trial, such as wgan/search_003.
        out: a new folder for the files of the second training; None keeps none.
        device: auto, cpu or cuda.

    Raises InputError if there is no such trial or it has not ended, and NotReproducedError if a number differs.
    """
    run, chosen = open_run(location), device_named(device)
    before = _find_trial(run, trial)
    config, status = _require_ended(before, trial)
    load_trusted_code(config.training.code, run)
    ended_itself = status.state in (TrialState.COMPLETED, TrialState.DIVERGED) or status.collapsed
    with tempfile.TemporaryDirectory() if out is None else nullcontext(new_folder(out).location) as place:
        now = RunFolder(place).trial(config.arm, config.name)
        start = time.monotonic()
        _train_again(run, config, now, None if ended_itself else len(before.read_evaluations()), chosen)
        seconds = time.monotonic() - start
        found = compare_trainings(before, now, has_ended=ended_itself)
    for line in _text(trial, found, seconds, status, ended_itself):
        print_line(make_console(), line)
    if found.differences:
        raise NotReproducedError(_reasons(trial, found, config, run.read_environment()))


def _find_trial(run: RunFolder, trial: str) -> TrialFolder:
    known = [f"{arm}/{name}" for arm in run.arms() for name in run.trials(arm)]
    if trial not in known:
        raise InputError(f"reproduce: {no_such('trial', trial, known)}; a trial is named by its arm and its name")
    arm, _, name = trial.partition("/")
    return run.trial(arm, name)


def _require_ended(before: TrialFolder, trial: str) -> tuple[TrialConfig, TrialStatus]:
    config, status = before.read_config(), before.read_status()
    if config is None:
        raise InputError(
            f"{before.storage.location}: a trial is trained again from its config.json, but got none; copy the file "
            "from a complete copy of the run folder"
        )
    if status is None or not status.state.is_final:
        raise InputError(
            f"reproduce: a trial is trained again once it has ended, but got {trial}, which has not; wait for its end, "
            "or `resume` the study"
        )
    if not before.read_evaluations():
        raise InputError(
            f"reproduce: a trial is compared by its evaluations, but got {trial} without one "
            f"({status.reason or status.state}); choose another trial"
        )
    return config, status


def _train_again(run: RunFolder, config: TrialConfig, now: TrialFolder, num: int | None, device: torch.device) -> None:
    """Train on this machine with the objective of the run. num: evaluations to make; None trains to the end."""
    record = run.read_objective()
    if record is None:
        raise InputError(
            f"{run.location}: the scores need the study's objective, but got no objective/objective.json; copy the "
            "folder objective from a complete copy of the run folder"
        )
    workers = Workers(device=device)
    dataset = load_dataset(config.training.dataset)
    objective = load_objective(run.storage, record, dataset).to(workers.device)
    now.write_config(config)
    with threadpool_limits(config.workers.cpus_per_worker):  # numpy's sums depend on it, in their last digits
        _follow(train_and_finish(config, dataset, objective, now, workers), num)


def _follow(training: Iterator[Progress], num: int | None) -> None:
    num_evaluated = 0
    for progress in training:
        if progress.evaluation is not None:
            num_evaluated += 1
            print_line(make_console(), f"{progress.evaluation.cur_nimg:>10,} images")
        if num is not None and num_evaluated >= num:
            return


def _text(trial: str, found: Repetition, seconds: float, status: TrialStatus, ended_itself: bool) -> list[str]:
    until = "to its end" if ended_itself else f"to {status.cur_nimg:,} images, where it ended ({status.state})"
    lines = [f"{trial} was trained again {until}, in {seconds:.0f} s."]
    values = "values (numbers, sample grids and weights; no durations)"
    if not found.differences:
        return [*lines, f"All {found.num_values:,} {values} are equal to the last digit."]
    num = len(found.differences)
    lines.append(f"{num:,} of {found.num_values:,} {values} differ:")
    lines += [f"  {_difference_text(each)}" for each in found.differences[:_MOST_SHOWN]]
    return [*lines, *([f"  and {num - _MOST_SHOWN:,} more"] if num > _MOST_SHOWN else [])]


def _difference_text(difference: Difference) -> str:
    before, now = (
        "nothing" if value is None else f"{value:.10g}" if isinstance(value, float) else str(value)[:16]
        for value in (difference.before, difference.now)
    )
    share = f" (by {difference.relative:.1g} of it)" if difference.relative < 1 else ""
    return f"{difference.place}: {before} then, {now} now{share}"


def _reasons(trial: str, found: Repetition, config: TrialConfig, environment: Environment | None) -> str:
    first, causes = found.differences[0].place, []
    if config.workers.num_workers > 1:
        causes.append(f"it was trained by {quantity(config.workers.num_workers, 'worker')} and now by one")
    if config.training.device_sec is not None:
        causes.append("its length is measured on a clock (budget.device_sec)")
    then, now = environment.processor if environment else "", processor_kind()
    processors = f" (then {then}, now {now})" if then and then != now else ""
    causes.append(f"another kind of processor{processors}, a GPU or other versions round differently")
    return (
        f"{trial}: a training repeats to the last digit, but got {quantity(len(found.differences), 'difference')}, the "
        f"first in {first}; known causes: {'; '.join(causes)}"
    )
