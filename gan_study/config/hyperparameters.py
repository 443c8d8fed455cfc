"""Hyperparameters of a training: types, bounds, defaults and meanings. All other lists of them derive from here."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    Discriminator,
    Field,
    PositiveFloat,
    SerializerFunctionWrapHandler,
    Tag,
    ValidationInfo,
    create_model,
    model_serializer,
    model_validator,
)
from pydantic_core import PydanticKnownError

from gan_study.config.base import Frozen, Scalar, flatten
from gan_study.config.names import CONDITIONS, OptimizerName
from gan_study.config.own.named import Loss, Network, Penalty, collect_own_values, listed_names
from gan_study.config.own.parts import CONDITION_OF, is_own
from gan_study.config.paper_defaults import default_g_norm, default_upsample
from gan_study.config.values.augment import Augment
from gan_study.config.values.betas import Betas
from gan_study.config.values.half_lives import HalfLives
from gan_study.config.values.lr_schedules import LrSchedule
from gan_study.config.values.schedule import DecayRate

Precision = Literal["float32", "bf16", "float64"]
NormName = Literal["batch", "layer", "none"]
ActivationName = Literal["published", "relu", "leaky_relu", "elu", "silu"]
UpsampleName = Literal["transposed", "nearest", "bilinear"]
Conditional = Literal["none", "projection", "concat"]
Width = Annotated[int, Field(ge=1, le=2048)]
ZDistribution = Literal["normal", "uniform"]


class NetworkConfig(Frozen):
    """The shape of the generator and the discriminator."""

    name: Network
    """dcgan (strided convolutions), infogan (those of Lucic et al. 2018), mlp (stacked fully connected layers) or
    resnet (residual blocks)."""
    width: Width = 64
    """mlp: units of the hidden layers; else: channels of the layer next to the image. It sets both players' widths."""
    g_width: Width | None = None
    """The generator's width; default: width."""
    d_width: Width | None = None
    """The discriminator's width; default: width."""
    depth: Annotated[int, Field(ge=0, le=8)] = 0
    """Further layers of both players at each size of their feature maps: 3x3 convolutions in dcgan and infogan,
    residual blocks in resnet. mlp: further hidden layers."""
    upsample: UpsampleName | None = None
    """Networks with convolutions: how the generator doubles its feature maps. transposed: a transposed convolution of
    4x4; nearest, bilinear: interpolation before a convolution of 3x3. Default: nearest in resnet, else transposed."""
    activation: ActivationName = "published"
    """Activation of both players. published: each network's own, which is relu, or leaky_relu (slope 0.2) in infogan
    and in the discriminators of dcgan and mlp."""
    attention: Annotated[int, Field(ge=0, le=128)] = 0
    """Networks with convolutions: pixels a side of the feature maps after which both players have a layer of
    self-attention (SAGAN); 0: none."""
    g_norm: NormName = "batch"
    """Normalisation in the generator. Default: batch; none in mlp."""
    discriminator_norm: NormName = "batch"
    """Normalisation in the discriminator. Default: batch; none with wgan_gp, r1, r2 (their gradients are per image,
    WGAN-GP paper section 4), with spectral_norm, with conditional: projection, in mlp and
    in resnet."""
    spectral_norm: bool = False
    """Divide every layer of the discriminator by its largest singular value (SNGAN)."""
    g_spectral_norm: bool = False
    """Divide every layer of the generator by its largest singular value (SAGAN)."""

    @property
    def generator_width(self) -> int:
        """The width of the generator."""
        return self.width if self.g_width is None else self.g_width

    @property
    def discriminator_width(self) -> int:
        """The width of the discriminator."""
        return self.width if self.d_width is None else self.d_width

    @model_validator(mode="before")
    @classmethod
    def _fill_defaults(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        name = str(data.get("name"))
        own = {"g_norm": default_g_norm(name), "upsample": default_upsample(name)}
        return {**own, **{key: value for key, value in data.items() if value is not None}}

    @model_serializer(mode="wrap")
    def _without_our_settings(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """An own network has none of the settings of ours."""
        values: dict[str, Any] = {"name": self.name} if is_own(self.name) else handler(self)
        return values


class Hyperparameters(Frozen):
    """The hyperparameters of one training, all of which an arm may fix or search."""

    network: NetworkConfig
    """Generator and discriminator: a network's name, or its name with further settings."""
    loss: Loss
    """The two players' objective; relativistic is the paired loss (RpGAN, RSGAN), not the average one (RaGAN)."""
    penalty: Penalty = "none"
    """Penalty that keeps the discriminator smooth, or [r1, r2] for both of them (R3GAN), whose name is r1+r2; default:
    none."""
    penalty_weight: PositiveFloat | None = None
    """Factor of the penalty in the discriminator's loss (lambda or gamma in the papers)."""
    penalty_every: Annotated[int, Field(ge=1, le=100)] | None = None
    """r1, r2 or both: evaluate the penalty at one in this many discriminator steps, this many times as strong; default:
    1."""
    clip_value: PositiveFloat | None = None
    """Bound of every discriminator weight under weight_clip (c in the WGAN paper)."""
    label_smoothing: Annotated[float, Field(ge=0, lt=0.5)] | None = None
    """minimax, non_saturating: the discriminator's target for real images is 1 minus this; default: 0."""
    augment: Augment = "none"
    """Augmentations of the real and the generated images that the discriminator sees, in the steps of both players
    (DiffAugment): some of flip, colour, translation, cutout and own ones, such as [colour, translation, cutout]. With
    {adaptive: [colour, translation], target: 0.6, ramp_kimg: 50}, each is applied with a probability that rises while
    the mean sign of the discriminator's output on real images is above the target, and else falls (ADA), from 0 to 1
    over so many images at most; default: 0.6, and a tenth of the training, at most 500 kimg. Gradient penalties are
    those at augmented images."""
    conditional: Conditional = "none"
    """Class-conditional GAN, for data with labels: both players know the class of each image. projection: the
    discriminator's logit gains an inner product of its features and the class's vector, and the generator's batch norms
    have scales and offsets for each class (or its input names the class, if it has no batch norm). concat: the
    discriminator's and the generator's inputs name the class."""
    pac: Annotated[int, Field(ge=1, le=16)] = 1
    """Images that the discriminator judges together, stacked as channels (PacGAN)."""
    optimizer: OptimizerName = "adam"
    """Optimizer of both networks: adam or rmsprop."""
    batch_size: Annotated[int, Field(ge=2, le=65_536)] = 64
    """Images per step, over all workers together."""
    g_lr: PositiveFloat
    """The generator's learning rate."""
    d_lr: PositiveFloat
    """The discriminator's learning rate."""
    g_lr_schedule: LrSchedule = "constant"
    """The generator's learning rate over the training, as a share of g_lr: constant; linear or cosine, down to 0;
    {linear: 0.1} or {cosine: 0.1}, down to a share; {step: {at: [0.5, 0.75], factor: 0.1}}, times a factor at parts of
    the training."""
    d_lr_schedule: LrSchedule = "constant"
    """The discriminator's learning rate over the training, as a share of d_lr, in the same forms."""
    beta1: DecayRate
    """Adam's first decay rate, for both networks; rmsprop has none."""
    beta2: DecayRate
    """Decay rate of the squared gradients, for both networks: Adam's second, RMSprop's alpha."""
    d_steps_per_g_step: Annotated[int, Field(ge=1, le=100)] = 1
    """Discriminator steps for every generator step (n_critic in the WGAN paper)."""
    z_dim: Annotated[int, Field(ge=1, le=16_384)] = 64
    """Length of the latent vector."""
    z_distribution: ZDistribution = "normal"
    """Distribution of each entry of the latent vector: N(0, 1) or uniform on [-1, 1]."""
    ema_half_life_kimg: HalfLives = 10.0
    """Half-life of the averaged generator's weights in thousands of images, at most a twentieth of the
    images seen so far; 0 means no averaging. In a list such as [10, 1, 100], the first counts; the other averages are
    kept and scored at the end, at no further training."""
    precision: Precision = "float32"
    """Arithmetic of the networks. bf16: large products in bfloat16; gradient penalties, the statistics of
    normalisation, weights, averages and optimizers stay in float32. float64 is for checks of exactness."""
    own: dict[str, Scalar] = Field(default_factory=dict)
    """Values of the parameters of own parts, by dotted name such as network.depth or loss.margin. They are also read
    from beside the part's name: `network: {name: my_gans.py:MyGan, depth: 3}`."""


PARTS: Final[Mapping[str, tuple[str, ...]]] = {
    "lr": ("g_lr", "d_lr"),
    "lr_schedule": ("g_lr_schedule", "d_lr_schedule"),
    "betas": ("beta1", "beta2"),
    "network.width": ("network.g_width", "network.d_width"),
}
"""Shorthands, with the hyperparameters that each of them sets."""


def _optional_fields(model: type[BaseModel]) -> dict[str, Any]:
    """The fields of a model for `create_model`, all of them optional; a shorthand comes before its first part."""
    shorthands = {parts[0]: name for name, parts in PARTS.items()}
    fields: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        if name in shorthands:
            fields[shorthands[name]] = (Any, None)
        kind: Any = Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation
        fields[name] = (kind | None, Field(None, description=field.description))
    return fields


if TYPE_CHECKING:
    from gan_study.config.base import Frozen as _OptionalHyperparameters
    from gan_study.config.base import Frozen as _OptionalNetwork
else:
    _OptionalNetwork = create_model("_OptionalNetwork", __base__=Frozen, **_optional_fields(NetworkConfig))
    _OptionalHyperparameters = create_model(
        "_OptionalHyperparameters", __base__=Frozen, **_optional_fields(Hyperparameters)
    )


class PartialNetwork(_OptionalNetwork):
    """A network as an arm gives it: settings that are left out take the default."""


def _network_form(value: Any) -> str:
    return "(settings)" if isinstance(value, dict | PartialNetwork) else "(name)"


class PartialHyperparameters(_OptionalHyperparameters):
    """Fixed values. A hyperparameter that is left out takes the paper's default (`gan_study plan` prints it)."""

    # The form of a value decides which of the two it is checked against, so that a fault is reported once.
    network: (
        Annotated[
            Annotated[Network, Tag("(name)")] | Annotated[PartialNetwork, Tag("(settings)")],
            Discriminator(_network_form),
        ]
        | None
    ) = None
    """Name of the network, or its name with further settings."""
    lr: PositiveFloat | None = None
    """The learning rate of both networks, in place of g_lr and d_lr."""
    lr_schedule: LrSchedule | None = None
    """Both players' learning rates over the training, in place of g_lr_schedule and d_lr_schedule: constant, linear,
    cosine, {linear: 0.1}, {cosine: 0.1}, or {step: {at: [0.5, 0.75], factor: 0.1}}."""
    betas: Betas | None = None
    """Both of Adam's decay rates, in place of beta1 and beta2: a pair such as [0.5, 0.999]."""

    @model_validator(mode="before")
    @classmethod
    def _own_values(cls, data: Any, info: ValidationInfo) -> Any:
        own = info.context["own"] if info.context is not None else set()
        return collect_own_values(data, own.difference(HYPERPARAMETERS))

    def dotted(self) -> dict[str, Scalar]:
        """The values that are given, by dotted name; a bare network name becomes `network.name`."""
        values = self.model_dump(exclude_none=True, include=set(PartialHyperparameters.model_fields))
        own = values.pop("own", {})
        if isinstance(values.get("network"), str):
            values["network"] = {"name": values["network"]}
        return {**dict(flatten(values)), **own}


def _names() -> tuple[str, ...]:
    flat = [name for name in PartialHyperparameters.model_fields if name not in ("network", "own")]
    return tuple(dict.fromkeys([*CONDITIONS, *flat, *(f"network.{name}" for name in PartialNetwork.model_fields)]))


HYPERPARAMETERS: Final = _names()
"""All that an arm may fix or search, by dotted name (`network.width`): the conditions first, since others depend on
them."""


def _searchable(name: str, info: ValidationInfo) -> str:
    """A hyperparameter's name; the context of a study's reader holds the names of its own parts' parameters and of its
    groups."""
    may_be_own = "." not in name or (name.partition(".")[0] in CONDITION_OF and name.count(".") == 1)
    own = info.context["own"] if info.context is not None else ({name} if may_be_own else set())
    if name in HYPERPARAMETERS or name in own:
        return name
    raise PydanticKnownError("literal_error", {"expected": listed_names((*HYPERPARAMETERS, *sorted(own)))})


HyperparameterName = Annotated[str, AfterValidator(_searchable)]
