"""Luck in the confirmed scores: its two causes, and the smallest difference that a study can tell."""

import json
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from support.parsed_page import ParsedPage
from support.present import present
from support.synthetic_run import CONFIRM, OBJECTIVE, SEARCH, STUDY, write_synthetic_run

from gan_study.analysis.load_run import load_run
from gan_study.analysis.sentences.detectable_difference import SeedSpread, smallest_difference
from gan_study.analysis.statistics.rank_test import mann_whitney_p
from gan_study.analysis.statistics.spending import level_shares
from gan_study.analysis.statistics.variance_components import divide_variance
from gan_study.analysis.summary import summarise
from gan_study.config.study import StudyConfig
from gan_study.report.tables.luck_table import luck_table
from gan_study.report.write import write_report
from gan_study.runs.folder import RunFolder
from gan_study.runs.records.final_scores import FinalScores

LSGAN = ((9.0, 11.0), (13.0, 15.0), (17.0, 19.0))
"""Within each training the variance is 2. The means 10, 14 and 18 have a variance of 16, of which 2 / 2 is that of the
draws."""


def test_both_variances_of_a_panel_worked_out_by_hand() -> None:
    luck = present(divide_variance(LSGAN))
    assert (luck.num_trainings, luck.num_draws, luck.mean) == (3, 2, 14.0)
    assert luck.draw_sd == pytest.approx(math.sqrt(2))
    assert luck.training_sd == pytest.approx(math.sqrt(15))
    assert luck.ratio.value == pytest.approx(math.sqrt(7.5))
    assert luck.training_variation == pytest.approx(math.sqrt(15) / 14)
    assert luck.draw_variation == pytest.approx(math.sqrt(2) / 14)
    # F is 16; its upper and lower 2.5 % points with 2 and 3 degrees of freedom are 16.044 and 1 / 39.165.
    assert luck.ratio.low == 0
    assert luck.ratio.high == pytest.approx(math.sqrt((16 * 39.165 - 1) / 2), rel=1e-4)


def test_trainings_that_differ_less_than_their_draws_have_no_variance_of_their_own() -> None:
    luck = present(divide_variance([(9.0, 13.0), (13.0, 9.0), (10.0, 12.0)]))
    assert (luck.training_sd, luck.ratio.value, luck.ratio.low) == (0, 0, 0)


@pytest.mark.parametrize("panel", [(), ((1.0, 2.0),), ((1.0,), (2.0,)), ((1.0, 1.0), (2.0, 2.0)), ((-1.0, 0.0),) * 2])
def test_too_small_a_panel_measures_nothing(panel: Sequence[Sequence[float]]) -> None:
    assert divide_variance(panel) is None


@pytest.mark.parametrize("ratio", [0.5, 3.0])
def test_the_ratio_of_known_scatter_is_found(ratio: float) -> None:
    """The median estimate is close, and 95 % of the intervals hold the truth."""
    rng, found = np.random.default_rng(0), []
    for _ in range(2000):
        scores = 50 + rng.normal(0, ratio, (5, 1)) + rng.normal(0, 1, (5, 3))
        found.append(present(divide_variance(scores.tolist())).ratio)
    assert np.mean([e.low <= ratio <= e.high for e in found]) == pytest.approx(0.95, abs=0.015)
    assert np.median([e.value for e in found]) == pytest.approx(ratio, rel=0.25)


@pytest.mark.parametrize("confirm", [{"seeds": 5}, {"seeds": 12}, {"seeds": 5, "until_decided": {"max_seeds": 20}}])
def test_a_study_tells_its_smallest_difference_in_8_of_10_cases(confirm: dict[str, object]) -> None:
    study, rng, told = StudyConfig.model_validate({**STUDY, "confirm": confirm}), np.random.default_rng(0), 0
    looks = study.confirm.looks
    difference = present(smallest_difference(study, SeedSpread(2.0, 2, None, 0.0)))
    for _ in range(1000):
        a, b = (list(rng.normal(mean, 2, looks[-1])) for mean in (0, difference))
        told += any(
            mann_whitney_p(a[:n], b[:n]) / share < 0.05 for n, share in zip(looks, level_shares(looks), strict=True)
        )
    assert told / 1000 == pytest.approx(0.8, abs=0.05)


def test_no_difference_is_told_where_none_can_be() -> None:
    spread = SeedSpread(2.0, 2, None, 0.0)
    for confirm in ({"seeds": 3}, {"top_k": 0}, {"seeds": 101}):
        assert smallest_difference(StudyConfig.model_validate({**STUDY, "confirm": confirm}), spread) is None


def write_panel(folder: RunFolder, arm: str, panel: Sequence[Sequence[float]]) -> None:
    """Write the draws of the first confirmed trainings of an arm."""
    names = [name for name in folder.trials(arm) if name.startswith("confirm")]
    for name, draws in zip(names, panel, strict=False):
        scores = FinalScores(
            cur_nimg=40_000,
            key=OBJECTIVE.key,
            draws=tuple(draws),
            mean=sum(draws) / 2,
            std=math.sqrt(2),
            floor=OBJECTIVE.floor,
            floor_is_rough=False,
            num_real=1797,
            infinity=None,
            kernel=None,
            neighbours=None,
            inception_score=None,
            missing={},
            seconds=3.0,
        )
        folder.trial(arm, name).write_final_scores(scores)


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    """Two draws for three of lsgan's five trainings, and for one of wgan's."""
    folder = write_synthetic_run(str(tmp_path))
    write_panel(folder, "lsgan", LSGAN)
    write_panel(folder, "wgan", LSGAN[:1])
    return folder


SENTENCES = (
    "Retraining changes the score of lsgan 2.7 times as much as drawing other latents (95 % interval 0 to 18).",
    "For wgan this is not known, because it needs two trainings with two draws of latents each.",
    "The smallest difference that this study can tell is about 2.4 between the mean scores of two arms, with a chance "
    "of 80 % and 5 seeds each, because the scores of an arm scatter with a standard deviation of 1.",
)


def test_the_report_and_its_numbers_tell_of_luck(folder: RunFolder) -> None:
    page = ParsedPage(Path(write_report(folder)).read_text(encoding="utf-8"))
    assert " ".join(SENTENCES) in " ".join(page.text.split())
    luck = json.loads(folder.storage.read_text("summary.json"))["luck"]
    assert luck["sentences"] == list(SENTENCES)
    assert luck["score_sd"] == pytest.approx(math.sqrt((4 * 0.925 + 3 * 59 / 48) / 7))
    lsgan = luck["arms"].pop("lsgan")
    assert (lsgan["num_trainings"], lsgan["num_left_out"], lsgan["num_draws"]) == (3, 2, 2)
    assert lsgan["training_variation"] == pytest.approx(math.sqrt(15) / 14)
    assert luck["arms"] == {}


def test_the_table_counts_what_is_left_out(folder: RunFolder) -> None:
    (row,) = luck_table(present(summarise(load_run(folder)).luck).arms).rows
    assert row == ("lsgan", "3 (2 left out)", "2", "14.00", "3.873 (27.7 %)", "1.414 (10.1 %)", "2.739 (0 to 17.69)")


def test_many_arms_share_a_sentence(tmp_path: Path) -> None:
    arms = {f"a{number}": STUDY["arms"]["lsgan"] for number in range(5)}
    folder = write_synthetic_run(
        str(tmp_path),
        study={**STUDY, "arms": arms},
        search=dict.fromkeys(arms, SEARCH["lsgan"]),
        confirm=dict.fromkeys(arms, CONFIRM["lsgan"]),
    )
    assert present(summarise(load_run(folder)).luck).arms == {}
    for number, arm in enumerate(arms):
        write_panel(folder, arm, [(5 + number * x, 6 + number * y) for x, y in LSGAN])
    luck = present(summarise(load_run(folder)).luck)
    assert luck.sentences[0] == (
        f"Retraining changes the score of an arm 0 (a0) to {luck.arms['a4'].ratio.value:.2g} (a4) times as much as "
        "drawing other latents."
    )


def test_a_study_without_spread_tells_nothing(tmp_path: Path) -> None:
    assert summarise(load_run(write_synthetic_run(str(tmp_path), confirm={}))).luck is None
    assert luck_table({}).rows == ()
