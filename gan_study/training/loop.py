"""The training loop: one flat function, for one process or many, under a scheduler or alone.

It is a generator: it gives what it measured at every evaluation, and whoever drives it (Ray Tune, Ray Train,
`gan_study train`, a test) decides whether to go on by asking for the next one. It knows none of them.
"""

import math
import time
from collections.abc import Generator
from dataclasses import dataclass

import torch
from torch import Tensor

from gan_study.config.base import Scalar
from gan_study.config.rules.workers import worker_problem
from gan_study.config.training import TrainingConfig, TrialConfig
from gan_study.data.conversion import to_float
from gan_study.data.datasets import Dataset
from gan_study.data.sampler import batch_positions
from gan_study.errors import InputError
from gan_study.gan.latents import draw_z
from gan_study.gan.penalties import GRADIENT_PENALTIES, clip_weights_
from gan_study.runs.records import EvaluationRecord, TrialState, TrialStatus
from gan_study.runs.trial_folder import TrialFolder
from gan_study.training.distributed import Workers
from gan_study.training.end import measure_end
from gan_study.training.evaluate import MeasureCoverage, Scorer
from gan_study.training.means import LossMeans
from gan_study.training.outcome import diverged, ended, load_latest, read_end, write_images, write_progress
from gan_study.training.randomness import Stream, seeded_generator
from gan_study.training.rollback import answer_collapse, answer_divergence
from gan_study.training.scores import Scores, score_generator
from gan_study.training.signals import make_probe, take_signals, watch
from gan_study.training.state import Counters, TrainingState, build_state, set_rates_, update_ema
from gan_study.training.steps import accumulate_d_gradients, accumulate_g_gradients


@dataclass(frozen=True)
class Progress:
    """What the loop gives: where the trial stands and, unless it diverged, what was measured there."""

    status: TrialStatus
    evaluation: EvaluationRecord | None


def train(
    config: TrialConfig,
    dataset: Dataset,
    scorer: Scorer,
    folder: TrialFolder,
    workers: Workers,
    measure_coverage: MeasureCoverage | None = None,
) -> Generator[Progress, None, None]:
    """Train one GAN, from its latest checkpoint if there is one, and give a `Progress` at every evaluation.

    Evaluations come at 0 images, every `evaluate_every_kimg`, and at the end; each is followed by a
    checkpoint before it is given. The last progress has a final state (completed, diverged, or stopped because its
    generator has collapsed); a trial that has ended before gives it again, and one that its study gives up while it
    trains gives that end. Where `on_collapse` is rollback, a collapse
    or a step that is not finite at first leads back to an earlier state (`training/rollback.py`). With several workers
    all ranks run this at once and give equal progress; rank 0 writes the files.

    Args:
        config: the trial; its folder's files must be of the same trial.
        dataset: the images, of `config.training.dataset`; the train part is learned.
        scorer: the objective, on the workers' device.
        folder: where the trial's files go.
        workers: this process among those that share the trial.
        measure_coverage: what rank 0 measures at the end, of the averaged generator that counts.

    Raises:
        InputError: the workers cannot train this: a batch that does not divide, or `config/worker_rules.py`'s others.
        StorageError: the folder cannot be written or read.
    """
    training = config.training
    _check_batch(training, workers, config.workers.batch_statistics)
    torch.set_num_threads(config.workers.cpus_per_worker)
    state = build_state(training, dataset.num_channels, workers.device)
    status, evaluations = load_latest(state, folder, workers)
    if status.state.is_final:
        yield Progress(status, evaluations[-1] if evaluations else None)
        return
    generator = workers.wrap(state.generator, config.workers.batch_statistics)
    discriminator = workers.wrap(state.discriminator, config.workers.batch_statistics)
    total_nimg = math.ceil(_kimg_to_nimg(training.total_kimg) / training.batch_size) * training.batch_size
    counters = state.counters
    last_evaluated = evaluations[-1].cur_nimg if evaluations else None
    means = LossMeans()
    probe = make_probe(training, dataset, workers)

    while True:
        done = _is_done(training, counters, total_nimg, last_evaluated, workers)

        # Evaluate, write and report. A resumed run starts where this has been done already.
        if _evaluation_due(training, counters.cur_nimg, done) and counters.cur_nimg != last_evaluated:
            evaluate_start = time.perf_counter()
            with watch(state.g_ema) as shown:
                scores = _score(state, scorer, training, workers, is_end=done)
            losses = means.reduce(workers)
            signals = take_signals(state, probe, shown, training, workers)
            # Counted before the checkpoint is written, which a resumed training goes on from.
            counters.evaluate_sec += time.perf_counter() - evaluate_start
            evaluate_start = time.perf_counter()
            evaluations.append(
                EvaluationRecord(
                    cur_nimg=counters.cur_nimg,
                    num_d_steps=counters.num_d_steps,
                    num_g_steps=counters.num_g_steps,
                    train_sec=counters.train_sec,
                    evaluate_sec=counters.evaluate_sec,
                    score=scores.score,
                    num_samples=scores.num_samples,
                    early_score=scores.early_score,
                    class_shares=scores.class_shares,
                    losses=losses,
                    signals=signals,
                )
            )
            means = LossMeans()
            # With several workers the study's stop comes while they train on. What it has written stays.
            if (end := workers.from_first_rank(lambda: read_end(folder))) is not None:
                yield Progress(end, None)
                return
            if workers.is_first:
                write_images(state, folder, training)
            if done:
                evaluations[-1] = measure_end(config, state, evaluations, folder, scorer, workers, measure_coverage)
                status = ended(status, TrialState.COMPLETED, counters.cur_nimg)
            else:
                status = answer_collapse(config, state, status, evaluations, folder, workers)
            if workers.is_first:
                write_progress(state, status, evaluations, folder)
            counters.evaluate_sec += time.perf_counter() - evaluate_start
            yield Progress(status, evaluations[-1])
        if done or status.state.is_final:
            return

        # The discriminator's step.
        step_start = time.perf_counter()
        set_rates_(state, training)
        real_images, z, noise = _draw_batch(training, dataset, counters.cur_nimg, workers)
        g_step_due = (counters.num_d_steps + 1) % training.d_steps_per_g_step == 0
        with torch.set_grad_enabled(g_step_due):
            # The last of the discriminator's steps shares its images with the generator's step.
            fake_images = generator(z)
        d_measures = accumulate_d_gradients(training, discriminator, real_images, fake_images, noise)
        if not workers.all_true(d_measures.is_finite):
            failure = diverged(status, "discriminator", workers.gather(d_measures), state)
            status = answer_divergence(config, state, status, failure, training.batch_size, folder, workers)
            if status.state.is_final:
                break
            means = LossMeans()
            continue
        state.d_optimizer.step()
        if training.clip_value is not None:
            clip_weights_(state.discriminator, training.clip_value)
        counters.num_d_steps += 1
        counters.cur_nimg += training.batch_size
        means.d_steps.append(d_measures)

        # The generator's step.
        if g_step_due:
            g_measures = accumulate_g_gradients(training, generator, discriminator, fake_images, real_images)
            if not workers.all_true(g_measures.is_finite):
                failure = diverged(status, "generator", workers.gather(g_measures), state)
                status = answer_divergence(config, state, status, failure, 0, folder, workers)
                if status.state.is_final:
                    break
                means = LossMeans()
                continue
            state.g_optimizer.step()
            counters.num_g_steps += 1
            means.g_steps.append(g_measures)
            num_images = training.batch_size * training.d_steps_per_g_step
            update_ema(state.g_ema, state.generator, counters.cur_nimg, num_images, training.ema_half_life_kimg)
        counters.train_sec += time.perf_counter() - step_start

    if (end := workers.from_first_rank(lambda: read_end(folder))) is None and workers.is_first:
        folder.write_status(status)
    yield Progress(end or status, None)


def _check_batch(training: TrainingConfig, workers: Workers, batch_statistics: str) -> None:
    batch = f"batch_size={training.batch_size} with {workers.world_size} workers"
    if training.batch_size % workers.world_size:
        raise InputError(
            f"training.batch_size: the batch must divide among the workers, but got {batch}; change one of them"
        )
    if training.batch_size // workers.world_size % training.pac:
        raise InputError(
            "training.pac: each worker's part of the batch must divide into groups of pac images, "
            f"but got pac={training.pac} and {batch}; change one of them"
        )
    network = training.network
    values: dict[str, Scalar] = {
        "batch_size": training.batch_size,
        "pac": training.pac,
        "penalty": training.penalty,
        "network.name": network.name,
        "network.discriminator_norm": network.discriminator_norm,
    }
    if (problem := worker_problem(values, workers.world_size, batch_statistics)) is not None:
        raise InputError(f"training.{problem[0][0]}: {problem[1]}")


def _evaluation_due(training: TrainingConfig, cur_nimg: int, done: bool) -> bool:
    """Whether this is the first step at or after a multiple of the evaluation interval, or the end."""
    interval = _kimg_to_nimg(training.evaluate_every_kimg)
    return done or cur_nimg == 0 or cur_nimg // interval > (cur_nimg - training.batch_size) // interval


def _is_done(
    training: TrainingConfig, counters: Counters, total_nimg: int, last_evaluated: int | None, workers: Workers
) -> bool:
    """Whether the length of the training is reached; of one that is measured in seconds rank 0's clock says it."""
    if training.device_sec is None:
        return counters.cur_nimg >= total_nimg
    if counters.cur_nimg in (0, last_evaluated):
        return False  # An end needs an evaluation of its own, so there is always a step before.
    return workers.first_says(counters.seconds * workers.world_size >= training.device_sec)


def _score(state: TrainingState, scorer: Scorer, training: TrainingConfig, workers: Workers, is_end: bool) -> Scores:
    # Batch norm's running statistics are each rank's own until they are used, here and in the checkpoint.
    for network in (state.generator, state.discriminator, state.g_ema):
        workers.average_buffers_(network)
    return score_generator(state.g_ema, scorer, training, workers, is_end)


def _draw_batch(
    training: TrainingConfig, dataset: Dataset, cur_nimg: int, workers: Workers
) -> tuple[Tensor, Tensor, Tensor | None]:
    """This rank's rows of the global batch after `cur_nimg` images: real images, latents, the penalty's numbers."""
    dtype = getattr(torch, training.precision)
    positions = batch_positions(training.seed, cur_nimg, training.batch_size, len(dataset.train_indices))
    chosen = workers.own_rows(torch.from_numpy(dataset.train_indices[positions])).numpy()
    images = torch.from_numpy(dataset.images[chosen]).to(workers.device)
    real_images = to_float(images, dtype).to(memory_format=torch.channels_last)
    random = seeded_generator(training.seed, Stream.LATENTS, cur_nimg)
    z = draw_z(training.batch_size, training.z_dim, training.z_distribution, random)
    noise = _draw_penalty_noise(training, real_images[0].numel(), cur_nimg)
    if noise is not None:
        noise = workers.own_rows(noise).to(workers.device, dtype)
    return real_images, workers.own_rows(z).to(workers.device, dtype), noise


def _draw_penalty_noise(training: TrainingConfig, num_values: int, cur_nimg: int) -> Tensor | None:
    """The gradient penalty's numbers for the global batch of images of `num_values` each; None if it is not due."""
    num_d_steps = cur_nimg // training.batch_size
    if training.penalty not in GRADIENT_PENALTIES or num_d_steps % (training.penalty_every or 1):
        return None
    num_noise = GRADIENT_PENALTIES[training.penalty].num_noise(training.pac * num_values)
    random = seeded_generator(training.seed, Stream.PENALTY, cur_nimg)
    return torch.rand(training.batch_size // training.pac, num_noise, 1, 1, generator=random)


def _kimg_to_nimg(kimg: float) -> int:
    # As a float, 4.046 * 1000 is 4046.0000000000005: more than 289 steps of 14, where 4046 is as many.
    return max(1, round(kimg * 1000))
