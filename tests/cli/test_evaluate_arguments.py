"""`evaluate` and arguments that do not go together, and its command line."""

import json
import re
from pathlib import Path

import pytest
from support.command import gan_study, gan_study_on_a_terminal
from support.evaluating import gaussian, refused, write_images

from gan_study.cli.evaluate import evaluate
from gan_study.data.places import INCEPTION_ENVIRONMENT
from gan_study.errors import InputError
from gan_study.evaluation.collections.features import make_view
from gan_study.evaluation.collections.options import EvaluateOptions
from gan_study.evaluation.collections.statistics_file import Statistics, write_statistics
from gan_study.extractors import inception_weights


def test_wrong_arguments_are_messages(here: Path, random_inception: str) -> None:
    (here / "empty").mkdir()
    (here / "text.npz").write_text("no statistics")
    write_statistics(here / "small.npz", gaussian(3, 10), None)
    write_statistics(here / "large.npz", gaussian(5, None), None)
    write_images(here / "flat", {"": 30}, seed=7)
    write_images(here / "wide", {"dark": 5}, seed=8, size=(8, 9))
    learned = {"extractor": "autoencoder"}
    assert f"but there is no {here}/reel nor " in (message := refused("reel", "few"))
    assert message.endswith(f"; did you mean {here}/real?")
    assert refused("digit", "few").endswith("fashion_mnist, kmnist, mnist, stacked_mnist)")
    assert "did you mean 'digits'?" in refused("digit", "few")
    (here / ".git").mkdir()
    assert "did you mean 'digits'?" in refused("dgits", "few"), "which is nearer"
    assert "empty: there must be images (.png, .jpg and others), but got none" in refused("empty", "few", dims=64)
    assert refused("text.npz", "few").startswith(f"{here}/text.npz: this must be an .npz file with mu and sigma, but")
    assert "must be of the same network on both sides, but got dims=3 and 5;" in refused("small.npz", "large.npz")
    assert "but got dims=3 and 64;" in refused("small.npz", "few", dims=64)
    assert "--extractor: autoencoder learns from the images of the reference" in refused("few", "small.npz", **learned)
    assert "needs a reference with class labels" in refused("few", "flat", extractor="domain_classifier")
    assert "--dims: this chooses among Inception's layers" in refused("few", "real", dims=64, **learned)
    assert "but got sides from 8 to 9; give the size" in refused("wide", "real", **learned)
    assert "add --image-size" in refused("few", "real", dims=64, split="train")
    assert "No extractor called 'vgg' (known: autoencoder, domain_classifier, inception)" in refused(
        "few", "real", extractor="vgg"
    )
    assert "--device: the device must be auto, cpu, cuda" in refused("few", "real", device="gpu")
    assert "--save-stats: the name must end in .npz" in refused("few", "real", save_stats="x.txt")
    assert "--save-stats: no file is replaced" in refused("few", "real", save_stats="small.npz")
    assert "there must be at least 2 images" in refused("few", "real", dims=64, num=1)


def test_features_of_another_extractor_are_not_compared(here: Path, random_inception: str) -> None:
    evaluate("few", "real", EvaluateOptions(extractor="autoencoder", save_stats="few.npz"))
    message = refused("few.npz", "real", dims=64)
    assert "but got extractor=autoencoder and inception, weights_hash=" in message
    assert f" and {random_inception}, layer=bottleneck and max_pool_1;" in message


def test_without_weights_it_says_what_works(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(INCEPTION_ENVIRONMENT, raising=False)
    monkeypatch.setenv("TORCH_HOME", str(here / "torch"))
    monkeypatch.setattr(inception_weights, "FID_WEIGHTS_URL", (here / "absent.pth").as_uri())
    message = refused("few", "real")
    assert message.startswith("inception: its weights must be on this machine or be downloaded")
    assert message.endswith(
        "; without it, --extractor autoencoder works, and domain_classifier for images with class labels, "
        "or --dims 768 with pt_inception-2015-12-05-to-Mixed_6e.pth, "
        f"put in {here.parent}"
    )


def test_the_command_line(here: Path) -> None:
    write_statistics(here / "a.npz", gaussian(3, 10, mean=2), None)
    write_statistics(here / "b.npz", gaussian(3, 10), None)
    done = gan_study("evaluate", "a.npz", "b.npz", "--json", "--json-file", "scores.json")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == json.loads((here / "scores.json").read_text())
    assert json.loads(done.stdout)["scores"]["frechet_distance"] == pytest.approx(12, rel=1e-9)
    wrong = gan_study("evaluate", "a.npz", "c.npz")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert wrong.stderr.startswith("error: c.npz: evaluate takes a folder")


def test_a_terminal_sees_progress_and_a_pipe_now_and_then(here: Path, random_inception: str, tmp_path: Path) -> None:
    options = ("--dims", "64", "--batch-size", "2", "--num-reference", "30", "--json")
    status, shown = gan_study_on_a_terminal("evaluate", "few", "digits", *options, stdout=tmp_path / "out")
    assert status == 0, shown
    told = [
        (what, int(num), total) for what, num, total in re.findall(r"(\w+) through inception: (\d+) of (\d+)", shown)
    ]
    assert {(what, total) for what, _, total in told} == {("few", "40"), ("digits", "30")}
    nums = [num for what, num, _ in told if what == "few"]
    assert nums == sorted(nums)
    assert len(set(nums)) > 2
    content = (tmp_path / "out").read_text()
    assert json.loads(content)["generated"]["num"] == 40
    piped = gan_study("evaluate", "few", "digits", *options)
    assert (piped.returncode, piped.stdout) == (0, content)
    # A pipe receives a line every ten seconds, which is none on a machine that is not busy.
    progress = re.compile(r"\w+ through inception: \d+ of \d+")
    assert [line for line in piped.stderr.splitlines() if not progress.match(line)] == []


def test_statistics_of_an_unknown_extractor_are_refused() -> None:
    statistics = Statistics("other.npz", gaussian(3, 10), None)
    with pytest.raises(InputError, match=r"--extractor: No extractor called 'clip'"):
        make_view(statistics, statistics, "clip", None, None)
