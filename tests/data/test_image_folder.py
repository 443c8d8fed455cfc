"""A user's own images: which files count, kinds and sizes, classes, corrupt files, folders and archives."""

import os
import tarfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from support.present import present
from support.standins import encoded, letters, load, random_images, write_folder, write_tar, write_zip

from gan_study.data.datasets import Dataset
from gan_study.data.files.layout import layout_of
from gan_study.errors import InputError

GREY = np.full((10, 10), 100, np.uint8)


def load_images(path: Path | str, image_size: int = 10, **values: Any) -> Dataset:
    return load("image_folder", path=str(path), image_size=image_size, **values)


def message(path: Path | str, **values: Any) -> str:
    with pytest.raises(InputError) as caught:
        load_images(path, **values)
    return str(caught.value)


def stored(tmp_path: Path, content: bytes, **values: Any) -> np.ndarray:
    """The pixels (C, H, W) of one image in a data set with a grey one."""
    folder = write_folder(tmp_path / "images", {"0.png": content, "1.png": encoded(GREY)})
    return np.array(load_images(folder, **values).images[0])


class TestPlaces:
    @pytest.mark.parametrize(("name", "mode"), [("a.tar", "w"), ("a.tar.gz", "w:gz"), ("a.tgz", "w:gz"), ("x", "w:xz")])
    def test_folder_zip_and_tar_are_the_same(self, tmp_path: Path, name: str, mode: str) -> None:
        places = (
            write_folder(tmp_path / "folder", letters()),
            write_zip(tmp_path / "a.zip", letters()),
            write_tar(tmp_path / name, letters(), mode),
        )
        folder, zipped, tarred = map(load_images, places)
        assert folder.images.shape == (12, 1, 10, 10)
        assert folder.class_names == ("A", "B")
        assert folder.identity == zipped.identity == tarred.identity

    def test_a_tar_s_own_order_keeps_images_and_labels_together(self, tmp_path: Path) -> None:
        files = letters()
        names = sorted(files, key=lambda name: name[::-1])
        tarred = load_images(write_tar(tmp_path / "a.tar", {f"./{name}": files[name] for name in names}))
        folder = load_images(write_folder(tmp_path / "folder", files))
        for position, name in enumerate(names):
            other = sorted(files).index(name)
            assert np.array_equal(tarred.images[position], folder.images[other])
            assert present(tarred.labels)[position] == present(folder.labels)[other]

    def test_below_the_data_folder(self, data: Path) -> None:
        write_zip(data / "a.zip", letters())
        assert len(load_images("a.zip").images) == 12

    @pytest.mark.filterwarnings("ignore:.*lies beside 2 folders")
    def test_nothing_is_unpacked(self, tmp_path: Path, cache: Path) -> None:
        (tmp_path / "in").mkdir()
        files = {**letters(), "../outside.png": encoded(GREY)}
        load_images(write_zip(tmp_path / "in/a.zip", files))
        load_images(write_tar(tmp_path / "in/a.tar", files))
        found = {path.suffix for path in tmp_path.rglob("*") if path.is_file()}
        assert found == {".zip", ".tar", ".npy", ".json", ".lock"}

    def test_nothing_there(self, data: Path) -> None:
        assert message("a.zip") == (
            "dataset.path: there must be a folder or archive of images, but got path=a.zip, and there is no "
            f"{data}/a.zip; give its absolute path, or one below GAN_STUDY_DATA"
        )

    def test_nothing_there_and_no_data_folder(self, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("GAN_STUDY_DATA", raising=False)
        assert f"there is no {cache}/data/a.zip; " in message("a.zip")
        assert message("a.zip").endswith("below GAN_STUDY_DATA (not set)")

    def test_an_archive_that_is_none(self, tmp_path: Path) -> None:
        path = tmp_path / "a.zip"
        path.write_bytes(b"not a zip")
        assert message(path).startswith(f"{path}: the file must be a zip or tar archive")

    @pytest.mark.parametrize("share", [0.3, 0.8])
    @pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz"])
    def test_an_archive_that_is_cut_short(self, tmp_path: Path, kind: str, share: float) -> None:
        path = tmp_path / f"a.{kind}"
        files = {f"{number}.png": encoded(image) for number, image in enumerate(random_images(20, 40, 40))}
        write_zip(path, files) if kind == "zip" else write_tar(path, files, "w:gz" if kind == "tar.gz" else "w")
        path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
        text = message(path)
        assert text.startswith(f"{path}: ")
        assert text.endswith(
            ("fetch it again, or pack the images again", "pack the images again, or name their folder")
        )

    @pytest.mark.parametrize("damage", ["header", "cut in a header", "cut before a header"])
    def test_a_tar_whose_later_members_cannot_be_found(self, tmp_path: Path, damage: str) -> None:
        write_tar(path := tmp_path / "a.tar", {f"{n}.png": encoded(GREY) for n in range(20)}, "w")
        with tarfile.open(path) as archive:
            start = archive.getmembers()[10].offset
        content = path.read_bytes()
        broken = {
            "header": content[:start] + b"x" * 512 + content[start + 512 :],
            "cut in a header": content[: start + 100],
            "cut before a header": content[:start],
        }[damage]
        path.write_bytes(broken)
        assert message(path).startswith(f"{path}: the archive cannot be read")

    def test_a_folder_without_images(self, tmp_path: Path) -> None:
        folder = write_folder(tmp_path / "images", {"notes.txt": b"none"})
        assert message(folder) == (
            f"{folder}: there must be images (.png, .jpg and others), but got none, only 1 .txt file; "
            "check that this is the right place"
        )

    @pytest.mark.filterwarnings("ignore:.*not used. 1 link in a circle")
    def test_links_are_followed_but_not_in_circles(self, tmp_path: Path) -> None:
        folder = write_folder(tmp_path / "images", letters())
        (folder / "letters/A/again").symlink_to(folder)
        (folder / "letters/C").symlink_to(folder / "letters/B")
        dataset = load_images(folder)
        assert dataset.class_names == ("A", "B", "C")
        assert len(dataset.images) == 18


class TestKinds:
    def test_sizes_are_cropped_to_the_middle_square(self, tmp_path: Path) -> None:
        wide = np.zeros((10, 30), np.uint8)
        wide[:, 10:20] = 200
        assert (stored(tmp_path, encoded(wide)) == 200).all()

    def test_crop_takes_at_most_its_side(self, tmp_path: Path) -> None:
        large = np.zeros((40, 40), np.uint8)
        large[15:25, 15:25] = 200
        assert (stored(tmp_path, encoded(large), crop=10) == 200).all()

    def test_colour_among_grey(self, tmp_path: Path) -> None:
        red = np.zeros((10, 10, 3), np.uint8)
        red[..., 0] = 255
        folder = write_folder(tmp_path / "images", {"0.png": encoded(GREY), "1.png": encoded(red), "2.png": b""})
        dataset = load_images(folder, max_corrupt_share=0.5)
        assert (dataset.images[0] == 100).all()
        assert dataset.images[1, :, 0, 0].tolist() == [255, 0, 0]

    def test_rgb_without_colour_is_grey(self, tmp_path: Path) -> None:
        assert stored(tmp_path, encoded(np.dstack([GREY, GREY, GREY]))).tolist() == GREY[None].tolist()

    def test_asked_for_colour_and_grey(self, tmp_path: Path) -> None:
        red = encoded(np.full((10, 10, 3), (255, 0, 0), np.uint8))
        assert stored(tmp_path, encoded(GREY), channels=3).shape == (3, 10, 10)
        # ITU-R BT.601: 0.299 * 255.
        assert (stored(tmp_path, red, channels=1) == 76).all()

    def test_transparent_parts_are_white(self, tmp_path: Path) -> None:
        rgba = np.zeros((10, 10, 4), np.uint8)
        rgba[5:, :, 3] = 255
        rgba[0, :, 3] = 128
        pixels = stored(tmp_path, encoded(rgba))[0]
        assert pixels[:, 0].tolist() == [127, 255, 255, 255, 255, 0, 0, 0, 0, 0]

    def test_grey_with_transparency(self, tmp_path: Path) -> None:
        pixels = np.dstack([GREY, np.where(np.arange(10) < 5, 0, 255) * np.ones((10, 1))]).astype(np.uint8)
        assert stored(tmp_path, encoded(pixels))[0, 0].tolist() == [255] * 5 + [100] * 5

    def test_palette(self, tmp_path: Path) -> None:
        image = Image.new("P", (10, 10), 1)
        image.putpalette([0, 0, 0, 10, 20, 30])
        assert stored(tmp_path, encoded(image))[:, 0, 0].tolist() == [10, 20, 30]

    def test_palette_with_transparency(self, tmp_path: Path) -> None:
        image = Image.new("P", (10, 10), 1)
        image.putpalette([0, 0, 0, 10, 20, 30])
        assert (stored(tmp_path, encoded(image, transparency=1)) == 255).all()

    def test_black_and_white(self, tmp_path: Path) -> None:
        assert (stored(tmp_path, encoded(Image.new("1", (10, 10), 1))) == 255).all()

    def test_cmyk(self, tmp_path: Path) -> None:
        ink = Image.new("CMYK", (10, 10), (0, 255, 255, 0))
        assert stored(tmp_path, encoded(ink, "tiff"))[:, 0, 0].tolist() == [255, 0, 0]

    @pytest.mark.parametrize("kind", ["png", "tiff"])
    def test_16_bit_grey_is_scaled(self, tmp_path: Path, kind: str) -> None:
        levels = np.tile(np.array([0, 1, 128, 129, 257, 256, 32768, 65406, 65407, 65535], np.uint16), (10, 1))
        # Level / 257, to the nearest.
        expected = [0, 0, 0, 1, 1, 1, 128, 254, 255, 255]
        assert stored(tmp_path, encoded(levels, kind))[0, 0].tolist() == expected

    def test_a_camera_s_orientation_is_applied(self, tmp_path: Path) -> None:
        image = Image.fromarray(np.arange(100, dtype=np.uint8).reshape(10, 10))
        exif = Image.Exif()
        exif[0x0112] = 6  # shown turned clockwise by a quarter
        expected = np.rot90(np.asarray(image), -1)
        assert np.array_equal(stored(tmp_path, encoded(image, exif=exif))[0], expected)

    def test_a_jpeg(self, tmp_path: Path) -> None:
        smooth = np.tile(np.linspace(50, 200, 10).astype(np.uint8), (10, 1))
        assert np.abs(stored(tmp_path, encoded(smooth, "jpeg", quality=95))[0].astype(int) - smooth).max() < 8

    @pytest.mark.parametrize("image", [Image.new("F", (10, 10), 0.5), Image.new("I", (10, 10), 70000)])
    def test_values_without_a_range_are_refused(self, tmp_path: Path, image: Image.Image) -> None:
        folder = write_folder(tmp_path / "images", {"0.tif": encoded(image, "tiff"), "1.png": encoded(GREY)})
        assert "have no stated range; save the picture with 8 bits, or 16 without a sign" in message(folder)


class TestDeepLevels:
    """The range that all images of 16-bit grey in a data set use together."""

    def folder(self, tmp_path: Path, highest: int, num_plain: int = 0) -> Path:
        levels = np.linspace(0, highest, 100).reshape(10, 10).astype(np.uint16)
        deep = {f"deep{number}.png": encoded(np.roll(levels, number)) for number in range(10)}
        return write_folder(tmp_path / "images", deep | {f"{n}.png": encoded(GREY) for n in range(num_plain)})

    @pytest.mark.parametrize("num_plain", [0, 10])
    def test_8_bit_levels_in_16_bits_are_refused(self, tmp_path: Path, num_plain: int) -> None:
        assert (
            "images of 16-bit grey must use more than 256 of their 65,536 levels, or they become plain grey, but "
            in (text := message(self.folder(tmp_path, 255, num_plain)))
        )
        assert text.endswith("got levels from 0 to 255 in all 10; save them with 8 bits, or stretch the levels")

    def test_dark_ones_are_told(self, tmp_path: Path) -> None:
        (warning,) = load_images(self.folder(tmp_path, 4095)).warnings
        assert "(10) use the levels up to 4,095 of 65,535 and are learned as dark as that; stretch" in warning
        assert load_images(self.folder(tmp_path / "other", 16384)).warnings == ()

    def test_a_few_among_many_refuse_nothing(self, tmp_path: Path) -> None:
        folder = self.folder(tmp_path, 200, num_plain=10)
        (warning,) = load_images(folder, max_corrupt_share=0.5).warnings
        assert "use the levels up to 200 of 65,535" in warning


def test_white_drawings_on_nothing_are_told(tmp_path: Path) -> None:
    drawing = np.zeros((10, 10, 4), np.uint8)
    drawing[2:5] = 255
    files = {f"{number}.png": encoded(np.roll(drawing, number, 0)) for number in range(4)}
    (warning,) = load_images(write_folder(tmp_path / "images", files)).warnings
    assert "4 of 4 images are plain white, as their transparent parts are taken as white; fill these" in warning


class TestNames:
    @pytest.mark.filterwarnings("ignore:.*not used")
    def test_hidden_and_other_files_are_passed_over(self, tmp_path: Path) -> None:
        image = encoded(GREY)
        seen = {"A.PNG": image, "b.Jpeg": image, "c/d.bmp": image}
        hidden = {
            "__MACOSX/A.PNG": b"",
            ".hidden.png": b"",
            "._A.png": b"",
            ".git/x.png": b"",
            "Thumbs.db": b"",
            "t": b"",
        }
        for place in (
            write_folder(tmp_path / "images", seen | hidden),
            write_zip(tmp_path / "a.zip", seen | hidden),
            write_tar(tmp_path / "a.tar", seen | hidden),
        ):
            assert len(load_images(place).images) == 3

    @pytest.mark.parametrize(
        ("names", "classes"),
        [
            (["A/1.png", "B/1.png"], ["A", "B"]),
            (["all/A/1.png", "all/B/x/1.png"], ["A", "B"]),
            (["./A/1.png", "./B/1.png"], ["A", "B"]),
            (["all/A/1.png", "all/2.png"], None),
            (["A/1.png", "2.png"], None),
            (["A/1.png", "A/2.png"], None),
            (["all/A/1.png", "all/A/2.png"], None),
            (["a/b/C/1.png", "a/b/D/2.png"], ["C", "D"]),
            (["1.png"], None),
        ],
    )
    def test_classes(self, names: list[str], classes: list[str] | None) -> None:
        assert layout_of(names).classes == classes

    def test_without_classes(self, tmp_path: Path) -> None:
        dataset = load_images(write_zip(tmp_path / "a.zip", {f"x/{number}.png": encoded(GREY) for number in range(5)}))
        assert (dataset.labels, dataset.class_names) == (None, None)
        assert (len(dataset.train_indices), len(dataset.held_out_indices)) == (4, 1)


class TestSplit:
    def test_each_class_gives_its_share(self, tmp_path: Path) -> None:
        image = encoded(GREY)
        files = {f"{name}/{number}.png": image for name, num in (("a", 40), ("b", 10)) for number in range(num)}
        dataset = load_images(write_zip(tmp_path / "a.zip", files), held_out_share=0.2)
        assert np.bincount(present(dataset.labels)[dataset.held_out_indices]).tolist() == [8, 2]
        both = np.concatenate([dataset.train_indices, dataset.held_out_indices])
        assert sorted(both.tolist()) == list(range(50))

    def test_the_seed_decides_and_shares_the_cache(self, tmp_path: Path, cache: Path) -> None:
        path = write_zip(tmp_path / "a.zip", letters())
        first, again, other = (load_images(path, seed=seed, held_out_share=0.3) for seed in (0, 0, 1))
        assert np.array_equal(first.held_out_indices, again.held_out_indices)
        assert not np.array_equal(first.held_out_indices, other.held_out_indices)
        assert first.content_hash == again.content_hash != other.content_hash
        assert len([path for path in (cache / "datasets").iterdir() if path.is_dir()]) == 1

    def test_one_image_is_too_few(self, tmp_path: Path) -> None:
        assert "there must be two images" in message(write_zip(tmp_path / "a.zip", {"0.png": encoded(GREY)}))


class TestCorruptFiles:
    @pytest.fixture
    def files(self) -> dict[str, bytes]:
        """Ten images, of which four are damaged in different ways."""
        whole = [encoded(image) for image in random_images(7, 10, 10)]
        jpeg = encoded(random_images(1, 60, 60)[0], "jpeg")
        bad = {"02.png": b"", "04.jpg": jpeg[: len(jpeg) // 2], "06.png": whole[0][:60], "08.png": b"a text"}
        return {f"{2 * number + 1:02}.png": content for number, content in enumerate(whole[:6])} | bad

    @pytest.mark.parametrize("kind", ["folder", "zip", "tar"])
    def test_they_are_named_and_left_out(self, tmp_path: Path, files: dict[str, bytes], kind: str) -> None:
        write = {"folder": write_folder, "zip": write_zip, "tar": write_tar}[kind]
        dataset = load_images(write(tmp_path / "images", files), max_corrupt_share=0.4)
        assert np.array_equal(dataset.images[:, 0], random_images(7, 10, 10)[:6])
        (warning,) = dataset.warnings
        for name in ("02.png", "04.jpg", "06.png", "08.png"):
            assert name in warning
        assert "4 images cannot be decoded and are left out" in warning

    def test_too_many_are_an_error_also_with_a_cache(self, tmp_path: Path, files: dict[str, bytes]) -> None:
        path = write_zip(tmp_path / "a.zip", files)
        first = message(path)
        assert first.startswith(
            f"{path}: at most a share of 0.01 of the images may be corrupt, but got 4 of 10: 02.png ("
        )
        assert first.endswith("; repair or remove them, or raise dataset.max_corrupt_share")
        load_images(path, max_corrupt_share=0.4)
        assert message(path, max_corrupt_share=0.39) == first.replace("0.01", "0.39")

    def test_labels_stay_with_their_images(self, tmp_path: Path) -> None:
        files = letters()
        files["letters/A/002.png"] = b""
        dataset = load_images(write_zip(tmp_path / "a.zip", files), max_corrupt_share=0.1)
        assert present(dataset.labels).tolist() == [0] * 5 + [1] * 6

    def test_nothing_but_corrupt_files(self, tmp_path: Path) -> None:
        path = write_zip(tmp_path / "a.zip", {"0.png": b"", "1.png": b"x"})
        assert message(path, max_corrupt_share=1).startswith(
            f"{path}: there must be images that can be decoded, but got none among 2 files (0.png ("
        )

    def test_a_zip_s_damaged_member(self, tmp_path: Path) -> None:
        path = write_zip(tmp_path / "a.zip", letters())
        content = bytearray(path.read_bytes())
        start = content.index(b"\x89PNG") + 40
        content[start] ^= 0xFF
        path.write_bytes(content)
        assert "letters/A/000.png (Bad CRC-32 for file 'letters/A/000.png')" in message(path)

    def test_what_would_not_fit_into_memory_is_not_read(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("gan_study.data.files.archives.MAX_FILE_BYTES", 1000)
        files = {"0.png": encoded(GREY), "1.png": encoded(GREY), "2.png": bytes(1001)}
        for place in (write_zip(tmp_path / "a.zip", files), write_tar(tmp_path / "a.tar", files)):
            assert "2.png (it unpacks into more than the 1,000 bytes that are read)" in message(place)

    def test_a_huge_picture_is_not_decoded(self, tmp_path: Path) -> None:
        # 30,000 x 30,000 pixels in a few bytes, of which Pillow refuses to make 900 MB.
        header = b"IHDR" + (30_000).to_bytes(4) * 2 + encoded(GREY)[24:29]
        huge = encoded(GREY)[:12] + header + zlib.crc32(header).to_bytes(4) + encoded(GREY)[33:]
        folder = write_folder(tmp_path / "images", {"0.png": huge, "1.png": encoded(GREY)})
        assert message(folder).startswith(
            f"{folder}: at most a share of 0.01 of the images may be left out, but got 1 of 2: 0.png (larger "
        )

    @pytest.mark.skipif(os.getuid() == 0, reason="the superuser may read everything")
    def test_a_folder_that_may_not_be_read(self, tmp_path: Path) -> None:
        folder = write_folder(tmp_path / "images", letters())
        (folder / "letters/A").chmod(0)
        assert "the folder must be readable" in message(folder)


class TestRealFiles:
    def test_letters(self, data_folder: Path) -> None:
        path = needed(data_folder / "letters.zip")
        dataset = load_images(path, image_size=28)
        assert dataset.images.shape == (10_000, 1, 28, 28)
        assert dataset.class_names == tuple("ABCDEFGHIJ")
        assert np.bincount(present(dataset.labels)[dataset.held_out_indices]).tolist() == [100] * 10
        assert dataset.warnings == ()

    def test_omniglot_in_nested_folders(self, data_folder: Path) -> None:
        dataset = load_images(needed(data_folder / "images_background_small1.zip"), image_size=32)
        assert dataset.images.shape == (2720, 1, 32, 32)
        assert dataset.class_names == ("Balinese", "Early_Aramaic", "Greek", "Korean", "Latin")


def needed(path: Path) -> Path:
    if not path.exists():
        pytest.skip(f"needs {path.name}, which is not in {path.parent} (GAN_STUDY_DATA)")
    return path
