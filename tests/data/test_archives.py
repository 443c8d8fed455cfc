"""Archives as people pack them: links, repeated names, backslashes, by-products, and files that are no archives."""

import io
import os
import stat
import struct
import subprocess
import tarfile
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest
from support.standins import encoded, letters, write_folder, write_tar, write_zip

from gan_study.data.files.archives import open_image_files
from gan_study.data.files.selection import PassedOver
from gan_study.data.sources.image_folder import require_images
from gan_study.errors import InputError

BLACK = encoded(np.zeros((10, 10), np.uint8))


def contents(path: Path) -> dict[str, bytes]:
    """All images of a folder or an archive, by name."""
    files = open_image_files(path)
    names = files.names()
    return {name: content.load() for name, content in zip(names, files.contents(names), strict=True)}


def passed_over(path: Path) -> PassedOver:
    return open_image_files(path).passed_over


def message(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        require_images(open_image_files(path), str(path))
    return str(caught.value)


def packed(folder: Path, kind: str) -> Path:
    """A folder packed as by GNU tar or Info-ZIP, with links as links."""
    path = folder.with_suffix(f".{kind}")
    how = {"tar": ["tar", "-cf", str(path)], "tar.gz": ["tar", "-czf", str(path)]}[kind]
    subprocess.run([*how, "-C", folder, "."], check=True)
    return path


def zip_with_links(path: Path, files: dict[str, bytes], links: dict[str, str]) -> Path:
    """A zip archive as from `zip -y`."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, target in links.items():
            info = zipfile.ZipInfo(name)
            info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
            archive.writestr(info, target)
        for name, content in files.items():
            archive.writestr(name, content)
    return path


class TestLinks:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        """Letters A and B; every A again as a hard link in C, every B as a symbolic one in D; E is a link to A."""
        folder = write_folder(tmp_path / "images", letters())
        for name in ("C", "D"):
            (folder / "letters" / name).mkdir()
        for number in range(6):
            os.link(folder / f"letters/A/{number:03}.png", folder / f"letters/C/{number:03}.png")
            (folder / f"letters/D/{number:03}.png").symlink_to(f"../B/{number:03}.png")
        (folder / "letters/E").symlink_to("A")
        return folder

    @pytest.mark.parametrize("kind", ["tar", "tar.gz"])
    def test_a_tar_gives_what_its_folder_gives(self, folder: Path, kind: str) -> None:
        expected = contents(folder)
        assert len(expected) == 30
        assert contents(packed(folder, kind)) == expected

    def test_links_come_before_what_they_name(self, tmp_path: Path) -> None:
        path = tmp_path / "a.tar"
        with tarfile.open(path, "w") as archive:
            link = tarfile.TarInfo("B/1.png")
            link.type, link.linkname = tarfile.SYMTYPE, "../A/1.png"
            archive.addfile(link)
            file = tarfile.TarInfo("A/1.png")
            file.size = len(BLACK)
            archive.addfile(file, io.BytesIO(BLACK))
        assert contents(path) == {"A/1.png": BLACK, "B/1.png": BLACK}

    def test_links_to_files_that_are_not_named_like_images(self, tmp_path: Path) -> None:
        """Tools that keep large files under their hashes leave such links."""
        folder = write_folder(tmp_path / "images", {".store/ab12": BLACK, "A/1.txt": b""})
        (folder / "A/1.png").symlink_to("../.store/ab12")
        assert contents(folder) == contents(packed(folder, "tar")) == {"A/1.png": BLACK}

    def test_in_a_zip(self, tmp_path: Path) -> None:
        links = {"B/1.png": "../A/1.png", "C": "A", "D/1.png": "nowhere.png"}
        path = zip_with_links(tmp_path / "a.zip", {"A/1.png": BLACK}, links)
        assert contents(path) == {"A/1.png": BLACK, "B/1.png": BLACK, "C/1.png": BLACK}
        assert passed_over(path) == PassedOver(dangling_links=1)

    def test_without_a_target_and_in_circles(self, tmp_path: Path) -> None:
        folder = write_folder(tmp_path / "images", {"A/1.png": BLACK})
        for name, target in {
            "A/2.png": "nowhere.png",
            "A/3.png": "../../outside.png",
            "A/own.png": "own.png",
            "A/one.png": "two.png",
            "A/two.png": "one.png",
            "A/up": "..",
            "gone": "nowhere",
        }.items():
            (folder / name).symlink_to(target)
        for place in (folder, packed(folder, "tar")):
            assert contents(place) == {"A/1.png": BLACK}
            assert passed_over(place) == PassedOver(dangling_links=3, circular_links=4), place

    def test_a_hard_link_keeps_the_content_that_it_had(self, tmp_path: Path) -> None:
        path = tmp_path / "a.tar"
        with tarfile.open(path, "w") as archive:
            for name, content in (("A/1.png", b"old"), ("B/1.png", None), ("A/1.png", b"new")):
                member = tarfile.TarInfo(name)
                if content is None:
                    member.type, member.linkname = tarfile.LNKTYPE, "A/1.png"
                member.size = len(content or b"")
                archive.addfile(member, io.BytesIO(content or b""))
        assert contents(path) == {"A/1.png": b"new", "B/1.png": b"old"}
        assert passed_over(path) == PassedOver(repeated=1)

    def test_pipes_are_counted(self, tmp_path: Path) -> None:
        folder = write_folder(tmp_path / "images", {"A/1.png": BLACK})
        os.mkfifo(folder / "A/pipe.png")
        for place in (folder, packed(folder, "tar")):
            assert contents(place) == {"A/1.png": BLACK}
            assert passed_over(place) == PassedOver(special=1)


class TestNames:
    @pytest.mark.parametrize("kind", ["zip", "tar"])
    @pytest.mark.parametrize("second", ["A/1.png", "./A/1.png", "A\\1.png", "A//1.png"])
    def test_of_a_repeated_name_the_last_counts(self, tmp_path: Path, kind: str, second: str) -> None:
        path = tmp_path / f"a.{kind}"
        if kind == "zip":
            with zipfile.ZipFile(path, "w") as archive, warnings.catch_warnings():
                warnings.simplefilter("ignore")
                for name, content in (("A/1.png", b"old"), (second, b"new"), ("B/1.png", BLACK)):
                    archive.writestr(name, content)
        else:
            with tarfile.open(path, "w") as archive:
                for name, content in (("A/1.png", b"old"), (second, b"new"), ("B/1.png", BLACK)):
                    member = tarfile.TarInfo(name)
                    member.size = len(content)
                    archive.addfile(member, io.BytesIO(content))
        assert contents(path) == {"A/1.png": b"new", "B/1.png": BLACK}
        assert passed_over(path).parts() == ["1 earlier version of a repeated name"]

    @pytest.mark.parametrize("write", [write_zip, write_tar])
    def test_backslashes_part_folders(self, tmp_path: Path, write: object) -> None:
        files = {"A\\1.png": BLACK, "B\\1.png": BLACK, "__MACOSX\\A\\._1.png": b"x", "B\\.hidden.png": b"x"}
        path = write(tmp_path / "a", files)  # type: ignore[operator]
        assert contents(path) == {"A/1.png": BLACK, "B/1.png": BLACK}
        assert passed_over(path) == PassedOver(by_products={"__MACOSX": 1}, hidden=1)

    def test_an_absolute_and_a_climbing_name(self, tmp_path: Path) -> None:
        path = write_tar(
            tmp_path / "a.tar", {"/home/A/1.png": BLACK, "home/B/../B/1.png": BLACK, "../home/2.png": b"2"}
        )
        assert list(contents(path)) == ["home/A/1.png", "home/B/1.png", "home/2.png"]


BESIDE = {
    "A/1.png": BLACK,
    "A/2.HEIC": b"",
    "A/3.heic": b"",
    "notes": b"",
    "more.zip": b"",
    ".hidden/1.png": b"",
    "A/.2.png": b"",
    "@eaDir/1.png/SYNOFILE_THUMB_M.jpg": b"",
    "A/@eaDir/1.png/SYNOFILE_THUMB_M.jpg": b"",
    "#recycle/1.png": b"",
    "$RECYCLE.BIN/1.png": b"",
    "lost+found/1.png": b"",
    "A/Thumbs.db": b"",
}


class TestPassedOver:
    @pytest.mark.parametrize("kind", ["folder", "zip", "tar"])
    def test_everything_is_counted(self, tmp_path: Path, kind: str) -> None:
        write = {"folder": write_folder, "zip": write_zip, "tar": write_tar}[kind]
        place = write(tmp_path / "a", BESIDE)
        assert contents(place) == {"A/1.png": BLACK}
        found = passed_over(place)
        assert found.endings == {".heic": 2, "": 1, ".zip": 1}
        assert found.hidden == 2
        assert found.by_products == {"@eaDir": 2, "#recycle": 1, "$RECYCLE.BIN": 1, "Thumbs.db": 1, "lost+found": 1}
        assert found.warnings("a") == (
            "a: not used: 2 .heic files, 1 file without an ending, 1 .zip file, 2 hidden files or folders, @eaDir (2), "
            "#recycle (1), $RECYCLE.BIN (1), Thumbs.db (1), lost+found (1)",
        )

    @pytest.mark.parametrize("ending", [".jfif", ".jpe", ".JPG", ".avif"])
    def test_jpegs_by_other_names(self, tmp_path: Path, ending: str) -> None:
        if ending == ".avif":
            pytest.importorskip("PIL._avif")
        folder = write_folder(tmp_path / "a", {f"1{ending}": b"x"})
        assert open_image_files(folder).names() == [f"1{ending}"]

    @pytest.mark.parametrize(
        ("files", "expected"),
        [
            (
                {f"{number}.HEIC": b"" for number in range(30)},
                "only 30 .heic files; convert the pictures to PNG or JPEG",
            ),
            ({"a.zip": b"", "b.tar.gz": b""}, "only 1 .gz file, 1 .zip file; name the archive in it, or unpack it"),
            ({"a.npy": b""}, "only 1 .npy file; save arrays as image files"),
            (
                {"a.txt": b"", ".DS_Store": b""},
                "only 1 .txt file, 1 hidden file or folder; check that this is the right",
            ),
            ({}, "none; check that this is the right place"),
        ],
    )
    def test_what_there_is_in_place_of_images(self, tmp_path: Path, files: dict[str, bytes], expected: str) -> None:
        (tmp_path / "a").mkdir()
        text = message(write_folder(tmp_path / "a", files))
        assert text.startswith(f"{tmp_path}/a: there must be images (.png, .jpg and others), but got none")
        assert expected in text


class TestPacking:
    def patched(self, tmp_path: Path, method: int | None = None, flags: int = 0) -> Path:
        """A zip whose members claim another method, or a password."""
        path = write_zip(tmp_path / "a.zip", letters())
        content = bytearray(path.read_bytes())
        for signature, at_method, at_flags in ((b"PK\3\4", 8, 6), (b"PK\1\2", 10, 8)):
            start = content.find(signature)
            while start >= 0:
                if method is not None:
                    content[start + at_method : start + at_method + 2] = struct.pack("<H", method)
                content[start + at_flags] |= flags
                start = content.find(signature, start + 1)
        path.write_bytes(content)
        return path

    @pytest.mark.parametrize(("method", "name"), [(9, "9 (Deflate64)"), (98, "98 (PPMd)"), (77, "77")])
    def test_a_method_that_python_cannot_read(self, tmp_path: Path, method: int, name: str) -> None:
        path = self.patched(tmp_path, method=method)
        assert message(path) == (
            f"{path}: the archive must be packed by a method that Python can read (Deflate, bzip2, LZMA or none), but "
            f"got method {name} for 12 of 12 images; unpack it and name the folder, or pack the images again"
        )

    def test_a_password(self, tmp_path: Path) -> None:
        path = self.patched(tmp_path, flags=1)
        assert message(path) == (
            f"{path}: the images in an archive must be readable without a password, but got 12 of 12 with one; unpack "
            "it and name the folder, or pack the images again without a password"
        )


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (
            b"\n<!DOCTYPE html><html><body>Sign in",
            "is a web page or a server's answer, as a download that failed leaves",
        ),
        (b"\xef\xbb\xbf<html>", "is a web page"),
        (b'{"error": "not found"}', "is a web page or a server's answer"),
        (b"<?xml version='1.0'?><Error><Code>AccessDenied", "; fetch it again"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:12", "fetch the file itself with `git lfs pull`"),
        (b"7z\xbc\xaf\x27\x1c" + bytes(90), "is a 7-Zip archive, which Python cannot read; unpack it"),
        (b"Rar!\x1a\x07\x00" + bytes(90), "is a RAR archive, which Python cannot read; unpack it"),
        (b"\x28\xb5\x2f\xfd" + bytes(90), "is a Zstandard archive, which Python cannot read; unpack it"),
        (b"PK\x03\x04" + bytes(90), "is a zip archive that is cut short or damaged; fetch it again"),
        (b"\x93NUMPY\x01\x00", "is an array of numpy"),
        (b"", "is empty; fetch it again"),
        (b"anything else", "is neither, or is damaged; fetch it again"),
    ],
)
def test_what_is_no_archive(tmp_path: Path, content: bytes, expected: str) -> None:
    path = tmp_path / "images.zip"
    path.write_bytes(content)
    text = message(path)
    assert text.startswith(f"{path}: the file must be a zip or tar archive (.zip, .tar, .tar.gz), but ")
    assert expected in text


def test_a_single_image(tmp_path: Path) -> None:
    path = tmp_path / "1.png"
    path.write_bytes(BLACK)
    assert message(path).endswith("but is a single image; name the folder that holds it and the others")
