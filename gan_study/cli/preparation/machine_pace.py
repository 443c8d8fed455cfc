"""Measure in two seconds how fast this machine trains a study's networks."""

import os
import time
from typing import TYPE_CHECKING

from gan_study.config.arms.arm import Arm
from gan_study.config.arms.resolved_training import ASSUMED_TRAIN_IMAGES, first_trial_values, resolve_training
from gan_study.config.estimates.pace import Pace
from gan_study.config.estimates.study_time import num_at_once
from gan_study.config.estimates.training_time import estimate_scoring_sec, estimate_seconds_per_kimg
from gan_study.config.extractors import EXTRACTORS
from gan_study.config.study import StudyConfig
from gan_study.config.training import TrainingConfig
from gan_study.errors import GanStudyError

if TYPE_CHECKING:
    import torch

_MEASURE_SEC = 1.4
"""Seconds for the training steps of all arms together."""
_EXTRACTOR_SEC = 0.3
"""Seconds for the extractor's scoring, and as many for its training."""
_LONG_ROUND_SEC = 0.25
"""If a round of the study's own batches would take more seconds, smaller batches are measured."""


def assumed_pace() -> Pace:
    """The pace of the developers' machine, with as many cores as this machine has."""
    return Pace(os.cpu_count() or 1)


def measure_pace(study: StudyConfig) -> Pace:
    """Measure this machine for about two seconds on noise; without torch, return the assumed pace."""
    try:
        import torch
    except ImportError:
        return assumed_pace()
    num_cpus = os.cpu_count() or 1
    use_gpu = study.resources.gpus_per_worker != 0 and torch.cuda.is_available()
    device = torch.device("cuda" if use_gpu else "cpu")
    num_gpus = torch.cuda.device_count() if use_gpu else 0
    num_channels = study.dataset.assumed_channels
    start = time.perf_counter()
    step: dict[str, float] = {}
    for number, arm in enumerate(study.arms):
        left = _MEASURE_SEC - (time.perf_counter() - start)
        if left <= 0:
            break
        ratio = measure_step_ratio(study, arm, num_channels, device, left / (len(study.arms) - number))
        if ratio is not None:
            step[arm] = ratio
    known = Pace(num_cpus, num_gpus, step)
    if EXTRACTORS[study.objective.extractor].is_pretrained:
        return known
    num_threads = study.resources.cpus_per_worker * num_at_once(study, known)
    scoring, learning = _extractor_pace(study, num_channels, device, num_threads)
    return Pace(num_cpus, num_gpus, step, scoring, learning, extractor_is_kept(study))


def _first_training(study: StudyConfig, arm: str) -> TrainingConfig:
    found = Arm(study, arm)
    return resolve_training(found, first_trial_values(found), seed=0, num_train_images=ASSUMED_TRAIN_IMAGES)


def measure_step_ratio(
    study: StudyConfig, arm: str, num_channels: int, device: "torch.device", seconds: float
) -> float | None:
    """Measured over estimated seconds of one training step of an arm; None if `seconds` are too few for one."""
    from gan_study.training.pace import measure_step_sec, one_round_training

    training = _first_training(study, arm)
    expected = estimate_seconds_per_kimg(training, scoring_ratio=0.0)
    round_sec = expected * training.batch_size * training.d_steps_per_g_step / 1000
    share = min(1.0, _LONG_ROUND_SEC / round_sec)
    groups = max(2, int(share * training.batch_size / training.pac))
    batch_size = min(training.batch_size, groups * training.pac)
    measured = one_round_training(training, batch_size)
    seconds_per_kimg = measure_step_sec(measured, num_channels, study.resources.cpus_per_worker, device, seconds)
    if seconds_per_kimg is None:
        return None
    return seconds_per_kimg / estimate_seconds_per_kimg(measured, scoring_ratio=0.0)


def _extractor_pace(
    study: StudyConfig, num_channels: int, device: "torch.device", num_threads: int
) -> tuple[float, float]:
    """The ratio of scoring, and the seconds in which the extractor learns from a thousand images on `num_threads`."""
    import torch

    from gan_study.extractors.pace import build_network, measure_learning_sec, measure_seeing_sec
    from gan_study.gan.generation import generate_uint8
    from gan_study.gan.latents import draw_inputs
    from gan_study.gan.parts import networks_of

    size = study.dataset.image_size
    training = _first_training(study, next(iter(study.arms))).model_copy(update={"conditional": "none"})
    generator, _ = networks_of(training, num_channels)
    generator.to(device).eval()
    network = build_network(study.objective.extractor, size, num_channels).to(device)

    def generate(num: int) -> torch.Tensor:
        ((images, _),) = generate_uint8(generator, [draw_inputs(training, num)])
        return images

    before = torch.get_num_threads()
    torch.set_num_threads(study.resources.cpus_per_worker)
    try:
        scoring = measure_seeing_sec(network, generate, device, _EXTRACTOR_SEC)
        torch.set_num_threads(num_threads)
        learning = measure_learning_sec(study.objective.extractor, size, num_channels, device, _EXTRACTOR_SEC)
    finally:
        torch.set_num_threads(before)
    return scoring / estimate_scoring_sec(study.objective, size), learning


def extractor_is_kept(study: StudyConfig) -> bool:
    """Return True if this machine's cache holds the extractor of the data set; no images are decoded."""
    from gan_study.data.cache import find_cache
    from gan_study.data.datasets import load_dataset
    from gan_study.data.sources.catalogue import find_files
    from gan_study.extractors.loading import trained_kind
    from gan_study.extractors.machine_cache import default_cache

    try:
        if find_cache(study.dataset, find_files(study.dataset, may_fetch=False)) is None:
            return False
        dataset = load_dataset(study.dataset)
        name = trained_kind(study.objective.extractor).weights_name(dataset, study.objective.extractor_kimg)
        return default_cache().exists(name)
    except GanStudyError:
        return False
