"""Class-conditional networks, made of any generator and discriminator.

The generator's input has one more number than its latent vector, which decides the class: `ClassChoice`. So whatever
draws inputs, also draws classes, in the shares of the training images.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from gan_study.config.hyperparameters import Conditional, ZDistribution


class ClassChoice(nn.Module):
    """Decides the class from a number of the generator's input: each class has an interval, as likely as its share."""

    bounds: Tensor
    centres: Tensor

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.num_classes = num_classes
        self.register_buffer("bounds", torch.zeros(num_classes - 1))
        self.register_buffer("centres", torch.zeros(num_classes))

    def forward(self, numbers: Tensor) -> Tensor:
        """(N,) numbers => (N,) int64 classes."""
        return (numbers.unsqueeze(1) > self.bounds).sum(1)

    def extra_repr(self) -> str:
        """Return the constructor's argument."""
        return f"{self.num_classes}"


class ConditionalBatchNorm(nn.Module):
    """Batch norm with a scale and an offset for each class (de Vries et al. 2017, arXiv:1707.00683, section 3).

    Its network sets `labels` before each pass.
    """

    def __init__(self, norm: nn.Module, scale: nn.Module, offset: nn.Module) -> None:
        super().__init__()
        self.norm, self.scale, self.offset = norm, scale, offset
        self.labels: Tensor | None = None

    def forward(self, features: Tensor) -> Tensor:
        """(N, C) or (N, C, H, W) => the normalised features, with the scale and the offset of each one's class."""
        scale, offset = self.scale(self.labels), self.offset(self.labels)
        if features.dim() > 2:
            scale, offset = scale[:, :, None, None], offset[:, :, None, None]
        normalised: Tensor = self.norm(features) * scale + offset
        return normalised


class NormalisingGenerator(nn.Module):
    """A generator whose batch norms know the class (Miyato & Koyama 2018, section 4.1)."""

    def __init__(self, choice: ClassChoice, generator: nn.Module) -> None:
        super().__init__()
        self.choice, self.generator = choice, generator

    def forward(self, inputs: Tensor) -> Tensor:
        """(N, z_dim + 1) => images."""
        labels = self.choice(inputs[:, -1])
        norms = [module for module in self.generator.modules() if isinstance(module, ConditionalBatchNorm)]
        for norm in norms:
            norm.labels = labels
        images: Tensor = self.generator(inputs[:, :-1])
        for norm in norms:
            norm.labels = None
        return images


class ConcatenatingGenerator(nn.Module):
    """A generator whose latent vector is followed by 1 for its class and 0 for the others (Mirza & Osindero 2014)."""

    def __init__(self, choice: ClassChoice, generator: nn.Module) -> None:
        super().__init__()
        self.choice, self.generator = choice, generator

    def forward(self, inputs: Tensor) -> Tensor:
        """(N, z_dim + 1) => images."""
        one_hot = nn.functional.one_hot(self.choice(inputs[:, -1]), self.choice.num_classes)
        images: Tensor = self.generator(torch.cat([inputs[:, :-1], one_hot.to(inputs.dtype)], dim=1))
        return images


class ProjectingDiscriminator(nn.Module):
    """A discriminator whose logit gains the inner product of its last features and the class's vector.

    Miyato & Koyama 2018 (cGANs with projection discriminator), equation 3; feature maps are summed over their pixels.
    The vectors are a linear layer's weights, so that spectral norms divide them, too, as in the authors' code
    (github.com/pfnet-research/sngan_projection). A stack of images gains the sum of its classes' products.
    """

    def __init__(self, discriminator: nn.Sequential, num_classes: int) -> None:
        super().__init__()
        *features, head, _ = discriminator
        assert isinstance(head, nn.Linear | nn.Conv2d), "the last layer but one makes the logit"
        self.features, self.head = nn.Sequential(*features), head
        self.vectors = nn.Linear(num_classes, head.weight.shape[1], bias=False)
        nn.init.xavier_uniform_(self.vectors.weight)

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        """NCHW images, (N * pac,) classes => (N,) logits."""
        features = self.features(images)
        one_hot = nn.functional.one_hot(labels.view(len(images), -1), self.vectors.in_features)
        vectors = self.vectors(one_hot.sum(1).to(features.dtype))
        pooled = features.flatten(2).sum(2) if features.dim() > 2 else features
        logits: Tensor = self.head(features).flatten() + (vectors * pooled).sum(1)
        return logits


class ConcatenatingDiscriminator(nn.Module):
    """A discriminator whose images have one more channel for each class: 1 for the image's own, 0 for the others.

    Mirza & Osindero 2014 (conditional GANs); as channels: Perarnau et al. 2016 (arXiv:1611.06355), section 3.2.
    """

    def __init__(self, discriminator: nn.Module, num_classes: int) -> None:
        super().__init__()
        self.discriminator, self.num_classes = discriminator, num_classes

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        """NCHW images, (N * pac,) classes => (N,) logits."""
        one_hot = nn.functional.one_hot(labels.view(len(images), -1), self.num_classes).flatten(1)
        planes = one_hot.to(images.dtype)[:, :, None, None].expand(-1, -1, *images.shape[2:])
        logits: Tensor = self.discriminator(torch.cat([images, planes], dim=1))
        return logits


@dataclass(frozen=True)
class Classes:
    """The classes that both players know."""

    kind: Conditional
    """The way in which they know them: projection or concat."""
    shares: tuple[float, ...]
    """Share of each class among the training images."""
    distribution: ZDistribution
    """Distribution of the generator's input."""

    def choice(self) -> ClassChoice:
        """The choice among these classes."""
        ends = torch.tensor([0.0, *self.shares], dtype=torch.float64).cumsum(0).clamp(max=1)
        choice = ClassChoice(len(self.shares))
        for buffer, chances in ((choice.bounds, ends[1:-1]), (choice.centres, (ends[1:] + ends[:-1]) / 2)):
            buffer.copy_(torch.special.ndtri(chances) if self.distribution == "normal" else chances * 2 - 1)
        return choice


def conditional_generator(
    build: Callable[[int], nn.Module], z_dim: int, classes: Classes, has_batch_norm: bool
) -> nn.Module:
    """The generator that `build` makes for a length of its input, made conditional: (N, z_dim + 1) => images."""
    if classes.kind == "projection" and has_batch_norm:
        generator = build(z_dim)
        _set_class_norms_(generator, len(classes.shares))
        return NormalisingGenerator(classes.choice(), generator)
    return ConcatenatingGenerator(classes.choice(), build(z_dim + len(classes.shares)))


def conditional_discriminator(
    build: Callable[[int], nn.Module], num_channels: int, pac: int, classes: Classes
) -> nn.Module:
    """The discriminator that `build` makes for a number of channels, made conditional: images and classes => logits.

    num_channels: of one image, of which `pac` are stacked.
    """
    num_classes = len(classes.shares)
    if classes.kind == "concat":
        return ConcatenatingDiscriminator(build(pac * (num_channels + num_classes)), num_classes)
    discriminator = build(pac * num_channels)
    assert isinstance(discriminator, nn.Sequential)
    return ProjectingDiscriminator(discriminator, num_classes)


def set_class_(generator: nn.Module, inputs: Tensor, number: int) -> None:
    """Let inputs (N, `num_inputs`) ask a conditional generator for images of this class."""
    choice = generator.choice
    assert isinstance(choice, ClassChoice), "the generator is conditional"
    inputs[:, -1] = choice.centres[number]


def asked_classes(generator: nn.Module, inputs: Tensor) -> Tensor | None:
    """(N,) int64 classes that inputs (N, `num_inputs`) ask a generator for; None if it is not conditional."""
    choice = getattr(generator, "choice", None)
    return choice(inputs[:, -1].to(choice.bounds)) if isinstance(choice, ClassChoice) else None


def _set_class_norms_(generator: nn.Module, num_classes: int) -> None:
    """Give each batch norm of a generator a scale and an offset for each class, equal ones at first."""
    for module in list(generator.modules()):
        for name, norm in list(module.named_children()):
            if isinstance(norm, nn.BatchNorm1d | nn.BatchNorm2d):
                setattr(module, name, _class_norm(norm, num_classes))


def _class_norm(norm: nn.BatchNorm1d | nn.BatchNorm2d, num_classes: int) -> ConditionalBatchNorm:
    scale, offset = (nn.Embedding(num_classes, norm.num_features) for _ in range(2))
    with torch.no_grad():
        scale.weight.copy_(norm.weight)
        offset.weight.copy_(norm.bias)
    return ConditionalBatchNorm(type(norm)(norm.num_features, affine=False), scale, offset)
