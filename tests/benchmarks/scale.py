"""A study of 10,000 trials, 500 at once, that train nothing: the driver's time and memory, a resume, and the report.

The trials score by a known function of their learning rate, each at its own pace, and write their files as the loop
does. The director, Optuna's studies, optuna.db, the run folder and the lines on the terminal are those of `gan_study
run`; Ray is left out. Only the work of the driver is timed, not that of the trials, in seconds of CPU time and of the
clock. Then the study is resumed, with every trial read and told to its search again, and its report is written.

    python tests/benchmarks/scale.py [--trials 10000] [--at-once 500] [--sampler random] [--out FOLDER] [--profile]
"""

import argparse
import cProfile
import heapq
import io
import math
import pstats
import random
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import optuna
from rich.console import Console
from support.synthetic_run import OBJECTIVE, START_TIME

from gan_study.cli.terminal.live import LiveTable, PlainLines
from gan_study.config.reading.load import dump_study
from gan_study.config.study import StudyConfig
from gan_study.config.training import TrialConfig
from gan_study.report.write import write_report
from gan_study.runs.folder import RunFolder
from gan_study.runs.records.measurements import EvaluationRecord, LossRecord, SignalsRecord
from gan_study.runs.records.status import StudyStatus, TrialState, TrialStatus
from gan_study.search.director.director import Director
from gan_study.search.sampling.optuna_file import OptunaFile

NUM_ARMS = 4
SHARE_DIVERGED = 0.05
_Steps = Iterator[tuple[TrialState, EvaluationRecord]]


@dataclass
class Stopwatch:
    """Seconds of one process, of its CPU and of the clock, in the parts of the work that are timed."""

    cpu: float = 0.0
    wall: float = 0.0
    num: int = 0
    """Parts that were timed."""
    profile: cProfile.Profile | None = field(default=None)

    @contextmanager
    def running(self) -> Iterator[None]:
        cpu, wall = time.process_time(), time.perf_counter()
        with self.profile or nullcontext():
            yield
        self.cpu += time.process_time() - cpu
        self.wall += time.perf_counter() - wall
        self.num += 1

    def __str__(self) -> str:
        return f"{self.cpu:.1f} s of CPU time ({self.wall:.1f} s by the clock)"


def make_study(num_trials: int, sampler: str) -> StudyConfig:
    """Arms of equally many trials of up to 10 evaluations, stopped by ASHA at 1, 3 and 9 kimg."""
    return StudyConfig.model_validate(
        {
            "name": "scale",
            "dataset": {"name": "digits", "image_size": 16},
            "budget": {"trials_per_arm": num_trials // NUM_ARMS, "total_kimg": 9, "evaluate_every_kimg": 1},
            "arms": {
                "lsgan": {"network": "dcgan", "loss": "least_squares"},
                "wgan_gp": {"network": "dcgan", "loss": "wasserstein", "penalty": "wgan_gp"},
                "hinge": {"network": "dcgan", "loss": "hinge"},
                "non_saturating_r1": {"network": "dcgan", "loss": "non_saturating", "penalty": "r1"},
            },
            "search_space": {
                "g_lr": {"log_uniform": [1e-5, 1e-2]},
                "d_lr": {"log_uniform": [1e-5, 1e-2]},
                "beta1": {"uniform": [0.0, 0.9]},
                "network.width": {"integer": [8, 64]},
            },
            "search": {"sampler": sampler, "scheduler": "asha", "seed": 1},
            "confirm": {"top_k": 1, "seeds": 5},
        }
    )


def train_trial(folder: RunFolder, config: TrialConfig, draw: random.Random) -> _Steps:
    """Write a trial's files as the loop does, and yield its state and its evaluation each time."""
    trial = folder.trial(config.arm, config.name)
    trial.write_status(TrialStatus(state=TrialState.RUNNING, start_time=START_TIME, host="here"))
    distance = abs(math.log10(config.training.g_lr / 2e-4)) + abs(math.log10(config.training.d_lr / 2e-4))
    diverges = config.phase == "search" and draw.random() < SHARE_DIVERGED
    total = round(1000 * config.training.total_kimg)
    evaluations: list[EvaluationRecord] = []
    for cur_nimg in range(0, total + 1, 1000):
        is_end = cur_nimg == total or (diverges and cur_nimg >= total / 2)
        score = OBJECTIVE.untrained_score * math.exp(-cur_nimg / 2000) + 10 + 20 * distance + draw.random()
        evaluations.append(evaluation(cur_nimg, None if is_end and diverges else score, draw))
        trial.write_evaluations(evaluations)
        if not is_end:
            trial.add_checkpoint(cur_nimg, b"")
            yield TrialState.RUNNING, evaluations[-1]
            continue
        state = TrialState.DIVERGED if diverges else TrialState.COMPLETED
        end = {"cur_nimg": cur_nimg, "start_time": START_TIME, "end_time": START_TIME + 900, "seconds": 900.0}
        reason = f"d_loss became non-finite at {cur_nimg} images" if diverges else None
        done = ("diagnosis", "interpolation", "final_scores")
        trial.write_status(TrialStatus(state=state, reason=reason, end_not_finite=done, **end))
        trial.delete_checkpoints()
        yield state, evaluations[-1]
        return


def evaluation(cur_nimg: int, score: float | None, draw: random.Random) -> EvaluationRecord:
    """An evaluation with every value that a training writes."""
    shares = [0.05 + draw.random() for _ in range(10)]
    return EvaluationRecord(
        cur_nimg=cur_nimg,
        num_d_steps=cur_nimg // 64,
        num_g_steps=cur_nimg // 64,
        train_sec=cur_nimg / 1000,
        evaluate_sec=0.1,
        score=score,
        class_shares=None if score is None else tuple(share / sum(shares) for share in shares),
        losses=LossRecord(
            d_loss=1 + draw.random(),
            g_loss=1 + draw.random(),
            penalty=draw.random(),
            real_logit=draw.random(),
            fake_logit=-draw.random(),
            d_grad_norm=1 + draw.random(),
            g_grad_norm=1 + draw.random(),
            g_output_gradient=draw.random(),
        ),
        signals=SignalsRecord(
            duplicates=0.0,
            pairwise_distance_ratio=0.5 + draw.random() / 2,
            latent_sensitivity=draw.random(),
            d_accuracy_real=draw.random(),
            d_accuracy_fake=draw.random(),
            d_loss_real=draw.random(),
            d_loss_fake=draw.random(),
        ),
    )


def run_study(study: StudyConfig, folder: RunFolder, at_once: int, watch: Stopwatch, table_watch: Stopwatch) -> int:
    """Run all trials, timing the driver, and in it the live table; return the number of reports."""
    draw = random.Random(0)
    live: dict[tuple[str, str], _Steps] = {}
    turns: list[tuple[float, tuple[str, str], float]] = []
    num_reports, num_ended, now = 0, 0, 0.0
    marks = [share * len(study.arms) * study.budget.trials_per_arm for share in (0.25, 0.5, 1)]
    lines, table = (kind(Console(file=io.StringIO())) for kind in (PlainLines, LiveTable))
    with OptunaFile(folder) as file:

        def change() -> None:
            file.write_changes()
            lines.update()
            with table_watch.running():
                table.update()

        director = Director(study, folder, OBJECTIVE, file.storage, at_once, change)
        file.allow_writing()
        lines.start(director)
        table.start(director)
        table.stop()  # The thread that draws it would be timed as well.
        while not director.finished:
            while True:
                with watch.running():
                    config = director.next_trial()
                if config is None:
                    break
                key = (config.arm, config.name)
                live[key] = train_trial(folder, config, draw)
                heapq.heappush(turns, (now, key, draw.uniform(0.5, 2)))
            now, key, pace = heapq.heappop(turns)
            if key not in live:
                continue
            state, report = next(live[key])
            num_reports += 1
            with watch.running():
                is_stopped = director.receive_progress(key, state, report)
            if is_stopped or state.is_final:
                del live[key]
                num_ended += 1
                if num_ended in marks:
                    print(f"  {num_ended:,} trials: {watch}; {memory_text()}", flush=True)
            else:
                heapq.heappush(turns, (now + pace, key, pace))
        with watch.running():
            file.__exit__(None, None, None)
    return num_reports


def memory_text() -> str:
    """The largest memory of this process so far."""
    unit = 1024**2 if sys.platform == "darwin" else 1024
    return f"at most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit:,.0f} MiB"


def resume_study(study: StudyConfig, folder: RunFolder, at_once: int) -> Director:
    """Read all trials and tell them to their searches, as `resume` does."""
    with OptunaFile(folder) as file:
        director = Director(study, folder, OBJECTIVE, file.storage, at_once)
        file.allow_writing()
        file.write_changes()
    assert director.finished
    return director


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=10_000, help="search trials of all arms together")
    parser.add_argument("--at-once", type=int, default=500)
    parser.add_argument("--sampler", default="random")
    parser.add_argument("--out", help="a folder that keeps the run; one that holds it already is only resumed")
    parser.add_argument("--profile", action="store_true", help="print where the time goes")
    options = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with tempfile.TemporaryDirectory() as temporary, mock.patch("os.fsync"):  # a folder that need not outlive a crash
        folder = RunFolder(options.out or temporary)
        study = make_study(options.trials, options.sampler)

        def watch(what: str) -> AbstractContextManager[Stopwatch]:
            return timed(what, options.profile)

        if not folder.is_a_run():
            folder.write_study_text(dump_study(study))
            folder.write_objective(OBJECTIVE)
            table = Stopwatch()
            with watch("driver in all") as driver:
                num_reports = run_study(study, folder, options.at_once, driver, table)
            folder.write_study_status(StudyStatus(state="completed", start_time=START_TIME, elapsed_sec=1e6))
            num = sum(len(folder.trials(arm)) for arm in folder.arms())
            print(
                f"driver: {1000 * driver.cpu / num:.1f} ms of CPU time a trial (asked for: 25 ms), with "
                f"{num_reports / num:.1f} reports a trial and the sampler {options.sampler}"
            )
            print(f"live table: {1000 * table.cpu / table.num:.2f} ms of CPU time a message (asked for: 5 ms)")
        with watch("resume (asked for: 60 s)") as resume, resume.running():
            resume_study(study, folder, options.at_once)
        with watch("report (asked for: 180 s)") as report, report.running():
            page = Path(write_report(folder))
        print(f"report: {page.stat().st_size / 1e6:.1f} MB (asked for: 25 MB)")


@contextmanager
def timed(what: str, profiled: bool) -> Iterator[Stopwatch]:
    """Print the seconds that the work inside the context adds to the stopwatch."""
    watch = Stopwatch(profile=cProfile.Profile() if profiled else None)
    yield watch
    print(f"{what}: {watch}; {memory_text()}", flush=True)
    if watch.profile is not None:
        pstats.Stats(watch.profile).sort_stats("cumulative").print_stats(45)


if __name__ == "__main__":
    main()
