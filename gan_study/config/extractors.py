"""The extractors that a study may name, with the facts about each that rules and estimates need.

The network called `name` is defined by the module `gan_study.extractors.<name>`, which needs torch; this file does not.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

ExtractorName = Literal["domain_classifier", "autoencoder", "inception"]


class Layer(NamedTuple):
    """A layer of a pretrained network whose outputs may serve as features."""

    name: str
    image_sec: float
    """Seconds for an image on one thread of the developers' machine."""


@dataclass(frozen=True)
class ExtractorFacts:
    """Properties of an extractor, apart from its network."""

    most_kimg: float = 0.0
    """Default of the most images in its training on the data set, in thousands; 0 if pretrained."""
    most_epochs: int = 0
    """Most passes over the data set in its training; 0 if pretrained."""
    is_classifier: bool = False
    """True if it learns the data set's own classes. It then needs labels, and gives each image class probabilities."""
    layers: Mapping[int, Layer] = field(default_factory=dict)
    """The layers that `dims` chooses among, by the length of their features; empty if there is no choice."""
    uses_all_cores: bool = False
    """True if the statistics of the real images use all cores that trials may use, not just one."""

    @property
    def is_pretrained(self) -> bool:
        """True if its weights are published, and so must be on this machine or be downloaded."""
        return self.most_kimg == 0


EXTRACTORS: dict[str, ExtractorFacts] = {
    "domain_classifier": ExtractorFacts(most_kimg=192.0, most_epochs=30, is_classifier=True),
    "autoencoder": ExtractorFacts(most_kimg=64.0, most_epochs=60),
    # Measured with 32 grey images of 64 pixels; 16 images take the same time within 10 %.
    "inception": ExtractorFacts(
        layers={
            64: Layer("max_pool_1", 0.0115),
            192: Layer("max_pool_2", 0.0215),
            768: Layer("Mixed_6e", 0.073),
            2048: Layer("pool3", 0.088),
        },
        uses_all_cores=True,
    ),
}
FID_EXTRACTOR: Final = "inception"
"""The network of the FID (Heusel et al. 2017)."""
FID_DIMS: Final = 2048
"""Length of the features of the FID."""
