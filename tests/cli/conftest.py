"""Collections of images, and weights of Inception, for the tests of `evaluate`."""

import hashlib
from pathlib import Path

import pytest
import torch
from support.evaluating import write_images
from support.reference_inception import random_weights
from torch import Tensor

from gan_study.data.places import INCEPTION_ENVIRONMENT


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
