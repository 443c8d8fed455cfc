"""`sample`: which generator is taken, what is written, and that the same seed gives the same again."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from support.generator_run import LAST_NIMG, write_generator, write_generator_run
from support.prepared_objective import Prepared
from support.synthetic_run import write_synthetic_run
from typer.testing import CliRunner

from gan_study.cli.main import app
from gan_study.config.training import TrainingConfig, TrialConfig
from gan_study.errors import InputError
from gan_study.evaluation.generators import load_trained_generator
from gan_study.evaluation.snapshots import find_snapshot
from gan_study.gan.conversion import to_uint8
from gan_study.gan.latents import draw_inputs, draw_z
from gan_study.gan.networks.conditional import ClassChoice, asked_classes
from gan_study.runs.folder import RunFolder
from gan_study.runs.records.measurements import BestScore
from gan_study.runs.trial_folder import TrialFolder


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return write_generator_run(tmp_path_factory.mktemp("run") / "tiny")


def sampled(place: object, out: Path | str, *options: str) -> str:
    arguments = ["sample", str(place), "--out", str(out), *options]
    return CliRunner().invoke(app, arguments, catch_exceptions=False).stdout


def refused(place: object, out: Path | str, *options: str) -> str:
    with pytest.raises(InputError) as caught:
        sampled(place, out, *options)
    return str(caught.value)


def pixels(path: Path) -> NDArray[np.uint8]:
    with Image.open(path) as image:
        return np.asarray(image)


DAMAGED: dict[str, Callable[[bytes], bytes]] = {
    "cut": lambda content: content[: len(content) // 2],
    "cut in its head": lambda content: content[:100],
    "empty": lambda content: b"",
    "text": lambda content: b"an error page of a server that had no such file",
    "a changed byte": lambda content: content[:12] + b"\xff" + content[13:],
}


@pytest.mark.parametrize("kind", DAMAGED)
@pytest.mark.parametrize("verb", ["sample", "export", "evaluate", "diagnose"])
def test_a_damaged_snapshot_is_named_with_a_way_out(
    run: RunFolder, prepared: Prepared, tmp_path: Path, verb: str, kind: str
) -> None:
    shutil.copytree(run.location, tmp_path / "run")
    shutil.copytree(prepared.folder.storage.local_path("objective"), tmp_path / "run/objective", dirs_exist_ok=True)
    trial = tmp_path / "run/arms/lsgan/confirm_002_seed_0"
    path = trial / f"snapshots/{LAST_NIMG:08d}.safetensors"
    path.write_bytes(DAMAGED[kind](path.read_bytes()))
    more = {"evaluate": ["digits"], "diagnose": ["--again"]}.get(verb, ["--out", str(tmp_path / "out")])
    with pytest.raises(InputError) as caught:
        CliRunner().invoke(app, [verb, str(trial), *more], catch_exceptions=False)
    message = str(caught.value)
    assert message.startswith(f"{path}: a snapshot must be whole, but this file is cut short or damaged; copy it again")
    assert "other content" not in message
    assert re.search(r" \(Error while deserializing: [^()]+\)$", message), "the library's words come last"


def test_the_snapshot_that_counts(run: RunFolder, tmp_path: Path) -> None:
    """Where the best counts it is taken in place of the last, and the line says so."""
    place = tmp_path / "copy"
    shutil.copytree(run.location, place)
    trial = RunFolder(str(place)).trial("lsgan", "confirm_002_seed_0")
    config = trial.read_config()
    assert config is not None
    write_generator(trial, seed=9, cur_nimg=20_000)
    *others, last = trial.read_evaluations()
    best = BestScore(cur_nimg=20_000, score=8.0, chosen_by=7.5)
    trial.write_evaluations([*others, last.model_copy(update={"best": best})])
    for at, words in (("last", "40,000 images (its last evaluation"), ("best", "20,000 images (its best evaluation")):
        objective = config.training.objective.model_copy(update={"at": at})
        training = config.training.model_copy(update={"objective": objective})
        trial.write_config(config.model_copy(update={"training": training}))
        printed = sampled(trial.storage.location, tmp_path / at, "--num", "1", "--interpolation", "none")
        assert f"lsgan/confirm_002_seed_0 after {words}, which counts): " in printed
    trial.keep_snapshots({40_000})
    with pytest.raises(InputError, match="the best snapshot of a trial is taken, but got none in its folder snapshots"):
        find_snapshot(trial.storage.location)


def test_what_is_written(run: RunFolder, tmp_path: Path) -> None:
    out = tmp_path / "new/samples"
    printed = sampled(run.location, out, "--grid", "3x2", "--scale", "1", "--num", "104", "--seed", "5", "--steps", "3")
    best = "confirm_002_seed_0"
    assert printed == (
        f"lsgan/{best} after 40,000 images (its last evaluation, which counts): grid.png, interpolation.gif, images, "
        f"samples.json are in {out}\n"
    )
    record = json.loads((out / "samples.json").read_text())
    assert (record["arm"], record["trial"], record["seed"], record["num"], record["grid"]) == (
        *("lsgan", best, 5, 104),
        [3, 2],
    )
    assert record["snapshot"] == f"{run.location}/arms/lsgan/{best}/snapshots/{LAST_NIMG:08d}.safetensors"
    names = sorted(path.name for path in (out / "images").iterdir())
    assert (len(names), names[0], names[-1]) == (104, "000000.png", "000103.png")
    snapshot = load_trained_generator(find_snapshot(run.location))
    random = torch.Generator().manual_seed(5)
    z = torch.cat([draw_z(100, snapshot.training.z_dim, "normal", random) for _ in range(2)])[:104]
    with torch.no_grad():
        expected = to_uint8(snapshot.generator(z))[:, 0].numpy()
    found = np.stack([pixels(out / "images" / name) for name in names])
    assert found.dtype == np.uint8
    # Convolutions of another batch size may round otherwise.
    assert np.abs(found.astype(int) - expected.astype(int)).max() <= 1
    assert len(np.unique(found.reshape(104, -1), axis=0)) == 104
    grid = pixels(out / "grid.png")
    assert grid.shape == (2 * 18, 3 * 18)
    assert np.array_equal(grid[1:17, 1:17], found[0])
    assert np.array_equal(grid[19:35, 37:53], found[5])  # second row, third column


@pytest.mark.parametrize(
    ("options", "scale", "shape"),
    [((), 4, (8 * 66, 8 * 66)), (("--scale", "3"), 3, (8 * 50, 8 * 50)), (("--grid", "40x1"), 1, (18, 40 * 18))],
)
def test_a_grid_is_large_enough_to_look_at(
    run: RunFolder, tmp_path: Path, options: tuple[str, ...], scale: int, shape: tuple[int, int]
) -> None:
    sampled(run.location, tmp_path / "out", "--interpolation", "none", "--num", "1", *options)
    grid, first = (pixels(tmp_path / "out" / name) for name in ("grid.png", "images/000000.png"))
    assert grid.shape == shape
    assert np.array_equal(
        grid[1 : 1 + 16 * scale, 1 : 1 + 16 * scale], first.repeat(scale, axis=0).repeat(scale, axis=1)
    )


def test_the_default_folder_is_never_filled_twice(
    run: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "samples_3").mkdir()
    for name in ("samples", "samples_2", "samples_3", "samples_4"):
        arguments = ["sample", run.location, "--interpolation", "none"]
        printed = CliRunner().invoke(app, arguments, catch_exceptions=False).stdout
        assert printed.endswith(f" are in {tmp_path / name}\n")
        assert (tmp_path / name / "grid.png").exists()


def test_the_animation_is_a_loop_without_jumps(run: RunFolder, tmp_path: Path) -> None:
    sampled(run.location, tmp_path / "a", "--interpolation", "webp", "--corners", "3", "--steps", "4", "--grid", "none")
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == ["interpolation.webp", "samples.json"]
    with Image.open(tmp_path / "a/interpolation.webp") as image:
        assert (image.n_frames, image.info["loop"], image.size) == (12, 0, (4 * 66, 4 * 66))  # type: ignore[attr-defined]
        frames = []
        for number in range(12):
            image.seek(number)
            frames.append(np.asarray(image.convert("L"), dtype=float))
    steps = [np.abs(frames[i] - frames[i - 1]).mean() for i in range(12)]  # the first is from the last frame to it
    apart = np.abs(frames[0] - frames[4]).mean()
    assert min(steps) > 0
    assert max(steps) < 0.75 * apart
    sampled(run.location, tmp_path / "b", "--corners", "3", "--steps", "4", "--grid", "none")
    with Image.open(tmp_path / "b/interpolation.gif") as image:
        assert image.n_frames == 12  # type: ignore[attr-defined]
        first = np.asarray(image.convert("L"), dtype=float)
    assert np.abs(first - frames[0]).max() <= 3  # of at most 256 greys nothing is lost but rounding


def test_the_seed_decides(run: RunFolder, tmp_path: Path) -> None:
    for name, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        sampled(run.location, tmp_path / name, "--seed", seed, "--interpolation", "none")
    first, again, other = ((tmp_path / name / "grid.png").read_bytes() for name in "abc")
    assert first == again
    assert first != other


def place_of(location: str, arm: str | None = None, trial: str | None = None) -> str:
    found = find_snapshot(location, arm, trial)
    return f"{found.config.arm}/{found.config.name}/{found.cur_nimg}"


def test_which_generator_is_taken(run: RunFolder, tmp_path: Path) -> None:
    trial = run.trial("wgan", "confirm_003_seed_0")
    assert place_of(run.location) == "lsgan/confirm_002_seed_0/40000"
    assert place_of(run.location, arm="wgan") == "wgan/confirm_003_seed_1/40000"
    assert place_of(run.location, arm="wgan", trial="confirm_003_seed_0") == "wgan/confirm_003_seed_0/40000"
    assert place_of(run.location, trial="wgan/confirm_003_seed_0") == "wgan/confirm_003_seed_0/40000"
    assert place_of(run.location, trial="confirm_003_seed_0") == "wgan/confirm_003_seed_0/40000"
    assert place_of(trial.storage.location) == "wgan/confirm_003_seed_0/40000"
    write_generator(trial, seed=0, cur_nimg=10_000)
    assert place_of(f"{trial.storage.location}/snapshots/00010000.safetensors") == "wgan/confirm_003_seed_0/10000"
    assert place_of(f"{trial.storage.location}/../confirm_003_seed_0/") == "wgan/confirm_003_seed_0/40000"


def test_the_folder_of_a_training_without_a_study(tmp_path: Path) -> None:
    folder = RunFolder(str(tmp_path / "out"))
    trial = folder.trial("train", "trial")
    training = {
        "dataset": {"name": "digits", "image_size": 16},
        "network": {"name": "mlp", "width": 4},
        "loss": "hinge",
    }
    trial.write_config(TrialConfig(training=TrainingConfig.model_validate(training)))
    write_generator(trial, seed=0)
    with pytest.raises(InputError, match="the best trial of a run is taken, but got none with a score"):
        find_snapshot(folder.location)
    assert place_of(folder.location, trial="trial") == "train/trial/40000"
    assert place_of(f"{folder.location}/arms/train/trial") == "train/trial/40000"


def test_wrong_choices_are_messages(run: RunFolder, tmp_path: Path) -> None:
    out, trial = tmp_path / "out", run.trial("lsgan", "search_000").storage.location
    assert refused(run.location, out, "--arm", "lsgam").endswith(
        "--arm: No arm called 'lsgam'; did you mean 'lsgan'? (known: lsgan, wgan)"
    )
    assert "No trial called 'search_9'; did you mean 'search_00" in refused(run.location, out, "--trial", "search_9")
    assert "but got trial=search_000 of lsgan, wgan; add --arm, or write --trial lsgan/search_000" in refused(
        run.location, out, "--trial", "search_000"
    )
    assert f"but got {trial}; leave --arm out" in refused(trial, out, "--arm", "lsgan")
    missing = refused(trial, out)
    assert "but got none in its folder snapshots" in missing
    assert missing.endswith(f"or train it again by `python -m gan_study train {trial}/config.json`")
    assert "but got none of them; check the path" in refused(tmp_path / "nothing", out)
    assert "but got grid=8; write such as 8x8" in refused(run.location, out, "--grid", "8")
    assert "at most 10,000 images" in refused(run.location, out, "--grid", "101x100")
    assert "No format called 'mp4'" in refused(run.location, out, "--interpolation", "mp4")
    nothing = refused(run.location, out, "--grid", "none", "--interpolation", "none")
    assert nothing.startswith("sample: there must be something to write")
    assert not out.exists()


def test_nothing_is_replaced(run: RunFolder, tmp_path: Path) -> None:
    (tmp_path / "grid.png").write_text("mine")
    rule = "--out: the files go to a folder that is new or empty, but got out="
    assert f"{rule}{tmp_path}, which holds grid.png; choose another folder, or empty this one" in refused(
        run.location, tmp_path
    )
    file = tmp_path / "grid.png"
    for out in (file, file / "below"):  # before anything is drawn
        assert f"{rule}{out}, which needs a folder where the file {file} lies; choose another folder" in refused(
            run.location, out
        )
    assert f"{rule}s3://bucket/x, which is an address and no folder of this machine; write into a local folder" in (
        refused(run.location, "s3://bucket/x")
    )
    assert (tmp_path / "grid.png").read_text() == "mine"


@pytest.fixture(scope="module")
def conditional(tmp_path_factory: pytest.TempPathFactory) -> TrialFolder:
    """A trial whose untrained generator knows ten digits, in a run folder that knows their names."""
    folder = RunFolder(str(tmp_path_factory.mktemp("conditional")))
    names = ("zero", *"123456789")
    objective = write_synthetic_run(str(tmp_path_factory.mktemp("other"))).read_objective()
    assert objective is not None
    folder.write_objective(objective.model_copy(update={"dataset_classes": names}))
    training = {
        "dataset": {"name": "digits", "image_size": 16},
        "network": {"name": "mlp", "width": 8},
        "loss": "hinge",
        "conditional": "concat",
        "z_dim": 4,
    }
    config = TrialConfig.model_validate({"training": training})
    trial = folder.trial(config.arm, config.name)
    trial.write_config(config)
    write_generator(trial, seed=0)
    return trial


@pytest.mark.parametrize("name", ["zero", "0"])
def test_images_of_one_class(conditional: TrialFolder, tmp_path: Path, name: str) -> None:
    options = ["--num", "60", "--interpolation", "none", "--grid", "none"]
    sampled(conditional.storage.location, tmp_path / "all", *options)
    sampled(conditional.storage.location, tmp_path / "one", *options, "--class", name)
    assert json.loads((tmp_path / "one/samples.json").read_text())["class_number"] == 0
    snapshot = load_trained_generator(find_snapshot(conditional.storage.location))
    z = draw_inputs(snapshot.training, 100, torch.Generator().manual_seed(0))[:60]
    asked = asked_classes(snapshot.generator, z)
    assert asked is not None
    for number, class_number in enumerate(asked.tolist()):
        one, other = (pixels(tmp_path / folder / f"images/{number:06d}.png") for folder in ("all", "one"))
        assert np.array_equal(one, other) == (class_number == 0)
    assert 0 in asked


def test_walks_stay_in_their_class(conditional: TrialFolder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    seen: list[torch.Tensor] = []
    forward = ClassChoice.forward

    def spy(self: ClassChoice, numbers: torch.Tensor) -> torch.Tensor:
        seen.append(forward(self, numbers))
        return seen[-1]

    monkeypatch.setattr(ClassChoice, "forward", spy)
    sampled(conditional.storage.location, tmp_path / "out", "--grid", "none", "--steps", "2", "--corners", "3")
    frames = torch.stack(seen)
    assert frames.shape == (6, 16)
    assert (frames == frames[0]).all()
    assert len(frames[0].unique()) > 3


@pytest.mark.parametrize(
    ("name", "message"),
    [("zer", "No class called 'zer'; did you mean 'zero'?"), ("10", "No class called '10'"), ("-1", "called '-1'")],
)
def test_a_class_that_does_not_exist(conditional: TrialFolder, tmp_path: Path, name: str, message: str) -> None:
    assert message in refused(conditional.storage.location, tmp_path / "out", "--class", name)
    assert not (tmp_path / "out").exists()


def test_only_a_conditional_generator_has_classes(run: RunFolder, tmp_path: Path) -> None:
    message = refused(run.location, tmp_path / "out", "--class", "0")
    assert message.startswith("class 0: only a conditional GAN can draw one class, but got lsgan/confirm_002_seed_0")
