"""Classes from folders, and the notes that explain them."""

import unicodedata

import pytest

from gan_study.data.files.layout import layout_of

CLASSES = [f"{name}/{number}.png" for name in "AB" for number in range(50)]


@pytest.mark.parametrize("above", ["letters", "home/letters", "a/b/c/d"])
def test_all_folders_around_the_images_are_passed_over(above: str) -> None:
    layout = layout_of([f"{above}/{name}" for name in CLASSES])
    assert layout.classes == ["A"] * 50 + ["B"] * 50
    assert layout.notes.common_folder == above
    assert layout.notes.warnings("x") == ()


@pytest.mark.parametrize(
    ("names", "stray"),
    [
        (
            ["preview.png", *CLASSES],
            "1 image lies beside 2 folders, so that these are not taken for classes: preview.png",
        ),
        (["preview.png", *(f"home/letters/{name}" for name in CLASSES)], "1 image lies beside 2 folders"),
        (["x/preview.png", *(f"x/{name}" for name in CLASSES)], "classes: x/preview.png"),
        (
            [*(f"{number}.png" for number in range(5)), *CLASSES],
            "5 images lie beside 2 folders, so that these are not taken for classes: 0.png, 1.png, 2.png and 2 more",
        ),
    ],
)
def test_images_in_the_way_of_classes_are_named(names: list[str], stray: str) -> None:
    layout = layout_of(names)
    assert layout.classes is None
    (warning,) = layout.notes.warnings("here")
    assert warning.startswith("here: ")
    assert stray in warning


@pytest.mark.parametrize("names", [["1.png", "2.png"], ["x/1.png", "x/2.png"], ["1.png", "x/2.png"], []])
def test_without_folders_there_is_nothing_to_say(names: list[str]) -> None:
    layout = layout_of(names)
    assert (layout.classes, layout.notes.warnings("x")) == (None, ())


@pytest.mark.parametrize(
    "parts",
    [
        ("test", "train"),
        ("Test", "Training", "Val"),
        ("dev", "test", "train"),
        ("Test set", "Train set"),
        ("test_images", "train_images"),
        ("train2017", "val2017"),
        ("1_train", "2_test"),
        ("held_out", "train"),
        ("seg_test", "seg_train"),
        ("extra", "test", "train"),
    ],
)
def test_parts_of_a_data_set_are_no_classes(parts: tuple[str, ...]) -> None:
    notes = layout_of([f"{part}/{name}" for part in parts for name in CLASSES]).notes
    assert notes.parts == tuple(sorted(parts))
    assert notes.warnings("x") == (
        f"x: the classes are the parts of a data set ({', '.join(parts)}) and no kinds of images",
    )


def test_a_class_may_have_the_name_of_a_part() -> None:
    for names in (("train", "plane"), ("training", "boxing"), ("images", "img"), ("1", "2"), ("set", "test tube")):
        assert layout_of([f"{name}/1.png" for name in names]).notes.parts == ()


def test_one_part_alone_has_the_classes() -> None:
    assert layout_of([f"data/train/{name}" for name in CLASSES]).classes == ["A"] * 50 + ["B"] * 50


def test_equal_letters_are_one_class_however_they_are_written() -> None:
    names = [f"{unicodedata.normalize(form, 'é')}/1.png" for form in ("NFC", "NFD")]
    assert layout_of([*names, "a/1.png"]).classes == ["é", "é", "a"]


def test_backslashes_and_bytes() -> None:
    assert layout_of(["A\\1.png", "B\\1.png"]).classes == ["A", "B"]
    assert layout_of(["caf\udce9/1.png", "the/1.png"]).classes == ["caf\udce9", "the"]
    assert layout_of(["x\udce9/caf/1.png", "x\udce9/the/1.png"]).notes.common_folder == "x\\udce9"
