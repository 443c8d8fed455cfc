"""The report of 1,000 trials with 50 evaluations each: seconds to build, its size, seconds until it can be used.

Writes a run folder through gan_study.runs: four arms of 245 search trials and 5 confirmed seeds with scores, losses,
signals, class shares and findings; 50 sample grids of 8 x 8 coloured images of 32 pixels in every trial, through the
trainer's own function (trials share the files: what takes room in the page is how many it holds). Then it writes the
report as `gan_study report` does, and opens it in headless Chromium on two cores. The page counts as interactive when
the figures of its first tab are drawn and a click on another tab has been answered, from the start of navigation.

    python tests/benchmarks/report_size.py [--out FOLDER] [--loads 7]
"""

import argparse
import math
import os
import random
import shutil
import statistics
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from unittest import mock

import torch
from playwright.sync_api import Browser, sync_playwright
from sklearn.datasets import load_digits
from support.planted_diagnosis import planted_diagnosis
from support.synthetic_run import OBJECTIVE, START_TIME

from gan_study.config.arms.arm import Arm
from gan_study.config.arms.trial_configs import confirm_trial_config, search_trial_config
from gan_study.config.base import Scalar
from gan_study.config.study import StudyConfig
from gan_study.config.training import TrialConfig
from gan_study.report.write import write_report
from gan_study.runs.folder import RunFolder
from gan_study.runs.records.diagnosis import VerdictName
from gan_study.runs.records.measurements import EvaluationRecord, LossRecord, SignalsRecord
from gan_study.runs.records.status import StudyStatus, TrialState, TrialStatus
from gan_study.runs.trial_folder import TrialFolder
from gan_study.training.output.sample_grid import grid_png

NUM_SEEDS, NUM_EVALUATIONS = 5, 50
SHARE_DIVERGED, SHARE_STOPPED = 0.1, 0.2
SETS_OF_GRIDS = 16
STUDY = {
    "name": "large",
    "dataset": {"name": "digits", "image_size": 32},
    "budget": {"trials_per_arm": 1, "total_kimg": 490, "evaluate_every_kimg": 10},
    "arms": {
        "lsgan": {"network": "dcgan", "loss": "least_squares"},
        "non_saturating_r1": {"network": "dcgan", "loss": "non_saturating", "penalty": "r1"},
        "wgan_gp": {"network": "dcgan", "loss": "wasserstein", "penalty": "wgan_gp"},
        "hinge": {"network": "dcgan", "loss": "hinge"},
    },
    "search_space": {
        "g_lr": {"log_uniform": [1e-5, 1e-2]},
        "d_lr": {"log_uniform": [1e-5, 1e-2]},
        "beta1": {"uniform": [0.0, 0.9]},
        "beta2": {"choice": [0.9, 0.99, 0.999]},
        "network.width": {"choice": [16, 32, 64]},
        "d_steps_per_g_step": {"choice": [1, 2, 5]},
    },
}
WATCH = """
new Promise((resolve) => {
  const wait = (isSo, then) => (isSo() ? then() : requestAnimationFrame(() => wait(isSo, then)));
  const painted = (then) => requestAnimationFrame(() => requestAnimationFrame(then));
  const panels = () => [...document.querySelectorAll("main > section")];
  // Others of the tab are drawn when the reader comes near.
  const near = () => [...panels()[0].querySelectorAll(".drawing")].filter((each) =>
    each.getBoundingClientRect().top < innerHeight);
  const isDrawn = () => near().every((each) => each.querySelector(".main-svg"));
  const isReady = () => performance.getEntriesByName("report-ready").length > 0;
  wait(() => isReady() && isDrawn(), () => painted(() => {
    const drawn = performance.now();
    document.querySelectorAll(".tabs a")[1].click();
    wait(() => !panels()[1].hidden && panels()[0].hidden, () => painted(() => resolve([drawn, performance.now()])));
  }));
})
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", help="a folder that keeps the run; one that holds it already is reported anew")
    parser.add_argument("--searched", type=int, default=245, help="search trials of each arm")
    parser.add_argument("--loads", type=int, default=7)
    options = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])
    with tempfile.TemporaryDirectory() as temporary:
        folder = RunFolder(options.out or temporary)
        if not folder.is_a_run():
            write_large_run(folder, options.searched)
        num = sum(len(folder.trials(arm)) for arm in folder.arms())
        start, cpu_start = time.perf_counter(), time.process_time()
        page = Path(write_report(folder))
        seconds, cpu_sec = time.perf_counter() - start, time.process_time() - cpu_start
        print(f"built in {seconds:.1f} s ({cpu_sec:.1f} s of CPU time): {num} trials (asked for: 60 s)")
        print(f"size: {page.stat().st_size / 1e6:.2f} MB (asked for: 15 MB); of it {describe_size(page)}")
        drawn, used, cpu = zip(*seconds_until_interactive(page, options.loads), strict=True)
        print(
            f"interactive after {statistics.median(used):.2f} s, first figures after {statistics.median(drawn):.2f} s "
            f"(medians of {options.loads} loads, {min(used):.2f} to {max(used):.2f} s; asked for: 3 s), with "
            f"{statistics.median(cpu):.2f} s of CPU time in the page's main thread; load {os.getloadavg()[0]:.1f}"
        )


def write_large_run(folder: RunFolder, num_searched: int) -> None:
    """Four arms of so many search trials and five confirmed seeds; a tenth diverged, two tenths were stopped, as late
    as the others end, so that all curves have as many points.
    """
    with mock.patch("os.fsync"):  # a folder that need not outlive a crash
        study = StudyConfig.model_validate(STUDY)
        study = study.model_copy(update={"budget": study.budget.model_copy(update={"trials_per_arm": num_searched})})
        dump = study.model_dump_json(exclude_defaults=True)  # JSON is YAML
        folder.write_study_text(dump)
        folder.write_objective(OBJECTIVE)
        folder.write_study_status(StudyStatus(state="completed", start_time=START_TIME, elapsed_sec=1e6))
        draw = random.Random(0)
        grids: list[Path] = []
        for number, arm in enumerate(study.arms):
            configs = [
                search_trial_config(Arm(study, arm), index, draw_values(draw), 1497)
                for index in range(study.budget.trials_per_arm)
            ]
            for config in configs:
                state = draw.choices(
                    [TrialState.DIVERGED, TrialState.STOPPED, TrialState.COMPLETED],
                    [SHARE_DIVERGED, SHARE_STOPPED, 1 - SHARE_DIVERGED - SHARE_STOPPED],
                )[0]
                write_trial(folder, config, state, draw, grids, goal=draw.uniform(8 + number, 50))
            for seed in range(NUM_SEEDS):
                config = confirm_trial_config(study, configs[0], seed, seed)
                write_trial(
                    folder, config, TrialState.COMPLETED, draw, grids, goal=draw.uniform(8 + number, 10 + number)
                )
                record = planted_diagnosis(VerdictName.PARTIAL_COLLAPSE if seed else VerdictName.HEALTHY)
                folder.trial(arm, config.name).write_diagnosis(record)


def draw_values(draw: random.Random) -> dict[str, Scalar]:
    """A sample of the search space."""
    return {
        "g_lr": 10 ** draw.uniform(-5, -2),
        "d_lr": 10 ** draw.uniform(-5, -2),
        "beta1": draw.uniform(0, 0.9),
        "beta2": draw.choice([0.9, 0.99, 0.999]),
        "network.width": draw.choice([16, 32, 64]),
        "d_steps_per_g_step": draw.choice([1, 2, 5]),
    }


def write_trial(
    folder: RunFolder, config: TrialConfig, state: TrialState, draw: random.Random, grids: list[Path], goal: float
) -> None:
    """One trial with noisy curves that fall towards `goal`; the first trials' grids are drawn, all others linked."""
    files = folder.trial(config.arm, config.name)
    files.write_config(config)
    nimgs = [10_000 * i for i in range(NUM_EVALUATIONS)]
    is_lost = state is TrialState.DIVERGED
    files.write_evaluations([evaluation(nimg, draw, goal, is_lost and nimg == nimgs[-1]) for nimg in nimgs])
    files.write_status(
        TrialStatus(
            state=state,
            reason=f"d_loss became non-finite at {nimgs[-1]} images" if is_lost else None,
            cur_nimg=nimgs[-1],
            start_time=START_TIME,
            end_time=START_TIME + 900,
        )
    )
    place = Path(folder.location) / "arms" / config.arm / config.name / "samples"
    if len(grids) < SETS_OF_GRIDS:
        draw_grids(files, nimgs, seed=len(grids))
        grids.append(place)
    else:
        place.mkdir(parents=True)
        for source in grids[draw.randrange(SETS_OF_GRIDS)].glob("0*.png"):
            os.link(source, place / source.name)


def evaluation(nimg: int, draw: random.Random, goal: float, is_lost: bool) -> EvaluationRecord:
    """A line of metrics.jsonl with every value that a training writes."""
    done = nimg / (10_000 * (NUM_EVALUATIONS - 1))

    def noisy(value: float) -> float:
        return value * math.exp(draw.gauss(0, 0.1))

    shares = [noisy(0.1) for _ in range(10)]
    return EvaluationRecord(
        cur_nimg=nimg,
        num_d_steps=nimg // 64,
        num_g_steps=nimg // 64,
        train_sec=nimg / 1000,
        evaluate_sec=nimg / 10_000,
        score=None if is_lost else noisy(OBJECTIVE.untrained_score * (goal / OBJECTIVE.untrained_score) ** done),
        class_shares=None if is_lost else tuple(share / sum(shares) for share in shares),
        losses=None
        if nimg == 0 or is_lost
        else LossRecord(
            d_loss=noisy(1.2),
            g_loss=noisy(0.9),
            penalty=noisy(0.05),
            real_logit=noisy(0.7),
            fake_logit=-noisy(0.5),
            d_grad_norm=noisy(2.0),
            g_grad_norm=noisy(1.0),
            g_output_gradient=noisy(0.01),
        ),
        signals=SignalsRecord(
            duplicates=0.0,
            pairwise_distance_ratio=noisy(0.9),
            latent_sensitivity=noisy(0.3),
            d_accuracy_real=min(1.0, noisy(0.8)),
            d_accuracy_fake=min(1.0, noisy(0.8)),
            d_loss_real=noisy(0.6),
            d_loss_fake=noisy(0.6),
        ),
    )


def draw_grids(files: TrialFolder, nimgs: list[int], seed: int) -> None:
    """Real digits, each in a colour of its own, that come out of smooth noise over the training."""
    noise = torch.Generator().manual_seed(seed)
    digits = torch.tensor(load_digits().images[64 * seed : 64 * seed + 64], dtype=torch.float32)[:, None] / 16
    sharp = torch.nn.functional.interpolate(digits, size=32, mode="bilinear") * torch.rand(64, 3, 1, 1, generator=noise)
    for place, nimg in enumerate(nimgs):
        blur = torch.nn.functional.interpolate(torch.rand(64, 3, 8, 8, generator=noise), size=32, mode="bicubic")
        share = 0.15 + 0.85 * math.exp(-5 * place / len(nimgs))
        grain = 0.05 * torch.randn(64, 3, 32, 32, generator=noise)
        pixels = ((1 - share) * sharp + share * blur + grain).clamp(0, 1)
        files.write_samples(nimg, grid_png((255 * pixels).to(torch.uint8), 8))


def describe_size(page: Path) -> str:
    """The parts of a page and their bytes, the largest first."""
    parts: Counter[str] = Counter()
    text = page.read_text(encoding="utf-8")
    for element in text.split("<script")[1:]:
        body = element.split("</script>")[0]
        parts["figures" if body.startswith(' type="application/json"') else "scripts (plotly.js)"] += len(body)
    for uri in text.split("data:image/webp;base64,")[1:]:
        parts["pictures"] += uri.index('"')
    parts["text and tables"] = len(text) - parts.total()
    return ", ".join(f"{name} {num / 1e6:.2f} MB" for name, num in parts.most_common())


def seconds_until_interactive(page: Path, num_loads: int) -> list[tuple[float, float, float]]:
    """For each load in a fresh profile: seconds from navigation to the first tab's figures, and to another tab; then
    its main thread's CPU time.
    """
    executable = shutil.which("chromium") or shutil.which("google-chrome")
    if executable is None:
        sys.exit(
            "report_size: opens the report in a browser, but found no chromium on the PATH; install Debian's chromium"
        )
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        found = [_seconds_of_one_load(browser, page) for _ in range(num_loads)]
        browser.close()
    return found


def _seconds_of_one_load(browser: Browser, page: Path) -> tuple[float, float, float]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    view = context.new_page()
    session = context.new_cdp_session(view)
    session.send("Performance.enable")
    view.goto(page.as_uri(), wait_until="commit")
    drawn, used = view.evaluate(WATCH)
    metrics = {each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]}
    context.close()
    return drawn / 1000, used / 1000, metrics["ThreadTime"]


if __name__ == "__main__":
    main()
