"""Sample grids with what the trial scored when they were made, and which trials' are shown."""

import io
import json
from collections import Counter
from pathlib import Path

from PIL import Image
from support.planted_diagnosis import planted_diagnosis
from support.present import present
from support.synthetic_run import COMPLETED, CONFIRM, DIVERGED, SEARCH, Outcome, many_classes, write_synthetic_run

from gan_study.analysis.confirmation import confirmed_arms
from gan_study.analysis.load_run import load_run
from gan_study.report.pictures.films import BUDGET, Film, make_films
from gan_study.report.pictures.page_pictures import shown_trials
from gan_study.report.pictures.timeline import Timeline
from gan_study.runs.folder import RunFolder
from gan_study.runs.records.diagnosis import VerdictName


def found(folder: RunFolder, budget: int = BUDGET) -> tuple[tuple[Film, ...], int]:
    run = load_run(folder)
    return make_films(run, folder, shown_trials(run), list(confirmed_arms(run).values()), budget)


def films(folder: RunFolder) -> tuple[Film, ...]:
    return found(folder)[0]


def captions(timeline: Timeline) -> list[str]:
    return [moment.caption for moment in timeline.moments]


def test_a_moment_has_the_score_and_the_classes_of_its_time(tmp_path: Path) -> None:
    lsgan, wgan = (film.timelines[0] for film in films(write_synthetic_run(str(tmp_path))))
    assert (lsgan.arm, lsgan.trial, lsgan.choice) == ("lsgan", "confirm_002_seed_0", "the best of 5 confirmed seeds")
    # The score falls from 60 to 9.5 in four equal ratios.
    assert captions(lsgan) == [
        "0 kimg, FD 60, 10 of 10 classes",
        "10 kimg, FD 37.85, 10 of 10 classes",
        "20 kimg, FD 23.87, 10 of 10 classes",
        "30 kimg, FD 15.06, 10 of 10 classes",
        "40 kimg, FD 9.5, 10 of 10 classes",
    ]
    assert captions(wgan)[-1] == "40 kimg, FD 16.5, 9 of 10 classes"
    assert json.loads(wgan.curve)[::4] == [[0.0, 60.0, 9], [40.0, 16.5, 9]]


def test_what_was_not_measured_is_left_out(tmp_path: Path) -> None:
    folder = write_synthetic_run(str(tmp_path), confirm={"lsgan": CONFIRM["lsgan"][:1]})
    trial = folder.trial("lsgan", "confirm_002_seed_0")
    _, second, *others = trial.read_evaluations()
    bad = second.model_copy(update={"score": None, "class_shares": None})
    trial.write_evaluations([bad, *others])
    lsgan, wgan = (film.timelines[0] for film in films(folder))
    assert captions(lsgan)[:3] == ["0 kimg", "10 kimg", "20 kimg, FD 23.87, 10 of 10 classes"]
    assert (lsgan.choice, wgan.choice) == ("the confirmed seed", "the best search trial, unconfirmed")
    assert json.loads(lsgan.curve)[0] == [10.0, None, None]


def test_many_classes_are_counted_as_modes(tmp_path: Path) -> None:
    search = {"lsgan": (Outcome(COMPLETED, 9.0, kimg=0),)}
    folder = write_synthetic_run(str(tmp_path), search=search, confirm={}, objective=many_classes(200))
    trial, shares = folder.trial("lsgan", "search_000"), (0.01,) * 100 + (0.0,) * 100
    trial.write_evaluations([e.model_copy(update={"class_shares": shares}) for e in trial.read_evaluations()])
    ((lsgan,),) = (film.timelines for film in films(folder))
    assert captions(lsgan) == ["0 kimg, FD 60, 100 of 200 modes"]


def test_an_arm_has_its_seeds_its_best_and_its_failed_trials(tmp_path: Path) -> None:
    folder = write_synthetic_run(str(tmp_path))
    folder.trial("lsgan", "confirm_002_seed_2").write_diagnosis(
        planted_diagnosis(VerdictName.PARTIAL_COLLAPSE, ("7",), late_collapse=True)
    )
    lsgan, wgan = films(folder)
    assert [(t.trial, t.choice) for t in lsgan.timelines] == [
        ("confirm_002_seed_0", "the best of 5 confirmed seeds"),
        ("confirm_002_seed_1", "confirmed seed, still improving"),
        ("confirm_002_seed_2", "confirmed seed, partial collapse (without 7), late collapse"),
        ("confirm_002_seed_3", "confirmed seed, still improving"),
        ("confirm_002_seed_4", "confirmed seed, still improving"),
        ("search_002", "among the best of the search, still improving"),
        ("search_004", "among the best of the search, still improving"),
        ("search_000", "among the best of the search, still improving"),
        ("search_003", "search trial, diverged"),
    ]
    assert wgan.timelines[-1].choice == "search trial, process failed"


def test_failures_of_every_kind_come_before_more_of_one(tmp_path: Path) -> None:
    lost = (Outcome(DIVERGED, None, kimg=10),) * 6
    folder = write_synthetic_run(str(tmp_path), search={"lsgan": (*SEARCH["lsgan"][:3], *lost)}, confirm={})
    folder.trial("lsgan", "search_008").write_diagnosis(planted_diagnosis(VerdictName.TOTAL_COLLAPSE, cur_nimg=10_000))
    (film,) = films(folder)
    failed = [t for t in film.timelines if t.choice.startswith("search trial")]
    assert [t.trial for t in failed] == ["search_003", "search_008", "search_004", "search_005"]
    assert Counter(t.choice for t in failed) == {"search trial, diverged": 3, "search trial, total collapse": 1}


def test_each_timeline_is_an_animation_in_its_trial_s_folder(tmp_path: Path) -> None:
    folder = write_synthetic_run(str(tmp_path))
    for film in films(folder):
        for number, timeline in enumerate(film.timelines):
            image = Image.open(tmp_path / present(timeline.animation))
            assert (image.format, getattr(image, "n_frames", 1)) == ("WEBP", len(timeline.moments))
            assert (timeline.animation_uri is not None) == (number == 0)
    # The animation of a trial that has ended is not made again.
    place = tmp_path / present(film.timelines[0].animation)
    place.write_bytes(place.read_bytes() + b"kept")
    films(folder)
    assert place.read_bytes().endswith(b"kept")


def test_many_grids_are_thinned_and_the_budget_holds(tmp_path: Path) -> None:
    folder = write_synthetic_run(str(tmp_path))
    full, left_out = found(folder)
    assert left_out == 0
    size = max(m.picture.num_characters for f in full for t in f.timelines for m in t.moments)
    # Room for two shown timelines of 4 grids and few others.
    some, left_out = found(folder, budget=14 * size)
    assert left_out > 0
    first = some[0].timelines[0]
    assert first.is_thinned
    assert [m.cur_nimg for m in first.moments][:: len(first.moments) - 1] == [0, 40_000]
    assert sum(m.picture.num_characters for f in some for t in f.timelines for m in t.moments) <= 14 * size


def test_animated_pixels_are_those_of_the_run(tmp_path: Path) -> None:
    folder = write_synthetic_run(str(tmp_path))
    first = films(folder)[0].timelines[0]
    assert Image.open(io.BytesIO(first.moments[0].picture.webp)).size == (128, 64)
    assert first.moments[0].picture != first.moments[4].picture
