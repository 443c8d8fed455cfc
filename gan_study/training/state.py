"""The state of a training, and its checkpoint, from which a training resumes bit for bit."""

import copy
import io
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import torch
from safetensors.torch import save as save_tensors
from torch import Tensor, nn

from gan_study.config.training import TrainingConfig
from gan_study.config.values.half_lives import half_lives
from gan_study.config.values.lr_schedules import rate_share
from gan_study.gan.own_randomness import OwnRandomness
from gan_study.gan.parts import networks_of
from gan_study.runs.records.measurements import EvaluationRecord
from gan_study.runs.records.status import RollbackRecord
from gan_study.training.adaptive_strength import AugmentProbability, make_probability
from gan_study.training.distributed import Workers
from gan_study.training.optimizers import make_optimizer
from gan_study.training.precision import weights_dtype
from gan_study.training.randomness import Stream, stream_seed

_EMA_RAMP_UP = 0.05
"""Largest half-life of the averaged weights as a share of the images seen (Karras et al. 2020, ADA)."""


@dataclass
class Counters:
    """A training's images, steps and seconds so far, over all its processes."""

    cur_nimg: int = 0
    num_d_steps: int = 0
    num_g_steps: int = 0
    train_sec: float = 0.0
    evaluate_sec: float = 0.0
    device_sec: float = 0.0
    """These seconds times the workers at the time."""

    @property
    def seconds(self) -> float:
        """Seconds of training steps and evaluations together."""
        return self.train_sec + self.evaluate_sec

    def add_train_sec(self, seconds: float, workers: Workers) -> None:
        """Count seconds that these workers have spent in training steps."""
        self.train_sec += seconds
        self.device_sec += seconds * workers.world_size

    def add_evaluate_sec(self, seconds: float, workers: Workers) -> None:
        """Count seconds that these workers have spent in an evaluation."""
        self.evaluate_sec += seconds
        self.device_sec += seconds * workers.world_size

    def take_back(self, num_d_steps: int, num_g_steps: int, batch_size: int) -> None:
        """Count so many of the last steps as not made; their seconds have passed."""
        self.num_d_steps -= num_d_steps
        self.num_g_steps -= num_g_steps
        self.cur_nimg -= num_d_steps * batch_size


@dataclass
class TrainingState:
    """Networks (not wrapped), optimizers and counters of one training."""

    generator: nn.Module
    discriminator: nn.Module
    g_ema: nn.Module
    """The generator with averaged weights, in evaluation mode, which is scored and kept."""
    g_optimizer: torch.optim.Optimizer
    d_optimizer: torch.optim.Optimizer
    counters: Counters
    further_emas: dict[str, nn.Module] = field(default_factory=dict)
    """Averaged generators of other half-lives, by their half-life in kimg such as `100`; they are scored at the end."""
    augment_probability: AugmentProbability | None = None
    """The probability of adaptive augmentations; None if there are none."""
    rollbacks: tuple[RollbackRecord, ...] = ()
    """The training's returns to earlier states."""
    healthy_nimg: int | None = None
    """Images at the last healthy evaluation, whose checkpoint is kept; None without `on_collapse: rollback`."""
    former_healthy_nimg: int | None = None
    """Images at the healthy evaluation before that one, to which the checkpoint before the last may need to return."""
    evaluations: list[EvaluationRecord] = field(default_factory=list)
    """The training's evaluations so far, which a checkpoint repeats in case metrics.jsonl has lost some."""

    def to_bytes(self) -> bytes:
        """Return the checkpoint."""
        buffer = io.BytesIO()
        content = {name: part.state_dict() for name, part in self._parts().items()}
        rollbacks = [rollback.model_dump() for rollback in self.rollbacks]
        history = {
            "counters": vars(self.counters),
            "rollbacks": rollbacks,
            "healthy_nimg": self.healthy_nimg,
            "evaluations": [evaluation.model_dump_json() for evaluation in self.evaluations],
        }
        torch.save({**content, **history}, buffer)
        return buffer.getvalue()

    def load_bytes(self, checkpoint: bytes) -> None:
        """Set everything from a checkpoint of `to_bytes`. Raises RuntimeError if the networks differ."""
        content: dict[str, Any] = torch.load(io.BytesIO(checkpoint), map_location="cpu", weights_only=True)
        for name, part in self._parts().items():
            part.load_state_dict(content[name])
        for optimizer in (self.g_optimizer, self.d_optimizer):
            _check_shapes(optimizer)
        self.counters = Counters(**content["counters"])
        # Checkpoints of older versions have none of these.
        self.evaluations[:] = [EvaluationRecord.model_validate_json(e) for e in content.get("evaluations", ())]
        self.rollbacks = tuple(RollbackRecord.model_validate(known) for known in content.get("rollbacks", ()))
        self.healthy_nimg = content.get("healthy_nimg")

    def set_learning_rates(self, g_lr: float, d_lr: float) -> None:
        """Set the learning rates of both optimizers from the next step on."""
        for optimizer, lr in ((self.g_optimizer, g_lr), (self.d_optimizer, d_lr)):
            for group in optimizer.param_groups:
                group["lr"] = lr

    def snapshot(self, half_life: str | None = None) -> bytes:
        """Return an averaged generator's weights in safetensors format: the one that counts, or a further one."""
        network = self.g_ema if half_life is None else self.further_emas[half_life]
        return save_tensors({name: t.detach().cpu().contiguous() for name, t in network.state_dict().items()})

    def _parts(self) -> dict[str, Any]:
        return {
            "generator": self.generator,
            "discriminator": self.discriminator,
            "g_ema": self.g_ema,
            "g_optimizer": self.g_optimizer,
            "d_optimizer": self.d_optimizer,
            **{f"g_ema {half_life}": network for half_life, network in self.further_emas.items()},
            **({} if self.augment_probability is None else {"augment_probability": self.augment_probability}),
        }


def is_whole(checkpoint: bytes) -> bool:
    """Return True if no byte of a checkpoint of `to_bytes` is missing or changed, which torch.load does not check.

    A checkpoint with compressed parts counts as changed: torch writes none, and they might unpack without end.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(checkpoint)) as archive:
            is_plain = all(part.compress_type == zipfile.ZIP_STORED for part in archive.infolist())
            return is_plain and archive.testzip() is None
    except Exception:  # zipfile raises all kinds for a damaged file
        return False


def _check_shapes(optimizer: torch.optim.Optimizer) -> None:
    """Raise RuntimeError if the state of a parameter has another shape, which torch would find out at a step or not."""
    for parameter, values in optimizer.state.items():
        for name, value in values.items():
            if torch.is_tensor(value) and value.dim() > 0 and value.shape != parameter.shape:
                raise RuntimeError(f"the optimizer's {name} has the shape {tuple(value.shape)}")


def build_state(
    config: TrainingConfig, num_channels: int, device: torch.device, class_shares: tuple[float, ...] | None = None
) -> TrainingState:
    """Return a training at 0 images, whose weights are a function of the seed alone.

    class_shares: the share of each class among the training images, which a conditional GAN needs.
    """
    with OwnRandomness(stream_seed(config.seed, Stream.WEIGHTS)):
        networks = networks_of(config, num_channels, class_shares)
    dtype = weights_dtype(config)
    # Convolutions are fastest in the channels_last layout, on CPUs and on GPUs.
    generator, discriminator = (
        network.to(device=device, dtype=dtype).to(memory_format=torch.channels_last).train() for network in networks
    )
    further, probability = half_lives(config.ema_half_life_kimg)[1:], make_probability(config)
    return TrainingState(
        generator=generator,
        discriminator=discriminator,
        g_ema=_average_of(generator),
        further_emas={f"{half_life:g}": _average_of(generator) for half_life in further},
        g_optimizer=make_optimizer(config, config.g_lr, generator.parameters()),
        d_optimizer=make_optimizer(config, config.d_lr, discriminator.parameters()),
        counters=Counters(),
        augment_probability=None if probability is None else probability.to(device),
    )


def _average_of(generator: nn.Module) -> nn.Module:
    return copy.deepcopy(generator).eval().requires_grad_(False)


def set_rates_(state: TrainingState, config: TrainingConfig, lr_factor: float) -> None:
    """Set both optimizers to the rates of the configuration's schedules at the images seen so far.

    An entry holds from the first step that starts at or after its images, so a resumed training uses the same rates.

    lr_factor: the factor of the learning rates after the training's rollbacks.
    """
    cur_nimg = state.counters.cur_nimg
    reached = [e for e in config.schedule if round(e.from_kimg * 1000) <= cur_nimg]
    schedules = (config.g_lr_schedule, config.d_lr_schedule)
    if not reached and set(schedules) == {"constant"}:
        return
    rates = reached[-1] if reached else config
    part = min(1.0, cur_nimg / (1000 * config.total_kimg))
    for optimizer, lr, schedule in zip(
        (state.g_optimizer, state.d_optimizer), (rates.g_lr, rates.d_lr), schedules, strict=True
    ):
        for group in optimizer.param_groups:
            group["lr"] = lr * rate_share(schedule)(part) * lr_factor
            betas = (rates.beta1, rates.beta2)
            group.update({"alpha": rates.beta2} if config.optimizer == "rmsprop" else {"betas": betas})


@torch.no_grad()
def update_ema(g_ema: nn.Module, generator: nn.Module, cur_nimg: int, batch_size: int, half_life_kimg: float) -> None:
    """Move the averaged generator towards the generator, weights and batch norm's running statistics alike.

    The half-life is `half_life_kimg`, but at most a twentieth of the images seen; 0 copies the generator.
    """
    half_life_nimg = min(half_life_kimg * 1000, cur_nimg * _EMA_RAMP_UP)
    decay = 0.5 ** (batch_size / half_life_nimg) if half_life_nimg > 0 else 0.0
    averages, values = (list(_floating_tensors(network)) for network in (g_ema, generator))
    torch._foreach_lerp_(averages, values, 1 - decay)


def _floating_tensors(network: nn.Module) -> Iterable[Tensor]:
    return (t for t in (*network.parameters(), *network.buffers()) if t.is_floating_point())
