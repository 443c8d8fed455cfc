from typing import Any

import optuna
import pytest
from optuna.trial import TrialState as OptunaState
from support.scripted_world import FAILURE_SCORE, make_evaluation, make_study

from gan_study.config.arms.arm import Arm
from gan_study.config.base import Scalar
from gan_study.runs.records.status import TrialState
from gan_study.search.sampling.arm_search import ArmSearch
from gan_study.search.sampling.search_storage import SearchStorage


def make_search(arm: str = "lsgan", **changes: Any) -> tuple[ArmSearch, optuna.Study]:
    storage = SearchStorage()
    study = make_study(**changes)
    search = ArmSearch(Arm(study, arm), storage, FAILURE_SCORE)
    return search, optuna.load_study(study_name=f"{study.name}/{arm}", storage=storage)


def test_the_first_trial_takes_the_papers_values() -> None:
    search, optuna_study = make_search("wgan")
    assert search.draw_configuration(0) == {"g_lr": 1e-4, "network.width": 64, "d_steps_per_g_step": 5}
    assert optuna_study.trials[0].params == {"g_lr": 1e-4, "network.width": 64, "d_steps_per_g_step": 5}


def test_a_paper_value_outside_its_range_is_trained_with_and_not_shown_to_optuna() -> None:
    search, optuna_study = make_search("wgan", search_space={"g_lr": {"log_uniform": [1e-3, 1e-2]}})
    assert search.draw_configuration(0) == {"g_lr": 1e-4, "d_steps_per_g_step": 5}
    search.close_trial(0, TrialState.COMPLETED, 5.0)
    assert optuna_study.trials[0].params == {"d_steps_per_g_step": 5}
    assert optuna_study.trials[0].value == 5.0
    assert 1e-3 <= float(search.draw_configuration(1)["g_lr"]) <= 1e-2


def test_the_first_trial_can_be_sampled() -> None:
    search, _ = make_search(search={"sampler": "random", "scheduler": "none", "first_trial": "sampled"})
    values = search.draw_configuration(0)
    assert values["g_lr"] != 2e-4
    assert 1e-5 <= float(values["g_lr"]) <= 1e-2


def test_values_keep_their_kind() -> None:
    space = {
        "beta1": {"uniform": [0.1, 0.9]},
        "g_lr": {"log_uniform": [1e-5, 1e-2]},
        "batch_size": {"choice": [32, 64]},
        "network.width": {"integer": [8, 64]},
        "network.discriminator_norm": {"choice": ["batch", "none"]},
    }
    search, _ = make_search("wgan", search_space=space)
    for index in range(1, 9):
        values = search.draw_configuration(index)
        assert {name: type(value) for name, value in values.items()} == {
            "beta1": float,
            "g_lr": float,
            "batch_size": int,
            "network.width": int,
            "network.discriminator_norm": str,
            "d_steps_per_g_step": int,
        }


JOINT_SPACE = {
    "loss": {"choice": ["least_squares", "wasserstein"]},
    "penalty": {"choice": ["none", "wgan_gp", "weight_clip"]},
    "network.name": {"choice": ["mlp", "dcgan"]},
    "network.width": [
        {"integer": [64, 128], "when": {"network.name": "mlp"}},
        {"choice": [8, 16], "when": {"network.name": "dcgan"}},
    ],
    "penalty_weight": {"log_uniform": [0.1, 100]},
    "clip_value": {"log_uniform": [1e-3, 1]},
}


def joint_search() -> tuple[ArmSearch, optuna.Study]:
    return make_search("joint", arms={"joint": {}}, search_space=JOINT_SPACE)


def test_a_joint_search_draws_what_exists_under_its_choices_and_nothing_else() -> None:
    search, optuna_study = joint_search()
    seen = set()
    for index in range(1, 40):
        values = search.draw_configuration(index)
        expected = {"loss", "penalty", "network.name", "network.width"}
        settings: dict[Scalar, set[str]] = {"wgan_gp": {"penalty_weight"}, "weight_clip": {"clip_value"}, "none": set()}
        expected |= settings[values["penalty"]]
        assert set(values) == expected
        widths = range(64, 129) if values["network.name"] == "mlp" else (8, 16)
        assert values["network.width"] in widths
        assert len(optuna_study.trials[-1].params) == len(values)
        seen.add((values["penalty"], values["network.name"]))
    assert len(seen) == 6


def test_a_joint_search_takes_up_what_was_drawn_before() -> None:
    first, _ = joint_search()
    values = next(
        v
        for v in map(first.draw_configuration, range(1, 40))
        if v["penalty"] == "wgan_gp" and v["network.name"] == "mlp"
    )
    again, optuna_study = joint_search()
    assert again.open_trial(3, values) == values
    assert optuna_study.trials[0].params == {
        "loss": values["loss"],
        "penalty": "wgan_gp",
        "network.name": "mlp",
        "network.width[network.name=mlp]": values["network.width"],
        "penalty_weight": values["penalty_weight"],
    }


def drawn(num_trials: int, **search: Any) -> list[dict[str, Any]]:
    """The samples of one arm whose score is made from them."""
    arm_search, _ = make_search(
        search={"scheduler": "none"} | search,
        budget={"trials_per_arm": num_trials, "total_kimg": 4, "evaluate_every_kimg": 1},
    )
    samples: list[dict[str, Any]] = []
    for index in range(num_trials):
        samples.append(arm_search.draw_configuration(index))
        arm_search.close_trial(index, TrialState.COMPLETED, 10 + 1000 * samples[-1]["g_lr"])
    return samples


@pytest.mark.parametrize(("startup", "num_random"), [({}, 3), ({"startup_trials": 6}, 6)])
def test_tpe_draws_at_random_before_it_learns(startup: dict[str, int], num_random: int) -> None:
    learned, random = drawn(9, sampler="tpe", **startup), drawn(9, sampler="random")
    assert learned[:num_random] == random[:num_random]
    for index in range(num_random, 9):
        assert learned[index] != random[index]


@pytest.mark.parametrize("sampler", ["tpe", "random"])
def test_samples_are_a_function_of_the_seed(sampler: str) -> None:
    assert drawn(5, sampler=sampler, seed=3) == drawn(5, sampler=sampler, seed=3)
    for mine, other in zip(drawn(5, sampler=sampler, seed=3)[1:], drawn(5, sampler=sampler, seed=4)[1:], strict=True):
        assert mine != other


def test_arms_draw_different_samples() -> None:
    (lsgan, _), (wgan, _) = make_search("lsgan"), make_search("wgan")
    for index in range(1, 4):
        assert lsgan.draw_configuration(index)["g_lr"] != wgan.draw_configuration(index)["g_lr"]


@pytest.mark.parametrize(
    ("state", "score", "reported", "value"),
    [
        (TrialState.COMPLETED, 12.5, OptunaState.COMPLETE, 12.5),
        (TrialState.COMPLETED, None, OptunaState.COMPLETE, FAILURE_SCORE),
        (TrialState.COMPLETED, 1e300, OptunaState.COMPLETE, FAILURE_SCORE),
        (TrialState.DIVERGED, 12.5, OptunaState.COMPLETE, FAILURE_SCORE),
        (TrialState.STOPPED, 12.5, OptunaState.PRUNED, 12.5),
        (TrialState.FAILED, 12.5, OptunaState.COMPLETE, FAILURE_SCORE),
    ],
)
def test_optuna_receives_the_end(
    state: TrialState, score: float | None, reported: OptunaState, value: float | None
) -> None:
    search, optuna_study = make_search()
    search.draw_configuration(0)
    search.report_evaluation(0, make_evaluation(0, 500.0))
    search.report_evaluation(0, make_evaluation(1000, score))
    search.close_trial(0, state, score)
    trial = optuna_study.trials[0]
    assert (trial.state, trial.value) == (reported, value)
    assert trial.intermediate_values == {0: 500.0, 1000: FAILURE_SCORE if score in (None, 1e300) else score}
    assert trial.user_attrs == {"index": 0, "state": state.value}


ASHA = {"scheduler": "asha", "sampler": "random", "reduction_factor": 2, "lag": 1}


def test_asha_stops_the_worse_at_the_first_rung() -> None:
    search, _ = make_search(search=ASHA)
    verdicts = {}
    for index, score in enumerate((10.0, 30.0, 20.0, 5.0)):
        search.draw_configuration(index)
        assert search.report_evaluation(index, make_evaluation(0, 500.0)) is False
        verdicts[index] = search.report_evaluation(index, make_evaluation(1000, score))
    # The first has none to compare with. 30 is the worse of two; 20 is the second of three, of which one survives.
    assert verdicts == {0: False, 1: True, 2: True, 3: False}


def test_asha_compares_at_equal_images() -> None:
    search, _ = make_search(search=ASHA)
    search.draw_configuration(0)
    for kimg, score in enumerate((500.0, 50.0, 20.0, 10.0, 5.0)):
        search.report_evaluation(0, make_evaluation(1000 * kimg, score))
    search.draw_configuration(1)
    # Worse than the first trial's end, better than the first trial was at as many images.
    assert [
        search.report_evaluation(1, make_evaluation(1000 * kimg, score)) for kimg, score in enumerate((500.0, 40.0))
    ] == [
        False,
        False,
    ]
    assert search.report_evaluation(1, make_evaluation(2000, 30.0)) is True


def test_asha_begins_at_the_grace_period() -> None:
    search, _ = make_search(search=ASHA | {"grace_kimg": 2})
    for index, score in enumerate((10.0, 30.0)):
        search.draw_configuration(index)
        assert search.report_evaluation(index, make_evaluation(1000, score)) is False
        assert search.report_evaluation(index, make_evaluation(2000, score)) is (index == 1)


def test_without_a_scheduler_nothing_is_stopped() -> None:
    search, _ = make_search()
    for index in range(4):
        search.draw_configuration(index)
        assert search.report_evaluation(index, make_evaluation(1000, 10.0 * index)) is False
