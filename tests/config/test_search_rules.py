"""Settings that do nothing are refused when a study file is read, and let pass in a run folder."""

import pytest

from gan_study.config.reading.load import dump_study, parse_study
from gan_study.errors import InputError

TEXT = """\
name: small
dataset: {name: digits}
budget: {trials_per_arm: 4, total_kimg: 100, evaluate_every_kimg: 5}
arms: {lsgan: {network: dcgan, loss: least_squares}}
search_space: {g_lr: {log_uniform: [1e-3, 1e-2]}}
search: {sampler: SAMPLER, scheduler: SCHEDULER, SETTING}
"""


def text(sampler: str, scheduler: str, setting: str) -> str:
    return TEXT.replace("SAMPLER", sampler).replace("SCHEDULER", scheduler).replace("SETTING", setting)


@pytest.mark.parametrize(
    ("sampler", "scheduler", "setting", "words"),
    [
        (
            "tpe",
            "median",
            "reduction_factor: 3",
            "belongs to asha, hyperband, but got scheduler=median with",
        ),
        ("tpe", "none", "grace_kimg: 10", "grace_kimg belongs to asha, hyperband, median, but got scheduler=none"),
        ("tpe", "asha", "min_completed_trials: 3", "min_completed_trials belongs to median, but got scheduler=asha"),
        ("sobol", "asha", "startup_trials: 3", "startup_trials belongs to tpe, gp, cmaes, but got sampler=sobol"),
    ],
)
def test_a_setting_that_nothing_reads_is_refused(sampler: str, scheduler: str, setting: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_study(text(sampler, scheduler, setting), "x.yaml")
    message = str(caught.value)
    assert message.startswith("x.yaml:6:")
    assert words in message
    assert "; remove it, or set s" in message
    parse_study(text(sampler, scheduler, setting), "x.yaml", is_begun=True)


@pytest.mark.parametrize(
    ("sampler", "scheduler", "setting"),
    [
        ("gp", "hyperband", "reduction_factor: 2, grace_kimg: 10, startup_trials: 2"),
        ("cmaes", "median", "grace_kimg: 10, min_completed_trials: 3"),
        ("sobol", "none", "seed: 1"),
    ],
)
def test_what_is_read_is_accepted_and_written_down(sampler: str, scheduler: str, setting: str) -> None:
    study = parse_study(text(sampler, scheduler, setting), "x.yaml")
    assert parse_study(dump_study(study), "study.yaml") == study


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("confirm: {top_k: 5}", "x.yaml:7:18: confirm.top_k: no more trials can be confirmed than are searched"),
        ("refine: {trials_per_arm: 2, keep: 5}", "refine.keep: no more trials can span the narrowed ranges than are"),
        ("objective: {num_samples: 500, early_num_samples: 500}", "before the end are made from fewer images than"),
    ],
)
def test_more_than_there_is_is_refused(lines: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_study(text("tpe", "asha", "seed: 0") + lines, "x.yaml")
    assert words in str(caught.value)
    assert parse_study(text("tpe", "asha", "seed: 0") + "refine: {trials_per_arm: 1}\nconfirm: {top_k: 5}", "x.yaml")
