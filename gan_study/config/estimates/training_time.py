"""Estimates of a training's time from its configuration alone."""

from math import log2

from gan_study.config.data import ObjectiveConfig
from gan_study.config.estimates.architecture import work_ratios
from gan_study.config.extractors import EXTRACTORS
from gan_study.config.hyperparameters import NetworkConfig
from gan_study.config.names import WEIGHTED_PENALTIES
from gan_study.config.own.parts import is_own
from gan_study.config.training import TrainingConfig


def estimate_seconds_per_kimg(training: TrainingConfig, step_ratio: float = 1.0, scoring_ratio: float = 1.0) -> float:
    """Estimated seconds for a thousand real images on one core, including the evaluations' share.

    The ratios are seconds on this machine over those on the developers' machine (see `estimates/pace.py`).

    Measured with torch 2.15 on one of two cores of the developers' machine (a cloud server without GPU), batches of
    64, one channel, one D step for each G step, in seconds per thousand images:

        dcgan   16 px: width 16 0.21, width 32 0.29 (0.35 in the whole loop), width 64 0.81; 32 px width 32: 1.64
        mlp     16 px: width 64 0.04, width 256 0.10; 28 px width 256: 0.16
        infogan 28 px: width 64 5.0; resnet 32 px: width 32 13 (on a loaded machine, scaled by dcgan's 1.64)
        D step's share 0.57; D step with wgan_gp: 1.4 to 2.4 times as long
        1000 images scored: 0.2 (16 px), 0.9 (32 px); by inception see `estimate_scoring_sec`

    The formula is within a third of these. At sizes at which a network was not measured, and with further layers,
    attention or another way of doubling, it grows with the operations that `gan_study.gan.cost` counts. A GPU, another
    processor or small batches change it by much more.
    """
    num_samples = _samples_per_evaluation(training)
    network, size = training.network, training.dataset.image_size
    g_work, d_work = work_ratios(network, size)
    # A lazy penalty is evaluated at one in `penalty_every` steps.
    is_weighted = training.penalty in WEIGHTED_PENALTIES or is_own(training.penalty)
    penalty_share = 1 / (training.penalty_every or 1) if is_weighted else 0.0
    d_step = 0.57 * _step_sec_per_kimg(network, network.discriminator_width, size) * d_work * (1 + penalty_share)
    g_step = 0.43 * _step_sec_per_kimg(network, network.generator_width, size) * g_work / training.d_steps_per_g_step
    scoring = scoring_ratio * estimate_scoring_sec(training.objective, training.dataset.image_size)
    return step_ratio * (d_step + g_step) + scoring * num_samples / training.evaluate_every_kimg


def estimate_scoring_sec(objective: ObjectiveConfig, image_size: int) -> float:
    """Seconds to generate one image and pass it through the extractor of `objective`, on one core.

    Inception resizes every image to 299 pixels a side, so its time depends on `dims` alone.
    """
    own = 0.2e-3 * image_size**2 / 256
    layers = EXTRACTORS[objective.extractor].layers
    return own + (layers[objective.dims or max(layers)].image_sec if layers else 0)


def _samples_per_evaluation(training: TrainingConfig) -> float:
    """Generated images of one evaluation, on average over a whole training."""
    objective = training.objective
    num_early = max(0.0, training.total_kimg / training.evaluate_every_kimg - 1)
    num_samples = num_early * objective.samples_at(is_end=False) + objective.samples_at(is_end=True)
    return num_samples / (num_early + 1)


def _step_sec_per_kimg(network: NetworkConfig, width: int, size: int) -> float:
    """Seconds for a thousand images in steps of both players of this width, without a penalty."""
    area, num_doublings = width**2 * size**2, log2(size)
    match network.name:
        case "dcgan":
            return 0.12 + 0.44e-6 * area * (num_doublings - 2)
        case "infogan":
            return 0.12 + 1.5e-6 * area
        case "resnet":
            return 0.12 + (1.3e-5 + 0.41e-5 * (num_doublings - 5)) * area
        case "mlp":
            return 0.03 + 5e-7 * (width**2 + width * size**2)
        case _:  # an own network, until it is measured: as long as a dcgan of the default width
            return 0.12 + 0.44e-6 * area * (num_doublings - 2)
