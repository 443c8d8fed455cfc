"""`evaluate` of trained generators: by snapshot, trial and run, as their study scores them or as it is asked."""

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save
from support.evaluating import SIZE, found, printed, refused, tiny_trial, write_images
from support.synthetic_run import OBJECTIVE, write_synthetic_run

from gan_study.data.datasets import load_dataset
from gan_study.evaluation.generators import load_generator_at
from gan_study.extractors.loading import load_or_train_extractor
from gan_study.gan.networks import build_networks
from gan_study.runs.folder import RunFolder
from gan_study.runs.records.measurements import EvaluationRecord
from gan_study.runs.storage import Storage
from gan_study.runs.trial_folder import TrialFolder


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
    assert "3 draws of fresh latents scored" in printed(capsys, "trial", "real", **options)
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
        "extractor, number of generated images and part of the data are those of the generator's study; for the FID, "
        "--extractor inception"
    ]
    neighbours = as_study["scores"]["neighbours"]
    assert neighbours["num"] == 27
    assert neighbours["control"] is not None, "the other half of the real images"
    # What is said counts; and another set of images, or another extractor, is not the study's.
    other = found(capsys, "trial", "real", num=120, split="held_out")
    assert (other["key"]["extractor"], other["key"]["num_generated"]) == ("autoencoder", 120)
    assert other["notes"] == ["extractor is that of the generator's study; for the FID, --extractor inception"]
    trial = TrialFolder(Storage(here / "trial"))
    record = EvaluationRecord(
        cur_nimg=2000,
        num_d_steps=1,
        num_g_steps=1,
        train_sec=1,
        evaluate_sec=1,
        score=12.5,
        class_shares=None,
        losses=None,
    )
    trial.write_evaluations([record])
    assert found(capsys, "trial", "real")["notes"][1:] == [
        "in its study this generator scored 12.5; latents are others here"
    ]
    assert len(found(capsys, "trial/snapshots/00001000.safetensors", "real")["notes"]) == 1, "another moment"
    assert len(found(capsys, "trial", "real", num_reference=50)["notes"]) == 1, "another score"
    for reference, options in (("few", {}), ("real", {"extractor": "inception"}), ("real", {})):
        evaluation = found(capsys, "trial", reference, dims=64, num=4, num_reference=4, **options)
        assert (evaluation["key"]["extractor"], evaluation["key"]["split"]) == ("inception", "all")
        assert evaluation["notes"] == []


def test_the_study_sets_the_length_of_the_extractors_training(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    learned = {"name": "image_folder", "path": str(here / "real"), "image_size": SIZE, "held_out_share": 0.4}
    short = {"extractor": "autoencoder", "num_samples": 110, "split": "train", "extractor_kimg": 0.2}
    config = tiny_trial(here / "trial", learned, short)
    own = load_or_train_extractor("autoencoder", load_dataset(config.training.dataset), kimg=0.2)
    assert found(capsys, "trial", "real")["key"]["weights_hash"] == own.weights_hash
    named = found(capsys, "trial", "real", extractor="autoencoder", split="train")
    assert named["key"]["weights_hash"] != own.weights_hash, "an extractor that is named has its own length"


def test_statistics_hold_the_size_that_their_network_has_learned_at(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    learned = {"name": "image_folder", "path": str(here / "real"), "image_size": 2 * SIZE}
    tiny_trial(here / "trial", learned, {"extractor": "autoencoder", "num_samples": 110, "split": "train"})
    first = found(capsys, "trial", "real", save_stats="generated.npz")
    again = found(capsys, "generated.npz", "real", split="train")
    assert again["key"] == first["key"]
    assert again["scores"]["frechet_distance"] == pytest.approx(first["scores"]["frechet_distance"], abs=1e-9)
    message = refused("generated.npz", "real", image_size=SIZE)
    assert (
        f", image_size={2 * SIZE} and {SIZE}; compute both with the same --extractor, --dims, --image-size" in message
    )


def test_an_arm_of_a_run_is_no_collection_of_images(here: Path) -> None:
    write_synthetic_run(str(here / "run"))
    message = refused("run/arms/lsgan", "real", dims=64)
    assert "but got the folder of an arm; give" in message
    assert message.endswith(f"such as {here}/run/arms/lsgan/confirm_002_seed_0")


@pytest.mark.parametrize("nested", ["runs", "runs/deep/er", "linked"])
def test_a_folder_with_a_run_in_it_is_no_collection_of_images(here: Path, nested: str) -> None:
    """The samples of a training are pictures, too."""
    run = here / ("elsewhere" if nested == "linked" else nested) / "tiny"
    folder = write_synthetic_run(str(run))
    name = next(name for name in folder.trials("wgan") if name.startswith("confirm"))
    folder.trial("wgan", name).write_snapshot(40_000, b"never read")
    (here / "runs").mkdir(exist_ok=True)
    write_images(here / "runs/dark", {"": 5}, seed=1)
    if nested == "linked":
        (here / "runs/tiny").symlink_to(run)
        (here / "runs/again").symlink_to(here / "runs")
        run = here / "runs/tiny"
    start = f"a folder of images must hold no trainings, but got the folder of a run, {run}, whose pictures are grids"
    for arguments in (("runs", "real"), ("real", "runs")):
        message = refused(*arguments, dims=64)
        assert message.startswith(f"{here}/runs: {start}")
        snapshot = f"{run}/arms/wgan/{name}/snapshots/00040000.safetensors"
        assert message.endswith(
            f"; give a trained generator ({run}, or a trial's snapshot, such as {snapshot}), or the images alone"
        )


@pytest.mark.parametrize("place", ["out", "out/trial/samples"])
def test_a_trial_and_its_samples_are_no_collection_of_images(here: Path, place: str) -> None:
    tiny_trial(here / "out/trial", {"name": "digits", "image_size": SIZE})
    write_images(here / "out/trial/samples", {"": 5}, seed=1)
    message = refused(place, "real", dims=64)
    assert f"but got the folder of a trial, {here}/out/trial, whose pictures" in message


def test_images_in_any_subfolders_are_a_collection(
    here: Path, capsys: pytest.CaptureFixture[str], random_inception: str
) -> None:
    """Beside files and folders whose names a run has, too, but not all of them; and a hidden run is not looked into."""
    write_images(here / "many/samples", {"deep/arms": 3, "snapshots": 2, "": 2}, seed=1)
    (here / "many/samples/study.yaml").write_text("name: photographs\n")
    (here / "many/samples/deep/config.json").write_text("{}")
    write_synthetic_run(str(here / "many/.hidden"))
    assert found(capsys, "many", "few", dims=64, num_reference=4)["generated"]["num"] == 7


def test_images_that_are_no_longer_those_of_the_study_are_told(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    learned = {"name": "image_folder", "path": str(here / "few"), "image_size": SIZE}
    tiny_trial(here / "run/arms/an_arm/trial", learned, {"extractor": "autoencoder", "num_samples": 100})
    folder = RunFolder(str(here / "run"))
    folder.write_objective(OBJECTIVE)
    evaluation = found(capsys, "run/arms/an_arm/trial", "few")
    now = evaluation["key"]["dataset"]
    assert [note for note in evaluation["notes"] if "no longer" in note] == [
        f"the images of {now} are no longer those of the generator's study ({OBJECTIVE.key.dataset}), so this score "
        "and the study's are of different data; put the files back as they were to compare them"
    ]
    key = OBJECTIVE.key.model_copy(update={"dataset": now})
    folder.write_objective(OBJECTIVE.model_copy(update={"key": key}))
    assert not any("no longer" in note for note in found(capsys, "run/arms/an_arm/trial", "few")["notes"])


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
    snapshot = load_generator_at("run")
    assert snapshot is not None
    best = [
        name
        for name in folder.trials("lsgan")
        if (trial := folder.trial("lsgan", name)).read_evaluations()[-1].score == 9.5
        and (config := trial.read_config()) is not None
        and config.phase == "confirm"
    ]
    assert snapshot.place == f"{here}/run/arms/lsgan/{best[0]}/snapshots/00040000.safetensors"


def test_wrong_snapshots_are_messages(here: Path) -> None:
    tiny_trial(here / "trial", {"name": "digits", "image_size": SIZE})
    tiny_trial(here / "other", {"name": "digits", "image_size": 16})
    (here / "trial/snapshots/00003000.safetensors").write_bytes(b"no weights")
    learned: dict[str, Any] = {"extractor": "autoencoder"}
    assert "/00001000.safetensors?" in refused("trial/snapshots/1.safetensors", "few")
    assert "but this file is cut short or damaged" in refused("trial", "few")
    (here / "trial/snapshots/00003000.safetensors").write_bytes(save({"a": torch.zeros(1)}))
    assert "must hold the generator of its trial's config.json" in refused("trial", "few")
    sized = "--image-size: both sides must be of one size, that of a generator's images, but got 8, 16 pixels"
    assert sized in refused("trial/snapshots/00002000.safetensors", "other", **learned)
    assert sized in refused("trial/snapshots/00002000.safetensors", "few", image_size=16, **learned)
    weights = save({"a": torch.full((1,), math.nan)})
    (here / "lost.safetensors").write_bytes(weights)
    assert "but there is no" in refused("lost.safetensors", "few")
