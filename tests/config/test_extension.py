from collections.abc import Sequence

import pytest

from gan_study.config.reading.load import dump_study, parse_study
from gan_study.config.rules.extension import Extension, compare_studies, split_lowered
from gan_study.config.search.defaults import with_search_defaults

STUDY = """\
name: small
dataset: {name: digits, image_size: 16}
budget: {trials_per_arm: 4, total_kimg: 40, evaluate_every_kimg: 5}
arms:
  lsgan: {network: dcgan, loss: least_squares}
  wgan:
    network: dcgan
    loss: wasserstein
    penalty: wgan_gp
    penalty_weight: 10
    search_space: {d_steps_per_g_step: {choice: [1, 5]}}
defaults: {beta1: 0.5}
search_space: {g_lr: {log_uniform: [1e-4, 1e-2]}, network.width: {choice: [16, 24]}}
confirm: {top_k: 1, seeds: 5}
"""


def extended(overrides: Sequence[str] = (), text: str = STUDY) -> Extension:
    return compare_studies(parse_study(STUDY, "x.yaml"), parse_study(text, "x.yaml", overrides))


def test_more_of_everything() -> None:
    found = extended(
        [
            "budget.trials_per_arm=6",
            "search.repeats=3",
            "confirm.top_k=2",
            "confirm.seeds=8",
            "arms.hinge={network: dcgan, loss: hinge}",
        ]
    )
    assert found.conflicts == found.changes == ()
    assert set(found.additions) == {
        "budget.trials_per_arm: 4 to 6",
        "search.repeats: 1 to 3",
        "confirm.top_k: 1 to 2",
        "confirm.seeds: 5 to 8",
        "arms.hinge: a new arm",
    }


def test_looks_may_be_added_and_prolonged_but_neither_dropped_nor_moved() -> None:
    text = STUDY.replace("seeds: 5}", "seeds: 5, until_decided: {max_seeds: 20}}")
    assert extended(text=text).additions == ("confirm.until_decided.max_seeds: nothing to 20",)
    before = parse_study(text, "x.yaml")
    longer = parse_study(text, "x.yaml", ["confirm.until_decided.max_seeds=30"])
    assert compare_studies(before, longer) == Extension(("confirm.until_decided.max_seeds: 20 to 30",), (), ())
    assert compare_studies(before, parse_study(text, "x.yaml", ["confirm.seeds=6"])).conflicts == (
        "confirm.seeds: 5 in the run folder, 6 in the file; the looks of until_decided are multiples of it, and would "
        "be others than those already taken; raise confirm.until_decided.max_seeds, or run a new study",
    )
    (conflict,) = compare_studies(before, parse_study(STUDY, "x.yaml")).conflicts
    assert conflict.startswith("confirm.until_decided.max_seeds: 20 in the run folder, nothing in the file; trials")
    lowered, restored = split_lowered(before, parse_study(text, "x.yaml", ["confirm.until_decided.max_seeds=10"]))
    assert (lowered, restored) == ({"confirm.until_decided.max_seeds": 20}, before)


@pytest.mark.parametrize(
    ("section", "reason"),
    [
        ("search: {scheduler: pbt}", "the population of an arm was drawn, compared and ended together"),
        ("refine: {trials_per_arm: 2}", "narrowed around the best of the search as it was"),
    ],
)
def test_a_phase_that_others_are_built_on_does_not_grow(section: str, reason: str) -> None:
    text = f"{STUDY}{section}\n"
    before = parse_study(text, "x.yaml")
    (conflict,) = compare_studies(before, parse_study(text, "x.yaml", ["budget.trials_per_arm=6"])).conflicts
    assert conflict.startswith("budget.trials_per_arm: 4 in the run folder, 6")
    assert conflict.endswith(reason)
    assert compare_studies(before, parse_study(text, "x.yaml", ["confirm.seeds=6"])).conflicts == ()


def test_resources_and_description_may_change() -> None:
    found = extended(["description=now on the cluster", "resources.max_concurrent_trials=8", "resources.max_retries=0"])
    assert found.additions == found.conflicts == ()
    assert found.changes == (
        "description: nothing in the run folder, now on the cluster in the file",
        "resources.max_concurrent_trials: auto in the run folder, 8 in the file",
        "resources.max_retries: 2 in the run folder, 0 in the file",
    )


@pytest.mark.parametrize(
    ("override", "conflict"),
    [
        ("arms.wgan.penalty_weight=5", "arms.wgan.penalty_weight: 10 in the run folder, 5 in the file"),
        ("arms.lsgan.g_lr=1e-3", "arms.lsgan.g_lr: log_uniform [0.0001, 0.01] in the run folder, 0.001 in the file"),
        (
            "arms.wgan.search_space.d_steps_per_g_step.choice=[1, 2, 5]",
            "arms.wgan.search_space.d_steps_per_g_step: choice [1, 5] in the run folder, choice [1, 2, 5] in the file",
        ),
        (
            "search_space.g_lr.log_uniform=[1e-4, 1e-1]",
            "search_space.g_lr: log_uniform [0.0001, 0.01] in the run folder, log_uniform [0.0001, 0.1] in the file",
        ),
        ("defaults.beta1=0.25", "defaults.beta1: 0.5 in the run folder, 0.25 in the file"),
        ("name=other", "name: small in the run folder, other in the file"),
        ("dataset.image_size=32", "dataset.image_size: 16 in the run folder, 32 in the file"),
        ("objective.num_samples=1000", "objective.num_samples: 5000 in the run folder, 1000 in the file"),
        ("budget.total_kimg=50", "budget.total_kimg: 40 in the run folder, 50 in the file"),
        ("budget.evaluate_every_kimg=4", "budget.evaluate_every_kimg: 5 in the run folder, 4 in the file"),
        ("search.seed=1", "search.seed: 0 in the run folder, 1 in the file"),
        ("search.sampler=random", "search.sampler: tpe in the run folder, random in the file"),
        ("search.startup_trials=2", "search.startup_trials: nothing (so 1) in the run folder, 2 in the file"),
        ("diagnosis.on_collapse=stop", "diagnosis.on_collapse: record in the run folder, stop in the file"),
        ("resources.workers_per_trial=2", "resources.workers_per_trial: 1 in the run folder, 2 in the file"),
        (
            "budget.trials_per_arm=3",
            "budget.trials_per_arm: 4 in the run folder, 3 in the file; trials that have run are kept, so this "
            "number can only grow",
        ),
        (
            "confirm.seeds=1",
            "confirm.seeds: 5 in the run folder, 1 in the file; trials that have run are kept, so this number can only "
            "grow",
        ),
    ],
)
def test_what_would_change_a_training_is_told_in_one_line(override: str, conflict: str) -> None:
    assert extended([override]).conflicts == (conflict,)


def test_all_conflicts_are_told_together_and_what_arms_share_once() -> None:
    text = STUDY.replace("penalty_weight: 10", "penalty_weight: 5").replace("beta1: 0.5", "beta1: 0.25, beta2: 0.9")
    assert extended(text=text).conflicts == (
        "defaults.beta1: 0.5 in the run folder, 0.25 in the file",
        "defaults.beta2: 0.999 in the run folder, 0.9 in the file",
        "arms.wgan.penalty_weight: 10 in the run folder, 5 in the file",
    )


def test_an_arm_cannot_be_taken_out() -> None:
    text = STUDY.replace("  lsgan: {network: dcgan, loss: least_squares}\n", "")
    assert extended(text=text).conflicts == ("arms.lsgan: present in the run folder, missing in the file",)


def test_a_different_first_trial_is_a_conflict() -> None:
    found = extended(["arms.lsgan.first_trial={g_lr: 0.005}"])
    assert found.conflicts == ("arms.lsgan.first_trial.g_lr: nothing in the run folder, 0.005 in the file",)


def test_a_range_that_prints_the_same_is_told_to_the_last_digit() -> None:
    (conflict,) = extended(["search_space.g_lr.log_uniform=[1.0000000001e-4, 1e-2]"]).conflicts
    assert conflict.endswith(
        "log_uniform [0.0001, 0.01] in the run folder, log_uniform [0.00010000000001, 0.01] in the file"
    )


def test_saying_what_was_left_out_is_no_change() -> None:
    """Paper defaults, values moved between sections, and the resolved file itself come to the same study."""
    for text in (
        dump_study(parse_study(STUDY, "x.yaml")),
        STUDY.replace("loss: least_squares}", "loss: least_squares, d_steps_per_g_step: 1, optimizer: adam}"),
        STUDY.replace("defaults: {beta1: 0.5}\n", "")
        .replace("least_squares}", "least_squares, beta1: 0.5}")
        .replace("penalty_weight: 10", "penalty_weight: 10.0\n    beta1: 0.5"),
    ):
        assert extended(text=text) == Extension((), (), ())


OLDER = {
    "asha": "reduction_factor: 3, grace_kimg: 5, startup_trials: 1",
    "none": "reduction_factor: 3, grace_kimg: 5, startup_trials: 1, min_completed_trials: 2",
    "median": "min_completed_trials: 2, grace_kimg: 5.0",
}
"""By scheduler, what a run folder may hold of what is left out in a study of today."""


@pytest.mark.parametrize("scheduler", OLDER)
def test_a_default_that_an_older_version_wrote_out_is_no_conflict(scheduler: str) -> None:
    text = f"{STUDY}search: {{scheduler: {scheduler}}}\n"
    older = parse_study(text.replace(f"{scheduler}}}", f"{scheduler}, {OLDER[scheduler]}}}"), "x.yaml", is_begun=True)
    now = with_search_defaults(parse_study(text, "x.yaml", ["confirm.seeds=8"]), older)
    assert older.search != now.search
    assert compare_studies(older, now) == Extension(("confirm.seeds: 5 to 8",), (), ())
    assert compare_studies(with_search_defaults(parse_study(text, "x.yaml"), older), older) == Extension((), (), ())


def test_what_is_left_out_conflicts_with_another_value_than_its_default() -> None:
    older = parse_study(f"{STUDY}search: {{reduction_factor: 4, startup_trials: 1}}\n", "x.yaml")
    more = parse_study(STUDY, "x.yaml", ["budget.trials_per_arm=9"])
    found = compare_studies(older, more)
    assert found.conflicts == (
        # A third of nine trials would be drawn at random.
        "search.startup_trials: 1 in the run folder, nothing (so 3) in the file",
        "search.reduction_factor: 4 in the run folder, nothing (so 3) in the file",
    )
    assert compare_studies(parse_study(STUDY, "x.yaml"), more).conflicts == ()


def test_an_override_is_named_as_one() -> None:
    before = parse_study(STUDY, "x.yaml")
    after = parse_study(STUDY, "x.yaml", ["search.seed=1"])
    assert compare_studies(before, after, "by --set").conflicts == ("search.seed: 0 in the run folder, 1 by --set",)


def test_another_evaluation_that_counts_is_another_study() -> None:
    (conflict,) = extended(["objective.at=best"]).conflicts
    assert conflict == "objective.at: last in the run folder, best in the file"
    assert extended(["objective.at=last"]) == Extension((), (), ())
