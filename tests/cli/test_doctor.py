"""`doctor` on small stand-ins of what users have, and on the real files."""

import io
import json
import os
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from ruamel.yaml import YAML
from support.command import gan_study
from support.synthetic_run import write_synthetic_run

from gan_study.cli.doctor import examine_dataset
from gan_study.config.data import DatasetConfig, ObjectiveConfig
from gan_study.data.datasets import load_dataset
from gan_study.data.files.selection import PassedOver
from gan_study.data.sources.source import FileNotes
from gan_study.errors import InputError
from gan_study.evaluation.collections.places import find_dataset

RANDOM = np.random.default_rng(0)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, empty; the data folder and the cache are beside it."""
    folder = tmp_path / "here"
    for path in (folder, tmp_path / "data"):
        path.mkdir()
    monkeypatch.setenv("GAN_STUDY_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("GAN_STUDY_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(folder)
    return folder


def png(mode: str = "L", width: int = 40, height: int = 40) -> bytes:
    """An image of noise, other at each call."""
    depth = {"L": (), "RGB": (3,), "RGBA": (4,), "P": ()}
    if mode == "I;16":
        image = Image.fromarray(RANDOM.integers(0, 65536, (height, width), np.uint16))
    elif mode == "P":
        image = Image.fromarray(RANDOM.integers(0, 256, (height, width, 3), np.uint8)).convert("P")
    else:
        image = Image.fromarray(RANDOM.integers(0, 256, (height, width, *depth[mode]), np.uint8), mode)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def fill(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def in_json(capsys: pytest.CaptureFixture[str], name: str, **options: Any) -> dict[str, Any]:
    """The output of `doctor --json`."""
    examine_dataset(name, as_json=True, **options)
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def in_words(capsys: pytest.CaptureFixture[str], name: str, **options: Any) -> str:
    examine_dataset(name, as_json=False, **options)
    return capsys.readouterr().out


def findings(found: dict[str, Any]) -> str:
    return "\n".join(advice["finding"] for advice in found["advice"])


MIXED = {
    "grey.png": png("L", 40, 30),
    "colour.PNG": png("RGB", 50, 40),
    "glass.png": png("RGBA", 60, 50),
    "palette.png": png("P", 70, 60),
    "deep.png": png("I;16", 80, 70),
    "deep/copy.png": b"",
    "broken.jpg": b"no image",
    "notes.txt": b"no image either, and not named like one",
}
MIXED["deep/copy.png"] = MIXED["colour.PNG"]


def test_all_kinds_of_images_in_one_folder(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(here / "mixed", MIXED)
    found = in_json(capsys, "mixed")
    assert found["inspection"] == {
        "place": str(here / "mixed"),
        "survey": {
            "num_images": 6,
            "num_duplicates": 1,
            "modes": {"RGB": 2, "L": 1, "RGBA": 1, "P": 1, "I;16": 1},
            "width": {"min": 40, "median": 55.0, "max": 80},
            "height": {"min": 30, "median": 45.0, "max": 70},
            "corrupt": {"broken.jpg": "not an image of a known kind"},
            "refused": {},
            "num_transparent": 1,
            "num_hidden": 0,
            "num_further_pages": 0,
            "deep_levels": found["inspection"]["survey"]["deep_levels"],
        },
        "channels": 3,
        "num_train": 5,
        "num_held_out": 1,
        "class_counts": None,
        "notes": FileNotes(passed_over=PassedOver(endings={".txt": 1})).model_dump(mode="json"),
    }
    # 45 pixels typically: 64 would enlarge them by more than a quarter.
    assert found["dataset"]["image_size"] == 32
    for text in (
        "1 of 7 images cannot be decoded, more than the share of 0.01",
        "1 of 6 images is an exact copy",
        "the images have no labels",
        "2 of 6 images are grey among coloured ones",
        "1 of 6 images has transparent parts",
        "1 of 6 images has 16 bits",
        "sides differ by up to a factor of 2.3",
    ):
        assert text in findings(found)


def pack_zip(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def pack_tar(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


@pytest.mark.parametrize(("name", "pack"), [("mine.zip", pack_zip), ("mine.tar.gz", pack_tar)])
def test_an_archive_is_described_as_its_folder_is(
    here: Path, capsys: pytest.CaptureFixture[str], name: str, pack: Any
) -> None:
    files = {f"letters/{letter}/{number}.png": png() for letter in "AB" for number in range(3)}
    fill(here / "mine", files)
    (here / name).write_bytes(pack(files))
    of_folder, of_archive = in_json(capsys, "mine"), in_json(capsys, name)
    assert of_archive["inspection"]["class_counts"] == {"A": 3, "B": 3}
    assert of_folder["inspection"]["survey"] == of_archive["inspection"]["survey"]
    assert of_archive["inspection"]["place"] == of_archive["dataset"]["path"] == str(here / name)
    assert of_archive["preview"] == str(here / "doctor-mine.png")


def test_the_blocks_can_go_into_a_study_file(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = {f"{letter}/{number}.png": png() for letter in "AB" for number in range(10)}
    fill(here.parent / "data/my: {letters}", files)  # what YAML would take for its own signs
    text = in_words(capsys, "my: {letters}", crop=24)
    blocks = YAML(typ="safe").load(text[text.index("dataset: ") :])
    assert blocks == {
        "dataset": {"name": "image_folder", "path": "my: {letters}", "image_size": 16, "crop": 24, "channels": 1},
        "objective": {"metric": "frechet_distance", "extractor": "domain_classifier", "num_samples": 5000},
    }
    dataset = load_dataset(DatasetConfig.model_validate(blocks["dataset"]))
    assert dataset.images.shape == (20, 1, 16, 16)
    assert ObjectiveConfig.model_validate(blocks["objective"]) == ObjectiveConfig()


def test_without_labels_the_autoencoder_is_proposed(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(here / "flat", {f"{number}.png": png() for number in range(4)})
    assert in_json(capsys, "flat")["objective"]["extractor"] == "autoencoder"


def test_sizes_that_are_asked_for_are_kept(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(here / "flat", {f"{number}.png": png(width=100, height=100) for number in range(4)})
    assert in_json(capsys, "flat")["dataset"]["image_size"] == 64
    asked = in_json(capsys, "flat", image_size=28, crop=60)
    assert (asked["dataset"]["image_size"], asked["dataset"]["crop"]) == (28, 60)
    fitting = {fit["network"] for fit in asked["networks"] if fit["epoch_sec"] is not None}
    assert fitting == {"infogan", "mlp"}
    assert asked["cache_bytes"] == 4 * 28 * 28
    assert "of the networks only infogan and mlp can be built for 28 pixels" in findings(asked)


def test_the_preview_shows_the_crop_and_the_resize(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # Black, with a white square of 32 pixels in the middle: cropped to it, nothing but white is left.
    pixels = np.zeros((64, 100), np.uint8)
    pixels[16:48, 34:66] = 255
    Image.fromarray(pixels).save(fill(here / "white", {"0.png": png()}) / "0.png")
    found = in_json(capsys, "white", crop=32, image_size=64, preview="out.png")
    assert found["preview"] == str(here / "out.png")
    sheet = np.asarray(Image.open(here / "out.png"))
    assert sheet.shape == (68, 68)
    assert (sheet[2:66, 2:66] == 255).all()
    assert (sheet[[0, 1, 66, 67]] == 128).all()


def test_the_preview_has_an_example_of_each_part_of_a_large_set(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    images = {f"{level:03}.png": level for level in range(0, 250, 2)}
    for name, level in images.items():
        Image.new("L", (16, 16), level).save(fill(here / "levels", {name: b""}) / name)
    found = in_json(capsys, "levels", image_size=16)
    sheet = np.asarray(Image.open(found["preview"]))
    assert sheet.shape == (2 + 8 * 66, 2 + 8 * 66)  # small images are enlarged to 64 pixels
    tiles = sheet[2 + 32 :: 66, 2 + 32 :: 66].ravel()
    assert len(tiles) == 64
    assert (tiles[0], tiles[-1]) == (0, 248)
    assert (np.diff(tiles.astype(int)) > 0).all()


def test_a_preview_replaces_its_own_kind_only(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(here / "flat", {f"{number}.png": png() for number in range(4)})
    first = in_json(capsys, "flat")
    before = Path(first["preview"]).read_bytes()
    in_json(capsys, "flat", image_size=16)
    assert Path(first["preview"]).read_bytes() != before
    foreign = png()
    (here / "doctor-flat.png").write_bytes(foreign)
    with pytest.raises(InputError, match=r"^--preview: .* got .*/doctor-flat\.png with another file in it; choose"):
        examine_dataset("flat", as_json=True)
    assert (here / "doctor-flat.png").read_bytes() == foreign


def test_a_preview_never_becomes_one_of_the_images(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    flat = fill(here / "flat", {f"{number}.png": png() for number in range(4)})
    with pytest.raises(InputError, match=r"^--preview: the picture must not become one of the images"):
        examine_dataset("flat", preview="flat/preview.png", as_json=True)
    monkeypatch.chdir(flat)
    assert in_json(capsys, ".")["preview"] == str(here / "doctor-flat.png")
    assert in_json(capsys, ".")["inspection"]["survey"]["num_images"] == 4


@pytest.mark.parametrize("place", ["preview.jpg", "nowhere/preview.png"])
def test_a_preview_without_a_place(here: Path, place: str) -> None:
    fill(here / "flat", {"0.png": png()})
    with pytest.raises(InputError, match=r"^--preview: the name must end in \.png"):
        examine_dataset("flat", preview=place, as_json=True)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("mnst", "; did you mean 'mnist'? (known: celeba,"),
        ("cifar", "; did you mean 'cifar10'?"),
        ("lettrs.zip", "; did you mean {data}/letters.zip?"),
        ("my_facs", "; did you mean {here}/my_faces?"),
        ("{here}/my_face", "; did you mean {here}/my_faces?"),
        ("image_folder", " (known: celeba,"),
        ("n" * 300, " (known: celeba,"),  # longer than a file's name can be
    ],
)
def test_what_is_not_there_is_answered_with_what_is_near(here: Path, name: str, hint: str) -> None:
    data = here.parent / "data"
    for folder in ("my_faces", "letterz"):  # letters.zip is nearer, if further away
        (here / folder).mkdir()
    (data / "letters.zip").touch()
    with pytest.raises(InputError) as caught:
        find_dataset(name.format(here=here))
    assert hint.format(here=here, data=data) in str(caught.value)


def test_where_a_name_is_looked_for(here: Path) -> None:
    data = here.parent / "data"
    for place in (data / "both", here / "both", data / "there", here / "mnist"):
        place.mkdir()
    assert find_dataset("both") == {"name": "image_folder", "path": str(here / "both")}
    assert find_dataset("there") == {"name": "image_folder", "path": "there"}  # so that it holds on other machines
    assert find_dataset(str(data / "there")) == {"name": "image_folder", "path": "there"}
    assert find_dataset("mnist") == {"name": "mnist"}
    assert find_dataset("./mnist") == {"name": "image_folder", "path": str(here / "mnist")}


def test_names_that_would_change_the_terminal_are_printed_harmlessly(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(here / "odd", {"ok.png": png(), "also.png": png()})
    (Path(os.fsdecode(bytes(here / "odd") + b"/\xff\x1b[31m\n.png"))).write_bytes(b"no image")
    text = in_words(capsys, "odd")
    assert r"\udcff\x1b[31m\n.png (not an image of a known kind)" in text
    assert list(in_json(capsys, "odd")["inspection"]["survey"]["corrupt"]) == [r"\udcff\x1b[31m\n.png"]


def test_the_number_of_samples_is_ten_for_each_feature_as_is_said() -> None:
    from gan_study.extractors.autoencoder import BOTTLENECK_DIMS  # torch, which most tests here do without
    from gan_study.extractors.domain_classifier import HIDDEN_DIMS

    stacked = 3 * HIDDEN_DIMS  # the classifier of stacked_mnist looks at each channel
    assert ObjectiveConfig().num_samples >= 10 * max(stacked, BOTTLENECK_DIMS)


def test_in_words(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = in_words(capsys, "digits")
    lines = [" ".join(line.split()) for line in text.splitlines()]
    for line in (
        "number 1,797: 1,497 to learn, 300 held out",
        "channels 1 (grey); stored as L 1,797",
        "width 8 pixels",
        "classes 10: 0 178, 1 182, 2 177, 3 183, 4 181, 5 182, 6 181, 7 179, 8 174, 9 180",
        "duplicates none",
        "corrupt none",
        "Networks at 16 x 16 pixels",
        "infogan 28, 32, 64 does not fit",
        f"disk {1797 * 256 / 1000:.1f} kB of decoded images in {here.parent}/cache",
        "- images down to 8 pixels are enlarged to 16, which blurs them",
        f"Preview, written to {here}/doctor-digits.png",
        "--preview FILE.png writes it elsewhere.",
        "dataset: {name: digits, image_size: 16}",
    ):
        assert line in lines
    assert max(len(line) for line in text.splitlines()) <= 160


def test_the_help_says_where_the_preview_goes_and_how_to_choose() -> None:
    text = " ".join(gan_study("doctor", "--help").stdout.split())
    assert (
        "Writes one file, a preview of the images as a GAN would see them: doctor-<name>.png in the current folder, "
        in text
    )
    assert "unless --preview names another place. Its path is printed." in text
    assert "--preview FILE.png The file that the preview is written to. Default: doctor-<name>.png in the" in text


def test_a_download_is_told_of_before_it_is_tried(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_network(*_: object) -> None:
        raise OSError("no route")

    monkeypatch.setattr("gan_study.data.sources.downloads.download_beside", no_network)
    with pytest.raises(InputError, match="could not be downloaded"):
        examine_dataset("kmnist", as_json=True)
    assert f"kmnist is not in {here.parent}/data/KMNIST/raw: trying to download it there" in capsys.readouterr().err
    assert list(here.iterdir()) == []


def test_the_gravest_advice_stands_first(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(here / "mixed", MIXED)
    found = in_json(capsys, "mixed")
    gravities = [advice["gravity"] for advice in found["advice"]]
    assert gravities == sorted(gravities, key=("stops", "spoils", "weakens", "noted").index)
    text = in_words(capsys, "mixed")
    advice = text[text.index("Advice, gravest first") :].splitlines()
    assert advice[1].startswith("  - 1 of 7 images cannot be decoded, more than the share of 0.01")
    assert advice[3].startswith("  - the images have no labels")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("empty", None, "{place}: there must be images"),
        ("torn.zip", pack_zip(MIXED)[:-30], "{place}: the file must be a zip or tar archive"),
        ("torn.tar.gz", pack_tar(MIXED)[:-900], "{place}: the archive cannot be read"),
        ("nothing.zip", b"", "{place}: the file must be a zip or tar archive"),
        ("broken.zip", pack_zip({"a.png": b"x"}), "{place}: there must be images that can be decoded"),
    ],
)
def test_what_holds_no_images(here: Path, name: str, content: bytes | None, message: str) -> None:
    place = here / name
    place.mkdir() if content is None else place.write_bytes(content)
    with pytest.raises(InputError) as caught:
        examine_dataset(name, as_json=True)
    assert str(caught.value).startswith(message.format(place=place))


def test_a_folder_with_a_run_in_it(here: Path) -> None:
    """Its grids of samples are pictures, too."""
    fill(here / "mixed/photographs", {f"{number}.png": png() for number in range(4)})
    write_synthetic_run(str(here / "mixed/run"))
    with pytest.raises(InputError) as caught:
        examine_dataset("mixed", as_json=True)
    place = here / "mixed"
    assert str(caught.value).startswith(
        f"{place}: a folder of images must hold no trainings, but got the folder of a run"
    )
    assert str(caught.value).endswith(f"{place}/run, whose pictures are grids of samples; give the images alone")


def test_on_the_command_line(here: Path) -> None:
    fill(here.parent / "data/flat", {f"{number}.png": png() for number in range(4)})
    found = gan_study("doctor", "flat", "--image-size", 32, "--preview", "p.png", "--json", "--data-root", "../data")
    assert (found.returncode, found.stderr) == (0, "")
    assert json.loads(found.stdout)["dataset"]["path"] == "flat"
    assert (here / "p.png").exists()
    found = gan_study("doctor", "flt")
    assert (found.returncode, found.stdout) == (2, "")
    assert found.stderr.startswith("error: flt: doctor takes a folder, an archive or the name of a data set")


class TestRealFiles:
    """Numbers that were counted by other means."""

    @pytest.fixture(autouse=True)
    def _at_real_files(self, data_folder: Path, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("GAN_STUDY_DATA", str(data_folder))

    def test_letters(self, capsys: pytest.CaptureFixture[str]) -> None:
        found = in_json(capsys, "letters.zip")
        survey = found["inspection"]["survey"]
        assert (survey["num_images"], survey["num_duplicates"], survey["modes"]) == (10_000, 196, {"L": 10_000})
        assert found["inspection"]["class_counts"] == dict.fromkeys("ABCDEFGHIJ", 1000)
        assert found["dataset"]["path"] == "letters.zip"
        assert found["dataset"]["image_size"] == 32

    def test_faces(self, capsys: pytest.CaptureFixture[str]) -> None:
        found = in_json(capsys, "faces.zip", crop=140)
        survey = found["inspection"]["survey"]
        assert (survey["num_images"], survey["corrupt"]) == (4000, {})
        assert (survey["width"]["median"], survey["height"]["median"]) == (178, 218)
        assert (found["inspection"]["channels"], found["inspection"]["class_counts"]) == (3, None)
        assert (found["dataset"]["image_size"], found["dataset"]["crop"]) == (64, 140)
        assert found["cache_bytes"] == 4000 * 3 * 64 * 64

    def test_omniglot(self, capsys: pytest.CaptureFixture[str]) -> None:
        found = in_json(capsys, "images_background_small1.zip")
        assert found["inspection"]["survey"]["modes"] == {"1": 2720}
        assert found["inspection"]["channels"] == 1
        counts = {"Balinese": 480, "Early_Aramaic": 440, "Greek": 480, "Korean": 800, "Latin": 520}
        assert found["inspection"]["class_counts"] == counts

    def test_mnist(self, capsys: pytest.CaptureFixture[str]) -> None:
        found = in_json(capsys, "mnist")
        inspection = found["inspection"]
        assert (inspection["num_train"], inspection["num_held_out"]) == (60_000, 10_000)
        assert inspection["class_counts"]["1"] == 7877
        assert found["advice"] == []
        assert found["dataset"]["image_size"] == 32
