"""Final scores in the report and in summary.json, and that scores of different keys never meet there."""

import json
from pathlib import Path

import pytest
from support.present import present
from support.synthetic_run import OBJECTIVE, write_synthetic_run

from gan_study.analysis.confirmation import confirmed_arms
from gan_study.analysis.load_run import load_run
from gan_study.errors import InputError
from gan_study.report.score_notes import score_note
from gan_study.report.tables.final_scores_table import final_note, final_table
from gan_study.report.write import write_report
from gan_study.runs.folder import RunFolder
from gan_study.runs.records.final_scores import FinalScores, KernelRecord, NeighbourRecord, ScoreWithReal
from gan_study.runs.records.measurements import ScoreKey

SCORES = FinalScores(
    cur_nimg=40_000,
    key=OBJECTIVE.key,
    draws=(9.5, 9.25, 9.75),
    mean=9.5,
    std=0.25,
    floor=OBJECTIVE.floor,
    floor_is_rough=False,
    num_real=1797,
    infinity=None,
    kernel=KernelRecord(mean=0.0125, std=0.002, subset_size=1000, num_subsets=100),
    neighbours=NeighbourRecord(
        num=898,
        precision=ScoreWithReal(value=0.71234, real=0.8),
        recall=ScoreWithReal(value=0.5, real=0.75),
        density=ScoreWithReal(value=0.9, real=1.0),
        coverage=ScoreWithReal(value=0.6, real=None),
        vendi=ScoreWithReal(value=5.5, real=6.5),
    ),
    inception_score=None,
    missing={"infinity": "there must be more images"},
    seconds=3.0,
)


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    folder = write_synthetic_run(str(tmp_path / "run"))
    seed = next(name for name in folder.trials("lsgan") if name.startswith("confirm"))
    folder.trial("lsgan", seed).write_final_scores(SCORES)
    return folder


def test_a_row_for_each_scored_seed_without_empty_columns(run: RunFolder) -> None:
    data = load_run(run)
    confirmed = list(confirmed_arms(data).values())
    table = final_table(data, confirmed)
    assert dict(zip(table.columns, table.rows[0], strict=True)) == {
        "Arm": "lsgan",
        "Trial": "confirm_002_seed_0",
        "FD (sd over draws)": "9.500 (0.25)",
        "Kernel distance (sd)": "0.0125 (0.002)",
        "Precision": "0.712 (0.8)",
        "Recall": "0.5 (0.75)",
        "Density": "0.9 (1)",
        "Coverage": "0.6 (–)",
        "Vendi score": "5.5 (6.5)",
    }
    assert len(table.rows) == 1
    assert "3 draws of 5,000 images, v 1,797 real ones; real-against-real floor" in final_note(confirmed)


def test_report_and_summary_hold_them(run: RunFolder) -> None:
    write_report(run)
    assert "Final scores on fresh latents" in run.storage.read_text("report.html")
    seeds = json.loads(run.storage.read_text("summary.json"))["arms"]["lsgan"]["confirmed"]["seeds"]
    found = seeds[0]["final_scores"]
    assert (found["mean"], found["std"], found["num_generated"], found["num_neighbours"]) == (9.5, 0.25, 5000, 898)
    assert found["precision"] == {"value": 0.71234, "real": 0.8}
    assert found["key"] == OBJECTIVE.key.label()
    assert seeds[1]["final_scores"] is None


WORDS = "a rough estimate, because there are fewer than 4 images for each feature"


@pytest.mark.parametrize(("dims", "is_rough"), [(449, False), (450, True)])
def test_a_floor_of_few_images_is_called_rough_wherever_it_stands(tmp_path: Path, dims: int, is_rough: bool) -> None:
    """1,797 real images are 4 for each of 449 features; objective.json has no word of it."""
    objective = OBJECTIVE.model_copy(update={"key": OBJECTIVE.key.model_copy(update={"dims": dims})})
    assert not any("rough" in name for name in objective.model_dump())
    folder = write_synthetic_run(str(tmp_path / "run"), objective=objective)
    scores = SCORES.model_copy(update={"key": objective.key, "floor_is_rough": is_rough})
    folder.trial("lsgan", "confirm_002_seed_0").write_final_scores(scores)
    write_report(folder)
    page, rough = folder.storage.read_text("report.html"), f", {WORDS}" * is_rough
    for text in (  # head, confirmation, protocol
        f"real-against-real floor 0.5{rough}; untrained 60",
        f"real-against-real floor 0.5{rough}. All other scores",
        f"<dd>0.5, the expected score of as many fresh real images{rough}</dd>",
    ):
        assert text in page, text
    assert (f"floor 0.5 ({WORDS.partition(',')[0]})" in page) == is_rough  # figures
    assert (WORDS in page) == is_rough


def test_the_floor_of_early_scores_is_called_rough_by_their_own_number() -> None:
    early = {"early_num_samples": 200, "early_floor": 3.25}
    objective = OBJECTIVE.model_copy(update=early)
    assert f"floor 0.5; untrained 60. Before a training's end N = 200, whose floor is 3.25, {WORDS}: " in score_note(
        objective
    )
    objective = OBJECTIVE.model_copy(update={**early, "early_num_samples": 256})
    assert "whose floor is 3.25: " in score_note(objective)


def test_a_run_without_final_scores_has_no_table(tmp_path: Path) -> None:
    folder = write_synthetic_run(str(tmp_path / "run"))
    write_report(folder)
    assert "Final scores on fresh latents" not in folder.storage.read_text("report.html")


def test_final_scores_of_another_key_are_refused(run: RunFolder) -> None:
    other = SCORES.model_copy(update={"key": OBJECTIVE.key.model_copy(update={"num_real": 5, "layer": "first"})})
    run.trial("lsgan", "confirm_002_seed_1").write_final_scores(other)
    with pytest.raises(InputError, match=r"seed_1: .* but got layer=first and hidden, num_real=5 and 1797;"):
        write_report(run)


def test_a_trial_with_another_objective_is_refused(run: RunFolder) -> None:
    trial = run.trial("wgan", "search_001")
    config = present(trial.read_config())
    assert config is not None
    objective = config.training.objective.model_copy(update={"num_samples": 100, "precision": "bfloat16"})
    trial.write_config(
        config.model_copy(update={"training": config.training.model_copy(update={"objective": objective})})
    )
    with pytest.raises(InputError, match="got 5000 where wgan was trained with 100;"):
        write_report(run)


def test_a_key_of_float32_reads_as_before() -> None:
    old = {name: value for name, value in OBJECTIVE.key.model_dump().items() if name != "precision"}
    key = ScoreKey.model_validate(old)
    assert key == OBJECTIVE.key
    assert key.label() == "FD[domain_classifier@1a2b3c4d,hidden,d=64]/N=5000v1797:all/uint8-16px"
    short = key.model_copy(update={"precision": "bfloat16"})
    assert "d=64,bfloat16]" in short.label()
    assert short != key
