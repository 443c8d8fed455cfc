"""Inception: features equal to pytorch-fid's with the right weights, and messages for wrong ones."""

import hashlib
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from pytorch_fid import inception as pytorch_fid
from support.reference_inception import random_weights, reference_features, reference_network
from torch import Tensor

from gan_study.config.data import DatasetConfig, ObjectiveConfig
from gan_study.config.training import TrainingConfig
from gan_study.data.datasets import Dataset, load_dataset
from gan_study.data.places import INCEPTION_ENVIRONMENT
from gan_study.data.sources.downloads import NotFetchedError
from gan_study.errors import InputError
from gan_study.extractors import inception, inception_weights
from gan_study.extractors.extractor import apply_network, images_to_stats
from gan_study.extractors.inception import InceptionFeatures, load_inception
from gan_study.extractors.inception_weights import (
    OFFICIAL_NAME,
    PARTIAL_NAME,
    find_weights,
    in_study,
    name_alternatives,
    weights_for,
    weights_with_hash,
)
from gan_study.extractors.objective import load_objective, prepare_objective
from gan_study.runs.folder import RunFolder
from gan_study.runs.records.measurements import OFFICIAL_INCEPTION_HASH


@pytest.fixture(scope="module")
def weights() -> dict[str, Tensor]:
    return random_weights()


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No weights on this machine and no network: empty folders for data sets and for torch's hub."""
    monkeypatch.delenv(INCEPTION_ENVIRONMENT, raising=False)
    monkeypatch.setenv("GAN_STUDY_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setattr(inception_weights, "FID_WEIGHTS_URL", (tmp_path / "absent.pth").as_uri())
    (tmp_path / "data").mkdir()
    return tmp_path


@pytest.fixture
def digits(extractor_cache: Path) -> Dataset:
    return load_dataset(DatasetConfig(name="digits", image_size=8))


def photos(num: int, channels: int, size: int) -> Tensor:
    """Smooth random images: uint8 in [0, 255]."""
    coarse = torch.rand(num, channels, 4, 4, generator=torch.Generator().manual_seed(0))
    images = torch.nn.functional.interpolate(coarse, size=(size, size), mode="bicubic").clamp(0, 1)
    return (images * 255).to(torch.uint8)


def write_weights(path: Path, weights: dict[str, Tensor]) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(weights, path)
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize(("dims", "channels", "size"), [(64, 3, 32), (192, 1, 28), (768, 3, 350), (2048, 3, 32)])
def test_features_are_those_of_pytorch_fid(weights: dict[str, Tensor], dims: int, channels: int, size: int) -> None:
    images = photos(3, channels, size)
    expected = reference_features(reference_network(weights, dims), images.expand(-1, 3, -1, -1) / 255)
    features, logits = apply_network(InceptionFeatures(weights, dims), images)
    assert logits is None
    assert expected.std(0).mean() > 0.01, "images differ in their features"
    scale = expected.abs().max().item()
    torch.testing.assert_close(features, expected, rtol=0, atol=1e-5 * max(1, scale))


def test_features_of_the_real_weights(data_folder: Path, nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAN_STUDY_DATA", str(data_folder))
    if not (data_folder / PARTIAL_NAME).exists():
        pytest.skip(f"needs {PARTIAL_NAME} in GAN_STUDY_DATA")
    real = random_weights() | torch.load(find_weights(768).path, weights_only=True)
    images = photos(4, 3, 64)
    expected = reference_features(reference_network(real, 768), images / 255)
    features, _ = apply_network(InceptionFeatures(real, 768), images)
    torch.testing.assert_close(features, expected, rtol=0, atol=1e-5)


def test_features_do_not_depend_on_how_images_are_cut(
    weights: dict[str, Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inception, "CPU_BATCH_SIZES", (2, 4))
    network, images = InceptionFeatures(weights, 192), photos(7, 1, 16)
    whole, _ = apply_network(network, images)
    parts = torch.cat([apply_network(network, part)[0] for part in images.split([1, 5, 1, 0])])
    torch.testing.assert_close(parts, whole, rtol=1e-5, atol=1e-5)
    before = torch.get_num_threads()
    for num_threads in (1, 2, 3, 9):
        torch.set_num_threads(num_threads)
        try:
            torch.testing.assert_close(apply_network(network, images)[0], whole, rtol=1e-5, atol=1e-5)
        finally:
            torch.set_num_threads(before)


def test_a_named_file_is_taken_as_it_is_but_is_not_fid(
    nowhere: Path, digits: Dataset, weights: dict[str, Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    sha256 = write_weights(nowhere / "own.pth", weights)
    monkeypatch.setenv(INCEPTION_ENVIRONMENT, str(nowhere / "own.pth"))
    extractor = load_inception(ObjectiveConfig(extractor="inception"), digits.image_size)
    assert (extractor.weights_hash, extractor.dims, extractor.layer) == (sha256[:8], 2048, "pool3")
    assert extractor.preprocessing == "uint8-8px-bilinear299"
    assert extractor.weights is None
    with pytest.raises(InputError) as caught:
        load_inception(ObjectiveConfig(metric="fid"), digits.image_size)
    assert str(caught.value) == (
        f"objective.metric: fid is made with the official weights (SHA-256 {OFFICIAL_INCEPTION_HASH}...), "
        f"but got weights={sha256[:8]}; use those, or metric: frechet_distance"
    )
    assert weights_with_hash(sha256[:8]).path == nowhere / "own.pth"
    with pytest.raises(InputError, match="made with the weights 12345678, but no file here has this hash"):
        weights_with_hash("12345678")


def test_places_are_searched_in_order(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data, hub = nowhere / "data", nowhere / "torch/hub/checkpoints"
    partial = write_weights(data / PARTIAL_NAME, {"a": torch.zeros(1)})
    monkeypatch.setattr(inception_weights, "PARTIAL_SHA256", partial)
    assert find_weights(768).path == data / PARTIAL_NAME
    assert find_weights(768).weights_hash == partial[:8]
    with pytest.raises(InputError, match="its weights must be on this machine"):
        find_weights(2048)
    official = write_weights(hub / OFFICIAL_NAME, {"b": torch.zeros(1)})
    monkeypatch.setattr(inception_weights, "OFFICIAL_SHA256", official)
    assert find_weights(768).path == find_weights(2048).path == hub / OFFICIAL_NAME
    (data / OFFICIAL_NAME).write_bytes((hub / OFFICIAL_NAME).read_bytes())
    assert find_weights(2048).path == data / OFFICIAL_NAME
    assert weights_with_hash(partial[:8]).path == data / PARTIAL_NAME


@pytest.mark.parametrize("name", [OFFICIAL_NAME, PARTIAL_NAME])
def test_a_file_that_is_not_what_its_name_says(nowhere: Path, name: str) -> None:
    path = nowhere / "data" / name
    sha256 = write_weights(path, {"a": torch.zeros(1)})
    official = {OFFICIAL_NAME: "6726825d", PARTIAL_NAME: "e3ea8361"}[name]
    with pytest.raises(InputError) as caught:
        find_weights(768)
    assert str(caught.value) == (
        f"{path}: a file of this name must have the SHA-256 {official}..., but got {sha256[:8]}...; "
        "fetch it again, or name it with --inception-weights to use it as it is"
    )


def test_without_file_and_network_it_says_what_to_put_where(nowhere: Path) -> None:
    start = time.monotonic()
    with pytest.raises(InputError) as caught:
        find_weights(2048)
    assert time.monotonic() - start < 5
    message = str(caught.value)
    assert message.startswith(
        f"inception: its weights must be on this machine or be downloaded, but got no {OFFICIAL_NAME} in "
        f"{nowhere}/data or {nowhere}/torch/hub/checkpoints and file://"
    )
    assert message.endswith(
        "; put the file into one of them (GAN_STUDY_DATA names the first), or name it with --inception-weights"
    )


def test_a_download_is_checked_and_kept(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sha256 = write_weights(nowhere / "absent.pth", {"a": torch.zeros(1)})
    hub = nowhere / "torch/hub/checkpoints"
    with pytest.raises(InputError, match=r"must have the SHA-256 6726825d\.\.\., but got "):
        find_weights(2048)
    assert [path.name for path in hub.iterdir() if path.suffix != ".lock"] == []
    monkeypatch.setattr(inception_weights, "OFFICIAL_SHA256", sha256)
    assert find_weights(2048).path == hub / OFFICIAL_NAME
    assert (hub / OFFICIAL_NAME).read_bytes() == (nowhere / "absent.pth").read_bytes()


def test_what_may_not_be_fetched_is_told_as_such(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sha256 = write_weights(nowhere / "absent.pth", {"a": torch.zeros(1)})
    monkeypatch.setattr(inception_weights, "OFFICIAL_SHA256", sha256)
    fid = ObjectiveConfig(metric="fid")
    finders: tuple[Callable[[], object], ...] = (
        lambda: find_weights(768, may_fetch=False),
        lambda: weights_with_hash(sha256[:8], may_fetch=False),
        lambda: weights_for(fid, may_fetch=False),
    )
    for find in finders:
        with pytest.raises(NotFetchedError) as caught:
            find()
        assert caught.value.place == nowhere / "torch/hub/checkpoints"
        assert str(caught.value).startswith(
            f"inception: its weights must be on this machine, but got no {OFFICIAL_NAME} in {nowhere}/data or "
        )
    assert str(caught.value).endswith(
        "; without it, `objective.metric: frechet_distance` with `objective.extractor: autoencoder` works, and "
        "domain_classifier for images with class labels, or `objective.extractor: inception`, `objective.dims: 768` "
        f"with {PARTIAL_NAME}, put in {nowhere}/data"
    )
    assert not (nowhere / "torch").exists()
    assert weights_with_hash(sha256[:8]).path == nowhere / "torch/hub/checkpoints" / OFFICIAL_NAME


def test_the_way_out_is_only_what_would_work(nowhere: Path, data_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    smaller = ObjectiveConfig.model_validate({"extractor": "inception", "dims": 192})
    assert "dims" not in name_alternatives(smaller, in_study)
    assert "metric" not in name_alternatives(smaller, in_study)
    (nowhere / "data" / PARTIAL_NAME).touch()
    whole = ObjectiveConfig.model_validate({"extractor": "inception"})
    assert name_alternatives(whole, in_study).endswith(
        f", or `objective.dims: 768` with {PARTIAL_NAME}, which lies in {nowhere}/data"
    )


@pytest.mark.parametrize("variables", [{}, {"TORCH_HOME": "~/t"}, {"XDG_CACHE_HOME": "/x"}, {"TORCH_HOME": ""}])
def test_what_is_known_without_torch_is_what_torch_says(
    variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("TORCH_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert inception_weights.hub_folder() == Path(torch.hub.get_dir()) / "checkpoints"
    assert inception_weights.FID_WEIGHTS_URL == pytorch_fid.FID_WEIGHTS_URL


NO_WEIGHTS = r"must be a file of Inception's weights, but is cut short, damaged or of another kind; fetch it again"
UNUSABLE = {
    "text": NO_WEIGHTS,
    "words": NO_WEIGHTS,
    "cut": NO_WEIGHTS,
    "another network": "must be a file of Inception's weights with all layers up to",
    "not a network": "must be a file of Inception's weights with all layers up to",
    "absent": "the file of weights must be there",
}


@pytest.mark.parametrize("kind", UNUSABLE)
def test_a_named_file_that_cannot_be_used_is_a_message(
    nowhere: Path, digits: Dataset, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    path = nowhere / "own.pth"
    write_weights(path, {"Conv2d_1a_3x3.conv.weight": torch.zeros(1)})
    if kind == "text":
        path.write_text("not weights\n")
    elif kind == "words":  # whose first letters the unpickler takes for commands
        path.write_text("an error page")
    elif kind == "cut":
        path.write_bytes(path.read_bytes()[:200])
    elif kind == "not a network":
        torch.save([1, 2], path)
    elif kind == "absent":
        path.unlink()
    monkeypatch.setenv(INCEPTION_ENVIRONMENT, str(path))
    with pytest.raises(InputError, match=UNUSABLE[kind]) as caught:
        load_inception(ObjectiveConfig(extractor="inception", dims=64), digits.image_size)
    assert "likelihood" not in str(caught.value), "of the library's words one sentence is enough"


def test_weights_that_end_too_early_name_the_first_layer_that_is_missing(
    nowhere: Path, digits: Dataset, weights: dict[str, Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    early = {name: value for name, value in weights.items() if not name.startswith(("Mixed_", "fc"))}
    write_weights(nowhere / "own.pth", early)
    monkeypatch.setenv(INCEPTION_ENVIRONMENT, str(nowhere / "own.pth"))
    assert load_inception(ObjectiveConfig(extractor="inception", dims=192), digits.image_size).dims == 192
    with pytest.raises(InputError, match=r"up to Mixed_6e, but got dims=768 and KeyError: 'no Mixed_5b.branch1x1"):
        load_inception(ObjectiveConfig(extractor="inception", dims=768), digits.image_size)


def test_the_run_folder_holds_no_weights_and_the_same_file_is_asked_for(
    nowhere: Path, digits: Dataset, weights: dict[str, Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    few = replace(digits, train_indices=digits.train_indices[:30], held_out_indices=digits.held_out_indices[:10])
    sha256 = write_weights(nowhere / "own.pth", weights)
    monkeypatch.setenv(INCEPTION_ENVIRONMENT, str(nowhere / "own.pth"))
    monkeypatch.setenv("GAN_STUDY_CACHE", str(nowhere / "cache"))
    training = TrainingConfig.model_validate(
        {
            "dataset": {"name": "digits", "image_size": 8},
            "network": {"name": "mlp", "width": 8},
            "loss": "least_squares",
            "objective": {"extractor": "inception", "dims": 64, "num_samples": 100},
        }
    )
    folder = RunFolder(str(nowhere / "run"))
    record = prepare_objective(training, few, folder)
    assert folder.storage.list_names("objective") == ["objective.json", "real_stats.npz"]
    assert record.key.label() == f"FD[inception@{sha256[:8]},max_pool_1,d=64]/N=100v40:all/uint8-8px-bilinear299"
    assert (record.class_names, record.extractor_accuracy, record.reconstruction_error) == (None, None, None)
    objective = load_objective(folder.storage, record, few)
    real = images_to_stats(
        objective.extractor.network, torch.from_numpy(few.images[[*few.train_indices, *few.held_out_indices]])
    )
    value = objective.score(real)
    assert value is not None
    assert abs(value) < 1e-3 * record.untrained_score
    (nowhere / "own.pth").write_bytes(b"others")
    with pytest.raises(InputError, match=f"made with the weights {sha256[:8]}, but no file here has this hash"):
        load_objective(folder.storage, record, few)
