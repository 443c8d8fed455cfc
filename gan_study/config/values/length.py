"""The length of a full training, in the unit of its budget."""

from dataclasses import dataclass
from typing import Final, Literal, get_args

LengthUnit = Literal["total_kimg", "epochs", "d_steps", "g_steps", "device_sec"]
LENGTH_UNITS: Final[tuple[LengthUnit, ...]] = get_args(LengthUnit)
_NOUNS: dict[LengthUnit, str] = {
    "total_kimg": "kimg",
    "epochs": "epochs",
    "d_steps": "discriminator steps",
    "g_steps": "generator steps",
    "device_sec": "device-seconds",
}


@dataclass(frozen=True)
class Length:
    """An amount of one unit; `BudgetConfig` documents the units."""

    unit: LengthUnit
    amount: float

    @property
    def noun(self) -> str:
        """The unit in words, such as `discriminator steps`."""
        return _NOUNS[self.unit]

    @property
    def is_time(self) -> bool:
        """True if the length is a time, so that the number of images depends on the machine."""
        return self.unit == "device_sec"

    @property
    def fixes_images(self) -> bool:
        """True if all trainings see equally many images, whatever their batch size and update ratio."""
        return self.unit in ("total_kimg", "epochs")

    def to_kimg(self, batch_size: int, d_steps_per_g_step: int, num_train_images: int) -> float | None:
        """Thousands of real images shown to the discriminator of a training; None if the length is a time.

        Args:
            batch_size: images per step.
            d_steps_per_g_step: discriminator steps for every generator step.
            num_train_images: images of an epoch.
        """
        match self.unit:
            case "total_kimg":
                return self.amount
            case "device_sec":
                return None
            case "epochs":
                images = num_train_images
            case "d_steps":
                images = batch_size
            case "g_steps":
                images = batch_size * d_steps_per_g_step
        return self.amount * images / 1000
