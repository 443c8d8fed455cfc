"""The training loop, for one process or many, under a scheduler or alone.

It is a generator: it yields what it measured at every evaluation, and its driver (Ray Tune, Ray Train,
`gan_study train`, a test) decides whether to continue by asking for the next one. The loop knows none of these drivers.
"""

import time
from collections.abc import Generator

import torch
from torch import Tensor, nn

from gan_study.config.training import TrainingConfig, TrialConfig, WorkersConfig
from gan_study.config.values.half_lives import half_lives
from gan_study.data.datasets import Dataset
from gan_study.gan.penalties import clip_weights_
from gan_study.runs.trial_folder import TrialFolder
from gan_study.training.batch import check_batch
from gan_study.training.batch_source import BatchSource
from gan_study.training.distributed import Workers
from gan_study.training.measures.evaluator import Evaluator
from gan_study.training.measures.means import LossMeans
from gan_study.training.measures.scores import MeasureCoverage, Scorer
from gan_study.training.measures.signals import make_probe
from gan_study.training.output.checkpoints import load_latest, read_end
from gan_study.training.precision import check_precision, network_arithmetic
from gan_study.training.progress import Progress
from gan_study.training.randomness import seed_own_parts
from gan_study.training.rollback import answer_divergence
from gan_study.training.state import Counters, TrainingState, build_state, set_rates_, update_ema
from gan_study.training.steps import PlayerStep, accumulate_d_gradients, accumulate_g_gradients


def train(
    config: TrialConfig,
    dataset: Dataset,
    scorer: Scorer,
    folder: TrialFolder,
    workers: Workers,
    measure_coverage: MeasureCoverage | None = None,
) -> Generator[Progress, None, None]:
    """Train one GAN, from its latest checkpoint if there is one, and yield a `Progress` at every evaluation.

    Evaluations come at 0 images, every `evaluate_every_kimg`, and at the end; each is followed by a checkpoint before
    its progress is yielded. The last progress has a final state: completed, diverged, stopped because the generator
    has collapsed, or the end that the study has given the trial meanwhile. A trial that had ended before yields its
    end again. If `on_collapse` is rollback, a collapse or a step that is not finite first leads back to an earlier
    state (`training/rollback.py`). With several workers all ranks run this at once and yield equal progress; rank 0
    writes the files.

    Args:
        config: the trial; its folder's files must be of the same trial.
        dataset: the images, of `config.training.dataset`; the train part is learned.
        scorer: the objective, on the workers' device.
        folder: where the trial's files go.
        workers: this process among those that share the trial.
        measure_coverage: measures the coverage of the averaged generator that counts, at the end.

    Raises:
        InputError: the workers cannot train this: the batch does not divide, it breaks another of the rules in
            `config/rules/workers.py`, or the device lacks the precision.
        StorageError: the folder cannot be written or read.
    """
    training = config.training
    check_batch(training, workers, config.workers)
    check_precision(training, workers.device)
    torch.set_num_threads(config.workers.cpus_per_worker)
    state = build_state(training, dataset.num_channels, workers.device, dataset.class_shares)
    status, evaluations = load_latest(state, folder, workers)
    last_evaluated = evaluations[-1].cur_nimg if evaluations else None
    if status.state.is_final:
        yield Progress(status, evaluations[-1] if evaluations else None)
        return
    generator = workers.wrap(state.generator, config.workers.batch_statistics)
    discriminator = workers.wrap(state.discriminator, config.workers.batch_statistics)
    batches = BatchSource(training, dataset, workers, _most_memory(config.workers, workers.device))
    counters, means = state.counters, LossMeans()
    evaluator = Evaluator(config, scorer, folder, workers, measure_coverage, make_probe(training, dataset, workers))

    while True:
        # A resumed training starts where it has been evaluated already.
        is_end = _is_end(training, counters, last_evaluated, means, workers)
        if _evaluation_due(training, counters.cur_nimg, is_end) and counters.cur_nimg != last_evaluated:
            progress = evaluator.evaluate(state, status, evaluations, means, is_end)
            status, means = progress.status, LossMeans()
            yield progress
        if is_end or status.state.is_final:
            return

        start = time.perf_counter()
        set_rates_(state, training, config.diagnosis.rollback_lr_factor ** len(state.rollbacks))
        means.unread += _make_step(training, state, generator, discriminator, batches, workers)
        reads = len(means.unread) >= most_unread_steps(workers.device)
        reads |= _evaluation_due(training, counters.cur_nimg, _has_all_images(training, counters.cur_nimg))
        undone = means.read(workers) if reads else []
        counters.add_train_sec(time.perf_counter() - start, workers)
        if undone:
            start = time.perf_counter()
            num_d_steps = sum(step.network == "discriminator" for step in undone)
            counters.take_back(num_d_steps, len(undone) - num_d_steps, training.batch_size)
            status, means = answer_divergence(config, state, status, undone[0], folder, workers), LossMeans()
            counters.add_train_sec(time.perf_counter() - start, workers)
            if status.state.is_final:
                break

    if (end := workers.from_first_rank(lambda: read_end(folder))) is None:
        workers.on_first_rank(lambda: folder.write_status(status))
    yield Progress(end or status, None)


def _most_memory(config: WorkersConfig, device: torch.device) -> float | None:
    """Return the share of a GPU's free memory that the images may take; None on a CPU."""
    if device.type == "cpu":
        return None
    return config.gpu_data_share * min(1, config.gpus_per_worker or 1)  # trials that share a GPU divide it


def most_unread_steps(device: torch.device) -> int:
    """Return after how many steps of the players their measures are read, if no evaluation comes before.

    On a GPU a read empties the queue of the work that the host has given it, so it must be rare; but a training whose
    numbers are no longer finite goes on in vain until then. On a CPU a read costs nothing.
    """
    return 1 if device.type == "cpu" else 100


def _make_step(
    training: TrainingConfig,
    state: TrainingState,
    generator: nn.Module,
    discriminator: nn.Module,
    batches: BatchSource,
    workers: Workers,
) -> list[PlayerStep[Tensor]]:
    """Train the discriminator on the next batch and, when its turn has come, the generator. Returns their steps.

    Both steps are made before it is known whether their numbers are finite. If some are not, the networks are lost,
    but nothing else: the training ends, or goes on from an earlier checkpoint, and its counters are set back.
    `generator` and `discriminator` are the networks of `state`, wrapped for the workers.
    """
    counters = state.counters
    seed_own_parts(training, counters.cur_nimg, workers.rank)
    real_images, z, noise, chances, labels = batches.draw(counters.cur_nimg)
    g_step_due = (counters.num_d_steps + 1) % training.d_steps_per_g_step == 0

    # The last of the discriminator's steps shares its images with the generator's step.
    with torch.set_grad_enabled(g_step_due), network_arithmetic(training, z.device):
        fake_images = generator(z).to(z.dtype)
    weight, adaptive = workers.own_weight(training.num_stacks), state.augment_probability
    probability = None if adaptive is None else adaptive.value
    d_measures = accumulate_d_gradients(
        training, discriminator, real_images, fake_images, noise, weight, chances, labels, probability
    )
    state.d_optimizer.step()
    if training.clip_value is not None:
        clip_weights_(state.discriminator, training.clip_value)
    counters.num_d_steps += 1
    counters.cur_nimg += training.batch_size
    if adaptive is not None and d_measures.real_sign is not None:
        adaptive.observe(d_measures.real_sign, counters.num_d_steps, weight, workers)
    d_step = PlayerStep("discriminator", d_measures)
    if not g_step_due:
        return [d_step]

    g_measures = accumulate_g_gradients(
        training, generator, discriminator, fake_images, real_images, weight, chances, labels, probability
    )
    state.g_optimizer.step()
    counters.num_g_steps += 1
    num_images = training.batch_size * training.d_steps_per_g_step
    averages = (state.g_ema, *state.further_emas.values())
    for g_ema, half_life in zip(averages, half_lives(training.ema_half_life_kimg), strict=True):
        update_ema(g_ema, state.generator, counters.cur_nimg, num_images, half_life)
    return [d_step, PlayerStep("generator", g_measures)]


def _evaluation_due(training: TrainingConfig, cur_nimg: int, is_end: bool) -> bool:
    """Return True at 0 images, at the first step that reaches a multiple of the evaluation interval, and at the end."""
    interval = _kimg_to_nimg(training.evaluate_every_kimg)
    return is_end or cur_nimg == 0 or cur_nimg // interval > (cur_nimg - training.batch_size) // interval


def _is_end(
    training: TrainingConfig, counters: Counters, last_evaluated: int | None, means: LossMeans, workers: Workers
) -> bool:
    """Return True if the training has reached its length; a length in seconds goes by rank 0's clock. Collective."""
    if training.device_sec is None:
        return _has_all_images(training, counters.cur_nimg)
    # The clock counts the steps only when they are read. An end needs an evaluation of its own, so a step before it.
    if means.unread or counters.cur_nimg in (0, last_evaluated):
        return False
    return workers.flag_of_first_rank(counters.device_sec >= training.device_sec)


def _has_all_images(training: TrainingConfig, cur_nimg: int) -> bool:
    """Return True if the training's length is given in images, and they have been shown."""
    return training.device_sec is None and cur_nimg >= _kimg_to_nimg(training.total_kimg)


def _kimg_to_nimg(kimg: float) -> int:
    # As a float, 4.046 * 1000 is 4046.0000000000005, which would need one step more than 289 of 14 images.
    return max(1, round(kimg * 1000))
