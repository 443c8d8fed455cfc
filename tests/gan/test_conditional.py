"""Conditional networks: classes from the input's last number, and what the players do with them."""

from typing import Any

import pytest
import torch
from torch import nn

from gan_study.config.hyperparameters import NetworkConfig
from gan_study.gan.networks import build_networks
from gan_study.gan.networks.conditional import (
    Classes,
    ConditionalBatchNorm,
    ProjectingDiscriminator,
    asked_classes,
    set_class_,
)

SHARES = (0.1, 0.0, 0.3, 0.6)
KINDS = ("projection", "concat")


def networks(kind: Any, name: str = "dcgan", **settings: Any) -> tuple[nn.Module, nn.Module]:
    config = NetworkConfig.model_validate({"name": name, "width": 4, "discriminator_norm": "none", **settings})
    torch.manual_seed(0)
    return build_networks(config, 32 if name == "infogan" else 16, 1, 5, 1, Classes(kind, SHARES, "normal"))


@pytest.mark.parametrize("distribution", ["normal", "uniform"])
def test_random_numbers_give_each_class_its_share(distribution: Any) -> None:
    torch.manual_seed(0)
    numbers = torch.randn(40_000) if distribution == "normal" else torch.rand(40_000) * 2 - 1
    choice = Classes("concat", SHARES, distribution).choice()
    found = choice(numbers).bincount(minlength=4) / len(numbers)
    assert found.tolist() == pytest.approx(SHARES, abs=0.01)
    assert found[1] == 0
    assert choice(choice.centres[[0, 2, 3]]).tolist() == [0, 2, 3]


def test_a_single_class() -> None:
    choice = Classes("concat", (1.0,), "normal").choice()
    assert choice(torch.tensor([-9.0, 0.0, 9.0])).tolist() == [0, 0, 0]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("dcgan", {}),
        ("dcgan", {"spectral_norm": True, "g_spectral_norm": True}),
        ("dcgan", {"g_norm": "layer"}),
        ("infogan", {}),
        ("mlp", {"g_norm": "batch"}),
        ("mlp", {}),
        ("resnet", {"attention": 8}),
    ],
)
def test_both_players_know_the_class(kind: str, name: str, settings: dict[str, Any]) -> None:
    generator, discriminator = networks(kind, name, **settings)
    z = torch.randn(6, 6)
    inputs = [z.clone() for _ in range(2)]
    for number, rows in zip((0, 3), inputs, strict=True):
        set_class_(generator, rows, number)
        assert asked_classes(generator, rows).tolist() == [number] * 6  # type: ignore[union-attr]
    assert torch.equal(inputs[0][:, :-1], z[:, :-1])
    with torch.no_grad():
        for module in generator.modules():
            if isinstance(module, ConditionalBatchNorm):  # its classes are equal at first
                module.scale.weight[3] *= 2  # type: ignore[index, operator]
    first, second = (generator(rows) for rows in inputs)
    assert not torch.allclose(first, second)
    labels = torch.tensor([0, 0, 0, 3, 3, 3])
    logits, others = discriminator(first, labels), discriminator(first, 3 - labels)
    assert logits.shape == (6,)
    assert not torch.allclose(logits, others)
    (logits.sum() + others.sum()).backward()
    for network in (generator, discriminator):
        gradients = [parameter.grad for parameter in network.parameters()]
        assert all(gradient is not None and gradient.isfinite().all() for gradient in gradients)


def test_the_projection_worked_out_by_hand() -> None:
    """A discriminator of one convolution on maps of 2 x 2 pixels: logit = sum(x) + v_y * sum(x)."""
    head = nn.Conv2d(1, 1, kernel_size=2, bias=False)
    found = ProjectingDiscriminator(nn.Sequential(nn.Identity(), head, nn.Flatten(start_dim=0)), num_classes=3)
    with torch.no_grad():
        head.weight.fill_(1.0)
        found.vectors.weight.copy_(torch.tensor([[0.0, 2.0, -1.0]]))
    images = torch.arange(12.0).view(3, 1, 2, 2)
    assert found(images, torch.tensor([0, 1, 2])).tolist() == [6.0, 22.0 * 3, 0.0]


def test_class_norms_are_plain_batch_norms_at_first() -> None:
    config = NetworkConfig.model_validate({"name": "dcgan", "width": 4})
    torch.manual_seed(0)
    plain, _ = build_networks(config, 16, 1, 5)
    generator, _ = networks("projection")
    z = torch.randn(7, 6)
    torch.testing.assert_close(generator(z), plain(z[:, :-1]))


@pytest.mark.parametrize("kind", KINDS)
def test_a_stack_is_judged_by_the_classes_of_all_its_images(kind: Any) -> None:
    config = NetworkConfig.model_validate({"name": "dcgan", "width": 4, "discriminator_norm": "none"})
    _, discriminator = build_networks(config, 16, 1, 5, 2, Classes(kind, SHARES, "normal"))
    images, labels = torch.randn(1, 2, 16, 16).expand(3, -1, -1, -1), torch.tensor([0, 0, 0, 3, 3, 3])
    logits = discriminator(images, labels)
    assert logits.shape == (3,)
    assert len(logits.unique()) == 3


def test_labels_do_not_outlive_a_pass() -> None:
    generator, _ = networks("projection")
    generator(torch.randn(2, 6))
    norms = [module for module in generator.modules() if isinstance(module, ConditionalBatchNorm)]
    assert len(norms) == 2
    assert all(norm.labels is None for norm in norms)


def test_other_generators_have_no_classes() -> None:
    assert asked_classes(nn.Linear(3, 3), torch.zeros(2, 3)) is None
