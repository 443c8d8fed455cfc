"""Own parts at work: loading their code, building with them, and the faults that a tiny batch shows."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from support.own_parts import CODE, own_study, own_training

from gan_study.config.training import TrainingConfig
from gan_study.errors import InputError
from gan_study.evaluation.own_code import load_given_code
from gan_study.gan.augmentations import augment, flip, num_numbers
from gan_study.gan.own_checks import batch_norm_note, require_sound_parts
from gan_study.gan.parts import augmentations_of, loss_of, networks_of, penalty_of
from gan_study.own_code import explain_own_errors, load_code


def loaded(folder: Path, *changes: tuple[str, str], code: str = CODE) -> TrainingConfig:
    study = own_study(folder, *changes, code=code)
    load_given_code(study.code)
    return own_training(study)


def faults(training: TrainingConfig) -> list[str]:
    with pytest.raises(InputError) as caught:
        require_sound_parts(training, 1)
    return list(caught.value.problems)


NETWORKS = ["{name: Plain, depth: 1}", "{name: Plain, act: tanh}", "{name: Pair, width: 4}", "built"]


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("loss", ["margin", "{name: margin, margin: 0.5}", "paired"])
@pytest.mark.parametrize("penalty", ["slope", "norm_free", "wgan_gp", "none"])
def test_every_form_is_sound(tmp_path: Path, network: str, loss: str, penalty: str) -> None:
    drop = ("      loss.margin: {uniform: [0.5, 2]}\n      network.act: {choice: [relu, tanh]}\n", "")
    weight = ("    search_space:\n      penalty_weight: {log_uniform: [0.1, 10]}\n", "")
    named = [("{name: Plain, depth: 3}", network), ("loss: margin", f"loss: {loss}")]
    training = loaded(tmp_path, drop, weight, *named, ("{name: slope, target: 0.5}", penalty))
    require_sound_parts(training, 1)


def test_values_of_hyperparameters_reach_the_parts(tmp_path: Path) -> None:
    training = loaded(tmp_path)
    generator, discriminator = networks_of(training, 3)
    assert sum(isinstance(module, torch.nn.Linear) for module in generator.modules()) == 3 + 1
    assert discriminator(torch.zeros(2, 3, 16, 16)).shape == (2,)
    real, fake = torch.tensor([0.5]), torch.tensor([0.0])
    assert float(loss_of(training).discriminator(real, fake)) == pytest.approx(1.5)
    wider = training.model_copy(update={"own": {**training.own, "loss.margin": 2.0}})
    assert float(loss_of(wider).discriminator(real, fake)) == pytest.approx(3.5)
    penalty = penalty_of(training)
    assert penalty is not None
    flat = penalty.value(
        lambda images: images.flatten(1).sum(1) * 0,
        torch.ones(2, 1, 4, 4),
        torch.ones(2, 1, 4, 4),
        torch.rand(2, 1, 1, 1),
    )
    assert float(flat) == pytest.approx(0.25)  # (0 - target)^2


def test_own_augmentations_follow_ours(tmp_path: Path) -> None:
    training = loaded(tmp_path, ("loss: margin", "loss: margin\n    augment: [{name: wobble, strength: 2}, flip]"))
    used = augmentations_of(training)
    assert [augmentation.num_numbers for augmentation in used] == [1, 8]
    images, numbers = torch.rand(3, 1, 4, 4), torch.rand(3, num_numbers(used))
    expected = flip(images, numbers[:, :1]) + (numbers[:, 1, None, None, None] - 0.5) * 2
    assert torch.equal(augment(images, used, numbers), expected)
    require_sound_parts(training, 1)


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (
            "return images[:, :, 1:] + shift if",
            "must return images of shape (4, 1, 16, 16) and type torch.float32",
        ),
        ("return images.add_(shift) if", "the augmentation must leave the images that it gets as they are; return"),
        ("return images * np.random.rand() if", "torch's seed must decide the changed images, but a second call"),
        ("return images * 255 if", "the augmentation must keep images in about [-1, 1], but got values beyond 10"),
        ("return images.detach() + shift if", "pass through the augmentation to the images, but got none; change them"),
        ("return images.sqrt() if", "but got values beyond 10 or not finite"),
        ("return images.miss(shift) if", "in wobble: the augmentation raises AttributeError: 'Tensor' object has no"),
    ],
)
def test_each_fault_of_an_augmentation_is_found(tmp_path: Path, after: str, expected: str) -> None:
    used = ("loss: margin", "loss: margin\n    augment: {name: wobble, fade: true}")
    found = faults(loaded(tmp_path, used, code=CODE.replace("return images * 0.5 + shift if", after)))
    assert any(expected in line and "own_parts.py:" in line for line in found), found


def test_only_a_loss_that_reads_real_logits_is_given_them(tmp_path: Path) -> None:
    assert not loss_of(loaded(tmp_path)).generator_uses_real
    assert loss_of(
        loaded(tmp_path, ("loss: margin", "loss: paired"), ("      loss.margin: {uniform: [0.5, 2]}\n", ""))
    ).generator_uses_real


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (
            "nn.Tanh(), nn.Unflatten",
            "nn.Hardtanh(2, 3), nn.Unflatten",
            "the generator must make images in [-1, 1], but got ",
        ),
        (
            "nn.Linear(16, 1), nn.Flatten(0))",
            "nn.Linear(16, 1))",
            "one finite logit for each of 4 inputs, of shape (4,)",
        ),
        ("nn.Unflatten(1, image))", "nn.Flatten())", "into images of shape (4, 1, 16, 16), but got shape (4, 256)"),
        ("real_logits).mean() + torch", "real_logits).mean() * __import__('sys').exit(0) + torch", "raises SystemExit"),
        (
            "self.scale.mean())",
            "self.scale.mean() + __import__('random').random())",
            "a second call with the same seed",
        ),
        ("nn.Linear(16, 1), nn.Flatten(0))", "nn.Linear(16, 1), nn.LSTM(1, 1))", "but got tuple"),
        (
            "return -fake_logits.mean()",
            "return -fake_logits.mean() * np.random.rand()",
            "torch's seed must decide the loss of the gen",
        ),
        (
            "points = (noise",
            "discriminator[1].weight.data.mul_(2)\n    points = (noise",
            "the penalty must leave its inputs and the weights as they are, but got a change of weight 1.weight; ",
        ),
        (
            "points = (noise",
            "real_images.clamp_(0, 1)\n    points = (noise",
            "but got a change of real images; work on copies",
        ),
        (
            "return (gradient",
            "return np.random.rand() * (gradient",
            "torch's seed must decide the penalty, but a second ",
        ),
        ("return -fake_logits.mean()", "return -fake_logits", "the generator's loss must be one finite number"),
        ("return -fake_logits.mean()", "return -fake_logits.mean().detach()", "loss must depend on the logits"),
        ("create_graph=True", "create_graph=False", "the penalty must depend on the discriminator's weights"),
        (
            "self.layer(z) *",
            "self.layer(z[:, 1:]) *",
            "forward: the generator raises RuntimeError: mat1 and mat2 shapes",
        ),
        ("real_logits).mean() + torch", "real_logit).mean() + torch", "own_parts.py:49: in margin_discriminator: the "),
        ("return nn.Sequential(nn.Flatten(), *hidden", "return [nn.Linear(1, 1)], (nn.Flatten(), *hidden", "got tuple"),
        (
            "        return nn.Sequential(*hidden,",
            "        idle = nn.Identity()\n        idle.weight = nn.Parameter(torch.ones(1))\n"
            "        return nn.Sequential(idle, *hidden,",
            "every parameter of the generator must get a gradient from its loss, but got none for 0.weight",
        ),
    ],
)
def test_each_fault_names_the_part_and_its_line(tmp_path: Path, before: str, after: str, expected: str) -> None:
    assert before in CODE
    pair = [("{name: Plain, depth: 3}", "Pair"), ("      network.act: {choice: [relu, tanh]}\n", "")]
    training = loaded(
        tmp_path, *(pair if "layer" in before or "self" in before else []), code=CODE.replace(before, after)
    )
    assert any(expected in line and "own_parts.py:" in line for line in faults(training)), faults(training)


def test_norms_that_keep_a_state_are_sound(tmp_path: Path) -> None:
    normed = "nn.utils.parametrizations.spectral_norm(nn.Linear(size, 16)), nn.BatchNorm1d(16)"
    training = loaded(tmp_path, code=CODE.replace("nn.Linear(size, 16)", normed))
    require_sound_parts(training, 1)
    note = batch_norm_note(training, 1)
    assert note is not None
    assert "own_parts.py:8: Plain: the discriminator has batch norm (2), which mixes the gradients" in note
    assert batch_norm_note(training.model_copy(update={"penalty": "none"}), 1) is None
    assert batch_norm_note(loaded(tmp_path), 1) is None


def test_weights_must_follow_from_the_seed(tmp_path: Path) -> None:
    code = CODE.replace("import torch\n", "import numpy as np\nimport torch\n").replace(
        "nn.Parameter(torch.randn(width))", "nn.Parameter(torch.tensor(np.random.rand(width)).float())"
    )
    training = loaded(
        tmp_path, ("{name: Plain, depth: 3}", "Pair"), ("      network.act: {choice: [relu, tanh]}\n", ""), code=code
    )
    assert any("the seed must decide the generator's weights" in line for line in faults(training))


def test_a_changed_text_is_not_run(tmp_path: Path) -> None:
    study = own_study(tmp_path, code=CODE + "# first\n")
    with pytest.raises(InputError, match="needs the code that its study began with, but got a changed file"):
        load_code(study.code, lambda file: CODE)


@pytest.mark.parametrize("name", ["torch.py", "json.py", "gan_study.py"])
def test_a_file_may_not_hide_a_package(tmp_path: Path, name: str) -> None:
    text = "def l_discriminator(real_logits, fake_logits): ...\ndef l_generator(real_logits, fake_logits): ...\n"
    (tmp_path / name).write_text(text)
    from gan_study.config.reading.own_code import read_file

    with pytest.raises(InputError, match="needs a name that no installed package has, but got"):
        load_given_code([read_file(tmp_path / name)])


def test_one_file_may_import_another(tmp_path: Path) -> None:
    (tmp_path / "own_layers.py").write_text("from torch import nn\n\ndef last():\n    return nn.Tanh()\n")
    code = CODE.replace("import torch\n", "import own_layers\nimport torch\n").replace(
        "nn.Tanh(), nn.Unflatten", "own_layers.last(), nn.Unflatten"
    )
    training = loaded(tmp_path, ("code: own_parts.py", "code: [own_layers.py, own_parts.py]"), code=code)
    require_sound_parts(training, 1)
    assert [file.file for file in training.code] == ["own_layers.py", "own_parts.py"]


def test_an_error_while_training_names_the_users_line(tmp_path: Path) -> None:
    training = loaded(tmp_path, code=CODE.replace("return -fake_logits.mean()", "return 1 / 0"))

    def steps() -> Iterator[int]:
        yield 1
        loss_of(training).generator(torch.ones(1), torch.ones(1))

    found = explain_own_errors("training", steps())
    assert next(found) == 1
    with pytest.raises(InputError, match=r"own_parts\.py:53: in margin_generator: training raises ZeroDivisionError"):
        next(found)
