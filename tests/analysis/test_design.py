"""Sentences of the plan on the differences that confirmed seeds can detect."""

import math
from pathlib import Path
from typing import Any

import pytest
from scipy.stats import norm
from support.synthetic_run import COMPLETED, CONFIRM, STUDY, Outcome, write_synthetic_run

from gan_study.analysis.load_run import load_run
from gan_study.analysis.sentences.detectable_difference import SeedSpread, observed_spread, seeds_rows, seeds_warning
from gan_study.analysis.statistics.power import detectable_probability
from gan_study.config.study import StudyConfig


def study(num_arms: int = 2, **confirm: int) -> StudyConfig:
    arm = STUDY["arms"]["lsgan"]
    values: dict[str, Any] = {**STUDY, "arms": {f"a{i}": arm for i in range(num_arms)}, "confirm": confirm}
    return StudyConfig.model_validate(values)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"num_arms": 3, "seeds": 3},
            "with 3 arms and 3 seeds each, the smallest p value is 0.300, and a winner needs",
        ),
        ({"num_arms": 3, "seeds": 3}, "5 seeds would do: --set confirm.seeds=5."),
        ({"num_arms": 2, "seeds": 1}, "with 2 arms and 1 seed each, the smallest p value is 1.000"),
        ({"num_arms": 2, "top_k": 0}, "confirm.top_k=0 trains no configuration again with fresh seeds"),
    ],
)
def test_a_study_that_no_arm_can_win_is_warned_of(changes: dict[str, int], words: str) -> None:
    warning = seeds_warning(study(**changes))
    assert warning is not None
    assert words in warning
    assert "\n" not in warning


@pytest.mark.parametrize(
    "changes", [{"num_arms": 2, "seeds": 4}, {"num_arms": 3, "seeds": 5, "top_k": 3}, {"num_arms": 1}]
)
def test_others_are_not(changes: dict[str, int]) -> None:
    assert seeds_warning(study(**changes)) is None


def test_without_a_run_the_share_of_seed_pairs_is_told() -> None:
    rows = dict(seeds_rows(study(3, seeds=5, top_k=2), None, ""))
    assert rows["test"] == (
        "5 seeds of each arm, of its best configuration, are compared (exact two-sided Mann-Whitney test, with Holm's "
        "correction over 3 pairs of arms); they can reach p = 0.024 at best, and an arm wins with p below 0.05 against "
        "every other arm"
    )
    assert rows["detects"] == "with a chance of 80 %, an arm that scores better in 97 % of seed pairs"
    assert rows["would do"].startswith("5 seeds of each arm at least, so that an arm can win at all; to detect an arm")
    assert "9 seeds for 90 %, " in rows["would do"]
    assert "detects" not in dict(seeds_rows(study(3, seeds=4), None, ""))
    assert [label for label, _ in seeds_rows(study(2, top_k=0), None, "")] == ["test"]
    assert "a single arm" in seeds_rows(study(1), None, "")[0][1]


def test_with_a_run_the_difference_of_scores_is_told(tmp_path: Path) -> None:
    spread = observed_spread(load_run(write_synthetic_run(str(tmp_path))))
    # lsgan: variance 0.925 of 5 seeds; wgan: 59/48 of the 4 that did not fail.
    assert spread is not None
    assert spread.deviation == pytest.approx(math.sqrt((4 * 0.925 + 3 * 59 / 48) / 7))
    assert (spread.num_arms, spread.best) == (2, ("lsgan", "wgan"))
    assert spread.difference == pytest.approx(17.625 - 10.6)
    rows = dict(seeds_rows(study(2, seeds=5), spread, "runs/x"))
    share = detectable_probability(5, 0.05)
    difference = math.sqrt(2) * spread.deviation * norm.ppf(share)
    assert (
        f"so a difference of {difference:.4g} between the mean scores, if seeds of an arm scatter as in runs/x"
        in rows["detects"]
    )
    assert (
        "4 seeds to detect, with a chance of 80 %, the difference of 7.025 between lsgan and wgan" in rows["would do"]
    )


@pytest.mark.parametrize("scores", [(), (9.0,), (9.0, 9.0)])
def test_a_run_without_spread_gives_none(tmp_path: Path, scores: tuple[float, ...]) -> None:
    confirm = {"lsgan": tuple(Outcome(COMPLETED, score) for score in scores)}
    assert observed_spread(load_run(write_synthetic_run(str(tmp_path), confirm=confirm))) is None


def test_one_arm_with_seeds_gives_a_spread_without_a_difference(tmp_path: Path) -> None:
    spread = observed_spread(load_run(write_synthetic_run(str(tmp_path), confirm={"lsgan": CONFIRM["lsgan"]})))
    assert spread is not None
    assert spread == SeedSpread(spread.deviation, 1, None, 0.0)
    assert spread.deviation == pytest.approx(math.sqrt(0.925))
    assert "7 seeds for 90 %" in dict(seeds_rows(study(2), spread, "x"))["would do"]
