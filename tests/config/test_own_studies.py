"""A study's own parts: what their signatures say, how a study names them, and what is refused before anything runs."""

from pathlib import Path

import pytest
from support.own_parts import CODE, own_study, own_training, write_own_study

from gan_study.config.arms.arm import Arm
from gan_study.config.arms.resolved_training import first_trial_values, resolve_training
from gan_study.config.arms.settings import arm_settings
from gan_study.config.base import Scalar
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
            "wobble": "augment",
            "shapes": "dataset",
        }
        assert {name: p.default for name, p in parts["Plain"].parameters.items()} == {"depth": 2, "act": "relu"}
        assert parts["Plain"].parameters["act"].choices == ("relu", "tanh")
        assert {name: (p.type, p.default) for name, p in parts["Pair"].parameters.items()} == {"width": ("int", 8)}
        assert parts["margin"].parameters["margin"].default == 1.0
        assert {name: p.default for name, p in parts["shapes"].parameters.items()} == {"number": 200, "kind": "both"}
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
                "a.py:1:1: n_discriminator must have the parameters image_size, num_channels first, but got "
                "num_channels, image_size",
            ),
            (
                "def p(discriminator, real_images, fake_images, k: int = 0.5): ...",
                "a.py:1:48: the default of k must be a whole number, but got 0.5",
            ),
            (
                "class NetGenerator:\n    def __init__(self, image_size, num_channels, z_dim): ...\n"
                "class NetDiscriminator(nn.Sequential): ...",
                "a.py:3:1: NetDiscriminator must have the parameters image_size, num_channels first, but got none in "
                "this file, since nn.Sequential has its `__init__`; write one",
            ),
            (
                "def l_discriminator(real, fake): ...\ndef l_generator(real, fake): ...",
                "a.py:1:1: l_discriminator must have the parameters real_logits, fake_logits first, as part of a loss, "
                "or image_size, num_channels, as part of a network, but got real, fake; rename them",
            ),
            (
                "def rings(flip: bool = True):\n    return images",
                "a.py:1:11: rings may not have a parameter",
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

    def test_an_init_in_another_class_of_the_file_counts(self) -> None:
        text = (
            "class Base(nn.Module):\n    def __init__(self, image_size, num_channels, z_dim, width: int = 3): ...\n"
            "class Middle(Base): ...\nclass NetGenerator(Middle): ...\n"
            "class NetDiscriminator(nn.Module):\n    def __init__(self, image_size, num_channels): ...\n"
        )
        assert list(read_code_file(text, "a.py", "a.py").parts["Net"].parameters) == ["width"]

    def test_a_function_is_a_data_set_by_what_it_returns_or_by_its_use(self) -> None:
        text = "\n".join(
            [
                "def first(size: int = 3):\n    def inner():\n        return 1\n    return images",
                "def second():\n    return stack()",
                "def helper(images):\n    return images",
                "def untyped(size=3):\n    return images",
                "def mnist():\n    return images",
                "def third(seed, image_size):\n    if seed:\n        return images, labels\n    return images",
                "def fourth(seed):\n    if seed:\n        return images, labels\n    return 3",
            ]
        )
        assert list(read_code_file(text, "a.py", "a.py").parts) == ["first", "third"]
        assert list(read_code_file(text, "a.py", "a.py", {"second"}).parts) == ["first", "second", "third"]
        with pytest.raises(InputError, match=r"a\.py:11:1: mnist is the name of a built-in dataset"):
            read_code_file(text, "a.py", "a.py", {"mnist"})


WHOLE = [(text, text.replace(": ", ": own_parts.py:")) for text in ("name: Plain", "loss: margin", "name: slope")]
NO_PARTS = """
def half_discriminator(real_logits, fake_logits):
    return (fake_logits - real_logits).mean()

def tilted(net, real, fake):
    return net(real).mean()
"""
DATA = ("{name: digits, image_size: 16}", "{name: shapes, image_size: 16, number: 100}")


class TestStudies:
    def test_a_data_set_is_named_alone_or_with_its_file(self, tmp_path: Path) -> None:
        bare = own_study(tmp_path, DATA)
        whole = (DATA[0], DATA[1].replace("shapes", "own_parts.py:shapes"))
        assert own_study(tmp_path, whole, ("code: own_parts.py\n", ""), *WHOLE) == bare
        assert (bare.dataset.name, bare.dataset.own) == ("own_parts.py:shapes", {"number": 100})
        assert bare.dataset.code == {file.file: file.sha256 for file in bare.code}
        assert parse_study(dump_study(bare), "run/study.yaml", is_begun=True) == bare

    def test_defaults_hold_parameters_of_parts_that_arms_name(self, tmp_path: Path) -> None:
        given = "defaults: {network: {act: tanh, width: 4}, loss: {margin: 2}}\nsearch_space:\n  g_lr"
        dropped = "      loss.margin: {uniform: [0.5, 2]}\n      network.act: {choice: [relu, tanh]}\n"
        study = own_study(tmp_path, ("search_space:\n  g_lr", given), (dropped, ""))
        own = own_training(study).own
        assert (own["network.act"], own["loss.margin"], own["network.depth"]) == ("tanh", 2, 3)
        assert own_training(study, "dcgan").own == {}
        assert parse_study(dump_study(study), "run/study.yaml", is_begun=True) == study

    def test_augmentations_mix_with_ours(self, tmp_path: Path) -> None:
        given = "loss: margin\n    augment: [{name: wobble, fade: true}, flip]"
        study = own_study(tmp_path, ("loss: margin", given))
        training = own_training(study)
        assert training.augment == "flip+own_parts.py:wobble"
        assert (training.own["augment.strength"], training.own["augment.fade"]) == (0.1, True)
        assert TrainingConfig.model_validate_json(training.model_dump_json()) == training
        assert parse_study(dump_study(study), "run/study.yaml", is_begun=True) == study

    def test_augmentations_and_their_parameters_are_searched(self, tmp_path: Path) -> None:
        searched = "augment.strength: {uniform: [0, 1]}\n  augment: {choice: [none, flip, [flip, wobble]]}\n"
        study = own_study(tmp_path, ("search_space:\n  g_lr", f"search_space:\n  {searched}  g_lr"))
        arm = Arm(study, "dcgan")
        assert [p.name for p in arm.parameters] == ["augment", "augment.strength", "g_lr", "network.width"]
        strength = arm.parameters[1]
        active = [strength.is_active({"augment": value}) for value in ("none", "flip", "flip+own_parts.py:wobble")]
        assert active == [False, False, True]
        assert "augment.strength" not in first_trial_values(arm)
        values: dict[str, Scalar] = {"augment": "flip+own_parts.py:wobble", "augment.strength": 0.7}
        assert resolve_training(arm, values, 0, 1000).own == {"augment.strength": 0.7, "augment.fade": False}
        assert resolve_training(arm, {"augment": "flip"}, 0, 1000).code == ()

    def test_every_arm_holds_the_code_of_a_data_set(self, tmp_path: Path) -> None:
        training = own_training(own_study(tmp_path, DATA), "dcgan")
        assert [file.file for file in training.code] == ["own_parts.py"]
        assert TrainingConfig.model_validate_json(training.model_dump_json()) == training

    def test_only_files_up_to_its_own_determine_a_data_set(self, tmp_path: Path) -> None:
        (tmp_path / "layers.py").write_text("layers = 1\n")
        (tmp_path / "later.py").write_text("later = 1\n")
        study = own_study(tmp_path, DATA, ("code: own_parts.py", "code: [layers.py, own_parts.py, later.py]"))
        assert list(study.dataset.code) == ["layers.py", "own_parts.py"]

    def test_bare_and_whole_names_are_one(self, tmp_path: Path) -> None:
        bare = own_study(tmp_path)
        assert own_study(tmp_path, ("code: own_parts.py\n", ""), *WHOLE) == bare
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
            (
                ("digits, image_size: 16", "own_parts.py:shape"),
                "2:17: dataset.name: no data set of that name, but got own_parts.py:shape; did you mean",
            ),
            (
                ("digits, image_size: 16", "shapes, numbr: 3"),
                "own_parts.py:shapes has no parameter numbr",
            ),
            (
                ("digits, image_size: 16", "shapes, kind: bar"),
                "2:31: dataset.kind: dataset.kind must be one of both",
            ),
            (("digits, image_size: 16", "shapes, flap: true"), "flap; did you mean 'dataset.flip'?"),
            (
                ("digits, image_size: 16", "digits, own: {number: 3}"),
                "2:10: dataset: only a data set of your own has own, but got name=digits; remove own",
            ),
            (
                ("loss: margin", "loss: margin\n    augment: [{name: wobble, strengt: 1}, flip]"),
                "arm mine: flip+own_parts.py:wobble has no parameter strengt; did you mean 'augment.strength'?",
            ),
            (
                ("loss: margin", "loss: margin\n    augment: [flip, own_parts.py:wobbel]"),
                "no augment of that name, but got own_parts.py:wobbel; did you mean 'own_parts.py:wobble'?",
            ),
            (("loss: margin", "loss: margin\n    augment: wobbel"), "10:14: arms.mine.augment: augmentations are none"),
            (("code: own_parts.py", "code: own_part.py"), "own_part.py'); did you mean 'own_parts.py'?"),
            (
                ("loss: margin", "loss: {name: margin, margin: .nan}"),
                "9:34: arms.mine.loss.margin: must be a finite",
            ),
            (("depth: 3", "depth: [1, 2]"), "8:35: arms.mine.network.depth: must be a single number, text"),
            (
                ("loss: margin", "loss: half"),
                "unknown loss 'half'; a loss is a pair of functions, name_generator and "
                "name_discriminator(real_logits, fake_logits, ...), but got {folder}/own_parts.py:",
            ),
            (
                ("loss: margin", "loss: own_parts.py:half"),
                ": half_discriminator without half_generator",
            ),
            (
                ("name: slope, target: 0.5", "name: tilted"),
                ": tilted(net, real, fake)",
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
        expected = expected.replace("{folder}", str(tmp_path))
        with pytest.raises(InputError) as caught:
            load_study(write_own_study(tmp_path, change, code=CODE + NO_PARTS))
        assert any(expected in line for line in caught.value.problems), caught.value.problems
