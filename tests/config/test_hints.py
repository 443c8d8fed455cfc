"""Names from papers and other tools are read where their meaning is certain; else the message suggests ours."""

from pathlib import Path

import pytest

from gan_study.config.reading.load import parse_study
from gan_study.config.reading.trial_file import load_trial
from gan_study.config.space import Choice, LogUniformRange
from gan_study.errors import InputError

TEXT = """\
name: x
dataset: {name: digits, image_size: 16}
budget: {trials_per_arm: 2, total_kimg: 5}
arms:
  a: {network: dcgan, loss: hinge}
search_space: {}
"""


def problems(old: str, new: str) -> tuple[str, ...]:
    assert TEXT.count(old) == 1
    with pytest.raises(InputError) as caught:
        parse_study(TEXT.replace(old, new), "x.yaml")
    return caught.value.problems


@pytest.mark.parametrize(
    ("written", "ours"),
    [
        (f"{key}: {name}", (key, own))
        for key, names, own in (
            ("loss", ("lsgan", "LSGAN", "LS", "least-squares"), "least_squares"),
            ("loss", ("nsgan", "NS-GAN", "non-saturating"), "non_saturating"),
            ("loss", ("rsgan", "RpGAN"), "relativistic"),
            ("loss", ("wgan",), "wasserstein"),
            ("penalty", ("WGAN-GP",), "wgan_gp"),
            ("penalty", ("R1",), "r1"),
            ("network", ("DCGAN",), "dcgan"),
            ("optimizer", ("Adam",), "adam"),
        )
        for name in names
    ],
)
def test_names_of_papers_are_taken_as_ours(written: str, ours: tuple[str, str]) -> None:
    key = ours[0]
    arm = {"loss": "loss: hinge", "network": "network: dcgan"} | {key: written}
    study = parse_study(TEXT.replace("network: dcgan, loss: hinge", ", ".join(arm.values())), "x.yaml")
    assert getattr(study.arms["a"], key) == ours[1]


def test_names_are_understood_in_search_spaces_conditions_and_named_parts() -> None:
    text = """\
name: MNIST
dataset: {name: Fashion-MNIST, image_size: 32}
budget: {trials_per_arm: 2, total_kimg: 5}
arms:
  LSGAN: {network: {name: ResNet}, first_trial: {loss: WGAN}}
search_space:
  loss: {categorical: [lsgan, WGAN]}
  penalty: {choice: [none, WGAN-GP]}
  penalty_weight: [{loguniform: [1, 3], when: {penalty: WGAN-GP, loss: [wgan]}}]
"""
    study = parse_study(text, "x.yaml", ["search_space.g_lr={log-uniform: [1e-4, 1e-3]}"])
    assert (study.name, study.dataset.name, list(study.arms)) == ("MNIST", "fashion_mnist", ["LSGAN"])
    assert study.arms["LSGAN"].first_trial == {"loss": "wasserstein"}
    assert study.search_space["loss"] == Choice(choice=("least_squares", "wasserstein"))
    assert study.search_space["penalty_weight"] == (
        LogUniformRange(log_uniform=(1, 3), when={"penalty": "wgan_gp", "loss": ("wasserstein",)}),
    )
    assert study.search_space["g_lr"] == LogUniformRange(log_uniform=(1e-4, 1e-3))


def test_one_training_understands_them_too(tmp_path: Path) -> None:
    path = tmp_path / "one.yaml"
    path.write_text("training: {dataset: {name: Digits}, network: DCGAN, loss: lsgan, total_kimg: 2}\n")
    training = load_trial(path).training
    assert (training.loss, training.network.name, training.dataset.name) == ("least_squares", "dcgan", "digits")
    path.write_text("training: {dataset: {name: digits}, network: dcgan, loss: hinge, width: 32}\n")
    with pytest.raises(InputError, match=r"write network: \{name: dcgan, width: 32\}"):
        load_trial(path)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("loss: hinge", "loss: ragan", "5:29: arms.a.loss: unknown loss 'ragan'; relativistic average losses are not"),
        ("loss: hinge", "loss: wgan-gp", "unknown loss 'wgan-gp'; write loss: wasserstein and penalty: wgan_gp"),
        ("loss: hinge", "loss: vanilla", "unknown loss 'vanilla'; write minimax (the paper's game), or non_sat"),
        ("loss: hinge", "loss: hinge, spectral_norm: true",
         "arms.a.spectral_norm: unknown key 'spectral_norm'; it is a setting of the network: write network: {name: "
         "dcgan, spectral_norm: true}"),
        ("loss: hinge", "loss: hinge, norm: spectral", "write network: {name: dcgan, spectral_norm: true}"),
        ("loss: hinge", "loss: hinge, norm: layer", "write network: {name: dcgan, discriminator_norm: layer}"),
        ("loss: hinge", "loss: hinge, width: 64", "write network: {name: dcgan, width: 64}"),
        ("loss: hinge", "loss: hinge, n_critic: 5", "did you mean 'd_steps_per_g_step'?"),
        ("loss: hinge", "loss: hinge, lr: {log_uniform: [1, 2]}",
         "arms.a.lr: a range belongs in a search space, but got lr={log_uniform}; move it there (search_space)"),
        ("search_space: {}", "search_space: {width: {choice: [8]}}",
         "search_space.width: unknown hyperparameter 'width'; did you mean network.width?"),
        ("search_space: {}", "search_space: {width: [16, 32, 64]}",
         "unknown hyperparameter 'width'; did you mean network.width: {choice: [16, 32, 64]}?"),
        ("search_space: {}", "search_space: {spectral_norm: {choice: [true]}}", "did you mean network.spectral_norm?"),
        ("search_space: {}", "search_space: {norm: {choice: [batch]}}", "did you mean network.discriminator_norm?"),
        ("search_space: {}", "search_space: {network.width: [16, 32, 64]}",
         "6:31: search_space.network.width: a list is not a range; to search its values, write network.width: {choice: "
         "[16, 32, 64]}"),
        ("trials_per_arm: 2", "trials: 2", "3:10: budget.trials: unknown key 'trials'; did you mean 'trials_per_arm'?"),
        ("trials_per_arm: 2", "trials_per_amr: 2", "did you mean 'trials_per_arm'?"),
        ("budget: {", "budgte: {", "3:1: budgte: unknown key 'budgte'; did you mean 'budget'?"),
    ],
)  # fmt: skip
def test_one_mistake_is_one_problem_with_what_to_write(old: str, new: str, expected: str) -> None:
    (problem,) = problems(old, new)
    assert expected in problem


def test_the_known_names_are_listed_once() -> None:
    found = problems("loss: hinge", "loss: hinge, foo: 1, bar: 2, penalty: non")
    assert len(found) == 3
    assert [line.count("(known: ") for line in found] == [1, 0, 1]
