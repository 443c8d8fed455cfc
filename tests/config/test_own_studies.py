"""A study's own parts: what their signatures say, how a study names them, and what is refused before anything runs."""

from pathlib import Path

import pytest
from support.own_parts import CODE, own_study, write_own_study

from gan_study.config.arms.arm import Arm
from gan_study.config.arms.resolved_training import first_trial_values, resolve_training
from gan_study.config.arms.settings import arm_settings
from gan_study.config.own.signatures import read_code_file
from gan_study.config.reading.load import dump_study, load_study, parse_study
from gan_study.config.rules.extension import compare_studies
from gan_study.config.training import TrainingConfig
from gan_study.errors import InputError


def problems(text: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        read_code_file(text, "a.py", "a.py")
    return list(caught.value.problems)


class TestSignatures:
    def test_each_form_is_found_with_its_hyperparameters(self) -> None:
        parts = read_code_file(CODE, "own_parts.py", "own_parts.py").parts
        kinds = {name: part.kind for name, part in parts.items()}
        assert kinds == {
            "Plain": "network",
            "Pair": "network",
            "built": "network",
            "margin": "loss",
            "paired": "loss",
            "slope": "penalty",
            "norm_free": "penalty",
        }
        assert {name: p.default for name, p in parts["Plain"].parameters.items()} == {"depth": 2, "act": "relu"}
        assert parts["Plain"].parameters["act"].choices == ("relu", "tanh")
        assert {name: (p.type, p.default) for name, p in parts["Pair"].parameters.items()} == {"width": ("int", 8)}
        assert parts["margin"].parameters["margin"].default == 1.0
        assert [parts[name].uses for name in ("margin", "paired", "slope", "norm_free")] == [
            (),
            ("real_logits",),
            ("noise",),
            (),
        ]

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("def a(:", "a.py:1:7: a study's code must be valid Python, but got: "),
            (
                "def l_discriminator(real_logits, fake_logits, m): ...\ndef l_generator(real_logits, fake_logits): ...",
                "a.py:1:47: a parameter of l needs a type (bool, int, float, str or a Literal) and a default, such as "
                "`m: int = 2`, but got `m`",
            ),
            (
                "def l_discriminator(real_logits, fake_logits, m: int = 1): ...\n"
                "def l_generator(real_logits, fake_logits, m: int = 2): ...",
                "a.py:1:47: both functions of l have the parameter m, but its type or default differs; make them equal",
            ),
            (
                "def n_discriminator(num_channels, image_size): ...\ndef n_generator(image_size, num_channels, z): ...",
                "a.py:1:1: the discriminator of n must have the parameters image_size, num_channels first, but got "
                "num_channels, image_size",
            ),
            (
                "def p(discriminator, real_images, fake_images, k: int = 0.5): ...",
                "a.py:1:48: the default of k must be a whole number, but got 0.5",
            ),
            (
                "def hinge_discriminator(real_logits, fake_logits): ...\n"
                "def hinge_generator(real_logits, fake_logits): ...",
                "a.py:1:1: hinge is the name of a built-in loss; choose another name",
            ),
        ],
    )
    def test_a_fault_has_its_place(self, text: str, expected: str) -> None:
        assert problems(text)[0].startswith(expected)


class TestStudies:
    def test_bare_and_whole_names_are_one(self, tmp_path: Path) -> None:
        bare = own_study(tmp_path)
        named = ("name: Plain", "loss: margin", "name: slope")
        whole = [(text, text.replace(": ", ": own_parts.py:")) for text in named]
        assert own_study(tmp_path, ("code: own_parts.py\n", ""), *whole) == bare
        assert bare.arms["mine"].dotted()["loss"] == "own_parts.py:margin"

    def test_values_and_defaults_are_hyperparameters_of_the_training(self, tmp_path: Path) -> None:
        arm = Arm(own_study(tmp_path), "mine")
        training = resolve_training(arm, first_trial_values(arm), 0, 1000)
        assert training.own == {"network.depth": 3, "network.act": "relu", "loss.margin": 1.0, "penalty.target": 0.5}
        assert (training.penalty_weight, training.g_lr) == (1.0, 2e-4)  # an own penalty's weight, and DCGAN's rate
        assert TrainingConfig.model_validate_json(training.model_dump_json()) == training

    def test_parameters_are_searched_where_their_part_is(self, tmp_path: Path) -> None:
        study = own_study(tmp_path)
        searched = {name: {p.name for p in Arm(study, name).parameters} for name in study.arms}
        assert searched == {
            "mine": {"g_lr", "loss.margin", "network.act", "penalty_weight"},
            "dcgan": {"g_lr", "network.width"},  # which the own network does not have
        }
        fixed = arm_settings(Arm(study, "mine")).fixed
        assert fixed["network.depth"] == 3
        assert "network.width" not in fixed

    def test_a_study_is_read_back_without_the_files(self, tmp_path: Path) -> None:
        study = own_study(tmp_path)
        (tmp_path / "own_parts.py").unlink()
        assert parse_study(dump_study(study), "run/study.yaml", is_begun=True) == study

    def test_other_arms_do_not_hold_the_code(self, tmp_path: Path) -> None:
        arm = Arm(own_study(tmp_path), "dcgan")
        assert resolve_training(arm, first_trial_values(arm), 0, 1000).code == ()

    def test_a_name_in_two_files_must_be_whole(self, tmp_path: Path) -> None:
        (tmp_path / "second.py").write_text(CODE)
        with pytest.raises(InputError, match=r"9:11: two files have a loss of this name, but got margin; write "):
            own_study(tmp_path, ("code: own_parts.py", "code: [own_parts.py, second.py]"))

    def test_a_changed_file_makes_another_study(self, tmp_path: Path) -> None:
        before = own_study(tmp_path)
        after = load_study(write_own_study(tmp_path, code=CODE + "# changed\n"))
        (conflict,) = compare_studies(before, after).conflicts
        assert conflict.startswith("code.own_parts.py: ")

    @pytest.mark.parametrize(
        ("change", "expected"),
        [
            (("loss: margin", "loss: margn"), "9:11: arms.mine.loss: unknown loss 'margn'; did you mean 'margin'?"),
            (("loss: margin", "loss: own_parts.py:margn"), "; did you mean 'own_parts.py:margin'?"),
            (
                ("depth: 3", "dept: 3"),
                "8:28: arms.mine.network.dept: arm mine: own_parts.py:Plain has no parameter dept; did you mean "
                "'network.depth'?",
            ),
            (
                ("depth: 3", "depth: 2.5"),
                "8:28: arms.mine.network.depth: arm mine: network.depth must be a whole number, but got "
                "network.depth=2.5; correct it",
            ),
            (("[relu, tanh]", "[relu, tan]"), "network.act must be one of relu, tanh, but got network.act=tan;"),
            (
                ("loss.margin:", "loss.margine:"),
                "arms.mine.search_space.loss.margine: unknown hyperparameter 'loss.margine'; did you mean "
                "'loss.margin'?",
            ),
            (
                ("code: own_parts.py", "code: other.py"),
                "5:7: code: a file of own code must be there, beside the study or where the path leads from it",
            ),
            (
                ("search_space:\n  g_lr", "defaults: {loss: {name: margin, temp: 1}}\nsearch_space:\n  g_lr"),
                "defaults.loss.temp: no own part has this parameter",
            ),
            (("{name: Plain, depth: 3}", "other.py:Net"), "8:14: code: a file of own code must be there"),
            (
                ("code: own_parts.py", "code: own.parts.py"),
                "a file of own code is called by letters, digits, '_', '-' and .py, but got own.parts.py; rename it",
            ),
            (
                ("loss: margin", "loss: own_parts.py:slope"),
                "arms.mine.loss: arm mine: no loss of that name, but got own_parts.py:slope",
            ),
        ],
    )
    def test_what_is_wrong_is_told_with_its_place(self, tmp_path: Path, change: tuple[str, str], expected: str) -> None:
        with pytest.raises(InputError) as caught:
            load_study(write_own_study(tmp_path, change))
        assert any(expected in line for line in caught.value.problems), caught.value.problems
