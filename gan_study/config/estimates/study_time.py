"""The estimated duration of a study's run, from its start to its report, at the pace of this machine."""

from dataclasses import dataclass, replace
from math import ceil

from gan_study.config.arms.arm import arms_of
from gan_study.config.arms.resolved_training import ASSUMED_TRAIN_IMAGES
from gan_study.config.estimates.expected_length import chances_at_rungs, expected_nimg
from gan_study.config.estimates.longest_training import longest_trainings, typical_training
from gan_study.config.estimates.pace import Pace
from gan_study.config.estimates.room import num_trials_on, num_workers_on
from gan_study.config.estimates.scoring_cost import ScoringCost, scoring_cost
from gan_study.config.extractors import EXTRACTORS
from gan_study.config.search.order import most_searched_at_once
from gan_study.config.study import StudyConfig

_START_SEC = 12.0
"""Seconds of Ray's start, including processes that import torch, on the developers' machine with two cores (about 20 s
of CPU time)."""
_TRIAL_SEC = 0.4
"""Seconds of a trial apart from its training and scores (tests/benchmarks/overhead.py), on the developers' machine."""
_REPORT_SEC = 4.0
"""Seconds of the study's end and its report, on the developers' machine (about 3 s of CPU time)."""
_SHARING = 1.15
"""Factor by which a step takes longer while other trials run on other cores of the same machine."""
_LEARNING_SEC_PER_KIMG = 0.8
"""Seconds of the extractor's training per thousand images of 32 pixels, on one core of the developers' machine."""


@dataclass(frozen=True)
class TimeEstimate:
    """Seconds of each part of a run, on the wall clock."""

    start_sec: float
    """Ray's start and that of its processes."""
    extractor_sec: float
    """The extractor's training at its full length; it may stop earlier."""
    preparation_sec: float
    """Features of real images and of an untrained generator's images."""
    search_sec: float
    """Search and refine trainings, with their expected early stops."""
    confirm_sec: float
    """Confirmed trainings."""
    end_sec: float
    """Final scores and diagnoses."""
    report_sec: float
    """The report."""
    max_sec: float
    """From start to end if all trainings were the longest, and none was stopped early."""
    num_at_once: int
    """Trials that run at the same time."""
    num_searched_at_once: int
    """Search trials that run at the same time: no more, because some wait for others' results."""
    pace: Pace
    first_look_sec: float | None = None
    """From start to end if the first look decides; None for a study with one look."""

    @property
    def total_sec(self) -> float:
        """From start to end."""
        before = self.start_sec + self.extractor_sec + self.preparation_sec
        return before + self.search_sec + self.confirm_sec + self.end_sec + self.report_sec


def estimate_time(study: StudyConfig, num_train_images: int | None, pace: Pace) -> TimeEstimate:
    """The estimate for a valid study with all its looks; `num_train_images` is None if nobody has counted them."""
    counted = num_train_images or study.dataset.known_train_images
    images = counted or ASSUMED_TRAIN_IMAGES
    at_once = num_at_once(study, pace)
    searched_at_once = min(at_once, most_searched_at_once(study) or at_once)
    scoring, scored = scoring_cost(study, counted), pace.scored
    sampled = study.search_trials_per_arm + study.refine.trials_per_arm
    confirmed = study.confirm.top_k * study.confirm.looks[-1]
    sharing = _SHARING if at_once > 1 else 1.0
    search_sec = confirm_sec = longest_sec = slowest_sec = 0.0
    for arm in arms_of(study):
        kimg, seconds = typical_training(arm, images, pace.step_of(arm.name), scored)
        share = expected_nimg(1000 * kimg, 0, chances_at_rungs(study, 1000 * kimg)) / (1000 * kimg)
        _, longest = longest_trainings(arm, images, pace.step_of(arm.name), scored)
        search_sec += sampled * share * seconds
        confirm_sec += confirmed * seconds
        longest_sec += (sampled / searched_at_once + confirmed / at_once) * longest
        slowest_sec = max(slowest_sec, seconds)
    num_arms = len(study.arms)
    num_trials, num_confirmed = num_arms * (sampled + confirmed), num_arms * confirmed
    own_sec = pace.machine * _TRIAL_SEC
    beside = scored * scoring.seconds_beside(num_trials, num_confirmed)
    end_sec = sharing * (beside + num_trials * own_sec) / at_once
    start_sec, report_sec = pace.machine * _START_SEC, pace.machine * _REPORT_SEC
    extractor_sec = _extractor_sec(study, images, pace)
    preparation_sec = scored * _preparation_sec(scoring, study, pace)
    waves = ceil(num_confirmed / at_once) * at_once / num_confirmed if num_confirmed else 1.0
    estimate = TimeEstimate(
        start_sec=start_sec,
        extractor_sec=extractor_sec,
        preparation_sec=preparation_sec,
        search_sec=max(sharing * search_sec / searched_at_once, slowest_sec if sampled else 0.0),
        confirm_sec=sharing * waves * confirm_sec / at_once,
        end_sec=end_sec,
        report_sec=report_sec,
        max_sec=0.0,
        num_at_once=at_once,
        num_searched_at_once=searched_at_once,
        pace=pace,
    )
    fixed_sec = estimate.total_sec - estimate.search_sec - estimate.confirm_sec
    most = max(estimate.total_sec, fixed_sec + sharing * longest_sec)
    return replace(estimate, max_sec=most, first_look_sec=_first_look_sec(study, num_train_images, pace))


def _first_look_sec(study: StudyConfig, num_train_images: int | None, pace: Pace) -> float | None:
    if len(study.confirm.looks) == 1:
        return None
    confirm = study.confirm.model_copy(update={"until_decided": None})
    return estimate_time(study.model_copy(update={"confirm": confirm}), num_train_images, pace).total_sec


def num_at_once(study: StudyConfig, pace: Pace) -> int:
    """Trials that this machine runs at once, at least one."""
    resources = study.resources
    gpus = resources.gpus_per_worker
    gpus_each = (1.0 if pace.num_gpus else 0.0) if gpus == "auto" else gpus
    workers = num_workers_on(pace.num_cpus, pace.num_gpus, resources.cpus_per_process, gpus_each)
    room = num_trials_on(workers, resources.min_workers, resources.max_workers) * resources.trials_per_process
    wanted = resources.max_concurrent_trials
    return max(1, room if wanted == "auto" else min(room, wanted))


def _extractor_sec(study: StudyConfig, num_train_images: int, pace: Pace) -> float:
    facts = EXTRACTORS[study.objective.extractor]
    if facts.is_pretrained or pace.extractor_is_kept:
        return 0.0
    kimg = min(study.objective.extractor_kimg or facts.most_kimg, facts.most_epochs * num_train_images / 1000)
    if pace.learning_sec_per_kimg is not None:
        return kimg * pace.learning_sec_per_kimg
    threads = 1 if pace.num_gpus else min(4, num_at_once(study, pace) * study.resources.cpus_per_worker)
    size = min(study.dataset.image_size, 64)
    return kimg * pace.machine * _LEARNING_SEC_PER_KIMG * size**2 / 1024 * (1.1 if threads > 1 else 1.0) / threads


def _preparation_sec(scoring: ScoringCost, study: StudyConfig, pace: Pace) -> float:
    """Seconds before the first trial, on the developers' machine."""
    threads = num_at_once(study, pace) * study.resources.cpus_per_worker
    return scoring.preparation_sec / (threads if EXTRACTORS[study.objective.extractor].uses_all_cores else 1)
