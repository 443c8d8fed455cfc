"""Studies side by side: the right arm wins, arms of one name are kept apart, and what is merely different is shown."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from support.compared_runs import SECOND, SECOND_CONFIRM, SECOND_SEARCH, changed, write_second_run
from support.parsed_page import INJECTED, ParsedPage
from support.present import present
from support.synthetic_run import COMPLETED, OBJECTIVE, STUDY, Outcome, write_synthetic_run, write_trial

from gan_study.analysis.arm_comparison import compare_arms
from gan_study.analysis.comparison.side_by_side import SideBySide, put_side_by_side
from gan_study.analysis.load_run import load_run
from gan_study.analysis.sentences.number_text import score_text
from gan_study.analysis.statistics.rank_test import holm, mann_whitney_p
from gan_study.config.arms.trial_configs import confirm_trial_config
from gan_study.report.comparison.comparison_page import compare_studies, render_comparison
from gan_study.report.comparison.comparison_plots import comparison_plots
from gan_study.report.comparison.comparison_tables import protocol_table
from gan_study.report.figures.figure_style import arm_styles
from gan_study.runs.folder import RunFolder
from gan_study.runs.records.extensions import ExtensionRecord, ExtensionsRecord


@pytest.fixture(scope="module")
def found(first: RunFolder, tmp_path_factory: pytest.TempPathFactory) -> SideBySide:
    return compare_studies([first, write_second_run(str(tmp_path_factory.mktemp("second")))])


@pytest.fixture(scope="module")
def page(found: SideBySide) -> ParsedPage:
    return ParsedPage(render_comparison(found))


def test_the_best_arm_of_all_studies_wins(found: SideBySide) -> None:
    assert found.together.arms == ("lsgan_vs_wgan/lsgan", "wgan", "hinge_study/lsgan", "hinge")
    assert found.standing == ("hinge", "lsgan_vs_wgan/lsgan", "hinge_study/lsgan", "wgan")
    assert found.summary.winner == "hinge"
    assert found.summary.verdict == (
        "hinge wins. It scored better than its closest rival, lsgan_vs_wgan/lsgan, in 100 % of seed pairs (5 seeds "
        "each, p = 0.048), and than each other arm in 100 %. Counted as worst: wgan confirm_003_seed_4 (diverged), "
        "hinge_study/lsgan confirm_004_seed_4 (diverged)."
    )
    assert found.summary.small_print == (
        "Seed pairs: one confirmed training of each arm. Test: exact two-sided Mann-Whitney, p values corrected by "
        "Holm's method for 6 pairs of arms. 95 % interval of the share of seed pairs: 64 % to 100 % against "
        "lsgan_vs_wgan/lsgan (5 v 5 seeds); the table of all pairs lists the others."
    )


def test_p_values_are_corrected_over_the_pairs_of_all_studies(found: SideBySide) -> None:
    assert [(p.test.a, p.test.b) for p in found.pairs] == [
        ("hinge", "lsgan_vs_wgan/lsgan"),
        ("hinge", "hinge_study/lsgan"),
        ("hinge", "wgan"),
        ("lsgan_vs_wgan/lsgan", "hinge_study/lsgan"),
        ("lsgan_vs_wgan/lsgan", "wgan"),
        ("hinge_study/lsgan", "wgan"),
    ]
    raw = [mann_whitney_p(found.confirmed[p.test.a].counted, found.confirmed[p.test.b].counted) for p in found.pairs]
    assert [p.test.p_holm for p in found.pairs] == pytest.approx(holm(raw))
    # Five against five seeds that do not overlap, of six pairs.
    assert found.pairs[0].test.p_holm == pytest.approx(6 * 2 / 252)


def test_arms_of_one_name_are_kept_apart(found: SideBySide) -> None:
    ours, theirs = found.confirmed["lsgan_vs_wgan/lsgan"], found.confirmed["hinge_study/lsgan"]
    assert [t.score for t in ours.trials] == [9.5, 10, 11, 10.5, 12]
    assert [t.score for t in theirs.trials] == [12.5, 13, 12.2, 12.8, None]
    assert found.study_of == {
        "lsgan_vs_wgan/lsgan": "lsgan_vs_wgan",
        "wgan": "lsgan_vs_wgan",
        "hinge_study/lsgan": "hinge_study",
        "hinge": "hinge_study",
    }


def test_an_arm_alone_compares_as_in_its_own_study(found: SideBySide, first: RunFolder) -> None:
    own = compare_arms(load_run(first)).by_arm["wgan"]
    assert found.summary.comparison.by_arm["wgan"] == own


def test_studies_of_one_name_are_called_by_their_folders_or_places(tmp_path: Path) -> None:
    def write(place: str) -> RunFolder:
        folder = write_second_run(str(tmp_path / place))
        status = present(folder.read_study_status())
        folder.write_study_status(status.model_copy(update={"start_time": status.start_time + len(place)}))
        return folder

    one, two, other, last = write("one"), write("two_"), write("deeper/one"), write("elsewhere/one")
    labels = [[s.label for s in compare_studies(pair).studies] for pair in ([one, two], [one, other], [other, last])]
    assert labels == [["one", "two_"], ["one", "deeper/one"], ["deeper", "elsewhere"]]


def test_three_studies(first: RunFolder, tmp_path: Path) -> None:
    third = write_second_run(str(tmp_path / "third"), study={**SECOND, "name": "third"})
    found = compare_studies([first, write_second_run(str(tmp_path / "second")), third])
    assert len(found.pairs) == 6 * 5 / 2
    assert {"third/hinge", "third/lsgan"} <= set(found.together.arms)
    assert [s.label for s in found.studies] == ["lsgan_vs_wgan", "hinge_study", "third"]


def test_a_failed_seed_is_worst_wherever_it_was(compared: Callable[..., SideBySide]) -> None:
    # Of another first network's untrained images: 40, hence 80 for a failed seed, which is worse than 90.
    lower = OBJECTIVE.model_copy(update={"untrained_score": 40.0, "failure_score": 80.0})
    confirm = {**SECOND_CONFIRM, "hinge": tuple(Outcome(COMPLETED, s) for s in (90.0, 5.2, 6.0, 5.9, 5.7))}
    found = compared(objective=lower, confirm=confirm)
    assert found.confirmed["hinge"].counted == (90, 5.2, 6, 5.9, 5.7)
    assert found.confirmed["hinge_study/lsgan"].counted[-1] == 120
    assert found.confirmed["wgan"].counted[-1] == 120
    text = ParsedPage(render_comparison(found)).text
    assert "In all studies, seeds without a score count with the highest of the failure scores, 120." in text
    # Each study's own stands in its protocol.
    assert "80, counted for a trial that diverged or failed" in text
    assert ("objective.failure_score", ("120", "80")) in [(row.name, row.values) for row in found.differences]


def test_every_study_chooses_what_it_confirms_by_its_own_objectives(tmp_path: Path) -> None:
    # Its second best is one on the front of score and time: worse than others, but with a quarter of the images.
    cheap = Outcome(COMPLETED, 20.0, kimg=10)
    search = {"sampler": "random", "scheduler": "none", "objectives": ["score", "device_sec"]}
    folder = write_second_run(
        str(tmp_path / "second"),
        study=changed(SECOND, search=search, confirm__top_k=2),
        search={**SECOND_SEARCH, "hinge": (*SECOND_SEARCH["hinge"][:3], cheap)},
    )
    source, study = present(folder.trial("hinge", "search_003").read_config()), load_run(folder).study
    for seed in range(5):
        write_trial(folder, confirm_trial_config(study, source, 5 + seed, seed), Outcome(COMPLETED, 4.0 + seed / 10))
    first = write_synthetic_run(str(tmp_path / "first"), study=changed(STUDY, confirm__top_k=2))
    found = compare_studies([first, folder])
    assert present(found.summary.comparison.by_arm["hinge"].confirmed).source == "search_003"
    assert found.confirmed["hinge"].source == "search_003"
    assert found.summary.comparison.by_arm["hinge"] == compare_arms(load_run(folder)).by_arm["hinge"]
    assert "search.objectives" in {row.name for row in found.differences}


def test_what_differs_is_shown(found: SideBySide, page: ParsedPage) -> None:
    assert [(row.name, row.values) for row in found.differences] == [
        ("search.sampler", ("tpe", "random")),
        ("search.scheduler", ("asha", "none")),
    ]
    assert "search.sampler, search.scheduler; all other settings that are common to the arms" in page.text


def test_hosts_versions_and_extensions_are_among_the_differences(first: RunFolder, tmp_path: Path) -> None:
    second = write_second_run(str(tmp_path / "second"), study=changed(SECOND, confirm__seeds=6))
    environment = present(second.read_environment())
    versions = {**environment.versions, "torch": "2.9.0"}
    second.write_environment(environment.model_copy(update={"versions": versions, "hosts": ("cluster: 8 GPUs",)}))
    record = ExtensionRecord(time=0, command="", additions=("x",), former_study="", num_trials=3)
    second.write_extensions(ExtensionsRecord(extensions=(record,)))
    found = compare_studies([first, second])
    values = {row.name: row.values for row in found.differences}
    assert values["confirm.seeds"] == ("5", "6")
    assert values["version of torch"] == ("2.8.0", "2.9.0")
    assert values["hosts"] == ("laptop: 8 cores, 16 GiB, no GPU", "cluster: 8 GPUs")
    assert "Extended after results could be seen: hinge_study." in ParsedPage(render_comparison(found)).text


def test_budgets_in_seconds_of_different_machines_are_pointed_out(tmp_path: Path) -> None:
    budget = {"trials_per_arm": 5, "device_sec": 1000, "evaluate_every_kimg": 10}
    first = write_synthetic_run(str(tmp_path / "first"), study={**STUDY, "budget": budget})
    second = write_second_run(str(tmp_path / "second"), study={**SECOND, "budget": budget})
    words = "the studies ran on different machines"
    assert words not in render_comparison(compare_studies([first, second]))
    second.write_environment(present(second.read_environment()).model_copy(update={"hosts": ("cluster: 8 GPUs",)}))
    assert words in render_comparison(compare_studies([first, second]))


def test_long_names_in_a_legend_leave_a_figure_its_room(found: SideBySide) -> None:
    def heights(side_by_side: SideBySide) -> list[int]:
        plots = comparison_plots(side_by_side, arm_styles(side_by_side.together.arms))
        return [plot.height for plot in (*plots["result"], *plots["confirmation"], *plots["search"])]

    first, second = found.studies
    longer = put_side_by_side([first, replace(second, label="a" * 120)])
    # Points have one row for each arm, and no name in their legend. Of lines, no two names stand side by side.
    points, curves, searches = heights(found)
    assert heights(longer) == [points, curves + 60, searches + 40]


def loads(page: ParsedPage) -> list[str]:
    """References of the page besides its embedded pictures; only its own tabs are allowed."""
    return [place for place in page.loads if not place.startswith("data:image/webp;base64,")]


def test_the_page_holds_every_arm_with_its_study(found: SideBySide, page: ParsedPage) -> None:
    for arm, confirmed in found.confirmed.items():
        assert arm in page.text
        assert all(score_text(t.score) in page.text for t in confirmed.trials if t.score is not None)
    assert page.text.count("hinge_study/lsgan v wgan") == 1
    assert loads(page) == ["#result", "#confirmation", "#images_compared", "#searches", "#protocols"]


def test_paths_of_searches_that_are_not_alike_are_drawn_as_such(page: ParsedPage) -> None:
    # Confirmed points, their curves, and the searches.
    assert len(page.figures) == 3
    (drawn,) = [f for f in map(json.loads, page.figures) if "Spent" in f["layout"]["xaxis"]["title"]["text"]]
    names = [trace["name"] for trace in drawn["data"]]
    assert names == ["lsgan_vs_wgan/lsgan", "wgan", "hinge_study/lsgan", "hinge"]
    assert (
        "The studies used different search methods (lsgan_vs_wgan: the tpe sampler with early stopping by asha;"
        in page.text
    )
    assert "Expected best" not in page.text


def test_random_searches_are_drawn_as_expectations(tmp_path: Path) -> None:
    search = {"sampler": "random", "scheduler": "none"}
    first = write_synthetic_run(str(tmp_path / "a"), study={**STUDY, "search": {**search, "first_trial": "sampled"}})
    page = ParsedPage(render_comparison(compare_studies([first, write_second_run(str(tmp_path / "b"))])))
    assert "Expected best of n trials." in page.text
    assert "without replacement, without the paper's defaults of hinge_study, which were not drawn." in page.text
    assert "different search methods" not in page.text


def test_repeated_searches_are_drawn_as_medians(tmp_path: Path) -> None:
    repeats = {"sampler": "random", "repeats": 2, "scheduler": "none"}
    folders = []
    for place, write, study in (("a", write_synthetic_run, STUDY), ("b", write_second_run, SECOND)):
        sampler = "tpe" if place == "a" else "random"
        folders.append(write(str(tmp_path / place), study={**study, "search": {**repeats, "sampler": sampler}}))
        for trial in load_run(folders[-1]).trials:
            if trial.config.phase == "search" and trial.config.index > 2:
                config = trial.config.model_copy(update={"repeat": 1})
                folders[-1].trial(config.arm, trial.name).write_config(config)
    page = ParsedPage(render_comparison(compare_studies(folders)))
    assert "Each arm was searched 2 times, each time with another seed." in page.text
    assert "Expected best" not in page.text


def test_curves_of_scores_from_other_numbers_of_images_share_no_axis(compared: Callable[..., SideBySide]) -> None:
    found = compared(study=changed(SECOND, objective__early_num_samples=500))
    page = ParsedPage(render_comparison(found))
    assert len(page.figures) == 2
    assert "Before a training's end N" not in page.text


def test_text_from_studies_stays_text(first: RunFolder, tmp_path: Path) -> None:
    study = changed(SECOND, name="lsgan_vs_wgan", description=INJECTED)
    folder = write_second_run(str(tmp_path / INJECTED.replace("/", "") / INJECTED.replace("/", "")), study=study)
    status, environment = present(folder.read_study_status()), present(folder.read_environment())
    folder.write_study_status(status.model_copy(update={"start_time": 5.0}))
    folder.write_environment(environment.model_copy(update={"hosts": (INJECTED,), "commit": INJECTED}))
    trial = folder.trial("hinge", "search_000")
    trial.write_status(present(trial.read_status()).model_copy(update={"reason": INJECTED}))
    found = compare_studies([first, folder])
    label = INJECTED.replace("/", "")
    assert f"{label}/lsgan" in found.together.arms
    html = render_comparison(found)
    page = ParsedPage(html)
    assert INJECTED not in html
    assert label not in html
    assert "<" not in "".join(page.figures)
    assert page.text.count(INJECTED) >= 3
    assert f"{label}/lsgan" in page.text
    assert (
        "&lt;script&gt;alert(1)&lt;script&gt;/lsgan" in json.loads(page.figures[0])["layout"]["yaxis"]["categoryarray"]
    )


def test_a_study_without_confirmed_seeds_has_no_winner(compared: Callable[..., SideBySide]) -> None:
    found = compared(confirm={})
    assert found.summary.winner is None
    assert "hinge_study/lsgan has no confirmed seeds. hinge has no confirmed seeds" in found.summary.verdict
    assert found.standing == ("lsgan_vs_wgan/lsgan", "wgan", "hinge", "hinge_study/lsgan")
    page = ParsedPage(render_comparison(found))
    assert "none" in page.text


def test_nothing_confirmed_at_all(tmp_path: Path) -> None:
    first = write_synthetic_run(str(tmp_path / "first"), confirm={})
    found = compare_studies([first, write_second_run(str(tmp_path / "second"), confirm={})])
    assert found.summary.verdict.startswith("No winner: no configuration has been re-trained with fresh seeds;")
    assert loads(ParsedPage(render_comparison(found))) == ["#result", "#images_compared", "#searches", "#protocols"]


def test_protocols_stand_side_by_side_with_what_differs_marked(found: SideBySide) -> None:
    table = protocol_table(found)
    rows = {row[0]: row for row in table.rows}
    assert table.columns == ("Item", "Differs", "lsgan_vs_wgan", "hinge_study")
    assert (rows["Sampler"][1], rows["Data set"][1]) == ("yes", "no")
    assert rows["Sampler"][2].startswith("tpe")
    assert rows["Sampler"][3].startswith("random")
    marked = {row for row, _ in table.muted}
    assert {row[0] for i, row in enumerate(table.rows) if i not in marked} == {
        r[0] for r in table.rows if r[1] == "yes"
    }


def test_the_original_studies_are_left_as_they_are(found: SideBySide) -> None:
    assert [study.run.arms for study in found.studies] == [("lsgan", "wgan"), ("lsgan", "hinge")]
