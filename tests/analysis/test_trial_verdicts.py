"""The verdict on every trial: of its images where they were measured, of its training where not."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import ValidationError
from support.planted_diagnosis import planted_diagnosis
from support.present import present
from support.synthetic_run import COMPLETED, FAILED, RUNNING, Outcome, write_synthetic_run

from gan_study.analysis.arm_comparison import compare_arms
from gan_study.analysis.load_run import load_run
from gan_study.analysis.summary import summarise
from gan_study.analysis.trial_verdicts import NO_SIGN, WORDS, count_words, counts_text
from gan_study.runs.folder import RunFolder
from gan_study.runs.records.diagnosis import Verdict, VerdictName

SEED = ("lsgan", "confirm_002_seed_0")


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return write_synthetic_run(str(tmp_path))


def test_without_measured_images_the_training_alone_is_judged(folder: RunFolder) -> None:
    run = load_run(folder)
    found = run.verdicts[("lsgan", "search_002")]
    # The made-up scores fall to the end by more than a twentieth at each evaluation.
    assert (found.word, found.is_measured, found.diagnosis) == ("still improving", False, None)
    assert run.verdicts[("lsgan", "search_003")].word == "diverged"
    assert {key for key, verdict in run.verdicts.items() if verdict.is_failure} == {
        ("lsgan", "search_003"),
        ("wgan", "search_002"),
        ("wgan", "confirm_003_seed_4"),
    }


def test_measured_images_decide(folder: RunFolder) -> None:
    folder.trial(*SEED).write_diagnosis(planted_diagnosis(VerdictName.PARTIAL_COLLAPSE, ("7", "9"), late_collapse=True))
    found = load_run(folder).verdicts[SEED]
    assert found.is_measured
    assert found.text == "partial collapse (without 7, 9), late collapse"
    assert found.is_failure
    assert not found.is_lost


def test_a_diagnosis_of_a_snapshot_on_the_way_is_not_the_trial_s(folder: RunFolder) -> None:
    record = planted_diagnosis(VerdictName.TOTAL_COLLAPSE)
    folder.trial(*SEED).write_diagnosis(record.model_copy(update={"cur_nimg": 10_000}))
    assert load_run(folder).verdicts[SEED].word == "still improving"


def test_a_collapsed_trial_counts_as_a_failure_beside_the_scores(folder: RunFolder) -> None:
    before = present(summarise(load_run(folder)).comparison.by_arm["lsgan"].confirmed).successful
    folder.trial(*SEED).write_diagnosis(planted_diagnosis(VerdictName.TOTAL_COLLAPSE))
    run = load_run(folder)
    after = present(summarise(run).comparison.by_arm["lsgan"].confirmed).successful
    assert (before.failures.num_failed, after.failures.num_failed) == (0, 1)
    assert present(after.scores).strata == ((10.0, 11.0, 10.5, 12.0),)
    # The planted verdict, and the one that was not finite.
    assert run.collapsed == {SEED, ("lsgan", "search_003"), ("wgan", "confirm_003_seed_4")}
    assert summarise(run).comparison == compare_arms(run, run.collapsed)


def test_a_partial_collapse_keeps_its_score(folder: RunFolder) -> None:
    folder.trial(*SEED).write_diagnosis(planted_diagnosis(VerdictName.PARTIAL_COLLAPSE))
    assert SEED not in load_run(folder).collapsed


def test_a_trial_that_was_stopped_because_it_had_collapsed_counts_too(folder: RunFolder) -> None:
    trial = folder.trial("lsgan", "search_001")
    trial.write_status(present(trial.read_status()).model_copy(update={"collapsed": True}))
    assert ("lsgan", "search_001") in load_run(folder).collapsed


def test_words_say_what_was_not_looked_at(tmp_path: Path) -> None:
    outcomes = (Outcome(COMPLETED, 45.0), Outcome(FAILED, None, kimg=0), Outcome(RUNNING, None, kimg=10))
    run = load_run(write_synthetic_run(str(tmp_path), search={"lsgan": outcomes}, confirm={}))
    words = {name: verdict.word for (_, name), verdict in run.verdicts.items()}
    assert words == {"search_000": NO_SIGN, "search_001": "process failed"}
    measured = replace(run.verdicts[("lsgan", "search_000")], is_measured=True)
    assert measured.word == "inconclusive"
    assert counts_text(count_words(run.verdicts.values())) == "1 process failed, 1 no problem seen"


def test_a_generator_that_is_not_learning_is_no_failed_seed(folder: RunFolder) -> None:
    folder.trial(*SEED).write_diagnosis(planted_diagnosis(VerdictName.NOT_LEARNING))
    run = load_run(folder)
    found = run.verdicts[SEED]
    assert found.is_failure  # the page shows what it rests on, and where in the search space it lies
    assert not found.is_lost
    assert SEED not in run.collapsed
    failures = present(summarise(run).comparison.by_arm["lsgan"].confirmed).successful.failures
    assert failures.num_failed == 0


@pytest.mark.parametrize(
    ("finding", "name", "sentence"),
    [
        ("still_falling", "still_improving", "Still improving: It is so. Train longer: give it a larger budget."),
        ("unlike", "unlike_real_images", "Unlike real images: It is so."),
    ],
)
def test_an_older_file_that_says_undertrained_is_read_as_what_it_found(
    folder: RunFolder, finding: str, name: str, sentence: str
) -> None:
    content = planted_diagnosis(VerdictName.HEALTHY).model_dump(mode="json")
    content["verdict"] |= {
        "name": "undertrained",
        "sentence": "Undertrained: It is so. Train longer: give it a larger budget.",
        "decisive": [content["verdict"]["findings"][0] | {"name": finding}],
    }
    folder.trial(*SEED).storage.write_bytes("diagnosis.json", json.dumps(content).encode())
    found = load_run(folder).verdicts[SEED]
    assert (found.verdict.name, found.verdict.sentence) == (name, sentence)
    assert found.word == name.replace("_", " ")


def test_a_damaged_older_file_is_told_as_any_other() -> None:
    content = planted_diagnosis(VerdictName.HEALTHY).model_dump(mode="json")["verdict"] | {"name": "undertrained"}
    for lost in ("sentence", "decisive"):
        with pytest.raises(ValidationError):
            Verdict.model_validate({key: value for key, value in content.items() if key != lost})


def test_every_verdict_has_a_word(folder: RunFolder) -> None:
    found = load_run(folder).verdicts[SEED]
    for name in VerdictName:
        verdict = found.verdict.model_copy(update={"name": name})
        assert replace(found, verdict=verdict).word in WORDS
    assert len(WORDS) == len(set(WORDS)) == len(VerdictName) + 2


def test_the_summary_holds_every_verdict(folder: RunFolder) -> None:
    folder.trial(*SEED).write_diagnosis(planted_diagnosis(VerdictName.HEALTHY))
    arm = summarise(load_run(folder)).arms["lsgan"]
    # The one that was stopped has too few evaluations to judge by.
    assert arm.trials_by_verdict == {"diverged": 1, "still improving": 7, NO_SIGN: 1, "healthy": 1}
    assert arm.verdicts["confirm_002_seed_0"] == "healthy"
    assert len(arm.verdicts) == 10
    assert present(arm.confirmed).seeds[0].verdict == "healthy"
