"""The notes beside the verdict, on the page and on the terminal: verdicts on trials, and advice."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from support.compared_runs import write_second_run
from support.parsed_page import ParsedPage
from support.planted_diagnosis import planted_diagnosis
from support.synthetic_run import COMPLETED, STUDY, Outcome, write_synthetic_run

from gan_study.analysis.confirmation import confirmed_arms
from gan_study.analysis.load_run import load_run
from gan_study.analysis.summary import summarise
from gan_study.cli.terminal.outcome import print_outcome
from gan_study.config.study import WorkerRange
from gan_study.errors import StorageError
from gan_study.report.comparison.comparison_page import compare_studies, render_comparison
from gan_study.report.tables.protocol import protocol_items
from gan_study.report.write import write_report
from gan_study.runs.folder import RunFolder
from gan_study.runs.records.diagnosis import VerdictName
from gan_study.runs.records.environment import Surroundings
from gan_study.runs.records.extensions import ExtensionRecord, ExtensionsRecord

CAUTION = "p values and intervals do not account for that"
CONFIRMED = (Outcome(COMPLETED, 9.0), Outcome(COMPLETED, 10.0))
ADVICE = "still improving, so longer ones may come to another verdict: run a new study with a larger budget."


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    """By their evaluations lsgan's five confirmed trainings are still improving, and four of wgan's; the fifth
    diverged."""
    return write_synthetic_run(str(tmp_path))


def head(folder: RunFolder) -> str:
    """The text above the tabs of the report, and so above the Result tab."""
    text = ParsedPage(Path(write_report(folder)).read_text(encoding="utf-8")).text
    return text[: text.index("Result")]


def plant(folder: RunFolder, arm: str, verdict: VerdictName, num: int) -> None:
    for name in [name for name in folder.trials(arm) if name.startswith("confirm")][:num]:
        folder.trial(arm, name).write_diagnosis(planted_diagnosis(verdict))


def extend(folder: RunFolder) -> None:
    record = ExtensionRecord(time=0, command="", additions=("x",), former_study="", num_trials=3)
    folder.write_extensions(ExtensionsRecord(extensions=(record,)))


def printed(folder: RunFolder) -> str:
    console = Console(width=200)
    with console.capture() as capture:
        print_outcome(console, folder, "report.html")
    return capture.get()


def test_a_damaged_summary_is_named(folder: RunFolder) -> None:
    write_report(folder)
    folder.storage.write_text("summary.json", '{"name": "cut short')
    with pytest.raises(StorageError, match=r"summary\.json: it must be read as it was just written, .* run `report"):
        printed(folder)


def test_faults_of_the_search_are_on_the_page_and_the_grave_ones_on_the_terminal(folder: RunFolder) -> None:
    """By hand: wgan's defaults scored 21, below the upper end of what another of its four sound seeds would score."""
    page = ParsedPage(Path(write_report(folder)).read_text(encoding="utf-8")).text
    search = page[page.index("Health of the search") :]
    text = " ".join(printed(folder).split())
    found = summarise(load_run(folder)).health
    assert {each.level for each in found} == {"serious", "note", "unknown", "fine"}
    for each in found:
        assert each.sentence.replace(" %", "\N{NO-BREAK SPACE}%") in search
        assert each.command("lsgan_vs_wgan", folder.location) in search
        assert (each.with_command("lsgan_vs_wgan", folder.location) in text) == (each.level == "serious")
    (defaults,) = (each for each in found if each.check == "defaults" and each.level == "serious")
    assert defaults.sentence == (
        "The search may not have beaten the paper's defaults: wgan, with which search_000 scored 21; the 4 confirmed "
        "seeds scored 17.6 on average, and one more would score 14.09 to 21.98 in 95 % of cases."
    )


def test_the_verdicts_on_trials_stand_under_the_headline_as_on_the_terminal(folder: RunFolder) -> None:
    above = head(folder)
    lines = summarise(load_run(folder)).trial_verdicts
    assert lines[0] == (
        "lsgan, 10 trainings: 1 diverged, 8 still improving, 1 with no sign of failure (images not examined)."
    )
    for line in lines:
        assert above.count(line) == 1
        assert printed(folder).splitlines().count(line) == 1
    assert above.index("lsgan wins") < above.index(lines[0])


@pytest.mark.parametrize(
    ("healthy", "head_of_note"),
    [
        ({}, "9 of 10 confirmed trainings are "),
        ({"wgan": 2}, "5 of 5 confirmed trainings of lsgan are "),  # of wgan's no more than two are left
        ({"lsgan": 2, "wgan": 2}, "3 of 5 confirmed trainings of lsgan are "),
        ({"lsgan": 3, "wgan": 2}, None),
    ],
)
def test_most_trainings_of_an_arm_still_improving_is_told_with_what_to_do(
    folder: RunFolder, healthy: dict[str, int], head_of_note: str | None
) -> None:
    for arm, num in healthy.items():
        plant(folder, arm, VerdictName.HEALTHY, num)
    notes = summarise(load_run(folder)).notes
    assert notes == ((f"{head_of_note}{ADVICE}total_kimg (here 40).",) if head_of_note else ())


@pytest.mark.parametrize(
    ("verdict", "advice"),
    [
        (VerdictName.NOT_LEARNING, "not learning, with scores still near that of an untrained generator: "),
        (
            VerdictName.UNLIKE_REAL_IMAGES,
            "still unlike real images, and the scores do not show that longer ones would help: ",
        ),
    ],
)
def test_a_longer_training_is_advised_to_those_alone_whose_score_still_falls(
    folder: RunFolder, verdict: VerdictName, advice: str
) -> None:
    for arm in ("lsgan", "wgan"):
        plant(folder, arm, verdict, 4)
    (note,) = summarise(load_run(folder)).notes
    assert note == (
        f"8 of 10 confirmed trainings are {advice}try other learning rates, another loss or another network."
    )
    assert head(folder).count(note) == 1


def test_each_remedy_is_told_of_the_arm_that_needs_it(folder: RunFolder) -> None:
    plant(folder, "wgan", VerdictName.NOT_LEARNING, 3)
    notes = summarise(load_run(folder)).notes
    assert [note.split(",")[0] for note in notes] == [
        "3 of 5 confirmed trainings of wgan are not learning",
        "5 of 5 confirmed trainings of lsgan are still improving",
    ]


@pytest.mark.parametrize(("unit", "amount", "text"), [("epochs", 26.5, "26.5"), ("g_steps", 60_000, "60,000")])
def test_the_budget_is_named_by_its_own_key(tmp_path: Path, unit: str, amount: float, text: str) -> None:
    budget: dict[str, Any] = {"trials_per_arm": 5, unit: amount, "evaluate_every_kimg": 10}
    folder = write_synthetic_run(str(tmp_path), study={**STUDY, "budget": budget})
    (note,) = summarise(load_run(folder)).notes
    assert note.endswith(f"{ADVICE}{unit} (here {text}).")
    assert head(folder).count(note) == 1
    assert note in printed(folder)


@pytest.mark.parametrize(
    ("num", "head_of_note"),
    [
        ({"a": 1, "c": 2}, "The only confirmed training of a is "),
        ({"b": 3, "c": 2}, "3 of 3 confirmed trainings of b are "),
        ({"a": 1, "b": 3, "c": 2}, "The only confirmed training of a and 3 of 3 confirmed trainings of b are "),
        ({"b": 3, "c": 2, "d": 2}, "3 of 3 confirmed trainings of b and 2 of 2 confirmed trainings of d are "),
        (
            {"a": 1, "b": 3, "c": 2, "d": 2},
            "The only confirmed training of a, 3 of 3 confirmed trainings of b "
            "and 2 of 2 confirmed trainings of d are ",
        ),
    ],
)
def test_several_arms_are_listed_as_one_would_say_it(tmp_path: Path, num: dict[str, int], head_of_note: str) -> None:
    study = {**STUDY, "arms": dict.fromkeys(num, STUDY["arms"]["lsgan"])}
    confirm = {arm: (Outcome(COMPLETED, 9.0),) * seeds for arm, seeds in num.items()}
    search = dict.fromkeys(num, (Outcome(COMPLETED, 9.0),))
    folder = write_synthetic_run(str(tmp_path), study=study, search=search, confirm=confirm)
    plant(folder, "c", VerdictName.HEALTHY, 2)
    assert summarise(load_run(folder)).notes == (f"{head_of_note}{ADVICE}total_kimg (here 40).",)


def test_all_of_them_are_told_in_one_number(tmp_path: Path) -> None:
    folder = write_synthetic_run(str(tmp_path), confirm=dict.fromkeys(("lsgan", "wgan"), CONFIRMED))
    assert summarise(load_run(folder)).notes == (f"All 4 confirmed trainings are {ADVICE}total_kimg (here 40).",)


@pytest.mark.parametrize("search", [{"order": "free"}, {}])
def test_a_search_that_does_not_repeat_is_marked(tmp_path: Path, search: dict[str, Any]) -> None:
    folder = write_synthetic_run(str(tmp_path), study={**STUDY, "search": search})
    notes = summarise(load_run(folder)).notes
    marked = "A second run of this study can give another result (search.order=free: the search learns from whatever "
    assert [note.startswith(marked) for note in notes].count(True) == bool(search)


def test_the_caution_about_an_extension_stands_once_beside_the_verdict(folder: RunFolder) -> None:
    assert CAUTION not in head(folder)
    extend(folder)
    above = head(folder)
    assert above.count(CAUTION) == 1
    assert "The study was extended after its results could be seen; p values" in above
    assert printed(folder).count(CAUTION) == 1
    assert CAUTION in dict(protocol_items(load_run(folder)))["Extended study"]


def test_a_comparison_has_them_too(folder: RunFolder, tmp_path: Path) -> None:
    extend(folder)
    found = compare_studies([folder, write_second_run(str(tmp_path / "second"))])
    text = ParsedPage(render_comparison(found)).text
    assert len(found.summary.notes) == 2
    for line in (*found.summary.notes, *found.summary.trial_verdicts):
        assert text.count(line) == 1


def test_earlier_environments_are_listed_in_the_protocol(folder: RunFolder) -> None:
    now = folder.read_environment()
    assert now is not None
    assert "Trained first with" not in dict(protocol_items(load_run(folder)))
    first = Surroundings(versions=now.versions, hosts=("a workstation",), commit="1a2b3c4+", command="gan_study run x")
    then = Surroundings(
        versions=now.versions | {"torch": "2.7.0"}, hosts=("a", "b"), commit=None, command="gan_study resume x"
    )
    folder.write_environment(now.model_copy(update={"earlier": (first, then)}))
    items = dict(protocol_items(load_run(folder)))
    assert items["Trained first with"] == (
        "gan_study run x; commit 1a2b3c4, with changes that were not committed; a workstation"
    )
    assert items["Then with"] == (
        "gan_study resume x; not run from a checkout; a; b; torch 2.7.0. Trainings since ran with the command, "
        "versions, commit and hosts below"
    )
    terms = [term for term, _ in protocol_items(load_run(folder))]
    assert terms[terms.index("Trained first with") :][:3] == ["Trained first with", "Then with", "Command"]


def test_the_protocol_says_on_how_many_workers_each_training_ran(folder: RunFolder) -> None:
    run = load_run(folder)
    assert "Workers" not in dict(protocol_items(run))
    resources = run.study.resources.model_copy(update={"workers_per_trial": 2})
    shared = replace(run, study=run.study.model_copy(update={"resources": resources}))
    text = "2 for each training, which share every batch; batch statistics per rank"
    assert dict(protocol_items(shared))["Workers"] == text


def test_the_protocol_says_how_many_trials_share_a_process(folder: RunFolder) -> None:
    run = load_run(folder)
    assert "Processes" not in dict(protocol_items(run))
    resources = run.study.resources.model_copy(update={"trials_per_gpu": 4})
    on_gpu = run.trials[0].config.workers.model_copy(update={"gpus_per_worker": 0.25})
    trial = replace(run.trials[0], config=run.trials[0].config.model_copy(update={"workers": on_gpu}))
    shared = replace(run, study=run.study.model_copy(update={"resources": resources}), trials=(trial,))
    items = dict(protocol_items(shared))
    assert items["Processes"] == "each trains up to 4 trials at once, which share its GPU if it has one"
    assert items["Arithmetic"].startswith("float32; on GPUs, float32 is never shortened to TF32")


def test_the_protocol_counts_the_trainings_whose_number_of_workers_changed(folder: RunFolder) -> None:
    run = load_run(folder)
    resources = run.study.resources.model_copy(update={"workers_per_trial": WorkerRange(min=1, max=4)})
    trials = []
    for trial, numbers in zip(run.trials, ([1, 1, 3], [2, 2]), strict=False):
        evaluations = zip(trial.evaluations, numbers, strict=False)
        counted = [evaluation.model_copy(update={"num_workers": number}) for evaluation, number in evaluations]
        trials.append(replace(trial, evaluations=tuple(counted)))
    shared = replace(run, study=run.study.model_copy(update={"resources": resources}), trials=tuple(trials))
    assert dict(protocol_items(shared))["Workers"] == (
        "1 to 4 for each training, which share every batch; batch statistics per rank. 1 training changed the number; "
        "numbers used: 1, 2, 3"
    )


def test_failed_seeds_are_defined_and_told_of_the_leader(folder: RunFolder) -> None:
    plant(folder, "lsgan", VerdictName.TOTAL_COLLAPSE, 2)
    sentence = "But 2 of lsgan's 5 confirmed trainings failed by their verdicts (2 total collapse); scores and ranking"
    above = head(folder)
    assert above.count(sentence) == 1
    assert sentence in printed(folder)
    text = ParsedPage(Path(write_report(folder)).read_text(encoding="utf-8")).text
    assert (
        "Failed trainings are those without a score, and those that collapsed totally or diverged by their verdict"
        in text
    )


def lose_scores(folder: RunFolder, arm: str, *trials: str) -> None:
    for name in trials:
        folder.trial(arm, name).storage.delete("metrics.jsonl")


def test_a_trial_whose_scores_got_lost_is_left_out_and_told_loudly(
    folder: RunFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    # Of wgan, a trial that completed has lost its file, one that diverged too: the latter counts as worst as before.
    lose_scores(folder, "wgan", "confirm_003_seed_0", "confirm_003_seed_4")
    lose_scores(folder, "lsgan", "search_000")
    above, summary = head(folder), summarise(load_run(folder))
    confirmed = confirmed_arms(load_run(folder))["wgan"]
    assert confirmed.counted == (16.5, 19.0, 18.0, 120.0)
    statistics = summary.comparison.by_arm
    assert [statistics[arm].search.failures.num_ended for arm in ("lsgan", "wgan")] == [4, 5]
    assert summary.verdict.endswith(" Counted as worst: wgan confirm_003_seed_4 (diverged).")
    printed(folder)
    assert capsys.readouterr().err.splitlines() == [f"warning: {text}" for text in summary.warnings]
    for text, trial in zip(summary.warnings, ("lsgan/search_000", "wgan/confirm_003_seed_0"), strict=True):
        assert text.startswith(f"arms/{trial}/metrics.jsonl: an ended trial has its scores in this file, but")
        assert text.endswith("; copy the file from a complete copy of the run folder and write the report again")
        assert above.count(f"Damaged run folder. {text}.") == 1


def test_a_comparison_names_the_study_of_a_trial_whose_scores_got_lost(folder: RunFolder, tmp_path: Path) -> None:
    lose_scores(folder, "wgan", "confirm_003_seed_0")
    found = compare_studies([folder, write_second_run(str(tmp_path / "second"))])
    (warning,) = found.summary.warnings
    assert warning.startswith("lsgan_vs_wgan/arms/wgan/confirm_003_seed_0/metrics.jsonl: ")
    assert ParsedPage(render_comparison(found)).text.count(f"Damaged run folder. {warning}.") == 1


def test_a_trial_without_its_configuration_is_named(folder: RunFolder) -> None:
    folder.trial("wgan", "confirm_003_seed_0").storage.delete("config.json")
    (warning,) = summarise(load_run(folder)).warnings
    assert warning.startswith(
        "arms/wgan/confirm_003_seed_0/config.json: a trial has its configuration there, but the file is missing, so "
        "the trial is left out of the ranking and of all numbers; "
    )


def test_a_trial_that_was_never_written_down_is_no_damage(folder: RunFolder) -> None:
    folder.trial("wgan", "search_009").storage.local_path("").mkdir()
    assert summarise(load_run(folder)).warnings == ()


def test_many_of_them_are_counted(folder: RunFolder) -> None:
    for arm in folder.arms():
        lose_scores(folder, arm, *folder.trials(arm))
    summary = summarise(load_run(folder))
    # 17 of 20 trials completed or were stopped, 3 diverged or failed.
    assert len(summary.warnings) == 11
    assert summary.warnings[-1] == "7 more trials are left out, because their metrics.jsonl is missing or damaged too"
    assert summary.verdict == "No verdict: no trial has a score (2 diverged, 1 failed)."


def test_a_folder_with_nothing_else_has_no_verdict(tmp_path: Path) -> None:
    only = {"lsgan": (Outcome(COMPLETED, 9.0),)}
    folder = write_synthetic_run(str(tmp_path), search=only, confirm={})
    lose_scores(folder, "lsgan", "search_000")
    verdict = summarise(load_run(folder)).verdict
    assert verdict == "No verdict: no trial of the run folder can be read (arms/lsgan/search_000)."
