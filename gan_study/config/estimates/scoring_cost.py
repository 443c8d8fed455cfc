"""The cost of scores other than those during a training: before the first trial, and at a training's start and end."""

from dataclasses import dataclass

from gan_study.config.arms.arm import Arm, arms_of
from gan_study.config.arms.resolved_training import ASSUMED_TRAIN_IMAGES
from gan_study.config.data import DatasetConfig
from gan_study.config.estimates.training_time import estimate_scoring_sec
from gan_study.config.extractors import EXTRACTORS
from gan_study.config.names import HELD_OUT_IMAGES
from gan_study.config.study import StudyConfig
from gan_study.config.training import TrainingConfig
from gan_study.config.values.half_lives import half_lives

MOST_DIAGNOSED = 60_000
"""Most training images that a diagnosis compares with."""
MOST_NEIGHBOURS = 10_000
"""Most images of each side between which the final scores compare all pairs."""


@dataclass(frozen=True)
class ScoringCost:
    """Images that pass through the extractor, and estimated seconds for each on one core.

    The training of an extractor that learns from the data set is not included (about ten seconds on digits).
    """

    num_real: int
    """Real images of the reference statistics, before the first trial."""
    num_untrained: int
    """Images of an untrained generator, before the first trial."""
    num_first: int
    """Images of each training before its first step."""
    num_diagnosed: int
    """Images of each training that is diagnosed at its end."""
    all_diagnosed: bool
    """True if all trainings are diagnosed, False if only the confirmed ones are."""
    num_drawn: int
    """Images of each confirmed training, for its final scores, the new score of its best evaluation, and those of
    further averages."""
    num_rescored: int
    """Images of every other training, for the new score of its best evaluation, and those of further averages."""
    num_compared: int
    """Further real images that diagnosis and final scores need, once on each machine."""
    seconds_per_image: float

    @property
    def preparation_sec(self) -> float:
        """Estimated seconds before the first trial."""
        return self.seconds_per_image * (self.num_real + self.num_untrained)

    def seconds_beside(self, num_trainings: int, num_confirmed: int) -> float:
        """Estimated seconds of scores and diagnoses before and after all trainings, confirmed ones included."""
        num_images = self.num_compared + num_trainings * self.num_first + num_confirmed * self.num_drawn
        num_images += (num_trainings - num_confirmed) * self.num_rescored
        num_images += (num_trainings if self.all_diagnosed else num_confirmed) * self.num_diagnosed
        return self.seconds_per_image * num_images


def scoring_cost(study: StudyConfig, num_train_images: int | None) -> ScoringCost:
    """The cost for a whole study; `num_train_images` is None if nobody has counted them."""
    objective, diagnosis, num_confirmed = study.objective, study.diagnosis, study.confirm.top_k
    train = num_train_images or ASSUMED_TRAIN_IMAGES
    held_out = _num_held_out(study.dataset, train)
    num_real = {"all": train + held_out, "train": train, "held_out": held_out}[objective.split]
    is_diagnosed = diagnosis.at_end == "all" or (diagnosis.at_end == "confirmed" and num_confirmed > 0)
    num_diagnosed = min(diagnosis.num_samples, train, held_out // 2) if is_diagnosed else 0
    # The features behind the statistics of `split` are kept, and not computed again.
    compared = min(train, MOST_DIAGNOSED) if is_diagnosed and objective.split == "held_out" else 0
    compared += 2 * num_diagnosed if objective.split == "train" else 0
    # But the classifier's probabilities are not kept.
    if num_confirmed and objective.final_draws and EXTRACTORS[objective.extractor].is_classifier:
        compared += min(2 * min(objective.num_samples, MOST_NEIGHBOURS), num_real)
    num_averages = max(_num_further_averages(arm) for arm in arms_of(study))
    return ScoringCost(
        num_real=num_real,
        num_untrained=objective.num_samples,
        # A budget in seconds counts these too.
        num_first=0 if study.budget.length.is_time else objective.samples_at(is_end=False),
        num_diagnosed=num_diagnosed,
        all_diagnosed=diagnosis.at_end == "all",
        num_drawn=(objective.final_draws + 1 + num_averages) * objective.num_samples,
        num_rescored=((objective.at == "best") + num_averages) * objective.num_samples,
        num_compared=compared,
        seconds_per_image=estimate_scoring_sec(objective, study.dataset.image_size),
    )


def _num_further_averages(arm: Arm) -> int:
    default = TrainingConfig.model_fields["ema_half_life_kimg"].default
    value = arm.fixed.get("ema_half_life_kimg", default)
    return len(half_lives(value)) - 1


def _num_held_out(dataset: DatasetConfig, num_train_images: int) -> int:
    known, share = HELD_OUT_IMAGES.get(dataset.name), dataset.held_out_share
    return known if known is not None else round(num_train_images * share / (1 - share))
