"""Studies that may not stand side by side: each is refused with the field, its values and the way out."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.compared_runs import SECOND, SECOND_SEARCH, changed, write_second_run
from support.synthetic_run import OBJECTIVE, STUDY, write_synthetic_run

from gan_study.analysis.comparison.side_by_side import SideBySide
from gan_study.errors import InputError
from gan_study.report.comparison.comparison_page import compare_studies
from gan_study.runs.folder import RunFolder


@pytest.fixture
def problems_of(compared: Callable[..., SideBySide]) -> Callable[..., tuple[str, ...]]:
    """Why the comparison with the second study, changed and with few trials, is refused."""

    def refused(**changes: Any) -> tuple[str, ...]:
        few = {"search": {arm: outcomes[:1] for arm, outcomes in SECOND_SEARCH.items()}, "confirm": {}}
        with pytest.raises(InputError) as caught:
            compared(**few, **changes)
        return caught.value.problems

    return refused


KEY_FIELDS = {
    "extractor": "autoencoder",
    "weights_hash": "ffffffff",
    "layer": "logits",
    "dims": 192,
    "num_generated": 500,
    "num_real": 1497,
    "split": "train",
    "preprocessing": "uint8-32px",
    "precision": "bfloat16",
}
IN_STUDY = {"extractor": "extractor", "num_generated": "num_samples", "split": "split", "precision": "precision"}


@pytest.mark.parametrize("field", KEY_FIELDS)
def test_each_field_of_an_unlike_key_is_named(problems_of: Callable[..., tuple[str, ...]], field: str) -> None:
    value = KEY_FIELDS[field]
    study = changed(SECOND, **{f"objective__{IN_STUDY[field]}": value}) if field in IN_STUDY else SECOND
    objective = OBJECTIVE.model_copy(update={"key": OBJECTIVE.key.model_copy(update={field: value})})
    (problem,) = problems_of(objective=objective, study=study)
    ours = getattr(OBJECTIVE.key, field)
    assert problem.startswith(f"objective {field}: scores are compared only if all fields of their keys are equal, ")
    assert f"but got {ours} in lsgan_vs_wgan, {value} in hinge_study; run one of them again " in problem


def test_other_images_are_refused_with_the_settings_behind_them(problems_of: Callable[..., tuple[str, ...]]) -> None:
    key = OBJECTIVE.key.model_copy(update={"dataset": "digits-32px-99999999", "weights_hash": "ffffffff"})
    problems = problems_of(
        objective=OBJECTIVE.model_copy(update={"key": key}),
        study=changed(SECOND, dataset__image_size=32),
    )
    assert [problem.split(":")[0] for problem in problems] == [
        "objective weights_hash",
        "objective dataset",
        "dataset.image_size",
    ]
    assert "but got 16 in lsgan_vs_wgan, 32 in hinge_study" in problems[2]


UNFAIR = {
    "budget__total_kimg": (50, "budget", "total_kimg=40 in lsgan_vs_wgan, total_kimg=50 in hinge_study"),
    "budget__trials_per_arm": (8, "budget.trials_per_arm", "5 in lsgan_vs_wgan, 8 in hinge_study"),
    "search__repeats": (2, "search.repeats", "1 in lsgan_vs_wgan, 2 in hinge_study"),
    "refine__trials_per_arm": (3, "refine.trials_per_arm", "0 in lsgan_vs_wgan, 3 in hinge_study"),
    "confirm__top_k": (2, "confirm.top_k", "1 in lsgan_vs_wgan, 2 in hinge_study"),
}


@pytest.mark.parametrize("name", UNFAIR)
def test_an_unlike_budget_is_refused(problems_of: Callable[..., tuple[str, ...]], first: RunFolder, name: str) -> None:
    value, field, shown = UNFAIR[name]
    (problem,) = problems_of(study=changed(SECOND, **{name: value}))
    assert problem.startswith(f"{field}: ")
    assert shown in problem
    if field != "budget":
        assert f"`python -m gan_study extend {first.location} --set {field}={value}`" in problem


def test_the_same_length_in_another_unit_is_refused(problems_of: Callable[..., tuple[str, ...]]) -> None:
    study = {**SECOND, "budget": {"trials_per_arm": 5, "d_steps": 625, "evaluate_every_kimg": 10}}
    (problem,) = problems_of(study=study)
    assert problem.startswith("budget: every training must be equally long, in one unit, but got total_kimg=40 in ")
    assert "total_kimg=40 in lsgan_vs_wgan, d_steps=625 in hinge_study" in problem


def test_evaluations_matter_to_a_budget_in_seconds_alone(compared: Callable[..., SideBySide], tmp_path: Path) -> None:
    assert compared(study=changed(SECOND, budget__evaluate_every_kimg=5)).summary.winner == "hinge"
    timed = {"trials_per_arm": 5, "device_sec": 1000}
    first = write_synthetic_run(str(tmp_path / "a"), study={**STUDY, "budget": {**timed, "evaluate_every_kimg": 10}})
    second = write_second_run(str(tmp_path / "b"), study={**SECOND, "budget": {**timed, "evaluate_every_kimg": 5}})
    with pytest.raises(
        InputError, match=r"^budget\.evaluate_every_kimg: a budget in device_sec .* 10 in .*, 5 in [^\n]*$"
    ):
        compare_studies([first, second])


def test_all_reasons_come_at_once(problems_of: Callable[..., tuple[str, ...]], tmp_path: Path) -> None:
    key = OBJECTIVE.key.model_copy(update={"dims": 192, "weights_hash": "ffffffff"})
    problems = problems_of(
        state="interrupted",
        objective=OBJECTIVE.model_copy(update={"key": key}),
        study=changed(SECOND, budget__trials_per_arm=8, budget__total_kimg=50),
    )
    assert [problem.split(":")[0] for problem in problems] == [
        f"{tmp_path}/second",
        "objective weights_hash",
        "objective dims",
        "budget",
        "budget.trials_per_arm",
    ]
    assert problems[0].endswith(
        f"but got state=interrupted; continue it with `python -m gan_study resume {tmp_path}/second`"
    )


def test_one_study_twice_is_refused_also_as_a_copy(first: RunFolder, tmp_path: Path) -> None:
    copy = write_synthetic_run(str(tmp_path / "copy"), confirm={})
    for folders in ([first, first], [first, copy]):
        with pytest.raises(
            InputError, match=r"a study is compared only with others, but got it 2 times.* hold the same run"
        ):
            compare_studies(folders)


def test_of_a_copy_that_was_extended_nothing_else_is_asked(first: RunFolder, tmp_path: Path) -> None:
    longer = changed(STUDY, budget__trials_per_arm=9)
    copy = write_synthetic_run(str(tmp_path / "copy"), confirm={}, study=longer, state="interrupted")
    with pytest.raises(InputError) as caught:
        compare_studies([first, copy])
    (problem,) = caught.value.problems
    assert problem.endswith("hold the same run; name it once")


def test_beside_another_study_it_is_looked_at_once(first: RunFolder, tmp_path: Path) -> None:
    copy = write_synthetic_run(str(tmp_path / "copy"), confirm={}, study=changed(STUDY, budget__trials_per_arm=9))
    other = write_second_run(str(tmp_path / "other"), study=changed(SECOND, budget__total_kimg=50))
    with pytest.raises(InputError) as caught:
        compare_studies([first, copy, other])
    assert [problem.split(":")[0] for problem in caught.value.problems] == ["lsgan_vs_wgan", "budget"]


@pytest.mark.parametrize(
    "also",
    [
        {"study": {"budget__total_kimg": 50}},
        {
            "study": {"objective__num_samples": 500},
            "objective": OBJECTIVE.model_copy(update={"key": OBJECTIVE.key.model_copy(update={"num_generated": 500})}),
        },
    ],
)
def test_extending_is_advised_only_where_it_would_do(
    problems_of: Callable[..., tuple[str, ...]], also: dict[str, Any]
) -> None:
    study = changed(SECOND, budget__trials_per_arm=8, **also["study"])
    problems = problems_of(**{**also, "study": study})
    assert len(problems) == 2
    assert not any("extend" in problem for problem in problems)
    assert problems[1].endswith("run one of them again with the value of the other")


def test_a_population_cannot_be_extended_so_that_is_not_advised(first: RunFolder, tmp_path: Path) -> None:
    search = {"sampler": "random", "scheduler": "pbt"}
    study = changed(SECOND, budget__trials_per_arm=4, search=search)
    second = write_second_run(str(tmp_path / "second"), study=study)
    with pytest.raises(InputError) as caught:
        compare_studies([first, second])
    (problem,) = caught.value.problems
    assert problem.startswith("budget.trials_per_arm: arms must be tuned equally, but got 5 in lsgan_vs_wgan, 4 in ")
    assert problem.endswith("; run one of them again with the value of the other")


def test_a_study_without_an_objective_is_refused(problems_of: Callable[..., tuple[str, ...]], tmp_path: Path) -> None:
    (problem,) = problems_of(objective=None)
    assert problem.startswith(f"{tmp_path}/second: a comparison needs the objective of the scores")


def test_a_study_at_work_is_to_be_waited_for(problems_of: Callable[..., tuple[str, ...]]) -> None:
    (problem,) = problems_of(state="running")
    assert "but got state=running; wait for its end or, if no process is working on it, continue it with " in problem


def test_another_evaluation_that_counts_is_refused(problems_of: Callable[..., tuple[str, ...]]) -> None:
    (problem,) = problems_of(study=changed(SECOND, objective__at="best"))
    assert problem == (
        "objective.at: the same evaluation of every training must count, but got last in lsgan_vs_wgan, best in "
        "hinge_study; run one of them again with the value of the other"
    )
