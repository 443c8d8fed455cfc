"""Decoding of a single image: parts of the file that determine its pixels, and parts that do not."""

import io
import struct
import subprocess
import sys
import warnings
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, features
from support.standins import encoded, random_images

from gan_study.data.decoding import decode
from gan_study.data.decoding.decode import DecodedImage, RefusedImageError, decoding

GREY = np.arange(0, 240, 15, dtype=np.uint8).reshape(4, 4)
EXIF_TURNED = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"


def decode_image(content: bytes) -> DecodedImage:
    with decoding(content) as image:
        return image


def pixels_of(content: bytes) -> NDArray[np.uint8]:
    return np.asarray(decode_image(content).image)


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def with_chunk(png: bytes, name: bytes, data: bytes) -> bytes:
    """A PNG with one more chunk after its header."""
    return png[:33] + chunk(name, data) + png[33:]


def with_segment(jpeg: bytes, marker: int, data: bytes) -> bytes:
    """A JPEG with one more segment at its beginning."""
    return jpeg[:2] + bytes((0xFF, marker)) + struct.pack(">H", len(data) + 2) + data + jpeg[2:]


def png(levels: NDArray[np.integer], bit_depth: int, transparent: int, is_rgb: bool = False) -> bytes:
    """A PNG of levels (H, W), a row of whole bytes each, with tRNS."""
    height, width = levels.shape
    values = np.repeat(levels, 3, axis=1) if is_rgb else levels
    bits = (values[..., None] >> np.arange(bit_depth - 1, -1, -1)) & 1
    rows = np.packbits(bits.astype(np.uint8).reshape(height, -1), axis=1)
    header = struct.pack(">IIBBBBB", width, height, bit_depth, 2 if is_rgb else 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"tRNS", struct.pack(">H", transparent) * (3 if is_rgb else 1))
        + chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row.tobytes() for row in rows)))
        + chunk(b"IEND", b"")
    )


def tiff(raw: bytes, bits: int, white_is_zero: bool = False, is_signed: bool = False) -> bytes:
    """An uncompressed 4 x 4 TIFF with one channel."""
    tags = {256: 4, 257: 4, 258: bits, 259: 1, 262: 0 if white_is_zero else 1, 273: 8, 277: 1, 278: 4, 279: len(raw)}
    tags |= {339: 2} if is_signed else {}
    entries = b"".join(struct.pack("<HHIHH", tag, 3, 1, value, 0) for tag, value in tags.items())
    return b"II" + struct.pack("<HI", 42, 8 + len(raw)) + raw + struct.pack("<H", len(tags)) + entries + bytes(4)


class TestSideInformation:
    @pytest.mark.parametrize(
        ("name", "data"),
        [
            (b"iCCP", b"p\0\0" + zlib.compress(bytes(1_200_000))),
            (b"iCCP", b"no profile"),
            (b"zTXt", b"workflow\0\0" + zlib.compress(bytes(1_200_000))),
            (b"iTXt", b"workflow\0\1\0\0\0" + zlib.compress(bytes(1_200_000))),
            (b"zTXt", b"workflow\0\1"),
            (b"tEXt", b"workflow\0" + bytes(1_200_000)),
            (b"eXIf", b"<no metadata>"),
            (b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0<not XML"),
            (b"pHYs", b""),
            (b"gAMA", b""),
            (b"cHRM", b"?"),
            (b"sRGB", b""),
            (b"acTL", b"?"),
            (b"tIME", b"?"),
        ],
    )
    def test_a_png_is_whole_whatever_is_beside_its_pixels(self, name: bytes, data: bytes) -> None:
        content = with_chunk(encoded(GREY), name, data)
        assert np.array_equal(pixels_of(content), GREY)
        damaged = content[: 33 + 8 + len(data)] + b"sum?" + content[33 + 12 + len(data) :]
        assert np.array_equal(pixels_of(damaged), GREY)

    @pytest.mark.parametrize(
        ("marker", "data"),
        [
            (0xE1, b"Exif\0\0<no metadata>"),
            (0xE1, b"Exif\0\0"),
            (0xE1, b"http://ns.adobe.com/xap/1.0/\0<not XML"),
            (0xE2, b"ICC_PROFILE\0"),
            (0xE2, b"MPF\0II*\0\x08\0\0\0\xff\xff"),
            (0xED, b"Photoshop 3.0\x008BIM\x04\x04"),
            (0xFE, b"\xff\xd8 a comment"),
        ],
    )
    def test_a_jpeg_is_whole_whatever_is_beside_its_pixels(self, marker: int, data: bytes) -> None:
        plain = encoded(GREY, "jpeg")
        assert np.array_equal(pixels_of(with_segment(plain, marker, data)), pixels_of(plain))

    @pytest.mark.parametrize("kind", ["webp", "tiff", "avif"])
    @pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
    def test_other_formats_with_damaged_exif_data(self, kind: str) -> None:
        if not features.check(kind if kind != "tiff" else "libtiff"):
            pytest.skip(f"needs a Pillow that can write {kind}")
        options: dict[str, Any] = {"tiffinfo": {34665: 3}}
        if kind != "tiff":
            options = {"exif": b"Exif\0\0II*\0\x08\0\0\0\xff\xff\x12\x01"}
        options |= {"lossless": True} if kind == "webp" else {"quality": 100} if kind == "avif" else {}
        smooth = np.full((16, 16), 100, np.uint8)
        assert np.abs(pixels_of(encoded(smooth, kind, **options)).astype(int) - 100).max() <= 1

    @pytest.mark.parametrize("kind", ["png", "jpeg", "webp", "tiff"])
    def test_the_orientation_that_can_be_read_is_applied(self, kind: str) -> None:
        half = np.zeros((16, 16), np.uint8)
        half[:, 8:] = 200
        turned = pixels_of(encoded(half, kind, exif=EXIF_TURNED))
        assert np.abs(turned.astype(int) - np.rot90(half, -1)).max() < 8

    @pytest.mark.parametrize("orientation", range(1, 9))
    def test_every_orientation_is_pillow_s(self, orientation: int) -> None:
        from PIL import ImageOps

        exif = Image.Exif()
        exif[0x0112] = orientation
        content = encoded(GREY[:3], exif=exif)
        expected = ImageOps.exif_transpose(Image.open(io.BytesIO(content)))
        assert np.array_equal(pixels_of(content), np.asarray(expected))

    def test_an_animated_png_is_known_by_its_pages(self) -> None:
        frames = [Image.fromarray(GREY), Image.fromarray(GREY[::-1]), Image.fromarray(255 - GREY)]
        content = encoded(frames[0], save_all=True, append_images=frames[1:])
        assert np.array_equal(pixels_of(content), GREY)
        assert decode_image(content).num_pages == 3

    @pytest.mark.parametrize("kind", ["gif", "tiff", "webp"])
    def test_pages(self, kind: str) -> None:
        frames = [Image.fromarray(image) for image in random_images(4, 16, 16)]
        assert decode_image(encoded(frames[0], kind, save_all=True, append_images=frames[1:])).num_pages == 4
        assert decode_image(encoded(frames[0], kind)).num_pages == 1


class TestTransparency:
    @pytest.mark.parametrize(("bit_depth", "step"), [(1, 255), (2, 85), (4, 17), (8, 1), (16, 1)])
    @pytest.mark.parametrize("transparent", [0, 1])
    def test_the_transparent_level_of_grey_in_every_depth(self, bit_depth: int, step: int, transparent: int) -> None:
        levels = np.tile(np.arange(8) % min(2**bit_depth, 4), (2, 1))
        found = decode_image(png(levels, bit_depth, transparent))
        shown = levels * step if bit_depth < 16 else np.zeros_like(levels)
        assert np.asarray(found.image.convert("L")).tolist() == np.where(levels == transparent, 255, shown).tolist()
        assert found.is_transparent

    @pytest.mark.parametrize("bit_depth", [8, 16])
    def test_the_transparent_colour(self, bit_depth: int) -> None:
        unit = 1 if bit_depth == 8 else 257
        levels = np.tile(np.arange(4) * 50 * unit, (2, 1))
        found = decode_image(png(levels, bit_depth, 100 * unit, is_rgb=True))
        assert np.asarray(found.image)[0, :, 1].tolist() == [0, 50, 255, 150]
        assert found.is_transparent

    def test_the_same_picture_in_8_and_16_bits(self) -> None:
        shallow = with_chunk(encoded(GREY), b"tRNS", bytes(2))
        deep = with_chunk(encoded(GREY.astype(np.uint16) * 257), b"tRNS", bytes(2))
        assert pixels_of(shallow)[0, 0].tolist() == [255, 255, 255]
        assert np.array_equal(pixels_of(shallow)[..., 0], pixels_of(deep))

    @pytest.mark.parametrize(
        ("mode", "options"),
        [
            ("P", {"transparency": 0}),
            ("P", {"transparency": bytes([255] * 8 + [3] * 8)}),
            ("L", {"transparency": 15}),
            ("RGB", {"transparency": (15, 15, 15)}),
        ],
    )
    def test_it_is_seen_without_an_alpha_channel(self, mode: str, options: dict[str, Any]) -> None:
        image = Image.fromarray(GREY).convert(mode)
        assert decode_image(encoded(image, **options)).is_transparent
        assert not decode_image(encoded(image)).is_transparent

    def test_it_is_seen_in_a_gif(self) -> None:
        assert decode_image(encoded(GREY, "gif", transparency=15)).is_transparent

    def test_an_alpha_channel_that_is_opaque_is_none(self) -> None:
        rgba = np.full((4, 4, 4), 255, np.uint8)
        assert not decode_image(encoded(rgba)).is_transparent
        rgba[0, 0, 3] = 254
        assert decode_image(encoded(rgba)).is_transparent


def tiff_of(data: bytes, tags: dict[int, list[int]]) -> bytes:
    """An uncompressed TIFF of 4 x 4 pixels with further tags, each of 16-bit values."""
    tags = {256: [4], 257: [4], 259: [1], 273: [8], 277: [1], 278: [4], 279: [len(data)], **tags}
    start = 8 + len(data)
    beyond, entries = start + 2 + 12 * len(tags) + 4, b""
    further = b""
    for tag, values in sorted(tags.items()):
        packed = struct.pack(f"<{len(values)}H", *values)
        if len(packed) > 4:
            packed, further = struct.pack("<I", beyond + len(further)), further + packed
        entries += struct.pack("<HHI", tag, 3, len(values)) + packed.ljust(4, b"\0")
    return b"II*\0" + struct.pack("<I", start) + data + struct.pack("<H", len(tags)) + entries + bytes(4) + further


def planar_tiff(planes: NDArray[np.unsignedinteger]) -> bytes:
    """A TIFF of colours (3, 4, 4), one after the other."""
    size = planes[0].nbytes
    starts = [8 + size * number for number in range(3)]
    tags = {258: [8 * planes.itemsize] * 3, 262: [2], 273: starts, 277: [3], 279: [size] * 3, 284: [2]}
    return tiff_of(planes.tobytes(), tags)


class TestRanges:
    def test_16_bits_whose_0_is_white(self) -> None:
        levels = GREY.astype(np.uint16) * 257
        black_is_zero, white_is_zero = tiff(levels.tobytes(), 16), tiff((65535 - levels).tobytes(), 16, True)
        assert np.array_equal(pixels_of(black_is_zero), GREY)
        assert np.array_equal(pixels_of(white_is_zero), GREY)

    def test_8_bits_whose_0_is_white(self) -> None:
        assert np.array_equal(pixels_of(tiff((255 - GREY).tobytes(), 8, white_is_zero=True)), GREY)

    def test_12_bits(self) -> None:
        levels = [level * 4095 // 255 for level in GREY.ravel().tolist()]
        pairs = zip(levels[::2], levels[1::2], strict=True)
        raw = b"".join(((first << 12) | second).to_bytes(3) for first, second in pairs)
        found = decode_image(tiff(raw, 12))
        assert np.abs(np.asarray(found.image).astype(int) - GREY).max() <= 1
        assert found.deep_levels == (0, levels[-1] * 65535 // 4095)

    def test_a_portable_graymap_says_its_range(self) -> None:
        content = b"P5\n4 1\n1000\n" + struct.pack(">4H", 0, 500, 800, 1000)
        assert pixels_of(content)[0].tolist() == [0, 128, 204, 255]

    @pytest.mark.parametrize(
        ("content", "kind"),
        [
            (tiff(GREY.astype(np.uint32).tobytes(), 32), "32-bit integers"),
            (tiff(GREY.astype(np.int32).tobytes(), 32, is_signed=True), "signed integers"),
            (tiff(GREY.astype(np.int16).tobytes(), 16, is_signed=True), "signed integers"),
            (tiff(GREY.tobytes(), 8, is_signed=True), "signed integers"),
            (encoded(Image.new("F", (4, 4), 0.5), "tiff"), "floats"),
        ],
    )
    def test_values_without_a_range_whatever_they_are(self, content: bytes, kind: str) -> None:
        with pytest.raises(RefusedImageError) as caught:
            decode_image(content)
        assert str(caught.value).startswith(f"{kind} have no stated range; save")

    def test_16_bit_colours_in_planes_are_refused(self) -> None:
        rgb = np.stack([GREY, GREY.T, GREY], 2)
        planes = np.ascontiguousarray(rgb.transpose(2, 0, 1))
        assert np.array_equal(pixels_of(planar_tiff(planes)), rgb)
        with pytest.raises(RefusedImageError, match="16-bit colours in separate planes are not read"):
            decode_image(planar_tiff(planes.astype(np.uint16) * 257))

    @pytest.mark.parametrize("factor", [1, 257])
    def test_a_tiff_s_palette_of_8_or_16_bits(self, factor: int) -> None:
        colours = [level * factor for level in range(256)] * 3
        assert np.array_equal(pixels_of(tiff_of(GREY.tobytes(), {258: [8], 262: [3], 320: colours}))[..., 0], GREY)

    def test_a_grey_picture_as_lossy_webp(self) -> None:
        rgb = np.repeat(random_images(1, 32, 32, 1)[0], 3, axis=2)
        assert decode_image(encoded(rgb, "webp", quality=80)).image.mode == "L"
        rgb[..., 0] ^= 16
        assert decode_image(encoded(rgb, "webp", quality=80)).image.mode == "RGB"


class TestLimits:
    def test_too_large_a_picture_is_no_damage(self) -> None:
        with pytest.raises(RefusedImageError) as caught:
            decode_image(encoded(Image.new("1", (8001, 8000), 1)))
        assert str(caught.value) == ("larger than the 64 million pixels that are read (8,001 x 8,000); scale it down")

    def test_the_largest_picture(self) -> None:
        assert decode_image(encoded(Image.new("1", (8000, 8000), 1))).image.size == (8000, 8000)

    def test_a_picture_beyond_pillow_s_own_limit(self) -> None:
        header = chunk(b"IHDR", struct.pack(">IIBBBBB", 30_000, 30_000, 8, 0, 0, 0, 0))
        with pytest.raises(RefusedImageError, match="larger than the 64 million pixels that are read; scale it down"):
            decode_image(encoded(GREY)[:8] + header + encoded(GREY)[33:])

    @pytest.mark.parametrize(
        "content", [b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 4 4\n", b"II*\0\x08\0\0\0", b"<html>"]
    )
    def test_other_formats_are_not_read(self, content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
        def read(*arguments: object) -> None:
            raise AssertionError("a reader that is not meant was asked")

        Image.init()
        for name in set(Image.OPEN) - {*decode.FORMATS}:
            monkeypatch.setitem(Image.OPEN, name, (read, read))
        with pytest.raises(ValueError, match="not an image of a known kind"):
            decode_image(content)

    @pytest.mark.parametrize(
        ("content", "kind"),
        [
            (encoded(Image.new("RGB", (8, 8)), "jpeg2000"), "JPEG 2000"),
            (encoded(Image.new("RGB", (16, 16)), "ico"), "an icon"),
            (b"8BPS\0\1", "a Photoshop document"),
            (b"\0\0\0\x18ftypheic\0\0\0\0", "HEIC"),
            (b"P7\nWIDTH 1\nHEIGHT 1\nDEPTH 1\nMAXVAL 255\nENDHDR\n\0", "a portable arbitrary map"),
            (tiff_of(bytes(32), {258: [16], 262: [1], 339: [3]}), "a kind of TIFF"),
            (tiff_of(bytes(64), {258: [16, 16], 262: [1], 277: [2], 338: [2]}), "a kind of TIFF"),
            (b"version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 1\n", "a pointer of Git LFS"),
        ],
    )
    def test_a_whole_picture_of_an_unread_kind_is_no_damage(self, content: bytes, kind: str) -> None:
        with pytest.raises(RefusedImageError, match=f"^{kind}"):
            decode_image(content)

    def test_pillow_s_warnings_are_not_given(self) -> None:
        content = encoded(GREY, "tiff", tiffinfo={34665: 3}, exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xff\x12\x01")
        with warnings.catch_warnings(record=True) as given:
            warnings.simplefilter("always")
            Image.open(io.BytesIO(content)).getexif().get_ifd(34665)
            decode_image(content)
            decode_image(encoded(Image.new("P", (4, 4)), transparency=bytes(3)))
        assert [str(warning.message) for warning in given if "PIL" in warning.filename] == [
            str(warning.message) for warning in given[:1]
        ]

    def test_a_damaged_tiff_says_nothing_on_the_terminal(self, tmp_path: Path) -> None:
        """Neither libtiff nor Pillow's log prints anything. It runs in its own process, since pytest captures logs."""
        whole = encoded(random_images(1, 32, 32, 3)[0], "tiff", compression="tiff_lzw")
        unpackable = whole[:60] + b"\xff" * 40 + whole[100:]
        samples = struct.pack("<HHII", 277, 3, 1, 3)  # of a pixel
        assert samples in whole
        for content in (unpackable, whole.replace(samples, struct.pack("<HHII", 277, 3, 1, 99))):
            (tmp_path / f"{len(list(tmp_path.iterdir()))}.tif").write_bytes(content)
        code = (
            "import sys\nfrom pathlib import Path\nfrom gan_study.data.decoding.decode import decoding\n"
            "for path in Path(sys.argv[1]).iterdir():\n"
            "    try:\n        with decoding(path.read_bytes()):\n            pass\n"
            "    except Exception:\n        print('refused')\n"
        )
        done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
        assert (done.stdout, done.stderr) == ("refused\n" * 2, "")


class TestDamagedJpegs:
    @pytest.fixture
    def photo(self) -> NDArray[np.uint8]:
        smooth = Image.fromarray(random_images(1, 8, 8, 3)[0]).resize((64, 64), Image.Resampling.BICUBIC)
        return np.asarray(smooth)

    @pytest.mark.parametrize("options", [{}, {"quality": 95, "subsampling": 0}, {"optimize": True}])
    @pytest.mark.parametrize("share", [0.2, 0.6])
    def test_data_that_end_too_soon(self, photo: NDArray[np.uint8], options: dict[str, object], share: float) -> None:
        for pixels in (photo, photo[..., 0], Image.fromarray(photo).convert("CMYK")):
            content = encoded(pixels, "jpeg", **options)
            decode_image(content)
            start = content.index(b"\xff\xda") + 14
            cut = start + int((len(content) - start) * share)
            with pytest.raises(ValueError, match=r"its data end too soon: the lower \d\d% of the picture is missing"):
                decode_image(content[:cut] + b"\xff\xd9" + content[cut + 2 :])

    @pytest.mark.parametrize("num_rows", [16, 32, 56, 64])
    def test_a_picture_that_ends_in_grey_of_its_own(self, photo: NDArray[np.uint8], num_rows: int) -> None:
        pixels = photo.copy()
        pixels[64 - num_rows :] = 128
        for options in ({}, {"optimize": True}, {"quality": 100, "subsampling": 0}, {"progressive": True}):
            assert decode_image(encoded(pixels, "jpeg", **options)).image.size == (64, 64)
            assert decode_image(encoded(pixels[..., 1], "jpeg", **options)).image.size == (64, 64)
