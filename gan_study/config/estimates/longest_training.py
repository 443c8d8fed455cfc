"""The longest and a typical training within a study's ranges."""

from statistics import fmean

from gan_study.config.arms.arm import Arm, arms_of
from gan_study.config.arms.resolved_training import resolve_training
from gan_study.config.base import Scalar
from gan_study.config.estimates.training_time import estimate_seconds_per_kimg
from gan_study.config.space import extremes
from gan_study.config.study import StudyConfig


def max_training_kimg(study: StudyConfig, num_train_images: int) -> float:
    """Thousands of images in the longest training of any arm."""
    return max(longest_trainings(arm, num_train_images)[0] for arm in arms_of(study))


def longest_trainings(
    arm: Arm, num_train_images: int, step_ratio: float = 1.0, scoring_ratio: float = 1.0
) -> tuple[float, float]:
    """The most kimg, and the most seconds, that one training within an arm's ranges takes.

    For the ratios see `estimate_seconds_per_kimg`.
    """
    ends = _extreme_trainings(arm, num_train_images, step_ratio, scoring_ratio)
    return max(most[0] for _, most in ends), max(most[1] for _, most in ends)


def typical_training(
    arm: Arm, num_train_images: int, step_ratio: float = 1.0, scoring_ratio: float = 1.0
) -> tuple[float, float]:
    """The kimg and the seconds halfway between the shortest and the longest training of an arm, over its choices."""
    ends = _extreme_trainings(arm, num_train_images, step_ratio, scoring_ratio)
    kimg, seconds = (fmean(part for pair in ends for part in (pair[0][i], pair[1][i])) for i in (0, 1))
    return kimg, seconds


def _extreme_trainings(
    arm: Arm, num_train_images: int, step_ratio: float, scoring_ratio: float
) -> list[tuple[tuple[float, float], tuple[float, float]]]:
    """The kimg and seconds of the shortest and the longest training, for each assignment of the conditions."""

    def kimg_and_seconds(values: dict[str, Scalar]) -> tuple[float, float]:
        training = resolve_training(arm, values, seed=0, num_train_images=num_train_images)
        if training.device_sec is not None:
            return training.total_kimg, training.device_sec
        return training.total_kimg, training.total_kimg * estimate_seconds_per_kimg(training, step_ratio, scoring_ratio)

    # With a budget in seconds all take equally long, and the longest is the one with the most images.
    most = 0 if arm.study.budget.length.is_time else 1
    found = []
    for assignment in arm.assignments:
        active = [p for p in arm.parameters if p.is_active(assignment)]
        conditions = {p.name: assignment[p.name] for p in active if p.is_condition}
        ranges = {p.name: extremes(p.range) for p in active if not p.is_condition}
        pair = []
        for sign in (-1, 1):
            values = {**conditions, **{name: ends[0] for name, ends in ranges.items()}}
            # Choose for one range after the other the end that makes the training shortest or longest.
            for name, ends in ranges.items():
                values = max(
                    ({**values, name: end} for end in ends),
                    key=lambda candidate: sign * kimg_and_seconds(candidate)[most],
                )
            pair.append(kimg_and_seconds(values))
        found.append((pair[0], pair[1]))
    return found
