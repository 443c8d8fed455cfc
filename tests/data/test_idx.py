"""The idx format: reading, and messages for files that are damaged, truncated or missing."""

import gzip

import numpy as np
import pytest

from gan_study.data.sources.idx import parse_idx
from gan_study.errors import InputError

# As MNIST's home page describes it: two zeros, 8 for bytes, the number of axes, each length as four bytes, the data.
HEADER = b"\x00\x00\x08\x03" + b"\x00\x00\x00\x02" + b"\x00\x00\x01\x00" + b"\x00\x00\x00\x03"
ARRAY = np.random.default_rng(0).integers(256, size=(2, 256, 3), dtype=np.uint8)
CONTENT = HEADER + ARRAY.tobytes()
ZIPPED = gzip.compress(CONTENT)


def message(content: bytes, place: str) -> str:
    with pytest.raises(InputError) as caught:
        parse_idx(content, place)
    return str(caught.value)


@pytest.mark.parametrize(("content", "place"), [(CONTENT, "plain"), (ZIPPED, "zipped.gz"), (ZIPPED, "zipped.GZ")])
def test_a_plain_and_a_zipped_file(content: bytes, place: str) -> None:
    array = parse_idx(content, place)
    assert array.dtype == np.uint8
    assert np.array_equal(array, ARRAY)


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
def test_what_is_not_a_whole_idx_file(kind: str, ending: str) -> None:
    content = gzip.compress(NOT_IDX[kind]) if ending else NOT_IDX[kind]
    assert message(content, f"x{ending}") == (
        f"x{ending}: the file is not an idx file of bytes, or is cut short; fetch it again"
    )


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
def test_what_cannot_be_unpacked(content: bytes, reason: str) -> None:
    text = message(content, "x.gz")
    assert text.startswith("x.gz: the file cannot be read or unpacked (")
    assert reason in text
    assert text.endswith("); fetch it again")
