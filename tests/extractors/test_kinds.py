"""Each extractor that a study may name has its facts and its module."""

from typing import get_args

import pytest

from gan_study.config.extractors import EXTRACTORS, FID_DIMS, FID_EXTRACTOR, ExtractorName
from gan_study.extractors.kinds import PretrainedKind, TrainedKind
from gan_study.extractors.loading import extractor_kind


def test_names_and_facts_are_the_same() -> None:
    assert set(get_args(ExtractorName)) == set(EXTRACTORS)
    assert FID_DIMS in EXTRACTORS[FID_EXTRACTOR].layers


@pytest.mark.parametrize("name", EXTRACTORS)
def test_each_module_defines_the_kind_that_the_facts_say(name: str) -> None:
    kind, facts = extractor_kind(name), EXTRACTORS[name]
    if facts.is_pretrained:
        assert isinstance(kind, PretrainedKind)
    else:
        assert isinstance(kind, TrainedKind)
        assert kind.name == name
        assert facts.most_epochs > 0
