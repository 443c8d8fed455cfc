"""The longest training that a study's ranges hold."""

from gan_study.config.arms import resolve_training
from gan_study.config.base import Scalar
from gan_study.config.estimate import estimate_seconds_per_kimg
from gan_study.config.names import CONDITIONS
from gan_study.config.parameters import arm_parameters, condition_assignments
from gan_study.config.space import extremes
from gan_study.config.study import StudyConfig


def max_training_kimg(study: StudyConfig, num_train_images: int) -> float:
    """The most thousands of images that one training of any arm is shown."""
    return max(longest_trainings(study, arm, num_train_images)[0] for arm in study.arms)


def longest_trainings(study: StudyConfig, arm: str, num_train_images: int) -> tuple[float, float]:
    """The most kimg, and the most seconds, that one training within an arm's ranges takes."""

    def kimg_and_seconds(values: dict[str, Scalar]) -> tuple[float, float]:
        training = resolve_training(study, arm, values, seed=0, num_train_images=num_train_images)
        return training.total_kimg, training.total_kimg * estimate_seconds_per_kimg(training)

    # By time all take as long, so the longest is that with the most images.
    most = 0 if study.budget.device_sec is not None else 1
    found = []
    for assignment in condition_assignments(study, arm):
        active = [p for p in arm_parameters(study, arm) if p.is_active(assignment)]
        conditions = {p.name: assignment[p.name] for p in active if p.name in CONDITIONS}
        ranges = {p.name: extremes(p.range) for p in active if p.name not in CONDITIONS}
        values = {**conditions, **{name: ends[0] for name, ends in ranges.items()}}
        # One range after the other: the ends that take most, given the others.
        for name, ends in ranges.items():
            values = max(
                ({**values, name: end} for end in ends), key=lambda candidate: kimg_and_seconds(candidate)[most]
            )
        found.append(kimg_and_seconds(values))
    return max(kimg for kimg, _ in found), max(seconds for _, seconds in found)
