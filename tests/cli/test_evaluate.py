"""`evaluate` on folders of small synthetic images, files of statistics, and untrained generators."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from pytorch_fid.fid_score import calculate_frechet_distance
from support.evaluating import found, gaussian, printed, refused, write_images
from support.reference_inception import reference_features, reference_network
from torch import Tensor

from gan_study.errors import InputError
from gan_study.evaluation.collections.images import ImageSource, open_argument, own_size_images
from gan_study.evaluation.collections.statistics_file import FeatureKey, write_statistics
from gan_study.metrics import all_scores
from gan_study.metrics.prdc import features_to_prdc
from gan_study.metrics.statistics import Gaussian


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


@pytest.mark.parametrize(("smallest", "distance"), [(-1e-9, -2e-9), (-1.0, -2.0)])
def test_a_distance_below_zero_is_the_same_in_the_table_and_in_the_json(
    here: Path, capsys: pytest.CaptureFixture[str], smallest: float, distance: float
) -> None:
    """Rounding makes such ones of equal collections; here it is an eigenvalue of sigma, as exact as it is wrong."""
    statistics = Gaussian(10, np.zeros(3), np.diag([1.0, 1.0, smallest]))
    for name in ("a", "b"):
        write_statistics(here / f"{name}.npz", statistics, None)
    assert found(capsys, "a.npz", "b.npz")["scores"]["frechet_distance"] == pytest.approx(distance, rel=1e-6)
    words = printed(capsys, "a.npz", "b.npz").split()
    assert float(words[words.index("FD") + 1]) == pytest.approx(distance, rel=1e-3)
    assert "; rounding can bring a distance of 0 slightly below it" in " ".join(words)


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
    text = printed(capsys, "few", "few", extractor="autoencoder")
    assert "there is no control, since it needs twice as many reference images" in " ".join(text.split())
    text = printed(capsys, "few", "real", extractor="autoencoder")
    assert "; not comparable with published FID.\n" in text
    assert "Generated: few: 40 images; preprocessing uint8-8px\n" in text
    assert "Reference: real: 90 images; preprocessing uint8-8px\n" in text


def test_neighbours_are_looked_for_in_a_random_part_of_the_larger_side(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(0)
    ours, theirs = random.normal(size=(50, 3)), random.normal(size=(200, 3))
    generated, real = (all_scores.features_to_side(features, None, "x") for features in (ours, theirs))
    scores = all_scores.sides_to_scores(generated, real, draws=[], seed=0)
    assert scores.neighbours is not None
    assert scores.neighbours.num == 50
    first_50 = features_to_prdc(ours, theirs[:50])
    assert scores.neighbours.scores != first_50
    assert scores.infinity is not None, "50 is more than 4.8 times 3"
    assert not scores.floor_is_rough
    monkeypatch.setattr(all_scores, "MOST_NEIGHBOURS", 30)
    fewer = all_scores.sides_to_scores(generated, real, draws=[], seed=0).neighbours
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
    assert "Share of each class (real): dark: 100.0% (50.0%), light: 0.0% (50.0%)" in text.splitlines()


def test_colour_of_one_side_does_not_go_unseen(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for path in (here / "few").rglob("*.png"):
        levels = np.array(Image.open(path))
        (here / "red" / path.parent.name).mkdir(parents=True, exist_ok=True)
        coloured = np.stack([levels, levels // 2, levels // 2], axis=2)
        Image.fromarray(coloured).save(here / "red" / path.parent.name / path.name)
    grey = found(capsys, "few", "real", extractor="autoencoder", num=30, seed=1)["scores"]
    red = found(capsys, "red", "real", extractor="autoencoder", num=30, seed=1)["scores"]
    assert 2 * red["neighbours"]["scores"]["precision"] < grey["neighbours"]["scores"]["precision"]


def test_statistics_say_which_network_the_images_are_for(
    here: Path, capsys: pytest.CaptureFixture[str], random_inception: str
) -> None:
    text = printed(capsys, "few", "real", dims=64, save_stats="few.npz", json_file="few.json")
    assert text.rstrip().endswith(f"Written: {here}/few.npz\nWritten: {here}/few.json")
    with np.load("few.npz") as arrays:
        np.savez("plain.npz", mu=arrays["mu"], sigma=arrays["sigma"])  # as pytorch-fid writes it
    expected = found(capsys, "few", "real", dims=64)["scores"]["frechet_distance"]
    for name in ("few.npz", "plain.npz"):
        assert found(capsys, name, "real")["scores"]["frechet_distance"] == pytest.approx(expected, abs=1e-7)
        assert found(capsys, "real", name)["key" if name == "few.npz" else "generated"]
    resized = found(capsys, "few.npz", "real", dims=64, image_size=16)
    assert resized["notes"][0].startswith(
        "the two sides were prepared for the network in different ways (uint8-bilinear"
    )
    for options, wrong in (({"num_reference": 5}, "num_reference=5"), ({"split": "train"}, "split=train")):
        assert f"but got {wrong} for the statistics {here}/few.npz" in refused("real", "few.npz", **options)


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
    batches = list(own_size_images(source, None, 30, 2, 0, notes).batches)
    assert [len(batch) for batch in batches] == [30, 30, 30, 10]
    assert notes == ["new: 1 image cannot be decoded and is left out: dark/bad.png (not an image of a known kind)"]
    (here / "new/dark/empty.png").touch()
    with pytest.raises(InputError) as caught:
        list(own_size_images(source, None, 30, 2, 0, notes).batches)
    assert str(caught.value) == (
        "new: at most a share of 0.01 of the images may be corrupt, but got at least 2 of 102: "
        "dark/bad.png (not an image of a known kind), dark/empty.png (the file is empty); repair or remove them"
    )
