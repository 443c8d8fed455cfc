"""The work behind `sample`: a grid, single images and an animated interpolation of a trained generator's images."""

import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from rich.console import Console
from torch import Tensor, nn

from gan_study.cli.preparation.output_folder import left_in, new_folder, next_free_name
from gan_study.cli.preparation.run_folder import warn_of_lost_trials
from gan_study.cli.terminal.interruption import telling
from gan_study.cli.terminal.outcome import make_console
from gan_study.config.reading.source import no_such
from gan_study.config.training import TrainingConfig
from gan_study.errors import InputError
from gan_study.evaluation.generators import Snapshot, read_snapshot
from gan_study.evaluation.snapshots import find_generator
from gan_study.gan.generation import generate_uint8
from gan_study.gan.latents import draw_z, z_path
from gan_study.metrics.samples import BATCH_SIZE
from gan_study.runs.storage import Storage
from gan_study.training.distributed import choose_device
from gan_study.training.evaluate import grid_pixels, grid_png

ANIMATIONS = ("gif", "webp")
_MOST_IN_A_GRID = 10_000
_WALK_SIDE = 4
"""Rows and columns of an animation's frames: so many walks at once."""
_WALK_TILE = 64
"""Pixels; smaller images are enlarged in an animation, each of their pixels to a square of equal ones."""
_LEAST_GRID_WIDTH = 512
"""Pixels of a grid whose scale the user does not choose."""
_FRAME_MSEC = 60
"""GIF counts in hundredths of a second, and browsers show nothing faster than 50 a second."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """What may be said on the command line beside the generator. See `image_verbs.sample`."""

    out: str | None = None
    """None: `samples`, or the first of `samples_2`, `samples_3`, ... that is not there yet."""
    grid: str = "8x8"
    scale: int | None = None
    """Pixels on a side of the square that shows one pixel in grid.png; None for the least that makes the grid 512
    pixels wide."""
    num: int = 0
    interpolation: str = "gif"
    corners: int = 6
    steps: int = 12
    seed: int = 0
    arm: str | None = None
    trial: str | None = None


@dataclass(frozen=True)
class Written:
    """samples.json: what was sampled, so that it can be done again."""

    snapshot: str
    study: str
    arm: str
    trial: str
    cur_nimg: int
    """Images that the generator was trained on."""
    seed: int
    z_dim: int
    z_distribution: str
    grid: tuple[int, int] | None
    """Columns and rows."""
    num: int
    """Single images."""
    interpolation: str | None
    files: tuple[str, ...]


def sample(location: str, options: Options) -> None:
    """Write what `options` ask for into a new folder, and say what there is now.

    Raises InputError if there is no such generator, an option is wrong, or the folder holds other files, and
    InterruptionError (after saying what is left).
    """
    grid = _parse_grid(options.grid)
    if options.interpolation not in (*ANIMATIONS, "none"):
        raise InputError(f"--interpolation: {no_such('format', options.interpolation, (*ANIMATIONS, 'none'))}")
    if grid is None and options.num == 0 and options.interpolation == "none":
        raise InputError(
            "sample: something must be asked for, but got --grid none, --num 0 and --interpolation none; leave one "
            "of them out"
        )
    target = new_folder(options.out or next_free_name("samples"))
    warn_of_lost_trials(location)
    snapshot = read_snapshot(find_generator(location, options.arm, options.trial))
    with telling(lambda: left_in(target)), Console(stderr=True).status(f"sampling {snapshot.place}"):
        files = _write(snapshot, options, grid, target)
    _say(make_console(), snapshot, files, target)


def _parse_grid(text: str) -> tuple[int, int] | None:
    """Columns and rows; None for none. Raises InputError."""
    if text == "none":
        return None
    found = re.fullmatch(r"([1-9]\d{0,3})x([1-9]\d{0,3})", text)
    if found is None or int(found[1]) * int(found[2]) > _MOST_IN_A_GRID:
        raise InputError(
            f"--grid: a grid is given as COLUMNSxROWS of at most {_MOST_IN_A_GRID:,} images, or none, but got "
            f"grid={text}; write such as 8x8"
        )
    return int(found[1]), int(found[2])


def _write(snapshot: Snapshot, options: Options, grid: tuple[int, int] | None, target: Storage) -> tuple[str, ...]:
    generator = snapshot.generator.to(choose_device(use_gpu=True))
    files = []
    if grid is not None:
        images = torch.cat(list(_images(generator, snapshot.training, grid[0] * grid[1], options.seed)))
        scale = options.scale or ceil(_LEAST_GRID_WIDTH / (grid[0] * images.shape[-1]))
        target.write_bytes("grid.png", grid_png(_enlarge(images, scale), grid[0]))
        files.append("grid.png")
    if options.interpolation != "none":
        name = f"interpolation.{options.interpolation}"
        target.write_bytes(name, _animation(generator, snapshot.training, options))
        files.append(name)
    digits, written = max(6, len(str(options.num - 1))), 0
    for batch in _images(generator, snapshot.training, options.num, options.seed):
        for image in batch:
            target.write_bytes(f"images/{written:0{digits}d}.png", _png(image))
            written += 1
    if written:
        files.append("images")
    target.write_text("samples.json", json.dumps(_record(snapshot, options, grid, files), indent=1) + "\n")
    return (*files, "samples.json")


def _record(snapshot: Snapshot, options: Options, grid: tuple[int, int] | None, files: list[str]) -> dict[str, object]:
    config, training = snapshot.source.config, snapshot.training
    written = Written(
        snapshot=snapshot.place,
        study=config.study,
        arm=config.arm,
        trial=config.name,
        cur_nimg=snapshot.source.cur_nimg,
        seed=options.seed,
        z_dim=training.z_dim,
        z_distribution=training.z_distribution,
        grid=grid,
        num=options.num,
        interpolation=None if options.interpolation == "none" else options.interpolation,
        files=tuple(files),
    )
    return vars(written)


def _images(generator: nn.Module, training: TrainingConfig, num: int, seed: int) -> Iterator[Tensor]:
    """`num` images NCHW uint8 in [0, 255] in parts. Image number i depends on the seed and on i alone."""
    random = torch.Generator().manual_seed(seed)
    starts = range(0, num, BATCH_SIZE)
    latents = (draw_z(BATCH_SIZE, training.z_dim, training.z_distribution, random) for _ in starts)
    for start, (images, _) in zip(starts, generate_uint8(generator, latents), strict=True):
        yield images[: num - start].cpu()


def _enlarge(images: Tensor, scale: int) -> Tensor:
    """(N, C, H, W) => (N, C, scale H, scale W), each pixel as a square of equal ones."""
    return images.repeat_interleave(scale, dim=2).repeat_interleave(scale, dim=3)


def _animation(generator: nn.Module, training: TrainingConfig, options: Options) -> bytes:
    """A loop through the latent space: 16 walks at once, each through `corners` latents of its own and back."""
    random = torch.Generator().manual_seed(options.seed)
    walks = []
    for _ in range(_WALK_SIDE**2):
        corners = draw_z(options.corners, training.z_dim, training.z_distribution, random)
        walks.append(z_path(corners, options.steps, training.z_distribution, closed=True))
    factor = max(1, _WALK_TILE // training.dataset.image_size)
    moments = generate_uint8(generator, torch.stack(walks, dim=1))
    frames = [grid_pixels(_enlarge(images.cpu(), factor), _WALK_SIDE) for images, _ in moments]
    return _encode(frames, options.interpolation)


def _encode(frames: list[NDArray[np.uint8]], image_format: str) -> bytes:
    """An animation that repeats for ever."""
    first, *others = (Image.fromarray(frame) for frame in frames)
    buffer = io.BytesIO()
    # Without loss: compression would make a generator look worse, or smoother, than it is.
    settings = {"lossless": True} if image_format == "webp" else {"optimize": False}
    first.save(buffer, image_format, save_all=True, append_images=others, duration=_FRAME_MSEC, loop=0, **settings)
    return buffer.getvalue()


def _png(image_uint8: Tensor) -> bytes:
    """(C, H, W) => a PNG, grey or in colour."""
    pixels = image_uint8.permute(1, 2, 0).numpy()
    buffer = io.BytesIO()
    Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels).save(buffer, "PNG")
    return buffer.getvalue()


def _say(console: Console, snapshot: Snapshot, files: tuple[str, ...], target: Storage) -> None:
    source = snapshot.source
    text = f"{source.config.arm}/{source.config.name} {source.moment}: {', '.join(files)} are in {target.location}"
    console.print(text, markup=False, highlight=False, soft_wrap=True)
