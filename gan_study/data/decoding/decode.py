"""Decoding of an image file into upright 8-bit grey or RGB pixels.

Conventions: only the pixels decide whether an image is whole, not texts, colour profiles or EXIF data beside them. The
orientation that a camera recorded (EXIF) is applied if it can be read. Transparent parts become white, since most
drawings and scans with transparency are dark. Grey of more than 8 bits is scaled from the range that its format states.
Values without a stated range (32-bit and signed integers, floats) are refused, since guessing a range would change the
images. Animations and files of several pages count as their first picture.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from threading import Lock
from typing import Final

import numpy as np
from PIL import ExifTags, Image, ImageChops, TiffImagePlugin, UnidentifiedImageError, features

from gan_study.data.decoding.jpeg_damage import grey_share
from gan_study.data.decoding.quiet_decoders import silence_decoders
from gan_study.data.decoding.side_information import Parts, take_out_side_information
from gan_study.data.decoding.unread_kinds import explain_unread

IMAGE_ENDINGS = frozenset(
    {
        *(".bmp", ".gif", ".jfif", ".jpe", ".jpeg", ".jpg", ".pbm", ".pgm", ".png", ".pnm", ".ppm", ".tif", ".tiff"),
        *((".webp",) if features.check("webp") else ()),
        *((".avif",) if features.check("avif") else ()),
    }
)
"""Endings of image files, in lower case."""
MAX_PIXELS: Final = 64_000_000
"""Most pixels of an image. A file of some hundred kilobytes can unpack into gigabytes, and several threads decode at
once."""
DEEP_LEVELS: Final = 0xFFFF
"""Highest level of 16-bit grey."""

FORMATS = ("AVIF", "BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
"""Formats that Pillow may read, by its names. Its other readers never see a file; that of PostScript, for one, starts a
program."""
_LARGE_PIXELS = 16_000_000
_large_image = Lock()
"""Lock for images of more pixels than above: they are decoded one at a time, since each takes up to a gigabyte."""
_NOISY_GREY_FORMATS = ("WEBP",)
_MAX_GREY_NOISE = 2
"""Largest difference, in levels, between the colours of a grey picture that WebP has converted to colours and back."""
_STATED_DEEP_FORMATS = ("PNG", "PPM")
"""Formats with a stated range, among those that Pillow decodes to 32-bit integers; they are scaled to 16 bits."""
_PNG_BIT_DEPTH = 24
"""Position of the bit depth in a PNG file."""
_SAMPLE_FORMAT = 339
_WHITE_IS_ZERO = 0
_IN_PLANES = 2
_OPAQUE = 255
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""The transposition that makes an image upright, by its EXIF orientation."""


class RefusedImageError(ValueError):
    """An image that is whole but not accepted; the message gives the reason and a remedy."""


@dataclass(frozen=True, slots=True)
class DecodedImage:
    """An image and properties of its file."""

    image: Image.Image
    """The upright image, in Pillow's mode L or RGB."""
    mode: str
    """Mode of the file in Pillow's terms (L is grey)."""
    num_pages: int
    """Pictures in the file; this is the first."""
    is_transparent: bool
    """True if some pixels are transparent and so show white."""
    deep_levels: tuple[int, int] | None
    """Lowest and highest level of 16-bit grey, in [0, 65535]; None for other images."""


@contextmanager
def decoding(content: bytes) -> Iterator[DecodedImage]:
    """The image in the bytes of a file. Use it at once: only one large image is in memory at a time.

    Raises:
        RefusedImageError: the image is too large, or its values have no stated range.
        ValueError: the content is empty, of no known kind, or ends before the picture does.
        Exception: whatever else Pillow's decoders raise for a damaged file.
    """
    if not content:
        raise ValueError("the file is empty")
    silence_decoders()
    parts = take_out_side_information(content)
    with _open(parts.pixels) as image:
        num_pixels = image.width * image.height
        if num_pixels > MAX_PIXELS:
            raise _too_large(f" ({image.width:,} x {image.height:,})")
        with _large_image if num_pixels > _LARGE_PIXELS else nullcontext():
            yield _decode(image, parts)


def _open(content: bytes) -> Image.Image:
    Image.init()
    try:
        return Image.open(io.BytesIO(content), formats=[name for name in FORMATS if name in Image.OPEN])
    except UnidentifiedImageError:
        unread = explain_unread(content)
        raise RefusedImageError(unread) if unread else ValueError("not an image of a known kind") from None
    except Image.DecompressionBombError:  # beyond Pillow's own limit, which is higher
        raise _too_large() from None


def _too_large(size: str = "") -> RefusedImageError:
    return RefusedImageError(f"larger than the {MAX_PIXELS // 10**6} million pixels that are read{size}; scale it down")


def _decode(image: Image.Image, parts: Parts) -> DecodedImage:
    mode, num_pages = image.mode, parts.num_frames or _num_pages(image)
    _refuse_without_range(image)
    _refuse_deep_planes(image)
    if parts.exif is not None:
        image.info["exif"] = parts.exif
    image.load()
    _repair_palette(image)
    turn = _turn(image)  # after loading, as Pillow turns TIFF files itself
    if image.format == "JPEG":
        share = grey_share(parts.pixels, image)
        if share:
            raise ValueError(f"its data end too soon: the lower {share:.0%} of the picture is missing")
    if image.format == "PNG" and "transparency" in image.info:
        image.info["transparency"] = _scaled_transparency(image, bit_depth=parts.pixels[_PNG_BIT_DEPTH])
    deep_levels = None
    if mode.startswith("I"):
        pixels, is_transparent, deep_levels = _from_deep_grey(image)
    else:
        pixels, is_transparent = _grey_or_rgb(image)
    return DecodedImage(
        pixels if turn is None else pixels.transpose(turn), mode, num_pages, is_transparent, deep_levels
    )


def _refuse_without_range(image: Image.Image) -> None:
    is_signed = image.format == "TIFF" and 2 in _tiff_tag(image, _SAMPLE_FORMAT)
    if image.mode == "F":
        kind = "floats"
    elif is_signed:
        kind = "signed integers"
    elif image.mode == "I" and image.format not in _STATED_DEEP_FORMATS:
        kind = "32-bit integers"
    else:
        return
    raise RefusedImageError(f"{kind} have no stated range; save the picture with 8 bits, or 16 without a sign")


def _refuse_deep_planes(image: Image.Image) -> None:
    """Raise RefusedImageError for 16-bit colours stored one after the other, which Pillow mistakes for 8 bits."""
    if image.format == "TIFF" and _tiff_tag(image, TiffImagePlugin.PLANAR_CONFIGURATION) == (_IN_PLANES,):
        bits = _tiff_tag(image, TiffImagePlugin.BITSPERSAMPLE)
        if len(bits) > 1 and max(bits) > 8:
            raise RefusedImageError("16-bit colours in separate planes are not read; save the picture with 8 bits")


def _repair_palette(image: Image.Image) -> None:
    """Restore the colours of a TIFF palette that was written with 8 bits in place of 16, as libtiff does."""
    if image.format == "TIFF" and image.mode == "P":
        colours = np.array(_tiff_tag(image, TiffImagePlugin.COLORMAP))
        if len(colours) and colours.max() < 256:
            image.putpalette(colours.reshape(3, -1).T.astype(np.uint8).tobytes())


def _grey_or_rgb(image: Image.Image) -> tuple[Image.Image, bool]:
    """The image over white, and True if some of the white is visible."""
    is_transparent = False
    if image.has_transparency_data:
        over = image.convert("RGBA")
        is_transparent = bool(np.asarray(over.getchannel("A")).min() < _OPAQUE)
        if is_transparent:
            opaque = Image.new("RGBA", image.size, "white")
            opaque.alpha_composite(over)
            over = opaque
        pixels = over.convert("RGB")
    else:
        wanted = "L" if image.mode in ("1", "L") else "RGB"
        pixels = image if image.mode == wanted else image.convert(wanted)
    if image.format in _NOISY_GREY_FORMATS and pixels.mode == "RGB" and _is_grey(pixels):
        pixels = pixels.convert("L")
    return pixels, is_transparent


def _is_grey(image: Image.Image) -> bool:
    """Return True if the colours of every pixel differ by no more than the noise of a grey picture."""
    red, green, blue = image.split()
    return all(
        int(np.max(ImageChops.difference(*pair).getextrema())) <= _MAX_GREY_NOISE
        for pair in ((red, green), (green, blue), (blue, red))
    )


def _scaled_transparency(image: Image.Image, bit_depth: int) -> object:
    """PNG's transparent level or colour, scaled from the file's bit depth to the levels that Pillow gives."""
    levels = image.info["transparency"]
    if image.mode == "L":
        highest = 2**bit_depth - 1
        return (levels & highest) * (255 // highest)
    if image.mode == "RGB":
        return tuple(level >> 8 if bit_depth == 16 else level & 0xFF for level in levels)
    return levels


def _from_deep_grey(image: Image.Image) -> tuple[Image.Image, bool, tuple[int, int]]:
    """Grey of more than 8 bits => 8 bits over white, True if white is visible, and lowest and highest 16-bit level."""
    levels = np.asarray(image).astype(np.int64)
    highest = DEEP_LEVELS
    is_transparent = levels == image.info.get("transparency", -1)
    if image.format == "TIFF":
        highest = 2 ** _tiff_tag(image, TiffImagePlugin.BITSPERSAMPLE)[0] - 1
        if _tiff_tag(image, TiffImagePlugin.PHOTOMETRIC_INTERPRETATION) == (_WHITE_IS_ZERO,):  # Pillow leaves it so
            levels = highest - levels
    levels[is_transparent] = highest
    shown = Image.fromarray(((levels * 255 + highest // 2) // highest).astype(np.uint8))
    lowest_level, highest_level = (int(level) * DEEP_LEVELS // highest for level in (levels.min(), levels.max()))
    return shown, bool(is_transparent.any()), (lowest_level, highest_level)


def _tiff_tag(image: Image.Image, number: int) -> tuple[int, ...]:
    """The values of a tag; () without it."""
    assert isinstance(image, TiffImagePlugin.TiffImageFile)
    value = image.tag_v2.get(number, ())
    return value if isinstance(value, tuple) else (value,)


def _num_pages(image: Image.Image) -> int:
    try:
        return int(getattr(image, "n_frames", 1))
    except Exception:  # what follows the first picture may be damaged
        return 1


def _turn(image: Image.Image) -> Image.Transpose | None:
    """The transposition that makes the image upright; None if it is upright or its EXIF data cannot be read."""
    try:
        return _TURNS.get(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # damaged EXIF data raise all kinds
        return None
