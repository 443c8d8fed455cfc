"""The confirmed seeds of each arm that count."""

from gan_study.analysis.confirmed_arm import ConfirmedArm, arms_with_seeds
from gan_study.analysis.looks import passed_looks
from gan_study.analysis.run_data import RunData


def confirmed_arms(run: RunData) -> dict[str, ConfirmedArm]:
    """The arms of `arms_with_seeds` with all seeds that have ended.

    Seeds after the look that decided do not count. There are some only if a study was extended or shortened.
    """
    looks = passed_looks(run)
    return arms_with_seeds(run, looks[-1].seeds if looks and looks[-1].is_last else None)
