"""The plan of a study: its trials and its greatest possible cost, before anything runs."""

from dataclasses import dataclass

from gan_study.config.arms.arm import arms_of
from gan_study.config.arms.resolved_training import ASSUMED_TRAIN_IMAGES
from gan_study.config.arms.settings import ArmSettings, arm_settings
from gan_study.config.estimates.longest_training import longest_trainings
from gan_study.config.estimates.scoring_cost import ScoringCost, scoring_cost
from gan_study.config.search.stopping import Bracket, brackets
from gan_study.config.study import StudyConfig


@dataclass(frozen=True)
class StudyPlan:
    """Upper bounds of a study's trials, images and time; early stopping reduces them."""

    study: StudyConfig
    arms: tuple[ArmSettings, ...]
    num_train_images: int | None
    """Images in the train part; None if nobody has counted them."""
    max_training_kimg: float
    """Length of the longest training within the ranges."""
    num_search_trials: int
    """Search trials of all arms."""
    num_refine_trials: int
    """Refine trials of all arms."""
    num_confirm_trials: int
    """Confirm trials of all arms."""
    max_kimg: float
    """Thousands of images of all trainings together."""
    max_core_sec: float
    """Estimated seconds of all trainings together on one core, with all their scores."""
    scoring: ScoringCost
    """The cost of scores other than those during the trainings."""

    @property
    def brackets(self) -> tuple[Bracket, ...]:
        """Brackets of an arm's trials, with their rungs; empty if the scheduler has none."""
        return brackets(self.study, self.max_training_kimg)

    @property
    def max_sec(self) -> float:
        """Estimated seconds from start to end, with the study's number of trials at once, or one if it sets none."""
        return self.scoring.preparation_sec + self.max_core_sec / (self.num_concurrent_trials or 1)

    @property
    def num_concurrent_trials(self) -> int | None:
        """Trials at once; None if the study sets no number."""
        number = self.study.resources.max_concurrent_trials
        return None if number == "auto" else number


def plan_study(study: StudyConfig, num_train_images: int | None = None) -> StudyPlan:
    """Plan a valid study; `num_train_images` is None if nobody has counted them."""
    num_arms, searched, refined = len(study.arms), study.search_trials_per_arm, study.refine.trials_per_arm
    confirmed = study.confirm.top_k * study.confirm.looks[-1]
    per_arm = searched + refined + confirmed
    counted = num_train_images or study.dataset.known_train_images
    num_confirmed = num_arms * confirmed
    scoring = scoring_cost(study, counted)
    arms = arms_of(study)
    longest = [longest_trainings(arm, counted or ASSUMED_TRAIN_IMAGES) for arm in arms]
    num_trainings = num_arms * per_arm
    return StudyPlan(
        study=study,
        arms=tuple(map(arm_settings, arms)),
        num_train_images=counted,
        max_training_kimg=max(kimg for kimg, _ in longest),
        num_search_trials=num_arms * searched,
        num_refine_trials=num_arms * refined,
        num_confirm_trials=num_confirmed,
        max_kimg=sum(per_arm * kimg for kimg, _ in longest),
        max_core_sec=sum(per_arm * seconds for _, seconds in longest)
        + scoring.seconds_beside(num_trainings, num_confirmed),
        scoring=scoring,
    )
