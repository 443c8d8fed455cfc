"""A synthetic but complete run folder, written through gan_study.runs as a study would write it.

Nothing is trained: scores, losses and images are made up, by formulas simple enough to work out by hand.
"""

import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from PIL import Image, ImageDraw
from ruamel.yaml import YAML

from gan_study.config.arms.arm import Arm
from gan_study.config.arms.trial_configs import confirm_trial_config, search_trial_config
from gan_study.config.base import Scalar
from gan_study.config.study import StudyConfig
from gan_study.config.training import TrialConfig
from gan_study.runs.folder import RunFolder
from gan_study.runs.records.environment import Environment
from gan_study.runs.records.measurements import EvaluationRecord, LossRecord, ObjectiveRecord, ScoreKey
from gan_study.runs.records.status import StudyStatus, TrialState, TrialStatus

CLASS_NAMES = tuple("0123456789")
REAL_SHARES = (0.1,) * 10
UNTRAINED_SCORE = 60.0
FLOOR = 0.5
START_TIME = 1_700_000_000.0
SECONDS_PER_KIMG = 30.0
NUM_TRAIN_IMAGES = 1497

OBJECTIVE = ObjectiveRecord(
    key=ScoreKey(
        metric="frechet_distance",
        extractor="domain_classifier",
        weights_hash="1a2b3c4d",
        layer="hidden",
        dims=64,
        num_generated=5000,
        num_real=1797,
        split="all",
        preprocessing="uint8-16px",
        dataset="digits-16px-1a2b3c4d",
    ),
    floor=FLOOR,
    untrained_score=UNTRAINED_SCORE,
    failure_score=2 * UNTRAINED_SCORE,
    extractor_accuracy=0.992,
    class_names=CLASS_NAMES,
    real_class_shares=REAL_SHARES,
    num_train_images=NUM_TRAIN_IMAGES,
)


def many_classes(num: int) -> ObjectiveRecord:
    """An objective with `num` classes of equal real shares, as stacked MNIST has 1000."""
    names, shares = tuple(map(str, range(num))), (1 / num,) * num
    return OBJECTIVE.model_copy(update={"class_names": names, "real_class_shares": shares})


STUDY: dict[str, Any] = {
    "name": "lsgan_vs_wgan",
    "description": "Least squares against Wasserstein with gradient penalty, on digits.",
    "dataset": {"name": "digits", "image_size": 16},
    "budget": {"trials_per_arm": 5, "total_kimg": 40, "evaluate_every_kimg": 10},
    "arms": {
        "lsgan": {"network": "dcgan", "loss": "least_squares"},
        "wgan": {
            "network": "dcgan",
            "loss": "wasserstein",
            "penalty": "wgan_gp",
            "search_space": {"penalty_weight": {"log_uniform": [0.1, 100]}},
        },
    },
    "search_space": {
        "g_lr": {"log_uniform": [1e-5, 1e-2]},
        "beta1": {"uniform": [0.0, 0.9]},
        "network.width": {"choice": [16, 32, 64]},
    },
}


@dataclass(frozen=True)
class Outcome:
    """The outcome of one trial: its score at its end, after `kimg` thousand images."""

    state: TrialState
    score: float | None
    kimg: int = 40
    reason: str | None = None
    num_restarts: int = 0


COMPLETED, STOPPED = TrialState.COMPLETED, TrialState.STOPPED
DIVERGED, FAILED, RUNNING = TrialState.DIVERGED, TrialState.FAILED, TrialState.RUNNING

SEARCH: dict[str, tuple[Outcome, ...]] = {
    "lsgan": (
        Outcome(COMPLETED, 14.0),
        Outcome(STOPPED, 35.0, kimg=10, reason="not among the best third at 10 kimg"),
        Outcome(COMPLETED, 9.0, num_restarts=1),
        Outcome(DIVERGED, None, kimg=20, reason="d_loss became non-finite at 20480 images"),
        Outcome(COMPLETED, 11.0),
    ),
    "wgan": (
        Outcome(COMPLETED, 21.0),
        Outcome(STOPPED, 44.0, kimg=10, reason="not among the best third at 10 kimg"),
        Outcome(FAILED, None, kimg=10, reason="its process was killed 3 times (signal 9)"),
        Outcome(COMPLETED, 16.0),
        Outcome(COMPLETED, 18.0),
    ),
}
CONFIRM: dict[str, tuple[Outcome, ...]] = {
    "lsgan": tuple(Outcome(COMPLETED, score) for score in (9.5, 10.0, 11.0, 10.5, 12.0)),
    "wgan": (
        *(Outcome(COMPLETED, score) for score in (17.0, 16.5, 19.0, 18.0)),
        Outcome(DIVERGED, None, kimg=30, reason="g_loss became non-finite at 30720 images"),
    ),
}
ALL_FAILED: dict[str, tuple[Outcome, ...]] = {
    "lsgan": (
        Outcome(DIVERGED, None, kimg=10, reason="d_loss became non-finite at 10240 images"),
        Outcome(FAILED, None, kimg=0, reason="CUDA out of memory <while allocating 2 GiB>"),
    ),
    "wgan": (Outcome(FAILED, None, kimg=0, reason="CUDA out of memory <while allocating 2 GiB>"),),
}


def searched_values(arm: str, index: int) -> dict[str, Scalar]:
    """The made-up sample of search trial number `index`."""
    values: dict[str, Scalar] = {
        "g_lr": 10.0 ** (-4.5 + 0.5 * index),
        "beta1": 0.2 * (index % 5),
        "network.width": (16, 32, 64)[index % 3],
    }
    return {**values, "penalty_weight": 10.0 ** (index - 1)} if arm == "wgan" else values


def write_synthetic_run(
    location: str,
    *,
    search: Mapping[str, Sequence[Outcome]] = SEARCH,
    confirm: Mapping[str, Sequence[Outcome]] = CONFIRM,
    state: Literal["running", "interrupted", "completed", "failed"] = "completed",
    study: dict[str, Any] = STUDY,
    objective: ObjectiveRecord | None = OBJECTIVE,
) -> RunFolder:
    """Write a run folder at `location`; each arm confirms the completed search trial with the lowest score."""
    folder = RunFolder(location)
    config = StudyConfig.model_validate(study)
    stream = io.StringIO()
    yaml = YAML(typ="safe", pure=True)
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]  # ruamel.yaml types it as None
    values = config.model_dump(mode="json", exclude_defaults=True)
    # Without it, the folder would be one of a version that had no orders.
    values["search"] = {"order": config.search.order} | values.get("search", {})
    yaml.dump(values, stream)
    folder.write_study_text(stream.getvalue())
    if objective is not None:
        folder.write_objective(objective)
    folder.write_study_status(
        StudyStatus(state=state, start_time=START_TIME, elapsed_sec=5400.0, num_concurrent_trials=2)
    )
    folder.write_environment(
        Environment(
            versions={"python": "3.11.7", "gan_study": "0.1.0", "torch": "2.8.0"},
            hosts=("laptop: 8 cores, 16 GiB, no GPU",),
            commit="0123456789abcdef",
            command="gan_study run studies/lsgan_vs_wgan.yaml",
        )
    )
    for arm, outcomes in search.items():
        configs = [
            search_trial_config(Arm(config, arm), i, searched_values(arm, i), NUM_TRAIN_IMAGES)
            for i in range(len(outcomes))
        ]
        for trial, outcome in zip(configs, outcomes, strict=True):
            write_trial(folder, trial, outcome)
        scores = [math.inf if o.score is None else o.score for o in outcomes]
        source = configs[scores.index(min(scores))]
        for number, outcome in enumerate(confirm.get(arm, ())):
            write_trial(folder, confirm_trial_config(config, source, number, number), outcome)
    return folder


def write_trial(folder: RunFolder, config: TrialConfig, outcome: Outcome) -> None:
    """Write one trial with an evaluation and a sample grid every 10 kimg."""
    files = folder.trial(config.arm, config.name)
    started = START_TIME + 3600 * config.index + (36_000 if config.phase == "confirm" else 0)
    seconds = SECONDS_PER_KIMG * outcome.kimg
    files.write_config(config)
    files.write_status(
        TrialStatus(
            state=outcome.state,
            reason=outcome.reason,
            cur_nimg=1000 * outcome.kimg,
            num_restarts=outcome.num_restarts,
            start_time=started,
            end_time=started + seconds if outcome.state.is_final else None,
        )
    )
    at_kimg = range(0, outcome.kimg + 1, 10)
    files.write_evaluations([evaluation(config, outcome, kimg) for kimg in at_kimg])
    for kimg in at_kimg:
        files.write_samples(1000 * kimg, draw_samples(config.index, kimg / 40))


def evaluation(config: TrialConfig, outcome: Outcome, kimg: int) -> EvaluationRecord:
    """A line of metrics.jsonl: the score falls geometrically from the untrained one to the outcome's."""
    last = outcome.score if outcome.score is not None else 30.0
    done = kimg / outcome.kimg if outcome.kimg else 0.0
    lost = outcome.state is DIVERGED and kimg == outcome.kimg and kimg > 0
    # wgan's generator leaves out class 7.
    absent = 0.1 if config.arm == "wgan" else 0.0
    shares = tuple((0.1 - absent if name == "7" else 0.1 + absent / 9) for name in CLASS_NAMES)
    return EvaluationRecord(
        cur_nimg=1000 * kimg,
        num_d_steps=16 * kimg,
        num_g_steps=16 * kimg // config.training.d_steps_per_g_step,
        train_sec=SECONDS_PER_KIMG * kimg,
        evaluate_sec=2.0 * (kimg // 10 + 1),
        score=None if lost else UNTRAINED_SCORE * (last / UNTRAINED_SCORE) ** done,
        class_shares=None if lost else shares,
        losses=None if kimg == 0 or lost else _losses(config, done),
    )


def _losses(config: TrialConfig, done: float) -> LossRecord:
    return LossRecord(
        d_loss=0.4 - 0.1 * done + 0.01 * config.index,
        g_loss=0.5 + 0.3 * done + 0.01 * config.index,
        penalty=0.05 if config.training.penalty == "wgan_gp" else None,
        real_logit=0.7 + 0.1 * done,
        fake_logit=0.3 - 0.1 * done,
        d_grad_norm=1.0 + done,
        g_grad_norm=0.5 + 0.2 * done,
    )


@cache
def draw_samples(index: int, sharpness: float) -> bytes:
    """A PNG of 4 by 8 drawn digits of 16 pixels, brighter with `sharpness` in [0, 1]."""
    grid = Image.new("L", (8 * 16, 4 * 16), color=0)
    pen = ImageDraw.Draw(grid)
    for cell in range(32):
        x, y = 16 * (cell % 8), 16 * (cell // 8)
        for dot in range(round(40 * (1 - sharpness))):
            place = (cell * 40 + dot) * 7919 + index * 31
            pen.point((x + place % 16, y + place // 16 % 16), fill=60 + place % 120)
        pen.text((x + 5, y + 2), str((cell * 7 + index) % 10), fill=round(255 * sharpness))
    buffer = io.BytesIO()
    grid.save(buffer, format="PNG")
    return buffer.getvalue()
