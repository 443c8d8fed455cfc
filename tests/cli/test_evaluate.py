"""`evaluate` on folders of small synthetic images, files of statistics, and untrained generators."""

import hashlib
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from command import gan_study
from extractors.reference_inception import random_weights, reference_features, reference_network
from PIL import Image
from pytorch_fid.fid_score import calculate_frechet_distance
from safetensors.torch import save
from synthetic_run import write_synthetic_run
from torch import Tensor

from gan_study.cli.evaluate_images import ImageSource, open_argument, own_size_batches
from gan_study.cli.evaluate_options import Options
from gan_study.cli.evaluate_statistics import FeatureKey, write_statistics
from gan_study.cli.evaluate_verb import evaluate
from gan_study.cli.generators import find_snapshot
from gan_study.config.training import TrainingConfig, TrialConfig
from gan_study.data.places import INCEPTION_ENVIRONMENT
from gan_study.errors import InputError
from gan_study.extractors import inception_weights
from gan_study.gan.networks import build_networks
from gan_study.metrics import all_scores
from gan_study.metrics.prdc import features_to_prdc
from gan_study.metrics.statistics import Gaussian
from gan_study.runs.folder import TrialFolder
from gan_study.runs.storage import Storage

SIZE = 8


def write_images(folder: Path, nums: dict[str, int], seed: int, size: tuple[int, int] = (SIZE, SIZE)) -> None:
    """Grey noise, (height, width), in a folder for each class: `dark` ones around level 70, others around 180."""
    random = np.random.default_rng(seed)
    for name, num in nums.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        for index in range(num):
            levels = random.normal(70 if name == "dark" else 180, 30, size).clip(0, 255).astype(np.uint8)
            Image.fromarray(levels).save(folder / name / f"{index}.png")


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`real` has 90 images of two classes, `few` 20 of each, `dark` 40 of one."""
    folder = tmp_path_factory.mktemp("images")
    write_images(folder / "real", {"dark": 45, "light": 45}, seed=0)
    write_images(folder / "few", {"dark": 20, "light": 20}, seed=1)
    write_images(folder / "dark", {"dark": 40}, seed=2)
    return folder


@pytest.fixture(scope="module")
def weights() -> dict[str, Tensor]:
    return random_weights()


@pytest.fixture
def random_inception(
    weights: dict[str, Tensor], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, extractor_cache: Path
) -> str:
    """Weights of Inception's first layers in a named file; their hash."""
    path = tmp_path / "own.pth"
    torch.save({name: value for name, value in weights.items() if name.startswith("Conv2d_")}, path)
    monkeypatch.setenv(INCEPTION_ENVIRONMENT, str(path))
    return hashlib.sha256(path.read_bytes()).hexdigest()[:8]


@pytest.fixture
def here(images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, which the images are linked into."""
    folder = tmp_path / "here"
    folder.mkdir()
    for path in images.iterdir():
        (folder / path.name).symlink_to(path)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("GAN_STUDY_DATA", str(tmp_path))
    return folder


def found(capsys: pytest.CaptureFixture[str], generated: object, reference: object, **options: Any) -> dict[str, Any]:
    """What `evaluate --json` finds."""
    evaluate(str(generated), str(reference), Options(as_json=True, **options))
    evaluation: dict[str, Any] = json.loads(capsys.readouterr().out)
    return evaluation


def printed(capsys: pytest.CaptureFixture[str], generated: object, reference: object, **options: Any) -> str:
    evaluate(str(generated), str(reference), Options(**options))
    return capsys.readouterr().out


def refused(generated: object, reference: object, **options: Any) -> str:
    with pytest.raises(InputError) as caught:
        evaluate(str(generated), str(reference), Options(**options))
    return str(caught.value)


def gaussian(dims: int, num: int | None, mean: float = 0) -> Gaussian:
    return Gaussian(num, np.full(dims, float(mean)), np.eye(dims))


def tiny_trial(folder: Path, dataset: dict[str, Any], objective: dict[str, Any] | None = None) -> TrialConfig:
    """A trial with two snapshots of an untrained generator, each of other weights."""
    training = {"dataset": dataset, "network": {"name": "mlp", "width": 8}, "loss": "least_squares", "z_dim": 4}
    training |= {"objective": objective} if objective else {}
    config = TrialConfig(training=TrainingConfig.model_validate(training))
    files = TrialFolder(Storage(folder))
    files.write_config(config)
    for nimg in (1000, 2000):
        torch.manual_seed(nimg)
        generator, _ = build_networks(config.training.network, config.training.dataset.image_size, 1, 4)
        files.write_snapshot(nimg, save(generator.state_dict()))
    return config


def test_own_size_features_are_those_of_pytorch_fid(
    random_inception: str, weights: dict[str, Tensor], here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_images(here / "mixed", {"dark": 3}, seed=3, size=(20, 12))
    write_images(here / "mixed", {"light": 3}, seed=4, size=(9, 31))
    Image.fromarray(np.random.default_rng(5).integers(0, 256, (20, 12, 3), np.uint8)).save(here / "mixed/c.jpg")
    evaluation = found(capsys, "mixed", "few", dims=64, batch_size=2, num_reference=4, save_stats="mixed.npz")
    network, features = reference_network(weights, 64), []
    for path in sorted((here / "mixed").rglob("*.*")):
        levels = np.array(Image.open(path).convert("RGB")).transpose(2, 0, 1)
        features.append(reference_features(network, torch.from_numpy(levels)[None] / 255))
    expected = torch.cat(features).double().numpy()
    with np.load("mixed.npz") as file:
        np.testing.assert_allclose(file["mu"], expected.mean(0), rtol=0, atol=1e-5 * np.abs(expected).max())
        np.testing.assert_allclose(file["sigma"], np.cov(expected, rowvar=False), rtol=1e-3, atol=1e-5)
    assert (evaluation["generated"]["num"], evaluation["reference"]["num"]) == (7, 4)
    assert evaluation["key"]["preprocessing"] == "uint8-bilinear299"
    assert evaluation["label"] == f"FD[inception@{random_inception},max_pool_1,d=64]/N=7v4:all/uint8-bilinear299"


def test_the_distance_is_that_of_pytorch_fid_also_from_the_files_it_reads(
    random_inception: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    direct = found(capsys, "few", "digits", dims=64, num=10, num_reference=10, save_stats="few.npz")
    # The seed after the three draws is that of a reference.
    found(capsys, "digits", "few", dims=64, num=10, num_reference=2, seed=3, save_stats="real.npz")
    with np.load("few.npz") as few, np.load("real.npz") as real:
        expected = calculate_frechet_distance(few["mu"], few["sigma"], real["mu"], real["sigma"])
        np.savez("plain.npz", mu=few["mu"], sigma=few["sigma"])
    for evaluation in (direct, found(capsys, "few.npz", "real.npz"), found(capsys, "plain.npz", "real.npz")):
        assert evaluation["scores"]["frechet_distance"] == pytest.approx(expected, rel=1e-3)
    from_files = found(capsys, "few.npz", "real.npz")
    assert from_files["label"] == direct["label"]
    assert from_files["key"] == direct["key"]
    assert from_files["scores"]["floor"] == pytest.approx(direct["scores"]["floor"], rel=1e-6)
    assert from_files["scores"]["missing"]["kernel"] == "a file of statistics has no features of single images"
    anonymous = found(capsys, "plain.npz", "real.npz")
    assert (anonymous["key"], anonymous["generated"]["num"], anonymous["scores"]["floor"]) == (None, None, None)
    assert anonymous["label"] == "FD[d=64, of a network that a file of statistics does not name]"


def test_only_official_2048_features_are_called_fid(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key = FeatureKey(
        extractor="inception",
        weights_hash="6726825d",
        layer="pool3",
        dims=2048,
        preprocessing="uint8-bilinear299",
        split="all",
        dataset="x-00000000",
    )
    # The features are 3 long in truth: a decomposition of 2048 takes seconds, and what they are called is in the key.
    for name, mean, made_by in (("a", 0.1, key), ("b", 0.0, key), ("c", 0.0, key.model_copy(update={"layer": "x"}))):
        write_statistics(here / f"{name}.npz", gaussian(3, 5000, mean), made_by)
    text = printed(capsys, "a.npz", "b.npz")
    assert (
        "Score: FID FD[inception@6726825d,pool3,d=2048]/N=5000v5000:all/uint8-bilinear299, lower is better.\n" in text
    )
    assert "not comparable" not in text
    assert next(line for line in text.splitlines() if line.startswith("FID ")).split()[:2] == ["FID", "0.03"]
    assert "but got layer=pool3 and x;" in refused("a.npz", "c.npz")


def test_scores_are_those_of_the_features_with_equal_numbers(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    evaluation = found(capsys, "few", "real", extractor="autoencoder")
    scores = evaluation["scores"]
    assert (evaluation["generated"]["num"], evaluation["reference"]["num"]) == (40, 90)
    assert evaluation["is_published_fid"] is False
    assert scores["neighbours"]["num"] == 40
    assert scores["kernel"]["subset_size"] == 40
    assert scores["kernel"]["num_subsets"] == 100
    assert scores["neighbours"]["control"]["coverage"] > 0.8
    assert scores["infinity"] is None
    assert scores["missing"]["infinity"].startswith("generated features: there must be at least 308, but got num=40")
    assert scores["draws"] is None
    itself = found(capsys, "few", "few", extractor="autoencoder")["scores"]
    assert itself["frechet_distance"] == pytest.approx(0, abs=1e-6 * scores["floor"])
    assert itself["neighbours"]["scores"] == {"precision": 1, "recall": 1, "density": pytest.approx(1.2), "coverage": 1}
    assert itself["neighbours"]["control"] is None
    assert "twice as many real features" in itself["missing"]["control"]
    text = printed(capsys, "few", "real", extractor="autoencoder")
    assert "; not comparable with published FID.\n" in text
    assert "Generated: few: 40 images; preprocessing uint8-8px\n" in text
    assert "Reference: real: 90 images; preprocessing uint8-8px\n" in text


def test_neighbours_are_looked_for_in_a_random_part_of_the_larger_side(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(0)
    ours, theirs = random.normal(size=(50, 3)), random.normal(size=(200, 3))
    sides = [all_scores.features_to_side(features, None, "x") for features in (ours, theirs)]
    scores = all_scores.sides_to_scores(*sides, draws=[], seed=0)
    assert scores.neighbours is not None
    assert scores.neighbours.num == 50
    first_50 = features_to_prdc(ours, theirs[:50])
    assert scores.neighbours.scores != first_50
    assert scores.infinity is not None, "50 is more than 4.8 times 3"
    assert not scores.floor_is_rough
    monkeypatch.setattr(all_scores, "MOST_NEIGHBOURS", 30)
    fewer = all_scores.sides_to_scores(*sides, draws=[], seed=0).neighbours
    assert fewer is not None
    assert fewer.num == 30


def test_classes_that_are_lost(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    evaluation = found(capsys, "dark", "real", extractor="domain_classifier")
    classes = evaluation["scores"]["classes"]
    assert evaluation["extractor_accuracy"] == 1
    assert classes["histogram"]["num_modes"] == 1
    assert classes["histogram"]["kl"] == pytest.approx(math.log(2), rel=1e-6)
    assert classes["real_shares"] == [0.5, 0.5]
    assert classes["inception_score"]["mean"] == pytest.approx(1, abs=0.05)
    assert classes["real_inception_score"]["mean"] > 1.5, "also if a folder's images come class by class"
    text = printed(capsys, "dark", "real", extractor="domain_classifier")
    assert "share of class (real): dark: 100.0% (50.0%), light: 0.0% (50.0%)" in " ".join(text.split())


def test_colour_of_one_side_does_not_go_unseen(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for path in (here / "few").rglob("*.png"):
        levels = np.array(Image.open(path))
        (here / "red" / path.parent.name).mkdir(parents=True, exist_ok=True)
        coloured = np.stack([levels, levels // 2, levels // 2], axis=2)
        Image.fromarray(coloured).save(here / "red" / path.parent.name / path.name)
    grey = found(capsys, "few", "real", extractor="autoencoder", num=30, seed=1)["scores"]
    red = found(capsys, "red", "real", extractor="autoencoder", num=30, seed=1)["scores"]
    assert 2 * red["neighbours"]["scores"]["precision"] < grey["neighbours"]["scores"]["precision"]


def test_a_generator_by_its_snapshot_and_by_its_trial(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    learned = {"name": "image_folder", "path": str(here / "real"), "image_size": SIZE, "held_out_share": 0.4}
    tiny_trial(here / "trial", learned)
    options: dict[str, Any] = {"extractor": "autoencoder", "num": 60}
    last = found(capsys, "trial/snapshots/00002000.safetensors", "real", **options)
    assert found(capsys, "trial", "real", **options) == last
    assert found(capsys, "trial/snapshots/00001000.safetensors", "real", **options)["scores"] != last["scores"]
    draws = last["scores"]["draws"]
    assert len(set(draws)) == 3
    assert draws[0] == last["scores"]["frechet_distance"]
    assert draws[1] == found(capsys, "trial", "real", seed=1, **options)["scores"]["frechet_distance"]
    assert last["generated"]["num"] == 60
    assert "of 3 fresh draws of latents" in printed(capsys, "trial", "real", **options)
    held_out = found(capsys, "trial", "real", split="held_out", **options)
    assert held_out["reference"]["num"] == 36, "of what the generator has learned from, the part that was held out"
    as_reference = found(capsys, "trial", "trial", num_reference=50, **options)
    assert as_reference["reference"]["num"] == 50
    assert as_reference["scores"]["neighbours"]["scores"]["precision"] < 1, "other images than the generated ones"


def test_a_generator_and_what_it_has_learned_from_are_scored_as_in_its_study(
    here: Path, capsys: pytest.CaptureFixture[str], random_inception: str
) -> None:
    learned = {"name": "image_folder", "path": str(here / "real"), "image_size": SIZE, "held_out_share": 0.4}
    tiny_trial(here / "trial", learned, {"extractor": "autoencoder", "num_samples": 110, "split": "train"})
    as_study = found(capsys, "trial", "real")
    key = as_study["key"]
    assert (key["extractor"], key["num_generated"], key["num_real"], key["split"]) == ("autoencoder", 110, 54, "train")
    assert as_study["notes"] == [
        "extractor, numbers of images and part of the data are those of the generator's study; for the FID, "
        "--extractor inception"
    ]
    neighbours = as_study["scores"]["neighbours"]
    assert neighbours["num"] == 27
    assert neighbours["control"] is not None, "the other half of the real images"
    # What is said counts; and another set of images, or another extractor, is not the study's.
    other = found(capsys, "trial", "real", num=120, split="held_out")["key"]
    assert (other["extractor"], other["num_generated"], other["num_real"]) == ("autoencoder", 120, 36)
    for reference, options in (("few", {}), ("real", {"extractor": "inception"}), ("real", {})):
        evaluation = found(capsys, "trial", reference, dims=64, num=4, num_reference=4, **options)
        assert (evaluation["key"]["extractor"], evaluation["key"]["split"]) == ("inception", "all")
        assert evaluation["notes"] == []


def test_of_a_run_it_is_the_best_confirmed_trial(here: Path) -> None:
    folder = write_synthetic_run(str(here / "run"))
    for arm in folder.arms():
        for name in folder.trials(arm):
            trial = folder.trial(arm, name)
            config = trial.read_config()
            assert config is not None
            training = config.training
            torch.manual_seed(0)
            generator, _ = build_networks(training.network, training.dataset.image_size, 1, training.z_dim)
            if trial.read_evaluations()[-1].score in (9.0, 9.5, 10.0):
                trial.write_snapshot(40_000, save(generator.state_dict()))
    snapshot = find_snapshot("run")
    assert snapshot is not None
    best = [
        name
        for name in folder.trials("lsgan")
        if (trial := folder.trial("lsgan", name)).read_evaluations()[-1].score == 9.5
        and (config := trial.read_config()) is not None
        and config.phase == "confirm"
    ]
    assert snapshot.place == f"{here}/run/arms/lsgan/{best[0]}/snapshots/00040000.safetensors"


def test_parts_of_collections(here: Path, capsys: pytest.CaptureFixture[str], random_inception: str) -> None:
    options: dict[str, Any] = {"dims": 64, "num": 4, "num_reference": 5}
    held_out = found(capsys, "few", "digits", split="held_out", **options)
    assert (held_out["generated"]["num"], held_out["reference"]["num"]) == (4, 5)
    assert held_out["reference"]["kind"] == "held-out images, at most 5 at random"
    assert held_out["key"]["split"] == "held_out"
    assert found(capsys, "few", "digits", split="held_out", **options) == held_out
    other = found(capsys, "few", "digits", split="held_out", seed=1, **options)
    assert other["scores"]["frechet_distance"] != held_out["scores"]["frechet_distance"]
    sized = found(capsys, "few", "real", split="held_out", image_size=16, dims=64, num=4)
    assert (sized["generated"]["num"], sized["reference"]["num"]) == (4, 8)
    assert sized["key"]["preprocessing"] == "uint8-16px-bilinear299"


def test_corrupt_files_up_to_a_share_are_named(here: Path) -> None:
    write_images(here / "new", {"dark": 100}, seed=6, size=(4, 4))
    (here / "new/dark/bad.png").write_bytes(b"no image")
    source, notes = open_argument("new", "all", is_reference=False), list[str]()
    assert isinstance(source, ImageSource)
    batches = list(own_size_batches(source, None, 30, 2, 0, notes))
    assert [len(batch) for batch in batches] == [30, 30, 30, 10]
    assert notes == [
        "new: 1 of 101 images cannot be decoded and are left out: dark/bad.png (not an image of a known kind)"
    ]
    (here / "new/dark/empty.png").touch()
    with pytest.raises(InputError) as caught:
        list(own_size_batches(source, None, 30, 2, 0, notes))
    assert str(caught.value) == (
        "new: at most a share of 0.01 of the images may be corrupt, but got at least 2 of 102: "
        "dark/bad.png (not an image of a known kind), dark/empty.png (the file is empty); repair or remove them"
    )


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
    assert "empty: there must be images (.png, .jpg and others), but got none" in refused("empty", "few", dims=64)
    assert refused("text.npz", "few").startswith(f"{here}/text.npz: this must be an .npz file with mu and sigma, but")
    assert "must be of the same network on both sides, but got dims=3 and 5;" in refused("small.npz", "large.npz")
    assert "but got dims=3 and 64;" in refused("small.npz", "few", dims=64)
    assert "--extractor: autoencoder learns from the images of the reference" in refused("few", "small.npz", **learned)
    assert "needs a reference with class labels" in refused("few", "flat", extractor="domain_classifier")
    assert "--dims: this chooses among Inception's layers" in refused("few", "real", dims=64, **learned)
    assert "but got sides from 8 to 9; say which size" in refused("wide", "real", **learned)
    assert "add --image-size" in refused("few", "real", dims=64, split="train")
    assert "must be one of inception, autoencoder, domain_classifier" in refused("few", "real", extractor="vgg")
    assert "--device: the device must be auto, cpu, cuda" in refused("few", "real", device="gpu")
    assert "--save-stats: the name must end in .npz" in refused("few", "real", save_stats="x.txt")
    assert "--save-stats: no file is replaced" in refused("few", "real", save_stats="small.npz")
    assert "there must be at least 2 images" in refused("few", "real", dims=64, num=1)


def test_wrong_snapshots_are_messages(here: Path) -> None:
    tiny_trial(here / "trial", {"name": "digits", "image_size": SIZE})
    tiny_trial(here / "other", {"name": "digits", "image_size": 16})
    (here / "trial/snapshots/00003000.safetensors").write_bytes(b"no weights")
    learned: dict[str, Any] = {"extractor": "autoencoder"}
    assert "/00001000.safetensors?" in refused("trial/snapshots/1.safetensors", "few")
    assert "must hold the generator of its trial's config.json" in refused("trial", "few")
    sized = "--image-size: both sides must be of one size, that of a generator's images, but got 8, 16 pixels"
    assert sized in refused("trial/snapshots/00002000.safetensors", "other", **learned)
    assert sized in refused("trial/snapshots/00002000.safetensors", "few", image_size=16, **learned)
    weights = save({"a": torch.full((1,), math.nan)})
    (here / "lost.safetensors").write_bytes(weights)
    assert "but there is no" in refused("lost.safetensors", "few")


def test_features_of_another_extractor_are_not_compared(here: Path, random_inception: str) -> None:
    evaluate("few", "real", Options(extractor="autoencoder", save_stats="few.npz"))
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
