"""An encoded image => upright 8-bit grey or RGB pixels.

Conventions: transparent parts show white, as most drawings and scans with transparency are dark on no ground;
16-bit grey is scaled by 1 / 257, so that 65535 becomes 255; of an animation the first frame is taken; the
orientation that a camera wrote down (EXIF) is applied. Values without a defined range (32-bit integers beyond
16 bits, floats) are refused, as guessing a range would change the images.
"""

import io

import numpy as np
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

IMAGE_ENDINGS = frozenset(
    {".bmp", ".gif", ".jpeg", ".jpg", ".pbm", ".pgm", ".png", ".pnm", ".ppm", ".tif", ".tiff", ".webp"}
)
"""Of the files taken for images, in lower case."""


def decode_image(content: bytes) -> tuple[Image.Image, str]:
    """The bytes of an image file => the image in Pillow's mode L or RGB, and the mode that it is stored in.

    Raises:
        ValueError: the content is empty or of no known kind, or its values have no defined range.
        Exception: whatever else Pillow's decoders raise for a damaged file.
    """
    if not content:
        raise ValueError("the file is empty")
    try:
        image: Image.Image = Image.open(io.BytesIO(content))
    except UnidentifiedImageError:
        raise ValueError("not an image of a known kind") from None
    with image:
        stored_mode = image.mode
        if image.getexif().get(ExifTags.Base.Orientation, 1) != 1:
            image = ImageOps.exif_transpose(image)
        image.load()
        return _grey_or_rgb(image), stored_mode


def _grey_or_rgb(image: Image.Image) -> Image.Image:
    if image.mode == "F":
        raise ValueError("an image of floats has no defined range")
    if image.mode.startswith("I"):
        return _from_16_bits(image)
    if image.has_transparency_data:
        opaque = Image.new("RGBA", image.size, "white")
        opaque.alpha_composite(image.convert("RGBA"))
        return opaque.convert("RGB")
    wanted = "L" if image.mode in ("1", "L") else "RGB"
    return image if image.mode == wanted else image.convert(wanted)


def _from_16_bits(image: Image.Image) -> Image.Image:
    levels = np.asarray(image).astype(np.int64)
    if levels.min() < 0 or levels.max() > 0xFFFF:
        raise ValueError("an image of 32-bit integers has no defined range")
    return Image.fromarray(((levels + 128) // 257).astype(np.uint8))
