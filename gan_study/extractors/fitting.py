"""Training of the extractors that learn from the data set: repeatable, resumable, and stopped once it has settled."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save as save_tensors
from torch import Tensor, nn

from gan_study.data.sampler import batch_positions
from gan_study.extractors.fitting_state import FittingState, StateFile
from gan_study.extractors.machine_cache import default_cache, load_or_make, unfinished_name
from gan_study.extractors.progress import at_work, count_done
from gan_study.extractors.threads import threads_of_one
from gan_study.runs.storage import Storage

BATCH_SIZE = 64
_NUM_PARTS = 4
"""Parts of each batch on a CPU. Threads share them, so the sum of their gradients does not depend on the number of
threads."""
_LEARNING_RATE = 2e-3
_AVERAGE_DECAY = 0.99
"""Decay of the running average of the weights at each step."""
STEPS_PER_CHECK = 100
CHECKS_WITHOUT_GAIN = 8
"""Consecutive checks without a gain after which the training has settled."""
_LEAST_GAIN = 0.02
"""Share by which an error must fall below the lowest one so far to count as a gain."""
_CHECKED_SHARE = 0.1
NUM_CHECKED = 500
"""Images for the checks; fewer say too little. If these are more than a tenth, all images are learned and the training
takes its full length."""
SAVE_SEC = 5.0

_N = TypeVar("_N", bound=nn.Module)
Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Lesson(Generic[_N]):
    """A network, its loss and its error on images, which are given by their numbers in the data set."""

    build: Callable[[], _N]
    """The network before its first step."""
    loss: Callable[[_N, Indices], Tensor]
    """Mean loss on some images, on the network's device."""
    error: Callable[[_N, Indices], float]
    """Mean error on some images, which the training should lower; 0 for a perfect network."""


def learned_weights(name: str, train: Callable[[StateFile], nn.Module], cache: Storage | None = None) -> bytes:
    """The file `name` of the cache, safetensors. If it is missing, `train` makes the network, or continues an
    unfinished training."""
    cache = cache or default_cache()
    file = StateFile(cache, unfinished_name(name))
    return load_or_make(name, lambda: save_tensors(train(file).state_dict()), cache)


def num_steps(kimg: float, epochs: int, num_images: int) -> int:
    """Most steps of a training: `kimg` thousand images or `epochs` passes over `num_images`, whichever is less."""
    return max(1, int(min(1000 * kimg, epochs * num_images) // BATCH_SIZE))


def fit_network(
    lesson: Lesson[_N],
    indices: Indices,
    most_steps: int,
    seed: int,
    device: torch.device | None = None,
    file: StateFile | None = None,
) -> _N:
    """A network trained with Adam, on the CPU, frozen and in evaluation mode: the running average of its weights.

    With 5,000 images or more, 500 are not learned at first: they show when the training has settled, which is after
    eight consecutive checks, 100 steps apart, that have not lowered the lowest error by a fiftieth. From then on, or
    from two thirds of `most_steps`, the learning rate falls to 0 in half as many further steps, and all images are
    learned. `file` keeps the state, from which an interrupted training continues to identical weights.

    The weights depend on the seed and, in their last digits, on the kind of processor, but not on the number of
    threads. On a GPU, cuDNN's deterministic algorithms are used.
    """
    learned, checked = split_for_checks(indices, seed)
    device = device or torch.device("cpu")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = lesson.build()
    network.to(device).to(memory_format=torch.channels_last)  # faster
    optimizer = torch.optim.Adam(network.parameters(), lr=_LEARNING_RATE, fused=True)
    state = FittingState(network, deepcopy(network), optimizer)
    if file is not None and (before := file.read()) is not None:
        state.load(before)
    flags = torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False)
    counted = at_work("steps of training the extractor", most_steps, state.step, may_end_early=len(checked) > 0)
    with flags, threads_of_one() as pool, counted:
        while state.step < most_steps and (rate := learning_rate_after(state.step, state.errors, most_steps)) > 0:
            state.optimizer.param_groups[0]["lr"] = rate
            images = learned if rate == _LEARNING_RATE else indices
            chosen = images[batch_positions(seed, state.step * BATCH_SIZE, BATCH_SIZE, len(images))]
            take_step(state, lesson.loss, chosen, pool)
            if len(checked) and rate == _LEARNING_RATE and state.step % STEPS_PER_CHECK == 0:
                state.errors.append(_error(lesson.error, state.average, checked, pool))
            if file is not None:
                file.write_now_and_then(state, SAVE_SEC)
            count_done(1)
    trained = state.average.eval().requires_grad_(False)
    trained.to("cpu").to(memory_format=torch.contiguous_format)
    return trained


def split_for_checks(indices: Indices, seed: int) -> tuple[Indices, Indices]:
    """The images to learn from, and the images for the checks."""
    if _CHECKED_SHARE * len(indices) < NUM_CHECKED:
        return indices, indices[:0]
    order = np.random.default_rng(seed).permutation(indices)
    return order[NUM_CHECKED:], order[:NUM_CHECKED]


def take_step(
    state: FittingState[_N], loss: Callable[[_N, Indices], Tensor], chosen: Indices, pool: ThreadPoolExecutor
) -> None:
    """Make one step of Adam, and update the average."""
    network, parameters = state.network, list(state.network.parameters())

    def gradients(part: Indices) -> tuple[Tensor, ...]:
        return torch.autograd.grad(loss(network, part), parameters)

    num_parts = _NUM_PARTS if parameters[0].device.type == "cpu" else 1
    parts = list(pool.map(gradients, np.split(chosen, num_parts)))
    for parameter, *shares in zip(parameters, *parts, strict=True):
        parameter.grad = torch.stack(shares).mean(0) if num_parts > 1 else shares[0]
    state.optimizer.step()
    state.step += 1
    # Early steps decay faster, so that a short training is not averaged with its beginning.
    decay = min(_AVERAGE_DECAY, state.step / (state.step + 9))
    with torch.no_grad():
        for average, parameter in zip(state.average.parameters(), parameters, strict=True):
            average.lerp_(parameter, 1 - decay)


def _error(error: Callable[[_N, Indices], float], network: _N, checked: Indices, pool: ThreadPoolExecutor) -> float:
    def share(part: Indices) -> float:
        with torch.no_grad():
            return error(network, part) * len(part)

    return sum(pool.map(share, np.array_split(checked, -(-len(checked) // 100)))) / len(checked)


def learning_rate_after(step: int, errors: list[float], most_steps: int) -> float:
    """Learning rate of the step after `step`; 0 if the training is over. No error is added while it falls."""
    start = -(-2 * most_steps // 3)
    if has_settled(errors):
        start = min(start, len(errors) * STEPS_PER_CHECK)
    end = start + max(1, start // 2)
    return _LEARNING_RATE * min(1.0, max(0.0, (end - step) / (end - start)))


def has_settled(errors: list[float]) -> bool:
    """Return True if the last checks brought no gain."""
    before, last = errors[:-CHECKS_WITHOUT_GAIN], errors[-CHECKS_WITHOUT_GAIN:]
    return len(before) > 0 and min(last) >= (1 - _LEAST_GAIN) * min(before)
