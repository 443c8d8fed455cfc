"""Sample grids with what the trial scored when they were made."""

from synthetic_run import COMPLETED, CONFIRM, Outcome, many_classes, write_synthetic_run

from gan_study.analysis.confirmation import confirmed_arms
from gan_study.report.load import load_run, load_samples
from gan_study.report.page import shown_trials
from gan_study.report.timeline import timelines


def found(folder):
    run = load_run(folder)
    shown = shown_trials(run)
    samples = {arm: load_samples(folder, trial) for arm, trial in shown.items()}
    return timelines(run, shown, list(confirmed_arms(run).values()), samples)


def captions(timeline):
    return [moment.caption for moment in timeline.moments]


def test_a_moment_has_the_score_and_the_classes_of_its_time(tmp_path):
    lsgan, wgan = found(write_synthetic_run(str(tmp_path)))
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


def test_what_was_not_measured_is_left_out(tmp_path):
    folder = write_synthetic_run(str(tmp_path), confirm={"lsgan": CONFIRM["lsgan"][:1]})
    trial = folder.trial("lsgan", "confirm_002_seed_0")
    _, second, *others = trial.read_evaluations()
    bad = second.model_copy(update={"score": None, "class_shares": None})
    trial.write_evaluations([bad, *others])
    lsgan, wgan = found(folder)
    assert captions(lsgan)[:3] == ["0 kimg", "10 kimg", "20 kimg, FD 23.87, 10 of 10 classes"]
    assert (lsgan.choice, wgan.choice) == ("the confirmed seed", "the best search trial, unconfirmed")


def test_many_classes_are_counted_as_modes(tmp_path):
    search = {"lsgan": (Outcome(COMPLETED, 9.0, kimg=0),)}
    folder = write_synthetic_run(str(tmp_path), search=search, confirm={}, objective=many_classes(200))
    trial, shares = folder.trial("lsgan", "search_000"), (0.01,) * 100 + (0.0,) * 100
    trial.write_evaluations([e.model_copy(update={"class_shares": shares}) for e in trial.read_evaluations()])
    (lsgan,) = found(folder)
    assert captions(lsgan) == ["0 kimg, FD 60, 100 of 200 modes"]
