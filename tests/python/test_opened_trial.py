"""A trial of an opened run: its generator, its images and its diagnosis."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from support.generator_run import write_generator_run
from support.planted_diagnosis import planted_diagnosis

import gan_study
from gan_study.cli.sample import sample
from gan_study.evaluation.sampling import SampleRequest
from gan_study.runs.folder import RunFolder
from gan_study.runs.records.diagnosis import VerdictName


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A run whose confirmed trials have generators, and whose best wgan has a diagnosis."""
    folder = write_generator_run(tmp_path_factory.mktemp("run"))
    record = planted_diagnosis(VerdictName.PARTIAL_COLLAPSE, missing_classes=("7",))
    folder.trial("wgan", "confirm_003_seed_1").write_diagnosis(record)
    return folder


@pytest.fixture(scope="module")
def run(folder: RunFolder) -> gan_study.Run:
    return gan_study.open(folder.location)


def test_the_best_trial_is_the_one_of_the_report(run: gan_study.Run) -> None:
    best = run.best("wgan")
    assert (best.arm, best.name, best.state, best.score) == ("wgan", "confirm_003_seed_1", "completed", 16.5)
    assert best.name == run.summary.arms["wgan"].shown_trial
    assert best.hyperparameters["penalty_weight"] == best.config.training.penalty_weight == 100
    assert (run.best().arm, run.best().score) == ("lsgan", 9.5)


def test_the_images_are_those_of_the_command(run: gan_study.Run, folder: RunFolder, tmp_path: Path) -> None:
    best = run.best("wgan")
    images = best.sample(16, seed=3)
    assert images.shape == (16, 1, 16, 16)
    assert images.dtype == torch.uint8
    request = SampleRequest(grid=(4, 4), num=16, interpolation=None, seed=3)
    sample(folder.location, request, str(tmp_path / "drawn"), "wgan", None)
    written = [np.asarray(Image.open(path)) for path in sorted((tmp_path / "drawn/images").iterdir())]
    assert np.array_equal(images[:, 0].numpy(), np.stack(written))
    assert np.array_equal(np.asarray(best.grid(4, 4, seed=3)), np.asarray(Image.open(tmp_path / "drawn/grid.png")))
    assert best.grid(4, 2, scale=1).size == (4 * 18, 2 * 18)  # a frame of one pixel around each image
    assert not torch.equal(images, best.sample(16))


def test_the_generator_makes_images_on_its_device(run: gan_study.Run) -> None:
    best = run.best("wgan")
    generator = best.generator("cpu")
    images = generator(torch.randn(3, best.config.training.z_dim))
    assert images.shape == (3, 1, 16, 16)
    assert images.abs().max() <= 1
    assert not generator.training
    assert next(best.generator("meta").parameters()).device.type == "meta"


@pytest.mark.parametrize("device", ["gpu", "cuda:99"])
def test_a_device_that_is_not_there_is_refused(run: gan_study.Run, device: str) -> None:
    with pytest.raises(gan_study.InputError, match=f"torch must have the device, but got device={device} "):
        run.best("wgan").generator(device)


def test_a_number_of_images_out_of_range_is_refused(run: gan_study.Run) -> None:
    with pytest.raises(gan_study.InputError, match="num must be from 1 to 1,000,000, but got num=0"):
        run.best("wgan").sample(0)


def test_a_trial_without_a_snapshot_is_refused(run: gan_study.Run) -> None:
    with pytest.raises(gan_study.InputError, match="the last snapshot of a trial is taken, but got none"):
        run.trial("wgan/search_003").generator()


def test_the_diagnosis_is_the_one_of_the_run_folder(run: gan_study.Run) -> None:
    found = run.best("wgan").diagnosis
    assert found is not None
    assert (found.verdict, found.missing_classes) == ("partial collapse", ("7",))
    assert (found.is_failure, found.is_measured, found.late_collapse) == (True, True, False)
    assert str(found) == found.sentence == "Partial collapse: " + found.details.verdict.findings[0].sentence
    assert run.best("wgan").diagnose() == found  # from the run folder: the data set is not asked for


def test_a_diagnosis_without_images_says_so(run: gan_study.Run) -> None:
    found = run.best("lsgan").diagnosis
    assert found is not None
    assert (found.is_measured, found.is_failure) == (False, False)
    lost = run.trial("lsgan/search_003").diagnosis
    assert lost is not None
    assert (lost.verdict, lost.is_failure) == ("diverged", True)
