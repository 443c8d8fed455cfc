"""Data from strangers: archives that unpack without end or lead out of their folder, pickles that ask for memory."""

import gzip
import io
import lzma
import pickle
import tarfile
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from support.standins import encoded, letters, load, write_cifar10, write_idx_files, write_tar, write_zip

from gan_study.data.decoding.pixels import Corrupt, FilePixels
from gan_study.data.files.archives import open_image_files
from gan_study.data.files.selection import PassedOver
from gan_study.data.sources.image_folder import require_images
from gan_study.errors import InputError
from gan_study.runs.unpacking import load_arrays

IMAGE = encoded(np.zeros((10, 10), np.uint8))
MIB = 1 << 20


@contextmanager
def little_memory() -> Iterator[None]:
    """Python's objects inside take a few MiB at most, where each bomb here unpacks into 64 MiB."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < 24 * MIB
    finally:
        tracemalloc.stop()


@pytest.fixture(autouse=True)
def _small_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gan_study.data.files.archives.MAX_FILE_BYTES", 2 * MIB)
    monkeypatch.setattr("gan_study.data.files.archives.MAX_UNPACKED", 4 * MIB)
    monkeypatch.setattr("gan_study.runs.unpacking.MAX_UNPACKED_BYTES", 2 * MIB)


def message(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        require_images(open_image_files(path), str(path))
    return str(caught.value)


def zip_that_lies(path: Path) -> Path:
    """A zip archive whose only member states 1,000 bytes and unpacks into 64 MiB."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("0.png", bytes(64 * MIB))
    stated, told = (64 * MIB).to_bytes(4, "little"), (1000).to_bytes(4, "little")
    content = path.read_bytes()
    assert content.count(stated) == 2
    path.write_bytes(content.replace(stated, told))
    return path


def test_a_member_that_is_longer_than_it_states(tmp_path: Path) -> None:
    path = zip_that_lies(tmp_path / "a.zip")
    with little_memory():
        (content,) = open_image_files(path).contents(["0.png"])
        with pytest.raises(zipfile.BadZipFile, match="Bad CRC-32"):
            content.load()


def tar_of_zeros(path: Path) -> Path:
    """A tar archive whose only member is 64 MiB long."""
    with lzma.open(path, "wb", preset=0) as stream:
        member = tarfile.TarInfo("0.png")
        member.size = 64 * MIB
        stream.write(member.tobuf())
        for _ in range(64):
            stream.write(bytes(MIB))
    return path


def tar_with_long_header(path: Path) -> Path:
    """A tar archive that begins with a header of 64 MiB, which Python would read at once."""
    header = tarfile.TarInfo("x")
    header.type, header.size = tarfile.XHDTYPE, 64 * MIB
    with gzip.open(path, "wb") as stream:
        stream.write(header.tobuf() + bytes(64 * MIB))
    return path


def tar_with_long_map(path: Path) -> Path:
    """A tar archive with a sparse file whose list of parts has no end."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.PAX_FORMAT) as archive:
        member = tarfile.TarInfo("0.png")
        member.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "0.png"}
        member.size = 64 * MIB
        archive.addfile(member, io.BytesIO(b"99999999\n" + b"9\n" * (member.size // 2)))
    path.write_bytes(gzip.compress(plain.getvalue(), 1))
    return path


def zip_of_copies(path: Path) -> Path:
    """A zip archive of many members that are each small enough."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(32):
            archive.writestr(f"{number}.png", bytes(2 * MIB))
    return path


BOMBS: dict[str, tuple[Callable[[Path], Path], str]] = {
    "member.tar.xz": (tar_of_zeros, "an archive of images may unpack into 200 times its size, but got more than"),
    "header.tar.gz": (tar_with_long_header, "a header has 67,108,864 bytes"),
    "map.tar.gz": (tar_with_long_map, "it holds a sparse file, whose list of parts may have any length"),
    "copies.zip": (zip_of_copies, "an archive of images may unpack into 200 times its size, but got more than"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_an_archive_that_unpacks_without_end(tmp_path: Path, name: str) -> None:
    make, problem = BOMBS[name]
    path = make(tmp_path / name)
    with little_memory():
        found = message(path)
    assert found.startswith(f"{path}: ")
    assert problem in found


def test_large_members_of_a_tar_do_not_pile_up(tmp_path: Path) -> None:
    """A tar archive is read ahead of the threads that decode."""
    path = write_tar(tmp_path / "a.tar", {f"{number}.png": bytes(2 * MIB) for number in range(40)})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gan_study.data.decoding.pixels.MAX_GROUP_BYTES", MIB)
        patch.setattr("gan_study.data.decoding.pixels.MAX_WAITING_BYTES", 8 * MIB)
        files = open_image_files(path)
        with little_memory():
            outcomes = list(FilePixels(files, tuple(files.names())).decoded(None))
    assert {type(outcome) for outcome in outcomes} == {Corrupt}
    assert len(outcomes) == 40


def test_names_and_links_that_lead_out_of_an_archive(tmp_path: Path) -> None:
    outside = tmp_path / "outside.png"
    outside.write_bytes(IMAGE)
    names = ["../up.png", "/absolute.png", "A/../../../far.png", "A/in.png"]
    path = write_tar(tmp_path / "a.tar", dict.fromkeys(names, IMAGE))
    with tarfile.open(path, "a") as archive:
        for name, kind, target in (
            ("A/link.png", tarfile.SYMTYPE, str(outside)),
            ("A/up.png", tarfile.SYMTYPE, "../../outside.png"),
            ("A/hard.png", tarfile.LNKTYPE, str(outside)),
            ("A/zero.png", tarfile.CHRTYPE, ""),
        ):
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, target
            archive.addfile(member)
    before = {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
    for place in (path, write_zip(tmp_path / "a.zip", dict.fromkeys(names, IMAGE))):
        files = open_image_files(place)
        assert [content.load() for content in files.contents(files.names())] == [IMAGE] * len(files.names())
        assert len(files.names()) == len(names)
        before.setdefault(place, place.read_bytes())
    assert open_image_files(path).passed_over == PassedOver(dangling_links=3, special=1)
    assert {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()} == before


def test_honest_archives_of_every_kind_are_read(tmp_path: Path) -> None:
    for kind in ("", ".gz", ".bz2", ".xz"):
        path = write_tar(tmp_path / f"a.tar{kind}", letters(), f"w:{kind[1:]}")
        assert len(open_image_files(path).names()) == 12, kind


def damaged_arrays(kind: str) -> bytes:
    """An .npz file that asks for far more memory than it has bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        header = io.BytesIO()
        shape = (64 * MIB,) if kind == "zeros" else (1 << 50,)
        np.lib.format.write_array_header_1_0(header, {"descr": "|u1", "fortran_order": False, "shape": shape})
        archive.writestr("mu.npy", header.getvalue() + bytes(64 * MIB if kind == "zeros" else 10))
    return buffer.getvalue()


@pytest.mark.parametrize(("kind", "problem"), [("zeros", "it unpacks into more than"), ("shape", "states the shape")])
def test_arrays_that_ask_for_memory(kind: str, problem: str) -> None:
    content = damaged_arrays(kind)
    with little_memory(), pytest.raises(ValueError, match=problem):
        load_arrays(content)


def test_a_gzipped_file_that_unpacks_without_end(data: Path) -> None:
    write_idx_files(data / "MNIST/raw")
    path = data / "MNIST/raw/train-images-idx3-ubyte"
    path.with_suffix(".gz").write_bytes(gzip.compress(bytes(64 * MIB), 1))
    path.unlink()
    with little_memory(), pytest.raises(InputError, match=r"\.gz: .* unpacks into more than the 2,097,152 bytes"):
        load("mnist", image_size=32)


def nested_list() -> bytes:
    """A pickle of a batch whose labels are lists of one list ten times, nine times over."""
    labels: list[object] = [0] * 10
    for _ in range(8):
        labels = [labels] * 10
    return pickle.dumps({"data": np.zeros((1, 3072), np.uint8), "labels": labels}, protocol=2)


PICKLES: dict[str, tuple[bytes, str]] = {
    "a list of itself": (nested_list(), "its labels are not a list of numbers"),
    "a large number": (b"\x80\x02}r\xff\xff\xff\x7f.", "numbers a value 2,147,483,647"),
    "an array of nothing": (
        b"\x80\x02}(X\x04\0\0\0datacnumpy\nndarray\nJ\0\0\0\x20\x85cnumpy\ndtype\nX\x02\0\0\0u1\x85R\x86RX\x06\0\0\0labels](K\x01eu.",
        "NoneType",
    ),
}


@pytest.mark.parametrize("kind", PICKLES)
def test_a_pickle_that_asks_for_memory(data: Path, kind: str) -> None:
    write_cifar10(data)
    content, problem = PICKLES[kind]
    path = data / "cifar-10-batches-py/data_batch_2"
    path.write_bytes(content)
    with little_memory(), pytest.raises(InputError, match=problem) as caught:
        load("cifar10", image_size=32)
    assert str(caught.value).startswith(f"{path}: the file must be one of CIFAR-10's Python batches, but cannot be")
