"""`export`: the files are the generator, load without gan_study where they should, and the card says what is true."""

import re
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from support.generator_run import LAST_NIMG, write_generator, write_generator_run
from support.synthetic_run import STUDY
from typer.testing import CliRunner

from gan_study.cli.main import app
from gan_study.config.arms.flat_training import flat_training
from gan_study.config.training import TrainingConfig, TrialConfig
from gan_study.errors import InputError
from gan_study.evaluation.exports import formats as export_formats
from gan_study.evaluation.exports.formats import ONNX_PACKAGES, check_formats, export_generator
from gan_study.evaluation.exports.known import FILES
from gan_study.evaluation.exports.model_card import describe_rank
from gan_study.evaluation.exports.source import generator_to_source
from gan_study.evaluation.generators import load_trained_generator
from gan_study.evaluation.snapshots import find_snapshot
from gan_study.runs.folder import RunFolder

HAS_ONNX = all(find_spec(package) for package in ONNX_PACKAGES)
FORMATS = [
    "safetensors",
    "torch_export",
    "torchscript",
    pytest.param(
        "onnx", marks=pytest.mark.skipif(not HAS_ONNX, reason="needs the packages of `pip install 'gan_study[onnx]'`")
    ),
]
HOSTILE = "x `<b>` | *y*"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return write_generator_run(tmp_path_factory.mktemp("run") / "tiny")


def exported(place: object, out: Path, *options: str) -> str:
    return CliRunner().invoke(app, ["export", str(place), "--out", str(out), *options], catch_exceptions=False).stdout


def run_card(out: Path) -> tuple[torch.Tensor, set[str]]:
    """The images that the card's Python block makes in a process that cannot import gan_study, and its packages."""
    (block,) = re.findall(r"```python\n(.*?)```", (out / "README.md").read_text(), re.DOTALL)
    program = (
        f"import sys\nsys.modules['gan_study'] = None\n{block}\n"
        "import numpy\nnumpy.save('found.npy', numpy.asarray(images_uint8))\n"
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", program], cwd=out, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return torch.from_numpy(np.load(out / "found.npy")), set(done.stdout.split())


@pytest.mark.parametrize("name", FORMATS)
def test_the_card_s_own_lines_make_the_generator_s_images(name: str, run: RunFolder, tmp_path: Path) -> None:
    printed = exported(run.location, tmp_path / "out", "--format", name)
    file = FILES[name]
    assert re.search(rf"^  {file}: [\d,]+ bytes, largest difference from the original [\d.e-]+$", printed, re.MULTILINE)
    beside = {"README.md", "config.json", file} | ({"model.py"} if name == "safetensors" else set())
    assert {path.name for path in (tmp_path / "out").iterdir()} == beside
    images, packages = run_card(tmp_path / "out")
    assert ("torch" in packages) == (name != "onnx")
    snapshot = load_trained_generator(find_snapshot(run.location))
    shape = (64, snapshot.training.z_dim)
    if name == "onnx":
        z = torch.from_numpy(np.random.default_rng(0).standard_normal(shape).astype(np.float32))
    else:
        torch.manual_seed(0)
        z = torch.randn(shape)
    with torch.no_grad():
        expected = ((snapshot.generator(z) + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)
    assert (images.shape, images.dtype) == ((64, 1, 16, 16), torch.uint8)
    assert (images.int() - expected.int()).abs().max() <= 1
    assert len(images.flatten(1).unique(dim=0)) == 64


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize(
    ("network", "settings"),
    [
        ("infogan", {}),
        ("mlp", {"g_norm": "layer", "activation": "elu", "depth": 1}),
        ("resnet", {}),
        ("dcgan", {"attention": 8, "upsample": "bilinear", "g_spectral_norm": True, "g_norm": "layer"}),
        ("dcgan", {"conditional": "projection"}),
        ("mlp", {"conditional": "concat"}),
    ],
)
def test_every_network_is_exported(name: str, network: str, settings: dict[str, Any], tmp_path: Path) -> None:
    trial = RunFolder(str(tmp_path)).trial("train", "trial")
    training = {
        "dataset": {"name": "mnist", "image_size": 32},
        "conditional": settings.get("conditional", "none"),
        "network": {"name": network, "width": 4, **{k: v for k, v in settings.items() if k != "conditional"}},
        "loss": "hinge",
        "z_dim": 3,
        "z_distribution": "uniform",
    }
    trial.write_config(TrialConfig.model_validate({"training": training}))
    # Larger weights would make numbers of millions in the residual network, whose rounding errors one could see.
    write_generator(trial, seed=0, gain=1 if network == "resnet" else 8)
    snapshot = load_trained_generator(find_snapshot(trial.storage.location))
    source = generator_to_source(snapshot.generator, snapshot.training, snapshot.num_channels)
    content, difference = export_generator(snapshot.generator, snapshot.training, name, snapshot.place, source)
    assert len(content) > 100
    assert difference <= 1e-5


def test_another_generator_s_images_are_refused(run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fault that the check is for: a file that gives other images."""
    snapshot = load_trained_generator(find_snapshot(run.location))

    load = export_formats.LOADERS["torchscript"]

    def spoilt(content: bytes, model_source: str) -> Callable[[torch.Tensor], torch.Tensor]:
        loaded = load(content, model_source)
        return lambda z: loaded(z).clamp(-0.999, 0.999)

    monkeypatch.setitem(export_formats.LOADERS, "torchscript", spoilt)
    with pytest.raises(InputError, match=r"but got pixels that differ by up to 0\.00\d+ with format=torchscript"):
        export_generator(snapshot.generator, snapshot.training, "torchscript", snapshot.place, "")


def test_the_card_says_what_the_records_say(run: RunFolder, tmp_path: Path) -> None:
    out = tmp_path / "out"
    exported(run.location, out, "--arm", "wgan")
    card = (out / "README.md").read_text()
    assert "# lsgan_vs_wgan: wgan\n" in card
    assert "A generator of 16 x 16 grey images, trained as a GAN on `digits` by gan_study 0" in card, (
        "what it is and of what"
    )
    assert "| trial | `confirm_003_seed_1, search_003 again with a fresh seed (completed)` |" in card
    for row in (
        *("| loss | `wasserstein` |", "| penalty | `wgan_gp` |", "| penalty_weight | `100 (searched)` |"),
        *("| data set's content | `digits-16px-1a2b3c4d` |", "| training images | `1,497` |", "| network.width | `16"),
    ):
        assert row in card
    assert (
        "**16.5**, `FD[domain_classifier@1a2b3c4d,hidden,d=64]/N=5000v1797:all/uint8-16px`, lower is better. "
        "**Not comparable with published FID.** It is the distance of 5,000 generated from 1,797 real images; as many "
        "fresh real images would score 0.5, and an untrained generator 60." in card
    )
    assert "This configuration was trained to the end with 4 seeds, and this one scored best. " in card
    assert "They scored 16.5 to 19, 17.62 on average: expect that of a new training." in card
    assert "| network.spectral_norm | `false` |" in card
    values = "".join(re.findall(r"^\| .* \|$", card, re.MULTILINE))
    assert not re.search(r"None|True|False|\(\)|``|\bschedule\b", values), "nothing as Python spells it, nothing empty"
    assert "| generator's parameters | `" in card
    assert "Verdict of the study: lsgan wins. It scored better than wgan in" in card
    assert ": run a new study with a larger budget" in card
    assert "Apache License 2.0" in card
    assert "No licence for them is given here" in card
    assert "Nobody has checked whether it copies training images" in card
    config = TrialConfig.model_validate_json((out / "config.json").read_text())
    assert config == run.trial("wgan", "confirm_003_seed_1").read_config()


@pytest.mark.parametrize(
    ("score", "text"),
    [(1.0, "scored best"), (4.0, "scored worst"), (2.0, "scored better than 2 and worse than 1 of them")],
)
def test_a_seed_s_place_among_the_others_is_said_in_words(score: float, text: str) -> None:
    assert describe_rank(score, (3.0, 1.0, 4.0, 2.0)) == text
    assert describe_rank(1.0, (1.0, 1.0)) == "scored as the others"


def test_a_card_names_a_schedule_in_words() -> None:
    entry = {"from_kimg": 10, "g_lr": 1e-3, "d_lr": 2e-3, "beta1": 0, "beta2": 0.9}
    training = {"dataset": {"name": "digits"}, "network": "mlp", "loss": "hinge", "schedule": (entry,)}
    assert flat_training(TrainingConfig.model_validate(training))["schedule"] == (
        "from 10 kimg on: g_lr 0.001, d_lr 0.002, beta1 0, beta2 0.9"
    )


def test_a_card_without_records_claims_nothing(tmp_path: Path) -> None:
    trial = RunFolder(str(tmp_path)).trial("train", "trial")
    training = {
        "dataset": {"name": "image_folder", "path": HOSTILE, "image_size": 16},
        "objective": {"extractor": "autoencoder"},
        "network": {"name": "mlp", "width": 4},
        "loss": "hinge",
    }
    trial.write_config(TrialConfig.model_validate({"study": HOSTILE, "training": training}))
    write_generator(trial, seed=0, cur_nimg=LAST_NIMG)
    exported(trial.storage.location, tmp_path / "out")
    card = (tmp_path / "out/README.md").read_text()
    assert "No score is recorded for this snapshot." in card
    assert "The training did not come to its end: it is running." in card
    assert "Verdict" not in card
    assert "<b>" not in re.sub(r"`[^`]*`", "", card)
    assert "path x '<b>' \\| *y*" in card
    images, _ = run_card(tmp_path / "out")
    assert images.shape == (64, 1, 16, 16)


def test_wrong_formats_are_messages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="No format called 'pickle'"):
        check_formats(("safetensors", "pickle"))
    monkeypatch.setattr(export_formats, "find_spec", lambda name: None if name == "onnxruntime" else object())
    with pytest.raises(
        InputError, match=r"but got none named onnxruntime; install them by `pip install 'gan_study\[onnx"
    ):
        check_formats(("onnx",))
    check_formats(("safetensors", "torchscript"))


@pytest.mark.parametrize("verb", ["sample", "diagnose", "evaluate", "export"])
def test_an_export_is_told_from_a_trained_generator(run: RunFolder, tmp_path: Path, verb: str) -> None:
    out = tmp_path / "out"
    exported(run.trial("wgan", "confirm_003_seed_2").storage.location, out)
    arguments = {"evaluate": ["digits"], "export": ["--out", str(tmp_path / "again")]}.get(verb, [])
    for place in (out, out / "generator.safetensors"):
        with pytest.raises(InputError) as caught:
            CliRunner().invoke(app, [verb, str(place), *arguments], catch_exceptions=False)
        assert str(caught.value).startswith(
            f"{place}: a trained generator is read from the folder of its trial, but got an export by gan_study of "
            f"wgan/confirm_003_seed_2 in the study {STUDY['name']}, "
        )
