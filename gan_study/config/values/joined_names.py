"""Values that are several names together, as one text: penalties that are added, and augmentations."""

from typing import Annotated, Any, Final

from pydantic import BeforeValidator, WithJsonSchema

from gan_study.config.names import AUGMENTATIONS, AugmentationName
from gan_study.config.own.parts import OWN_NAME, is_own

NO_AUGMENTATION: Final = "none"


def names_to_text(value: Any) -> Any:
    """A list of names as one text, such as `r1+r2`, in alphabetical order; any other value as it is."""
    if isinstance(value, list | tuple) and value and all(isinstance(name, str) for name in value):
        return "+".join(sorted(value))
    return value


def augmentations_of(text: str) -> tuple[str, ...]:
    """The names of augmentations in a text such as `colour+cutout`. Raises ValueError if it is of anything else."""
    names = () if text == NO_AUGMENTATION else tuple(text.split("+"))
    if all(name in AUGMENTATIONS or is_own(name) for name in names) and len(set(names)) == len(names):
        return names
    raise ValueError(
        f"augmentations are none, or some of {', '.join(AUGMENTATIONS)}, and own ones, each once, but got "
        f"augment={text}; write such as [colour, translation, cutout]"
    )


def _augmentations(value: Any) -> Any:
    text = names_to_text(value)
    augmentations_of(str(text))
    return text


_OwnName = Annotated[str, WithJsonSchema({"type": "string", "pattern": OWN_NAME})]
_Given = str | tuple[AugmentationName | _OwnName, ...]
Augment = Annotated[str, BeforeValidator(_augmentations, json_schema_input_type=_Given)]
"""The name of an augmentation, such as flip or my_gans.py:wobble, a list of several, or none."""
