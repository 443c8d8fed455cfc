"""The sample wall: one seed of all arms side by side, and whether their latents are the same."""

import io
from pathlib import Path

import pytest
from PIL import Image
from support.synthetic_run import COMPLETED, STUDY, Outcome, write_synthetic_run

from gan_study.analysis.confirmation import confirmed_arms
from gan_study.analysis.load_run import load_run
from gan_study.report.pictures.find_trial import find_in_run
from gan_study.report.pictures.page_pictures import shown_trials
from gan_study.report.pictures.wall import WallRow, sample_wall
from gan_study.runs.folder import RunFolder


def wall(folder: RunFolder) -> tuple[WallRow, ...]:
    run = load_run(folder)
    return sample_wall(run, find_in_run(folder), shown_trials(run), list(confirmed_arms(run).values()))


def test_each_row_is_a_seed_of_every_arm(tmp_path: Path) -> None:
    rows = wall(write_synthetic_run(str(tmp_path)))
    assert [row.title for row in rows] == [f"Seed {seed} of the confirmed trials" for seed in range(100_000, 100_005)]
    assert [[(p.arm, p.trial) for p in row.pictures] for row in rows] == [
        [("lsgan", f"confirm_002_seed_{i}"), ("wgan", f"confirm_003_seed_{i}")] for i in range(5)
    ]
    assert rows[0].latents.startswith("All arms have the same latents")
    assert [p.caption for p in rows[4].pictures] == [
        "40 kimg, FD 12, 10 of 10 classes; still improving",
        "30 kimg; diverged",
    ]
    assert Image.open(io.BytesIO(rows[0].pictures[0].picture.webp)).size == (128, 64)


@pytest.mark.parametrize(
    ("setting", "told"),
    [({"z_dim": 32}, "z_dim 32, normal"), ({"z_distribution": "uniform"}, "z_dim 64, uniform")],
)
def test_latents_that_differ_are_told(tmp_path: Path, setting: dict[str, int | str], told: str) -> None:
    arms = {**STUDY["arms"], "wgan": {**STUDY["arms"]["wgan"], **setting}}
    row, *_ = wall(write_synthetic_run(str(tmp_path), study={**STUDY, "arms": arms}))
    assert row.latents == (
        f"The latents are not the same in all arms (lsgan: seed 100000, z_dim 64, normal; wgan: seed 100000, {told})."
    )


def test_without_confirmed_seeds_the_best_search_trials_stand_there(tmp_path: Path) -> None:
    (row,) = wall(write_synthetic_run(str(tmp_path), confirm={}))
    assert row.title == "The best search trial of each arm"
    assert [p.trial for p in row.pictures] == ["search_002", "search_003"]
    assert row.latents.startswith("The latents are not the same in all arms (lsgan: seed 2, ")


def test_many_arms_have_fewer_rows(tmp_path: Path) -> None:
    arms = {f"arm_{i:02d}": {"network": "dcgan", "loss": "hinge"} for i in range(25)}
    outcomes = (Outcome(COMPLETED, 9.0, kimg=0),)
    folder = write_synthetic_run(
        str(tmp_path),
        study={**STUDY, "arms": arms},
        search=dict.fromkeys(arms, outcomes),
        confirm=dict.fromkeys(arms, outcomes * 5),
    )
    assert [len(row.pictures) for row in wall(folder)] == [25, 25, 25]


def test_without_grids_there_is_no_wall(tmp_path: Path) -> None:
    folder = write_synthetic_run(str(tmp_path))
    for path in tmp_path.glob("arms/*/*/samples/*.png"):
        path.unlink()
    assert wall(folder) == ()
