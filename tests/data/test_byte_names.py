"""Names of files are bytes. Names that are not UTF-8 are escaped in one way wherever they are stored or shown."""

import io
import json
import os
import tarfile
from pathlib import Path

import pytest
from support.standins import encoded, letters, load, random_images

from gan_study.config.data import DatasetConfig
from gan_study.data.inspection.inspection import inspect_dataset
from gan_study.errors import InputError, StorageError, printable
from gan_study.runs.storage import Storage


def latin1_files() -> dict[bytes, bytes]:
    """Two classes, one with a name in Latin-1, and a damaged file with such a name."""
    files = {
        os.fsencode(name).replace(b"letters/A", b"caf\xe9").replace(b"letters/B", b"the"): content
        for name, content in letters(60).items()
    }
    return {**files, b"the/b\xe4d\x1b[31m.png": b"x"}


@pytest.fixture(params=["folder", "tar"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / "latin1"
    if request.param == "folder":
        for name, content in latin1_files().items():
            file = os.path.join(os.fsencode(path), name)
            os.makedirs(os.path.dirname(file), exist_ok=True)
            with open(file, "wb") as stream:
                stream.write(content)
        return path
    with tarfile.open(path, "w") as archive:
        for name, content in latin1_files().items():
            member = tarfile.TarInfo(os.fsdecode(name))
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


def test_they_are_stored_and_shown_alike(place: Path, cache: Path) -> None:
    dataset = load("image_folder", path=str(place), image_size=10)
    assert dataset.class_names == (r"caf\udce9", "the")
    corrupt = r"the/b\udce4d\x1b[31m.png"
    assert dataset.warnings == (
        f"{place}: 1 image cannot be decoded and is left out: {corrupt} (not an image of a known kind)",
    )
    (meta,) = cache.glob("datasets/*/meta.json")
    assert json.loads(meta.read_text())["class_names"] == [r"caf\udce9", "the"]
    assert list(json.loads(meta.read_text())["survey"]["corrupt"]) == [corrupt]
    found = inspect_dataset(DatasetConfig(name="image_folder", path=str(place), image_size=10))
    assert found.class_counts == {r"caf\udce9": 60, "the": 60}
    assert list(found.survey.corrupt) == [corrupt]


def test_endings_and_system_files(tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path / "images")
    os.makedirs(folder)
    for name in (b"1.png", b"2.png", b"x.\xe9"):
        with open(folder + b"/" + name, "wb") as stream:
            stream.write(encoded(random_images(1, 10, 10)[0]))
    dataset = load("image_folder", path=os.fsdecode(folder), image_size=10)
    assert dataset.warnings == (rf"{tmp_path}/images: not used: 1 .\udce9 file",)


@pytest.mark.parametrize("error", [InputError, StorageError])
def test_errors_can_be_printed(error: type[InputError | StorageError]) -> None:
    text = str(error("caf\udce9/\x1b[31m: wrong\nsecond line"))
    assert text == r"caf\udce9/\x1b[31m: wrong" + "\nsecond line"
    assert text.encode()


def test_only_what_cannot_be_shown_is_escaped() -> None:
    assert printable("Übung 1/東京.png") == "Übung 1/東京.png"
    assert printable("a\nb\udc80\u202e") == r"a\nb\udc80\u202e"
    assert printable(printable("\udc80")) == r"\udc80"


def test_a_path_that_no_study_could_name(tmp_path: Path) -> None:
    for refuse in (
        lambda: load("image_folder", path=f"{tmp_path}/caf\udce9", image_size=10),
        lambda: Storage(f"{tmp_path}/caf\udce9"),
    ):
        with pytest.raises(InputError) as caught:
            refuse()
        assert str(caught.value).startswith(rf"{tmp_path}/caf\udce9: the path of ")
        assert str(caught.value).endswith("must be in UTF-8, but got other bytes; rename it, or give a link to it")
