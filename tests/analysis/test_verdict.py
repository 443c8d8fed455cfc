"""The verdict's sentence for each way a study can end, or not have ended yet."""

from pathlib import Path
from typing import Any

import pytest
from support.planted_diagnosis import planted_diagnosis
from support.present import present
from support.synthetic_run import (
    ALL_FAILED,
    COMPLETED,
    CONFIRM,
    DIVERGED,
    OBJECTIVE,
    RUNNING,
    SEARCH,
    STUDY,
    Outcome,
    write_synthetic_run,
    write_trial,
)

from gan_study.analysis.confirmation import confirmed_arms
from gan_study.analysis.load_run import load_run
from gan_study.analysis.run_data import RunData
from gan_study.analysis.summary import summarise
from gan_study.config.arms.trial_configs import confirm_trial_config
from gan_study.runs.records.diagnosis import VerdictName


def run_with(tmp_path: Path, **changes: Any) -> RunData:
    return load_run(write_synthetic_run(str(tmp_path), **changes))


def seeds(*scores: float | None) -> tuple[Outcome, ...]:
    return tuple(
        Outcome(COMPLETED, score) if score is not None else Outcome(DIVERGED, None, kimg=20) for score in scores
    )


def test_a_winner_is_named_with_its_numbers(tmp_path: Path) -> None:
    summary = summarise(run_with(tmp_path))
    assert summary.winner == "lsgan"
    assert summary.verdict == (
        "lsgan wins. It scored better than wgan in 100 % of seed pairs (5 seeds each, p = 0.008). Counted as worst: "
        "wgan confirm_003_seed_4 (diverged)."
    )
    assert summary.small_print == (
        "Seed pairs: one confirmed training of each arm. Test: exact two-sided Mann-Whitney. 95 % interval of the "
        "share of seed pairs: 64 % to 100 % against wgan (5 v 5 seeds)."
    )


def test_three_seeds_cannot_decide(tmp_path: Path) -> None:
    summary = summarise(run_with(tmp_path, confirm={"lsgan": seeds(9, 10, 11), "wgan": seeds(16, 17, 18)}))
    assert summary.winner is None
    assert summary.verdict == (
        "No clear winner. lsgan scored better than wgan in 100 % of seed pairs, but 3 seeds each are too few to tell "
        "this from chance, whatever they score (p = 0.10). About 1 more seed per arm should settle it."
    )
    confirmed = present(summary.comparison.arms[0].confirmed)
    assert confirmed.counted.mean is None
    assert confirmed.optimism is None


def test_one_seed_of_each_arm_says_that_it_decides_nothing(tmp_path: Path) -> None:
    verdict = summarise(run_with(tmp_path, confirm={"lsgan": seeds(9), "wgan": seeds(16)})).verdict
    assert "1 seed each is too few to tell this from chance, whatever they score (p = 1.00). About 3 more" in verdict


def test_overlapping_seeds_are_not_distinguishable(tmp_path: Path) -> None:
    summary = summarise(run_with(tmp_path, confirm={"lsgan": seeds(1, 4, 5, 8, 9), "wgan": seeds(2, 3, 6, 7, 10)}))
    # Of the 25 pairs wgan has the lower score in 12: 2 and 3 beat 4, 5, 8, 9 each; 6 and 7 beat 8 and 9.
    assert summary.winner is None
    assert summary.verdict == (
        "No clear winner. lsgan scored better than wgan in 52 % of seed pairs, but with 5 seeds each this could be "
        "chance (p = 1.00). Even 200 more seeds per arm would probably not settle it."
    )


def test_the_sentence_of_an_undecided_study(tmp_path: Path) -> None:
    confirm = {"lsgan": seeds(1, 2, 3, 8, 9), "wgan": seeds(4, 5, 6, 7, 10)}
    summary = summarise(run_with(tmp_path, confirm=confirm))
    (pair,) = summary.comparison.pairs
    assert (pair.test.probability_lower, round(present(pair.test.p), 2)) == (17 / 25, 0.42)
    assert summary.verdict == (
        "No clear winner. lsgan scored better than wgan in 68 % of seed pairs, but with 5 seeds each this could be "
        f"chance (p = 0.42). About {present(pair.further_seeds).num} more seeds per arm should settle it."
    )


def test_too_few_seeds_are_judged_with_holms_correction(tmp_path: Path) -> None:
    # 2 / 70 would be significant for one pair of arms; for three it is 0.086.
    confirm = {"lsgan": seeds(1, 2, 3, 4), "wgan": seeds(6, 7, 8, 9), "dcgan": seeds(11, 12, 13, 14)}
    summary = summarise(run_with(tmp_path, confirm=confirm, **three_arms()))
    assert summary.verdict == (
        "No clear winner. lsgan scored better than wgan in 100 % of seed pairs, but 4 seeds each are too few to tell "
        "this from chance, whatever they score (p = 0.086). About 1 more seed per arm should settle it. It is not "
        "clearly better than dcgan either."
    )


def test_a_leader_that_is_clearly_worse_than_one_arm_does_not_win(tmp_path: Path) -> None:
    low, middle, high = (1.0, 2.0, 3.0, 50.0, 51.0), (4.0, 5.0, 6.0, 7.0, 8.0), (9.0, 10.0, 11.0, 12.0, 13.0)
    confirm = {"lsgan": seeds(*low), "wgan": seeds(*middle), "dcgan": seeds(*high)}
    verdict = summarise(run_with(tmp_path, confirm=confirm, **three_arms())).verdict
    # wgan has the best mean share; lsgan is lower in 60 % of the pairs, but by chance.
    assert verdict.startswith(
        "No clear winner. wgan scored better than lsgan in 40 % of seed pairs, but with 5 seeds each"
    )


def test_failed_seeds_count_as_worst(tmp_path: Path) -> None:
    run = run_with(tmp_path, confirm={"lsgan": seeds(9, 10, None, None, None), "wgan": seeds(16, 17, 18, 19, 300)})
    arms = confirmed_arms(run)
    # The failure score is 120; it also bounds a finite score from above.
    assert arms["lsgan"].counted == (9, 10, 120, 120, 120)
    assert arms["wgan"].counted == (16, 17, 18, 19, 120)
    assert [t.name for t in arms["lsgan"].failed] == [f"confirm_002_seed_{i}" for i in (2, 3, 4)]


def test_of_several_confirmed_configurations_the_lowest_mean_stands_for_the_arm(tmp_path: Path) -> None:
    folder = write_synthetic_run(str(tmp_path), study={**STUDY, "confirm": {"top_k": 2}})
    second = present(folder.trial("lsgan", "search_004").read_config())
    for number, score in enumerate((9.0, 9.5, 10.0, 10.5, 11.0)):
        study = load_run(folder).study
        write_trial(folder, confirm_trial_config(study, second, 1, number), Outcome(COMPLETED, score))
    arm = confirmed_arms(load_run(folder))["lsgan"]
    assert (arm.source, arm.search_score, arm.num_configurations) == ("search_004", 11.0, 2)


def test_without_confirmed_seeds_the_leader_is_unconfirmed(tmp_path: Path) -> None:
    summary = summarise(run_with(tmp_path, confirm={}))
    assert summary.winner is None
    assert summary.verdict == (
        "No winner: no configuration has been re-trained with fresh seeds; unconfirmed, the search is led by lsgan "
        "with 9 (search_002), ahead of wgan with 16 (search_003)."
    )


def test_one_arm_alone_with_seeds_does_not_win(tmp_path: Path) -> None:
    summary = summarise(run_with(tmp_path, confirm={"lsgan": CONFIRM["lsgan"]}))
    assert summary.winner is None
    assert summary.verdict.startswith(
        "No winner: only lsgan has confirmed seeds; unconfirmed, the search is led by lsgan"
    )


def test_a_running_study_has_no_winner_yet(tmp_path: Path) -> None:
    summary = summarise(run_with(tmp_path, state="running"))
    assert summary.winner is None
    assert summary.verdict.startswith("lsgan leads so far (the study is running). It scored better than wgan in 100")


def test_a_running_seed_is_not_counted(tmp_path: Path) -> None:
    confirm = {"lsgan": CONFIRM["lsgan"], "wgan": (*seeds(17, 18), Outcome(RUNNING, 5.0))}
    run = run_with(tmp_path, confirm=confirm, state="running")
    assert confirmed_arms(run)["wgan"].counted == (17, 18)
    assert "5 and 2 seeds are too few" in summarise(run).verdict


def test_every_trial_failed(tmp_path: Path) -> None:
    summary = summarise(run_with(tmp_path, search=ALL_FAILED, confirm={}, state="failed"))
    assert summary.winner is None
    assert summary.verdict == "No verdict: no trial has a score (1 diverged, 2 failed)."
    assert summary.arms["lsgan"].best_trial is None


def test_nothing_has_ended(tmp_path: Path) -> None:
    search = {"lsgan": (Outcome(RUNNING, 20.0, kimg=10),), "wgan": ()}
    summary = summarise(run_with(tmp_path, search={"lsgan": search["lsgan"]}, confirm={}, state="running"))
    assert summary.verdict == "No verdict yet: no trial has ended with a score (1 running)."


def test_without_an_objective_no_score_is_compared(tmp_path: Path) -> None:
    summary = summarise(run_with(tmp_path, objective=None))
    assert (summary.winner, summary.score, summary.comparison.pairs) == (None, None, ())
    assert summary.verdict == "No verdict: the run folder has no objective, so its scores cannot be interpreted."


@pytest.mark.parametrize("objective", [None, OBJECTIVE])
def test_before_the_first_training_the_way_on_is_named(tmp_path: Path, objective: Any) -> None:
    nothing = {"search": {}, "confirm": {}, "objective": objective}
    left_off = summarise(run_with(tmp_path / "left_off", state="interrupted", **nothing))
    assert left_off.verdict == (
        "No verdict yet: nothing has been trained in this run folder; continue it with the command resume."
    )
    at_work = summarise(run_with(tmp_path / "at_work", state="running", **nothing))
    assert at_work.verdict == "No verdict yet: the study is running, but its first trial has not begun."


def three_arms() -> dict[str, Any]:
    study = {**STUDY, "arms": {**STUDY["arms"], "dcgan": {"network": "dcgan", "loss": "non_saturating"}}}
    return {"study": study, "search": {**SEARCH, "dcgan": SEARCH["lsgan"]}}


def test_three_arms_are_corrected_over_their_pairs(tmp_path: Path) -> None:
    confirm = {"lsgan": seeds(1, 2, 3, 4, 5), "wgan": seeds(6, 7, 8, 9, 10), "dcgan": seeds(11, 12, 13, 14, 15)}
    summary = summarise(run_with(tmp_path, confirm=confirm, **three_arms()))
    # Each p is 2 / 252; Holm multiplies the first by 3 and keeps the others from falling below.
    pairs = [p.test for p in summary.comparison.pairs]
    assert [(p.a, p.b) for p in pairs] == [("lsgan", "wgan"), ("lsgan", "dcgan"), ("wgan", "dcgan")]
    assert [p.p_holm for p in pairs] == pytest.approx([3 * 2 / 252] * 3)
    assert summary.winner == "lsgan"
    assert summary.verdict == (
        "lsgan wins. It scored better than wgan in 100 % of seed pairs (5 seeds each, p = 0.024) and than dcgan in "
        "100 % (5 seeds each, p = 0.024)."
    )
    assert "p values corrected by Holm's method for 3 pairs of arms. 95 % interval" in summary.small_print


def test_an_arm_without_seeds_keeps_the_leader_from_winning(tmp_path: Path) -> None:
    confirm = {"lsgan": seeds(1, 2, 3, 4, 5), "wgan": seeds(6, 7, 8, 9, 10)}
    summary = summarise(run_with(tmp_path, confirm=confirm, **three_arms()))
    assert summary.winner is None
    assert summary.verdict.startswith("lsgan leads. It scored better than wgan in 100 % of seed pairs")
    assert summary.verdict.endswith(". dcgan has no confirmed seeds.")


@pytest.mark.parametrize(
    ("scores", "planted", "failed"),
    [
        ((9,), ["total_collapse"], "lsgan's only confirmed training failed by its verdict (total collapse)"),
        (
            (9, 10, None),
            ["diverged", "total_collapse"],  # the third is counted as worst, and said to be so
            "2 of lsgan's 3 confirmed trainings failed by their verdicts (1 diverged, 1 total collapse)",
        ),
        ((9, 10), ["total_collapse"], "1 of lsgan's 2 confirmed trainings failed by their verdicts (1 total collapse)"),
        ((9, 10), ["partial_collapse", "not_learning"], None),
    ],
)
@pytest.mark.parametrize("others", [{"wgan": seeds(130, 140)}, {}])
def test_trainings_of_the_leader_that_failed_by_their_verdicts_are_told(
    tmp_path: Path,
    scores: tuple[float | None, ...],
    planted: list[str],
    failed: str | None,
    others: dict[str, tuple[Outcome, ...]],
) -> None:
    study = STUDY if others else {**STUDY, "arms": {"lsgan": STUDY["arms"]["lsgan"]}}
    search = {arm: SEARCH[arm] for arm in study["arms"]}
    folder = write_synthetic_run(str(tmp_path), study=study, search=search, confirm={"lsgan": seeds(*scores), **others})
    before = summarise(load_run(folder))
    for number, name in enumerate(planted):
        folder.trial("lsgan", f"confirm_002_seed_{number}").write_diagnosis(planted_diagnosis(VerdictName(name)))
    after = summarise(load_run(folder))
    told = f" But {failed}; scores and ranking ignore that, so look at the images." if failed else ""
    assert after.verdict == before.verdict + told
    assert after.comparison.leader == before.comparison.leader == ("lsgan" if others else None)


def test_of_arms_that_do_not_lead_it_is_not_told(tmp_path: Path) -> None:
    folder = write_synthetic_run(str(tmp_path))
    folder.trial("wgan", "confirm_003_seed_0").write_diagnosis(planted_diagnosis(VerdictName.TOTAL_COLLAPSE))
    assert " But " not in summarise(load_run(folder)).verdict
