"""Advice on both sides of each threshold, from invented inspections."""

from dataclasses import replace
from typing import Any

import pytest

from gan_study.config.data import DatasetConfig
from gan_study.data.inspection.advice import list_advice, propose_image_size
from gan_study.data.inspection.inspection import Inspection
from gan_study.data.survey import Spread, Survey


def evenly(pixels: int) -> Spread:
    return Spread(min=pixels, median=pixels, max=pixels)


SURVEY = Survey(num_images=6000, num_duplicates=0, modes={"L": 6000}, width=evenly(64), height=evenly(64), corrupt={})
SOUND = Inspection("here", SURVEY, 1, 5400, 600, {"a": 3000, "b": 3000})
CONFIG = DatasetConfig(name="image_folder", path="here", image_size=64)


def findings(inspection: Inspection = SOUND, config: DatasetConfig = CONFIG, **survey: object) -> list[str]:
    changed = replace(inspection, survey=inspection.survey.model_copy(update=survey))
    return [advice.finding for advice in list_advice(changed, config)]


def test_nothing_is_said_of_a_sound_data_set() -> None:
    assert findings() == []


@pytest.mark.parametrize(
    ("side", "crop", "proposed"),
    [
        (8, None, 16),
        (25, None, 16),
        (26, None, 32),
        (51, None, 32),
        (52, None, 64),
        (999, None, 64),
        (178, 30, 32),
        (20, 30, 16),
    ],
)
def test_the_proposed_size_enlarges_a_typical_image_by_a_quarter_at_most(
    side: int, crop: int | None, proposed: int
) -> None:
    survey = SURVEY.model_copy(update={"width": evenly(side), "height": evenly(side + 500)})
    assert propose_image_size(survey, crop) == proposed


@pytest.mark.parametrize(
    ("sound", "flawed", "text"),
    [
        ({}, {"num_train": 999}, "few images are to be learned (999): a discriminator"),
        ({"num_train": 1000}, {"num_held_out": 499}, "few images are held out (499), so scores"),
        ({}, {"num_held_out": 1}, "few images are held out (1), so scores"),
        ({"num_held_out": 500}, {"num_held_out": 0}, "no image can be held out"),
        (
            {"class_counts": {"a": 20, "b": 20}},
            {"class_counts": {"a": 19, "b": 20}},
            "1 of 2 classes has fewer than 20",
        ),
        ({"class_counts": {"a": 200, "b": 20}}, {"class_counts": {"a": 201, "b": 20}}, "class a has 201 images"),
        ({}, {"class_counts": None}, "the images have no labels"),
    ],
)
def test_numbers_and_classes(sound: dict[str, Any], flawed: dict[str, Any], text: str) -> None:
    assert findings(replace(SOUND, **sound)) == []
    (finding,) = findings(replace(SOUND, **flawed))
    assert finding.startswith(text)


@pytest.mark.parametrize(
    ("sound", "flawed", "text"),
    [
        (
            {"num_images": 5000},
            {"num_images": 4999},
            "there are fewer than 5,000 real images (4,999)",
        ),
        ({}, {"num_duplicates": 1}, "1 of 6,000 images is an exact copy of an earlier one"),
        (
            {"width": Spread(min=52, median=64, max=104)},
            {"width": Spread(min=51, median=64, max=102)},
            "images down to 51 pixels are enlarged to 64",
        ),
        (
            {"height": Spread(min=64, median=70, max=128)},
            {"height": Spread(min=64, median=70, max=130)},
            "sides differ by up to a factor of 2.0",
        ),
        ({"height": evenly(91)}, {"height": evenly(92)}, "the square crop leaves out 30% of a typical image"),
        ({}, {"num_duplicates": 2}, "2 of 6,000 images are exact copies of an earlier one"),
        ({}, {"modes": {"L": 5999, "P": 1}}, "1 of 6,000 images is stored in colour"),
        ({}, {"modes": {"L": 5998, "P": 2}}, "2 of 6,000 images are stored in colour"),
        (
            {"modes": {"L": 5998, "LA": 2}},
            {"num_transparent": 1},
            "1 of 6,000 images has transparent parts, which are taken as white",
        ),
        ({}, {"num_transparent": 6000, "num_hidden": 6000}, "6,000 of 6,000 images are plain white, as their"),
        (
            {},
            {"modes": {"I;16": 6000}, "deep_levels": (0, 65535)},
            "6,000 of 6,000 images have 16 bits, of which the upper 8 are learned",
        ),
        (
            {},
            {"modes": {"L": 5999, "I;16": 1}, "deep_levels": (0, 16383)},
            "1 of 6,000 images has 16 bits, of which the upper 8 are learned; their levels are 0 to 16,383 of 65,535, "
            "so that they are dark",
        ),
        (
            {},
            {"modes": {"I;16": 6000}, "deep_levels": (0, 255)},
            "6,000 of 6,000 images have 16 bits, of which the upper 8 are learned; their levels are 0 to 255 of "
            "65,535, so that nothing is seen of them",
        ),
    ],
)
def test_sizes_and_kinds(sound: dict[str, Any], flawed: dict[str, Any], text: str) -> None:
    assert findings(**sound) == []
    (finding,) = findings(**flawed)
    assert finding.startswith(text)


def test_grey_images_among_coloured_ones() -> None:
    coloured = replace(SOUND, channels=3)
    assert findings(coloured, modes={"RGB": 6000}) == []
    assert findings(coloured, modes={"RGB": 5990, "1": 4, "L": 6}) == [
        "10 of 6,000 images are grey among coloured ones, and a generator will make both"
    ]


def test_corrupt_images_up_to_the_share_that_is_taken() -> None:
    names = {f"{number}.png": "torn" for number in range(60)}
    (taken,) = findings(num_images=5940, corrupt=names)
    assert taken == "60 of 6,000 images cannot be decoded; a training leaves them out"
    (refused,) = findings(num_images=5939, corrupt={**names, "60.png": "torn"})
    assert refused == "61 of 6,000 images cannot be decoded, more than the share of 0.01 that a training leaves out"


def test_images_that_are_whole_but_not_taken() -> None:
    names = {f"{number}.tif": "floats" for number in range(60)}
    (taken,) = findings(num_images=5940, refused=names)
    assert taken == "60 of 6,000 images cannot be used unchanged; a training leaves them out"
    both = findings(num_images=5939, refused=names, corrupt={"60.png": "torn"})
    assert [text.partition(",")[0] for text in both] == [
        "1 of 6",
        "60 of 6",
    ]


def test_a_crop_that_small_images_do_not_have() -> None:
    config = CONFIG.model_copy(update={"crop": 64})
    assert findings(config=config) == []
    (finding,) = findings(config=config.model_copy(update={"crop": 65}))
    assert finding.startswith("the smallest image has a side of 64 pixels, less than the crop of 65")


def test_a_size_that_the_convolutions_are_not_built_for() -> None:
    (finding,) = findings(config=CONFIG.model_copy(update={"image_size": 48}))
    assert finding == "of the networks only mlp can be built for 48 pixels"


def test_what_hurts_most_comes_first() -> None:
    flaws = {
        "modes": {"L": 5990, "P": 10},
        "num_duplicates": 601,
        "corrupt": {f"{number}.png": "torn" for number in range(100)},
        "height": Spread(min=64, median=92, max=130),
    }
    flawed = replace(SOUND, num_held_out=400, num_train=900, class_counts={"a": 10, "b": 5990})
    advice = list_advice(replace(flawed, survey=SURVEY.model_copy(update=flaws)), CONFIG)
    assert [(each.gravity, each.finding[:24]) for each in advice] == [
        ("stops", "100 of 6,100 images cann"),
        ("spoils", "601 of 6,000 images are "),
        ("spoils", "few images are to be lea"),
        ("spoils", "1 of 2 classes has fewer"),
        ("spoils", "the square crop leaves o"),
        ("weakens", "few images are held out "),
        ("weakens", "sides differ by up to a "),
        ("noted", "10 of 6,000 images are s"),
    ]


@pytest.mark.parametrize(
    ("num_copies", "name", "gravity"),
    [(600, "image_folder", "weakens"), (601, "image_folder", "spoils"), (601, "celeba", "noted")],
)
def test_copies_weigh_by_their_share_and_by_what_can_be_done(num_copies: int, name: str, gravity: str) -> None:
    config = CONFIG if name == "image_folder" else DatasetConfig.model_validate({"name": name, "image_size": 64})
    survey = SURVEY.model_copy(update={"num_duplicates": num_copies})
    (advice,) = list_advice(replace(SOUND, survey=survey), config)
    assert advice.gravity == gravity


def test_the_share_that_would_hold_out_enough() -> None:
    (advice,) = list_advice(replace(SOUND, num_held_out=400), CONFIG)
    assert advice.remedy == "set dataset.held_out_share: 0.09"  # of 6,000, 8 % would be 480 images and 9 % are 540
    few = SURVEY.model_copy(update={"num_images": 999})
    remedies = [advice.remedy for advice in list_advice(replace(SOUND, survey=few, num_held_out=100), CONFIG)]
    assert "add images, or read findings with care" in remedies


def test_what_is_said_of_published_data_sets_can_be_done() -> None:
    config = DatasetConfig(name="celeba", image_size=64)
    survey = SURVEY.model_copy(update={"num_duplicates": 3})
    labels, copies = list_advice(replace(SOUND, survey=survey, class_counts=None), config)
    assert copies.remedy.startswith("they belong to the published data set: keep them")
    assert labels.remedy == "set extractor: autoencoder, or metric: fid"
