"""Small pictures: their size, that they stay what they show, and animated ones."""

import base64
import io

import numpy as np
import pytest
from PIL import Image
from PIL.WebPImagePlugin import WebPImageFile
from support.synthetic_run import draw_samples

from gan_study.errors import StorageError
from gan_study.report.pictures.thumbnails import MOST_SIDE, make_animation, make_thumbnail, spread_evenly


def opened(webp: bytes) -> Image.Image:
    return Image.open(io.BytesIO(webp))


def png(width: int, height: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), (200, 30, 30)).save(buffer, "PNG")
    return buffer.getvalue()


def test_a_small_picture_keeps_its_pixels() -> None:
    source = draw_samples(2, 1.0)
    found = opened(make_thumbnail(source, "grid.png").webp)
    assert found.size == (128, 64)
    before, after = (np.asarray(image.convert("L"), float) for image in (opened(source), found))
    # Lossy, but by a few of 255 levels.
    assert np.abs(before - after).mean() < 6


def test_a_large_picture_is_scaled_down_in_its_proportions() -> None:
    found = opened(make_thumbnail(png(1200, 600), "grid.png").webp)
    assert found.size == make_thumbnail(png(1200, 600), "grid.png").size == (MOST_SIDE, MOST_SIDE // 2)
    assert opened(make_thumbnail(png(1200, 600), "grid.png", most_side=100).webp).size == (100, 50)


def test_a_data_uri_holds_the_picture_and_is_as_long_as_it_says() -> None:
    for sharpness in (0, 0.3, 1):
        found = make_thumbnail(draw_samples(1, sharpness), "grid.png")
        prefix, _, content = found.data_uri.partition(",")
        assert prefix == "data:image/webp;base64"
        assert base64.b64decode(content) == found.webp
        assert len(found.data_uri) == found.num_characters


def test_an_animation_has_every_frame_in_its_order() -> None:
    frames = [make_thumbnail(draw_samples(i, 1.0), "grid.png") for i in range(4)]
    found = opened(make_animation(frames))
    assert isinstance(found, WebPImageFile)
    assert (found.n_frames, found.info["loop"]) == (4, 0)
    durations = []
    for i, frame in enumerate(frames):
        found.seek(i)
        found.load()
        durations.append(found.info["duration"])
        shown, meant = (np.asarray(image.convert("L"), float) for image in (found, opened(frame.webp)))
        distances = [np.abs(shown - np.asarray(opened(f.webp).convert("L"), float)).mean() for f in frames]
        assert np.argmin(distances) == i
        assert np.abs(shown - meant).mean() < 6
    # It rests on the last.
    assert durations == [500, 500, 500, 1500]


def test_one_frame_is_an_animation_too() -> None:
    assert opened(make_animation([make_thumbnail(draw_samples(0, 1.0), "grid.png")])).size == (128, 64)


@pytest.mark.parametrize(
    ("num", "most", "found"), [(0, 5, []), (3, 5, [0, 1, 2]), (9, 5, [0, 2, 4, 6, 8]), (50, 3, [0, 24, 49])]
)
def test_what_is_left_out_lies_evenly(num: int, most: int, found: list[int]) -> None:
    assert spread_evenly(num, most) == found


def test_a_damaged_picture_is_named() -> None:
    for content in (b"", b"junk", draw_samples(0, 1.0)[:200]):
        with pytest.raises(StorageError, match=r"^run/grid\.png: a picture must be whole, .* damaged; copy it again"):
            make_thumbnail(content, "run/grid.png")
