"""The idx format: what is read, and what is said of a file that is damaged, cut short or not there."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from gan_study.data.sources.idx import read_idx
from gan_study.errors import InputError

# As MNIST's home page describes it: two zeros, 8 for bytes, the number of axes, each length as four bytes, the data.
HEADER = b"\x00\x00\x08\x03" + b"\x00\x00\x00\x02" + b"\x00\x00\x01\x00" + b"\x00\x00\x00\x03"
ARRAY = np.random.default_rng(0).integers(256, size=(2, 256, 3), dtype=np.uint8)
CONTENT = HEADER + ARRAY.tobytes()
ZIPPED = gzip.compress(CONTENT)


def message(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        read_idx(path)
    return str(caught.value)


def test_a_plain_and_a_zipped_file(tmp_path: Path) -> None:
    (tmp_path / "plain").write_bytes(CONTENT)
    (tmp_path / "zipped.gz").write_bytes(ZIPPED)
    for name in ("plain", "zipped"):
        array = read_idx(tmp_path / name)
        assert array.dtype == np.uint8
        assert np.array_equal(array, ARRAY)


def test_the_plain_file_is_read_if_there_are_both(tmp_path: Path) -> None:
    (tmp_path / "both").write_bytes(b"\x00\x00\x08\x01\x00\x00\x00\x02\x05\x06")
    (tmp_path / "both.gz").write_bytes(b"damaged")
    assert read_idx(tmp_path / "both").tolist() == [5, 6]


def test_a_missing_file(tmp_path: Path) -> None:
    path = tmp_path / "train-images"
    assert message(path) == (f"{path}: the file must be here, plain or as train-images.gz, but is not; put it here")


NOT_IDX = {
    "empty": b"",
    "text": b"<html>404 Not Found</html>",
    "of 4-byte floats": b"\x00\x00\x0d\x03" + CONTENT[4:],
    "no axes": b"\x00\x00\x08\x00\x07",
    "too long": CONTENT + b"\x00",
    **{f"cut after {num} bytes": CONTENT[:num] for num in (1, 3, 4, 6, 13, 16, len(CONTENT) - 1)},
}


@pytest.mark.parametrize("kind", NOT_IDX)
@pytest.mark.parametrize("ending", ["", ".gz"])
def test_what_is_not_a_whole_idx_file(tmp_path: Path, kind: str, ending: str) -> None:
    path = tmp_path / f"x{ending}"
    path.write_bytes(gzip.compress(NOT_IDX[kind]) if ending else NOT_IDX[kind])
    assert message(tmp_path / "x") == (f"{path}: the file is not an idx file of bytes, or is cut short; fetch it again")


def changed(content: bytes, position: int) -> bytes:
    return content[:position] + bytes([content[position] ^ 0xFF]) + content[position + 1 :]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (CONTENT, "Not a gzipped file"),
        (ZIPPED[:-100], "ended before the end-of-stream marker"),
        (changed(ZIPPED, len(ZIPPED) - 6), "CRC check failed"),
        (changed(ZIPPED, 10), "Error -3 while decompressing data"),
    ],
)
def test_what_cannot_be_unpacked(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "x.gz"
    path.write_bytes(content)
    text = message(tmp_path / "x")
    assert text.startswith(f"{path}: the file cannot be read or unpacked (")
    assert reason in text
    assert text.endswith("); fetch it again")


def test_a_folder_in_its_place(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    assert message(tmp_path / "x").startswith(f"{tmp_path}/x: the file cannot be read or unpacked (")
