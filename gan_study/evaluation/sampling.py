"""Images of a trained generator as files: a grid, single images and an animated walk through its latent space."""

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from math import ceil

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from gan_study.config.training import TrainingConfig
from gan_study.evaluation.generators import TrainedGenerator
from gan_study.gan.generation import generate_uint8
from gan_study.gan.latents import draw_inputs, input_path
from gan_study.gan.networks.conditional import set_class_
from gan_study.metrics.samples import BATCH_SIZE
from gan_study.runs.storage import Storage
from gan_study.training.distributed import choose_device
from gan_study.training.output.sample_grid import grid_pixels, grid_png

ANIMATIONS = ("gif", "webp")
_WALK_SIDE = 4
"""Rows and columns of an animation's frames; each tile shows its own walk."""
_WALK_TILE = 64
"""Side of a tile in pixels to which smaller images are enlarged, each pixel to a square."""
_LEAST_GRID_WIDTH = 512
"""Least width in pixels of a grid whose scale the user does not choose."""
_FRAME_MSEC = 60
"""Duration of a frame: GIF counts hundredths of a second, and browsers show at most 50 frames a second."""


@dataclass(frozen=True, kw_only=True)
class SampleRequest:
    """The files to write of a generator's images."""

    grid: tuple[int, int] | None = (8, 8)
    """Columns and rows of grid.png; None for no grid."""
    scale: int | None = None
    """Pixels on a side of the square that shows one pixel in grid.png; None for the least that makes the grid 512
    pixels wide."""
    num: int = 0
    """Single images."""
    interpolation: str | None = "gif"
    """The animation's format, one of `ANIMATIONS`; None for no animation."""
    corners: int = 6
    """Random latents that each walk of the animation passes."""
    steps: int = 12
    """Frames from one of them to the next."""
    seed: int = 0
    """Seed of the latents."""
    class_number: int | None = None
    """Class of all images, for a conditional GAN; None for the classes that the latents decide."""


@dataclass(frozen=True)
class SamplesRecord:
    """The content of samples.json, with which the images can be drawn again."""

    snapshot: str
    study: str
    arm: str
    trial: str
    cur_nimg: int
    """Images that the generator was trained on."""
    seed: int
    class_number: int | None
    """Class of all images; None if the latents decide."""
    z_dim: int
    z_distribution: str
    grid: tuple[int, int] | None
    """Columns and rows."""
    num: int
    """Single images."""
    interpolation: str | None
    files: tuple[str, ...]


def write_samples(snapshot: TrainedGenerator, request: SampleRequest, target: Storage) -> tuple[str, ...]:
    """Write the requested files and samples.json into a folder; return their names there."""
    generator = snapshot.generator.to(choose_device(use_gpu=True))
    draw = partial(draw_images, generator, snapshot.training, seed=request.seed, class_number=request.class_number)
    files = []
    grid = request.grid
    if grid is not None:
        images = torch.cat(list(draw(grid[0] * grid[1])))
        target.write_bytes("grid.png", grid_png(enlarge_for_grid(images, grid[0], request.scale), grid[0]))
        files.append("grid.png")
    if request.interpolation is not None:
        name = f"interpolation.{request.interpolation}"
        target.write_bytes(name, _animation(generator, snapshot.training, request, request.interpolation))
        files.append(name)
    digits, written = max(6, len(str(request.num - 1))), 0
    for batch in draw(request.num):
        for image in batch:
            target.write_bytes(f"images/{written:0{digits}d}.png", _png(image))
            written += 1
    if written:
        files.append("images")
    target.write_text("samples.json", json.dumps(_record(snapshot, request, files), indent=1) + "\n")
    return (*files, "samples.json")


def _record(snapshot: TrainedGenerator, request: SampleRequest, files: list[str]) -> dict[str, object]:
    config, training = snapshot.source.config, snapshot.training
    record = SamplesRecord(
        snapshot=snapshot.place,
        study=config.study,
        arm=config.arm,
        trial=config.name,
        cur_nimg=snapshot.source.cur_nimg,
        seed=request.seed,
        class_number=request.class_number,
        z_dim=training.z_dim,
        z_distribution=training.z_distribution,
        grid=request.grid,
        num=request.num,
        interpolation=request.interpolation,
        files=tuple(files),
    )
    return vars(record)


def draw_images(
    generator: nn.Module, training: TrainingConfig, num: int, seed: int, class_number: int | None = None
) -> Iterator[Tensor]:
    """Yield `num` images NCHW uint8 in [0, 255] in parts. Image number i depends on the seed, the class and i alone.

    class_number: class of all images of a conditional GAN; None for the classes that the latents decide.
    """
    random = torch.Generator().manual_seed(seed)
    starts = range(0, num, BATCH_SIZE)
    latents = (_draw(generator, training, BATCH_SIZE, random, class_number) for _ in starts)
    for start, (images, _) in zip(starts, generate_uint8(generator, latents), strict=True):
        yield images[: num - start].cpu()


def _draw(
    generator: nn.Module, training: TrainingConfig, num: int, random: torch.Generator, class_number: int | None
) -> Tensor:
    z = draw_inputs(training, num, random)
    if class_number is not None:
        set_class_(generator, z, class_number)
    return z


def enlarge_for_grid(images: Tensor, num_columns: int, scale: int | None = None) -> Tensor:
    """(N, C, H, W) => (N, C, scale H, scale W); by default with the least scale that makes a grid 512 pixels wide."""
    return _enlarge(images, scale or ceil(_LEAST_GRID_WIDTH / (num_columns * images.shape[-1])))


def _enlarge(images: Tensor, scale: int) -> Tensor:
    """(N, C, H, W) => (N, C, scale H, scale W), each pixel as a square."""
    return images.repeat_interleave(scale, dim=2).repeat_interleave(scale, dim=3)


def _animation(generator: nn.Module, training: TrainingConfig, request: SampleRequest, image_format: str) -> bytes:
    """A loop of 16 walks through the latent space, each past its own `corners` latents and back to the first."""
    random = torch.Generator().manual_seed(request.seed)
    walks = []
    for _ in range(_WALK_SIDE**2):
        corners = _draw(generator, training, request.corners, random, request.class_number)
        walks.append(input_path(training, corners, request.steps, closed=True))
    factor = max(1, _WALK_TILE // training.dataset.image_size)
    moments = generate_uint8(generator, torch.stack(walks, dim=1))
    frames = [grid_pixels(_enlarge(images.cpu(), factor), _WALK_SIDE) for images, _ in moments]
    return _encode(frames, image_format)


def _encode(frames: list[NDArray[np.uint8]], image_format: str) -> bytes:
    """Encode an endlessly repeated animation."""
    first, *others = (Image.fromarray(frame) for frame in frames)
    buffer = io.BytesIO()
    # Lossless, because compression would make the images look worse, or smoother, than they are.
    settings = {"lossless": True} if image_format == "webp" else {"optimize": False}
    first.save(buffer, image_format, save_all=True, append_images=others, duration=_FRAME_MSEC, loop=0, **settings)
    return buffer.getvalue()


def _png(image_uint8: Tensor) -> bytes:
    """(C, H, W) => a PNG, grey or in colour."""
    pixels = image_uint8.permute(1, 2, 0).numpy()
    buffer = io.BytesIO()
    Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels).save(buffer, "PNG")
    return buffer.getvalue()
