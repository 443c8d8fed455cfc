"""This rank's batches: functions of the images seen, which a GPU receives in blocks, prepared while it works."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from gan_study.config.training import TrainingConfig
from gan_study.data.datasets import Dataset
from gan_study.data.sampler import batch_positions
from gan_study.gan.augmentations import flip
from gan_study.gan.conversion import to_float
from gan_study.gan.parts import classes_of, penalty_of
from gan_study.training.batch import NUM_VIEWS, draw_chances, draw_penalty_noise
from gan_study.training.distributed import Workers, free_memory
from gan_study.training.precision import weights_dtype
from gan_study.training.randomness import Stream, draw_latents

_MOST_STEPS = 16
"""Most steps in a block for a GPU; with more, the transfers of a step would hardly cost less."""
MOST_BYTES = 64 * 2**20
"""Most bytes of images and noise in a block of several steps."""
_UPLOADED_AT_ONCE = 4096


class Batch(NamedTuple):
    """This rank's rows of a global batch, on its device."""

    real_images: Tensor
    """NCHW float in [-1, 1]."""
    z: Tensor
    """(N, z_dim) latents."""
    noise: Tensor | None
    """(N / pac, k, 1, 1) noise of the gradient penalty; None if the step has no gradient penalty."""
    chances: Tensor | None = None
    """(N, `NUM_VIEWS`, k) uniform numbers of the augmentations; None without augmentations."""
    labels: Tensor | None = None
    """(N,) int64 classes of the real images and of those that `z` makes; None if the GAN is not conditional."""


@dataclass(frozen=True, eq=False)
class _Block:
    """The numbers for some steps in a row, each with one row for each step."""

    first_nimg: int
    """Images seen before the first of the steps."""
    images: Tensor
    """(K, N, C, H, W) uint8, or (K, N) their positions in the train part. N is the whole batch if the noise needs
    that."""
    z: Tensor
    """(K, n, z_dim) float32 latents."""
    noise: list[Tensor | None]
    """K times (n / pac, k, 1, 1) uniform numbers."""
    chances: list[Tensor | None]
    """K times (n, k) uniform numbers of flips and augmentations."""
    labels: Tensor | None
    """(K, n) int64 classes; None if the GAN is not conditional."""

    def pinned(self) -> "_Block":
        """This block in memory from which a GPU copies while the host goes on."""
        return self._each(lambda rows: rows.pin_memory())

    def to(self, device: torch.device) -> "_Block":
        """This block on the device; the host does not wait for the copy."""
        return self._each(lambda rows: rows.to(device, non_blocking=True))

    @property
    def num_bytes(self) -> int:
        """Bytes of all numbers."""
        parts = (self.images, self.z, *self.noise, *self.chances, self.labels)
        return sum(rows.nbytes for rows in parts if rows is not None)

    def _each(self, change: Callable[[Tensor], Tensor]) -> "_Block":
        noise, chances = (
            [None if rows is None else change(rows) for rows in steps] for steps in (self.noise, self.chances)
        )
        labels = None if self.labels is None else change(self.labels)
        return _Block(self.first_nimg, change(self.images), change(self.z), noise, chances, labels)


class BatchSource:
    """Gives a training's batches, in any order.

    Without `most_memory`, each batch is drawn when it is asked for, which suits a CPU. Otherwise a thread draws those
    of the next steps while a GPU works on these; and the GPU holds all training images if they take at most
    `most_memory`, a share of its free memory. The batches are the same.
    """

    def __init__(
        self, training: TrainingConfig, dataset: Dataset, workers: Workers, most_memory: float | None = None
    ) -> None:
        self._training, self._dataset, self._workers = training, dataset, workers
        self._dtype = weights_dtype(training)
        penalty = penalty_of(training)
        self._scale_noise = penalty.scale_noise if penalty is not None else None
        classes = classes_of(training, dataset.class_shares)
        self._class_numbers = None if classes is None else classes.choice().centres
        self._block: _Block | None = None
        self._next: Future[_Block] | None = None
        self._on_device: Tensor | None = None
        self._thread: ThreadPoolExecutor | None = None
        self._num_steps = 1
        if most_memory is not None:
            num_bytes = len(dataset.train_indices) * dataset.images[0].size
            if num_bytes <= most_memory * free_memory(workers.device):
                self._on_device = _upload(dataset, workers.device)
            # The thread ends with this object.
            self._thread = ThreadPoolExecutor(1, "batches")
            self._num_steps = self._most_steps()

    def draw(self, cur_nimg: int) -> Batch:
        """Return this rank's rows of the global batch that follows `cur_nimg` images."""
        block, step = self._block_at(cur_nimg)
        images = block.images[step] if self._on_device is None else self._on_device[block.images[step]]
        images = to_float(images, self._dtype).to(memory_format=torch.channels_last)
        real_images = self._own_rows(images) if self._needs_all_rows else images
        if (noise := block.noise[step]) is not None:
            noise = noise.to(self._dtype)
            if self._scale_noise is not None:
                noise = self._scale_noise(noise, images)
        if (chances := block.chances[step]) is not None:
            if self._training.dataset.flip:
                real_images, chances = flip(real_images, chances[:, :1]), chances[:, 1:]
            chances = chances.to(self._dtype).unflatten(1, (NUM_VIEWS, -1)) if chances.shape[1] else None
        labels = None if block.labels is None else block.labels[step]
        return Batch(real_images, block.z[step].to(self._dtype), noise, chances, labels)

    @property
    def _needs_all_rows(self) -> bool:
        return self._workers.world_size > 1 and self._scale_noise is not None

    def _own_rows(self, rows: Tensor) -> Tensor:
        return self._workers.own_rows(rows, self._training.num_stacks)

    def _most_steps(self) -> int:
        """Return the number of steps in a block."""
        return max(1, min(_MOST_STEPS, MOST_BYTES // self._draw_block(0, 1).num_bytes))

    def _block_at(self, cur_nimg: int) -> tuple[_Block, int]:
        """Return the block that holds the batch, on the device, and the batch's place in it."""
        size = self._training.batch_size
        if self._block is not None and 0 <= cur_nimg - self._block.first_nimg < self._num_steps * size:
            return self._block, (cur_nimg - self._block.first_nimg) // size
        ahead, self._next = self._next, None
        block = None if ahead is None else ahead.result()
        if block is None or block.first_nimg != cur_nimg:  # the first one, or after a rollback
            block = self._draw_block(cur_nimg, self._num_steps)
        if self._thread is not None:
            self._next = self._thread.submit(self._draw_block, cur_nimg + self._num_steps * size, self._num_steps)
        self._block = block.to(self._workers.device)
        return self._block, 0

    def _draw_block(self, cur_nimg: int, num_steps: int) -> _Block:
        training, dataset, workers = self._training, self._dataset, self._workers
        size, num_values = training.batch_size, dataset.images[0].size
        positions = batch_positions(training.seed, cur_nimg, num_steps * size, len(dataset.train_indices))
        rows = torch.from_numpy(positions).view(num_steps, size)
        own_positions = self._own_rows(rows.T).T.contiguous()
        if not self._needs_all_rows:
            rows = own_positions
        images = rows
        if self._on_device is None:
            images = torch.from_numpy(dataset.images[dataset.train_indices[rows.numpy()]])
        starts = range(cur_nimg, cur_nimg + num_steps * size, size)
        z = torch.stack([self._own_rows(draw_latents(training, size, Stream.LATENTS, start)) for start in starts])
        labels = None
        if (
            self._class_numbers is not None and dataset.labels is not None
        ):  # Each generated image has the class of the real one beside it.
            labels = torch.from_numpy(dataset.labels[dataset.train_indices[own_positions.numpy()]])
            z[:, :, -1] = self._class_numbers[labels]
        noise = [draw_penalty_noise(training, num_values, start) for start in starts]
        chances = [draw_chances(training, start) for start in starts]
        own_noise, own_chances = (
            [None if numbers is None else self._own_rows(numbers) for numbers in steps] for steps in (noise, chances)
        )
        block = _Block(cur_nimg, images, z, own_noise, own_chances, labels)
        return block.pinned() if workers.device.type == "cuda" else block


def _upload(dataset: Dataset, device: torch.device) -> Tensor:
    """Return the train part's images on the device: (N, C, H, W) uint8."""
    indices = dataset.train_indices
    images = torch.empty((len(indices), *dataset.images.shape[1:]), dtype=torch.uint8, device=device)
    for part in range(0, len(indices), _UPLOADED_AT_ONCE):
        chosen = slice(part, part + _UPLOADED_AT_ONCE)
        images[chosen] = torch.from_numpy(dataset.images[indices[chosen]]).to(device)
    return images
