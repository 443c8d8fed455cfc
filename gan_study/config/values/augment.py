"""Augmentations as one text, such as `colour+cutout`, or `adaptive colour+cutout to 0.5 in 20 kimg`."""

import re
from typing import Annotated, Any, Final, NamedTuple

from pydantic import BeforeValidator, WithJsonSchema

from gan_study.config.names import AUGMENTATIONS, AugmentationName
from gan_study.config.own.parts import OWN_NAME, is_own
from gan_study.config.values.joined_names import names_to_text

NO_AUGMENTATION: Final = "none"
_NUMBER = r"(\d*\.?\d+(?:[eE][-+]?\d+)?)"
_ADAPTIVE = re.compile(rf"adaptive ([^ ]+)(?: to {_NUMBER})?(?: in {_NUMBER} kimg)?")
_MAX_RAMP_KIMG = 500.0
"""As in the paper, whose trainings have 25,000 kimg."""
_RAMP_SHARE = 0.1


class AdaptiveStrength(NamedTuple):
    """The settings by which the probability of each augmentation follows a training (Karras et al. 2020, ADA)."""

    target: float = 0.6
    """The mean sign of the discriminator's output on real images above which the probability rises."""
    ramp_kimg: float | None = None
    """Thousands of images over which it rises from 0 to 1 at most."""

    def ramp_nimg(self, total_kimg: float) -> float:
        """The images over which it rises from 0 to 1; default: a tenth of the training, at most 500 kimg."""
        return 1000 * (self.ramp_kimg or min(_MAX_RAMP_KIMG, _RAMP_SHARE * total_kimg))


def augmentations_of(text: str) -> tuple[str, ...]:
    """The names of augmentations in a text; own ones are not adaptive. Raises ValueError if it is of anything else."""
    found = _ADAPTIVE.fullmatch(text)
    given = found[1] if found else text
    names = () if given == NO_AUGMENTATION and not found else tuple(given.split("+"))
    strength = adaptive_strength(text) or AdaptiveStrength()
    is_ramp = strength.ramp_kimg is None or strength.ramp_kimg > 0
    are_known = all(name in AUGMENTATIONS or (is_own(name) and not found) for name in names)
    if are_known and len(set(names)) == len(names) and 0 < strength.target < 1 and is_ramp:
        return names
    raise ValueError(
        f"augmentations are none, or some of {', '.join(AUGMENTATIONS)}, and own ones, each once, but got "
        f"augment={text}; write such as [colour, translation, cutout], or {{adaptive: [colour, translation], "
        "target: 0.6, ramp_kimg: 50} without own ones and with a target between 0 and 1"
    )


def adaptive_strength(text: str) -> AdaptiveStrength | None:
    """The settings of adaptive augmentations in a text; None if they are always applied."""
    found = _ADAPTIVE.fullmatch(text)
    if found is None:
        return None
    target, ramp = (None if number is None else float(number) for number in found.groups()[1:])
    return AdaptiveStrength(AdaptiveStrength().target if target is None else target, ramp)


def augment_to_text(value: Any) -> Any:
    """A list of names, or a mapping such as {adaptive: [flip], target: 0.5}, as its text; any other value as it is."""
    if not isinstance(value, dict) or not {"adaptive"} <= value.keys() <= {"adaptive", "target", "ramp_kimg"}:
        return names_to_text(value)
    target = f" to {value['target']}" if "target" in value else ""
    ramp = f" in {value['ramp_kimg']} kimg" if "ramp_kimg" in value else ""
    return f"adaptive {names_to_text(value['adaptive'])}{target}{ramp}"


def _augmentations(value: Any) -> Any:
    text = augment_to_text(value)
    augmentations_of(str(text))
    return text


_OwnName = Annotated[str, WithJsonSchema({"type": "string", "pattern": OWN_NAME})]
_Given = str | tuple[AugmentationName | _OwnName, ...] | dict[str, Any]
Augment = Annotated[str, BeforeValidator(_augmentations, json_schema_input_type=_Given)]
"""The name of an augmentation, such as flip or my_gans.py:wobble, a list of several, a mapping with adaptive, or
none."""
