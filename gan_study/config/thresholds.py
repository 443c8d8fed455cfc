"""The limits at which findings fire; each is a setting of a study."""

from typing import Annotated

from pydantic import Field, PositiveFloat, PositiveInt

from gan_study.config.base import Frozen

Share = Annotated[float, Field(ge=0, le=1)]


class Thresholds(Frozen):
    """Limits of the findings. A ratio is the value of the generated images over that of as many held-out real ones.

    Most of the measures are published, but without limits; all limits are our own proposals. The measures are from:
    precision and recall, Kynkaanniemi et al. 2019; density and coverage, Naeem et al. 2020; Vendi score, Friedman and
    Dieng 2023; birthday test, Arora and Zhang 2018; bins that differ (NDB), Richardson and Weiss 2018; latent
    sensitivity, Mao et al. 2019; C_T, Meehan et al. 2020; authenticity, Alaa et al. 2022.
    """

    least_samples: PositiveInt = 500
    """Generated and held-out images, each, below which no trial is called healthy."""
    flat_levels: PositiveFloat = 1.0
    """Saturated: standard deviation of all values of the images, in levels of 255, with `duplicates`."""

    near_untrained: PositiveFloat = 0.8
    """Not learning: best score so far over that of the untrained generator; the training has not begun to lower it."""

    coverage_total: Share = 0.15
    """Total collapse: coverage ratio, with `vendi_total`; or the ratio of the shares of real images whose class is not
    missing, a classifier's measure of coverage, which also works where the features of classes overlap."""
    vendi_total: Share = 0.25
    """Total collapse: ratio of the Vendi scores minus 1 (the score of a single image), with `coverage_total`."""
    support_total: PositiveFloat = 100.0
    """Total collapse: number of different images by the birthday test; for images that are not realistic, only with
    `variation_total` or `duplicates`."""
    variation_total: Share = 0.1
    """Total collapse: ratio of the shares of the variance that lies between images, with `support_total`."""
    latent_sensitivity: Share = 0.1
    """Total collapse: latent sensitivity over the highest so far, with `pairwise_distance_severe`."""
    pairwise_distance_severe: Share = 0.5
    """Total collapse: ratio of the mean distances of two images, with `latent_sensitivity`."""
    duplicates: Share = 0.5
    """Total collapse: share of 256 images during the training that equal an earlier one, as in draws from a pool of 160
    images. At the end: share of repeated images, with `support_total` or `flat_levels`."""

    coverage_partial: Share = 0.75
    """Partial collapse: coverage ratio, which is about the share of the modes that is left."""
    ndb_partial: Share = 0.1
    """Partial collapse: share of the bins that differ, minus that of the control."""
    support_partial: PositiveFloat = 1000.0
    """Partial collapse: number of different images by the birthday test, if they are realistic."""
    missing_classes: PositiveFloat = 3.0
    """Partial collapse: standard deviations by which the number of missing classes exceeds the one due to chance."""

    recall_shrunken: Share = 0.3
    """Shrunken modes: recall ratio, with `density_shrunken` and a coverage ratio not below `coverage_partial`."""
    density_shrunken: PositiveFloat = 1.5
    """Shrunken modes: density ratio, with `recall_shrunken`."""

    precision_kept: Share = 0.7
    """Precision ratio below which the images are unlike real ones, and missing variety is no sign of collapse."""
    distance_kept: PositiveFloat = 1.5
    """Ratio of the median distances, in the features, to the nearest training image, above which the images are unlike
    real ones too."""
    pixel_distance_kept: PositiveFloat = 1.2
    """Ratio of such distances in pixels, to held-out images of the same classes, above which they are too."""

    c_t: float = -3.0
    """Memorisation: C_T, a z score, with `near_copies`."""
    authenticity: Share = 0.95
    """Memorisation: ratio of the authentic shares, with `near_copies`."""
    near_copies: Share = 0.01
    """Memorisation: share of near copies, minus that of the control."""

    discriminator_accuracy: Share = 0.98
    """Discriminator overpowering: accuracy on held-out real and on generated images, in the last third."""
    jensen_shannon: Share = 0.65
    """Discriminator overpowering: the estimate in nats (saturates at 0.693), in the last third."""
    g_output_gradient: PositiveFloat = 1e-3
    """Discriminator overpowering: gradient at the generator's output over its first value, in the last third."""
    stalled: Share = 0.01
    """Discriminator overpowering: relative fall of the score over the last third, by its regression line."""

    score_swing: PositiveFloat = 1.5
    """Oscillating: highest over lowest score in the last third, with `score_reversals`."""
    score_reversals: Annotated[float, Field(ge=1)] = 2.0
    """Oscillating: changes of direction of at least 10 % of the score in the last third."""
    rotating_modes: Share = 0.1
    """Oscillating: Jensen-Shannon divergence of class histograms, in nats, from one evaluation to the next."""

    late_collapse: PositiveFloat = 1.5
    """Late collapse: last score over the best."""
    still_falling: Share = 0.1
    """Still improving: relative fall of the score, in the last quarter of the training, below the best one before."""

    coverage_low: Share = 0.9
    """To note: coverage ratio."""
    support_low: PositiveFloat = 10_000.0
    """To note: number of different images by the birthday test, unless a tenth of the training images is less."""
    class_kl: PositiveFloat = 0.5
    """To note: divergence of the class shares from the real ones, in nats; six of ten equal classes have it."""
    pairwise_distance_low: Share = 0.8
    """To note: ratio of the mean distances of two images."""
