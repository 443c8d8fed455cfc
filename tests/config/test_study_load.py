"""Every kind of mistake in a study file is reported in words, with its exact line and column."""

import time
from pathlib import Path

import pytest

from gan_study.config.arms.arm import Arm
from gan_study.config.arms.resolved_training import first_trial_values, resolve_training
from gan_study.config.base import Scalar
from gan_study.config.reading.load import dump_study, load_study, parse_study
from gan_study.config.space import LogUniformRange
from gan_study.config.study import StudyConfig
from gan_study.errors import InputError

VALID = """\
name: small
dataset: {name: digits, image_size: 16}
budget: {trials_per_arm: 4, total_kimg: 40, evaluate_every_kimg: 5}
arms:
  lsgan: {network: dcgan, loss: least_squares}
  wgan:
    network: dcgan
    loss: wasserstein
    penalty: wgan_gp
    search_space:
      penalty_weight: {log_uniform: [0.1, 100]}
search_space:
  g_lr: {log_uniform: [1e-5, 1e-2]}
confirm: {top_k: 1, seeds: 5}
"""


def problems_of(text: str, *overrides: str) -> tuple[str, ...]:
    with pytest.raises(InputError) as caught:
        parse_study(text, "x.yaml", overrides)
    return caught.value.problems


def changed(old: str, new: str) -> str:
    assert VALID.count(old) == 1, old
    return VALID.replace(old, new)


def test_a_valid_study_is_read_with_numbers_as_numbers() -> None:
    study = parse_study(VALID, "x.yaml")
    assert study.search_space["g_lr"] == LogUniformRange(log_uniform=(1e-5, 1e-2))
    assert study.budget.total_kimg == 40.0
    assert list(study.arms) == ["lsgan", "wgan"]
    assert study.confirm.seeds == 5


def test_yaml_1_2_words_are_text_and_anchors_can_be_shared() -> None:
    text = changed("  lsgan: {network: dcgan,", "  on: &base {network: dcgan,").replace(
        "  wgan:\n", "  off: {<<: *base, beta1: 1e-1}\n  wgan:\n"
    )
    study = parse_study(text, "x.yaml")
    assert list(study.arms) == ["on", "off", "wgan"]
    assert study.arms["off"].model_dump()["loss"] == "least_squares"
    assert study.arms["off"].model_dump()["beta1"] == 0.1


# (what is changed, into what, where the problem is, words of its message)
MISTAKES = [
    pytest.param("penalty: wgan_gp", "penalty: wgan_pg", "9:14: arms.wgan.penalty: ",
                 "unknown penalty 'wgan_pg'; did you mean 'wgan_gp'? (known: dragan, none, r1, r1+r2, r2, weight_clip,",
                 id="penalty"),
    pytest.param("loss: least_squares", "loss: last_squares", "5:33: arms.lsgan.loss: ",
                 "did you mean 'least_squares'?", id="loss"),
    pytest.param("  lsgan: {network: dcgan,", "  lsgan: {network: dcgna,", "5:20: arms.lsgan.network: ",
                 "unknown network 'dcgna'; did you mean 'dcgan'? (known: dcgan, infogan, mlp, resnet)",
                 id="bare network"),
    pytest.param("    network: dcgan\n", "    network: {name: dcgam}\n", "7:21: arms.wgan.network.name: ",
                 "unknown network 'dcgam'; did you mean 'dcgan'?", id="network with settings"),
    pytest.param("    network: dcgan\n", "    network: {name: dcgan, widht: 3}\n", "7:28: arms.wgan.network.widht: ",
                 "unknown key 'widht'; did you mean 'width'? (known: activation, attention, d_width, depth, ",
                 id="network key"),
    pytest.param("    network: dcgan\n", "    network: {name: dcgan, attention: 16}\n",
                 "7:28: arms.wgan.network.attention: ", "network dcgan has feature maps of 4, 8 pixels a side in both "
                 "players, but got network.attention=16 with image_size=16; choose one of these sizes, or 0",
                 id="attention at a size that is none"),
    pytest.param("    network: dcgan\n", "    network: {name: mlp, attention: 4}\n",
                 "7:26: arms.wgan.network.attention: ", "network mlp has feature maps at no size", id="no maps"),
    pytest.param("    network: dcgan\n", "    network: {name: mlp, upsample: nearest}\n",
                 "7:26: arms.wgan.network.upsample: ", "network.upsample belongs to dcgan, infogan, resnet, but got "
                 "network.name=mlp with network.upsample=nearest; remove it", id="setting of other networks"),
    pytest.param("penalty_weight: {log_uniform: [0.1, 100]}", "network.attention: {choice: [0, 16]}",
                 "11:7: arms.wgan.search_space.network.attention: ", "network dcgan has feature maps of 4, 8 pixels",
                 id="searched attention"),
    pytest.param("name: digits", "name: digit", "2:17: dataset.name: ",
                 "unknown dataset 'digit'; did you mean 'digits'? (known: celeba, cifar10, digits,", id="dataset"),
    pytest.param("image_size: 16}", "image_size: 16, channels: 2}", "2:51: dataset.channels: ",
                 "unknown channels 2 (known: 1, 3)", id="number out of a few"),
    pytest.param("confirm:", "objective: {extractor: inception, dims: 700}\nconfirm:", "14:41: objective.dims: ",
                 "unknown dims 700 (known: 64, 192, 768, 2048)", id="number out of a few, or none"),
    pytest.param("confirm:", "confrim:", "14:1: confrim: ",
                 "unknown key 'confrim'; did you mean 'confirm'? (known: arms, budget,", id="unknown key"),
    pytest.param("seeds: 5", "seed: 5", "14:21: confirm.seed: ",
                 "unknown key 'seed'; did you mean 'seeds'? (known: seeds, top_k, until_decided)",
                 id="unknown nested key"),
    pytest.param("confirm:", "total_kimg: 3\nconfirm:", "14:1: total_kimg: ",
                 "unknown key 'total_kimg'; did you mean budget.total_kimg?", id="key of another section"),
    pytest.param("total_kimg: 40, ", "", "3:9: budget: ",
                 "out of total_kimg, epochs, d_steps, g_steps, device_sec, but got none; add one", id="no length"),
    pytest.param("total_kimg: 40, ", "total_kimg: 40, epochs: 3, ", "3:9: budget: ",
                 "but got total_kimg and epochs; keep one of them", id="two lengths"),
    pytest.param("trials_per_arm: 4, ", "", "3:9: budget.trials_per_arm: ",
                 "missing; add it (Configurations tried for each arm", id="missing key in a flow mapping"),
    pytest.param("    loss: wasserstein\n", "", "7:5: arms.wgan.loss: ", "every arm needs a loss, but it has none",
                 id="missing key in a block mapping"),
    pytest.param("dataset: {name: digits, image_size: 16}\n", "", "1:1: dataset: ", "missing", id="missing section"),
    pytest.param("trials_per_arm: 4", "trials_per_arm: many", "3:26: budget.trials_per_arm: ",
                 "must be a whole number, but got trials_per_arm='many'", id="text for a number"),
    pytest.param("trials_per_arm: 4", "trials_per_arm: '4'", "3:26: budget.trials_per_arm: ",
                 "got trials_per_arm='4'; remove the quotes", id="quoted number"),
    pytest.param("trials_per_arm: 4", "trials_per_arm: 4e0", "3:26: budget.trials_per_arm: ",
                 "a whole number, but got trials_per_arm=4e0; write 4", id="float for a whole number"),
    pytest.param("trials_per_arm: 4", "trials_per_arm: true", "3:26: budget.trials_per_arm: ",
                 "a whole number, but got trials_per_arm=true", id="bool for a number"),
    pytest.param("trials_per_arm: 4", "trials_per_arm: 0", "3:26: budget.trials_per_arm: ",
                 "must be at least 1, but got trials_per_arm=0", id="bound"),
    pytest.param("total_kimg: 40", "total_kimg: .nan", "3:41: budget.total_kimg: ",
                 "must be a finite number, but got total_kimg=.nan", id="not a number"),
    pytest.param("name: small", "name: 2024", "1:7: name: ",
                 "must be text, but got name=2024; put it in quotes", id="number for text"),
    pytest.param("name: small", "name: a/b", "1:7: name: ", "letters, digits", id="name that is no folder's"),
    pytest.param("  wgan:\n", "  w gan:\n", "6:3: arms.w gan: ", "letters, digits", id="arm that is no folder's"),
    pytest.param("{top_k: 1, seeds: 5}", "3", "14:10: confirm: ",
                 "must be a mapping (lines of `name: value`), but got confirm=3", id="value for a mapping"),
    pytest.param("{top_k: 1, seeds: 5}", "", "14:1: confirm: ",
                 "must be a mapping (lines of `name: value`), but got confirm=nothing", id="nothing for a mapping"),
    pytest.param("confirm: {", "resources: {gpus_per_worker: atuo}\nconfirm: {", "14:30: resources.gpus_per_worker: ",
                 "must be 'auto' or a number, but got gpus_per_worker='atuo'", id="one of two types"),
    pytest.param("confirm: {", "defaults: {g_lr: -1}\nconfirm: {", "14:18: defaults.g_lr: ",
                 "must be above 0, but got g_lr=-1", id="bound of a hyperparameter"),
    pytest.param("confirm: {", "confirm: {top_k: 1}\nconfirm: {", "15:1: confirm: ",
                 "a key may appear once, but got it on line 14 already", id="duplicate key"),
    pytest.param("confirm: {", "description: !secret x\nconfirm: {", "14:14: ", "the tag !secret", id="tag"),
    pytest.param("confirm: {", "? [a]\n: b\nconfirm: {", "14:3: ", "a key must be a single name", id="complex key"),
    pytest.param("seeds: 5}", "seeds: 5", "15:1: ",
                 "the text must be valid YAML: expected ',' or '}', but got '<stream end>' (while parsing",
                 id="unclosed bracket"),
    pytest.param("    loss: wasserstein", "    loss: a: b", "8:12: ", "mapping values are not allowed here",
                 id="two colons"),
    pytest.param("    loss: wasserstein", "\tloss: wasserstein", "8:1: ", "'\\t'", id="tab"),
    # Ranges.
    pytest.param("  g_lr:", "  g_lrr:", "13:3: search_space.g_lrr: ",
                 "unknown hyperparameter 'g_lrr'; did you mean 'g_lr'? (known: augment, batch_size, beta1,",
                 id="hyperparameter"),
    pytest.param("  g_lr: {log_uniform: [1e-5, 1e-2]}", "  network.widht: {choice: [8]}",
                 "13:3: search_space.network.widht: ", "did you mean 'network.width'?", id="dotted hyperparameter"),
    *(
        pytest.param("  g_lr: {log_uniform: [1e-5, 1e-2]}", f"  {name}: {{choice: [1]}}",
                     f"13:3: search_space.{name}: ", f"{name} cannot be searched: {words}", id=f"searched {name}")
        for name, words in [("seed", "every trial has its own"), ("total_kimg", "the budget says how long"),
                            ("dataset.name", "all arms learn the same images"), ("network", "search network.name")]
    ),
    pytest.param("[1e-5, 1e-2]", "[1e-2, 1e-5]", "13:23: search_space.g_lr.log_uniform: ",
                 "the lower end of a log_uniform range must be below its upper end", id="upside-down range"),
    pytest.param("[1e-5, 1e-2]", "[0, 1e-2]", "13:23: search_space.g_lr.log_uniform: ",
                 "must start above 0, but got low=0", id="log_uniform from 0"),
    pytest.param("[1e-5, 1e-2]", "[1e-5]", "13:23: search_space.g_lr.log_uniform: ",
                 "two numbers [low, high], but got log_uniform=[1e-05]", id="range with one end"),
    pytest.param("[1e-5, 1e-2]", "[1, 2, 3]", "13:23: search_space.g_lr.log_uniform: ",
                 "two numbers [low, high], but got log_uniform=[1, 2, 3]", id="range with three ends"),
    pytest.param("[1e-5, 1e-2]", "[1e-5, much]", "13:30: search_space.g_lr.log_uniform[1]: ",
                 "must be a number, but got log_uniform[1]='much'", id="end that is text"),
    pytest.param("g_lr: {log_uniform: [1e-5, 1e-2]}", "g_lr: {log_unifrom: [1e-5, 1e-2]}",
                 "13:10: search_space.g_lr.log_unifrom: ", "did you mean 'log_uniform'?", id="kind of range"),
    pytest.param("g_lr: {log_uniform: [1e-5, 1e-2]}", "g_lr: 1e-3", "13:9: search_space.g_lr: ",
                 "exactly one key out of uniform, log_uniform, integer, choice", id="value for a range"),
    pytest.param("g_lr: {log_uniform: [1e-5, 1e-2]}", "g_lr: {choice: []}", "13:18: search_space.g_lr.choice: ",
                 "must be given at least one entry, but got choice=[]", id="choice of nothing"),
    pytest.param("g_lr: {log_uniform: [1e-5, 1e-2]}", "g_lr: {choice: [null]}",
                 "13:19: search_space.g_lr.choice[0]: ",
                 "a single number, text, true or false, but got choice[0]=nothing", id="empty choice"),
    pytest.param("g_lr: {log_uniform: [1e-5, 1e-2]}", "g_lr: {choice: [1, 1]}", "13:18: search_space.g_lr.choice: ",
                 "the values of a choice must differ", id="repeated choice"),
    # What a hyperparameter does not allow.
    pytest.param("g_lr: {log_uniform: [1e-5, 1e-2]}", "g_lr: {uniform: [-1, 1]}",
                 "13:20: search_space.g_lr.uniform[0]: ", "must be above 0, but got g_lr=-1", id="end out of bounds"),
    pytest.param("g_lr: {log_uniform: [1e-5, 1e-2]}", "beta1: {choice: [0, 0.5, 1]}",
                 "13:28: search_space.beta1.choice[2]: ", "must be below 1, but got beta1=1",
                 id="choice out of bounds"),
    pytest.param("g_lr: {log_uniform: [1e-5, 1e-2]}", "beta1: {choice: [0, '0.5']}",
                 "13:23: search_space.beta1.choice[1]: ", "must be a number, but got beta1='0.5'", id="choice of text"),
    pytest.param("g_lr: {log_uniform: [1e-5, 1e-2]}", "z_dim: {uniform: [8, 64]}",
                 "13:11: search_space.z_dim.uniform: ",
                 "z_dim takes whole numbers, but got uniform; use integer or choice", id="real range of whole numbers"),
    pytest.param("g_lr: {log_uniform: [1e-5, 1e-2]}", "network.discriminator_norm: {choice: [batch, group]}",
                 "13:48: search_space.network.discriminator_norm.choice[1]: ",
                 "must be 'batch', 'layer' or 'none', but got network.discriminator_norm='group'",
                 id="choice of a literal"),
    # Choices that others depend on.
    pytest.param("g_lr: {log_uniform: [1e-5, 1e-2]}", "penalty: {choice: [none, wgan_pg]}",
                 "13:28: search_space.penalty.choice[1]: ", "but got penalty='wgan_pg'", id="searched name"),
    pytest.param("g_lr: {log_uniform: [1e-5, 1e-2]}", "optimizer: {uniform: [0, 1]}",
                 "13:15: search_space.optimizer.uniform: ", "optimizer is a name, but got uniform; use choice",
                 id="range over names"),
    pytest.param("g_lr: {log_uniform: [1e-5, 1e-2]}", "z_dim: {choice: [8], when: {network.name: resnet}}",
                 "13:3: search_space.z_dim: ", "this range never exists", id="condition never met"),
    pytest.param("g_lr: {log_uniform: [1e-5, 1e-2]}", "z_dim: {choice: [8], when: {g_lr: 1}}",
                 "13:31: search_space.z_dim.when.g_lr: ", "a range cannot depend on 'g_lr' (known: loss, network.name,",
                 id="condition on a number"),
    pytest.param("g_lr: {log_uniform: [1e-5, 1e-2]}", "z_dim: [{choice: [8]}, {choice: [4]}]",
                 "13:26: search_space.z_dim[1]: ", "only one range of z_dim may exist at a time", id="two ranges"),
    pytest.param("g_lr: {log_uniform: [1e-5, 1e-2]}", "network.name: {choice: [dcgan, mlp]}",
                 "13:3: search_space.network.name: ", "every arm fixes network.name", id="range that no arm searches"),
    pytest.param("loss: least_squares}", "loss: least_squares, first_trial: {z_dim: 3}}",
                 "5:62: arms.lsgan.first_trial.z_dim: ",
                 "z_dim is not searched; give z_dim itself", id="first trial of a fixed value"),
    pytest.param("g_lr: {log_uniform: [1e-5, 1e-2]}", "lr: {log_uniform: [1e-5, 1e-2]}\ndefaults: {d_lr: 0.1}",
                 "14:12: defaults.d_lr: ", "lr sets both learning rates", id="lr and one of its parts"),
    # What does not go together.
    pytest.param("    penalty: wgan_gp\n", "    penalty: wgan_gp\n    penalty_weight: 5\n",
                 "12:7: arms.wgan.search_space.penalty_weight: ", "either fixes or searches", id="fixed and searched"),
    pytest.param("loss: least_squares}", "loss: least_squares, clip_value: 0.1}", "5:48: arms.lsgan.clip_value: ",
                 "arm lsgan: clip_value belongs to weight_clip, but got penalty=none", id="clip_value"),
    pytest.param("digits, image_size: 16}\nbudget: {trials_per_arm: 4, total_kimg: 40, evaluate_every_kimg: 5}\narms:\n"
                 "  lsgan: {network: dcgan, ", "celeba, image_size: 16}\nobjective: {extractor: autoencoder}\nbudget: "
                 "{trials_per_arm: 4, total_kimg: 40, evaluate_every_kimg: 5}\narms:\n  lsgan: {network: dcgan, "
                 "conditional: concat, ", "6:27: arms.lsgan.conditional: ", "a conditional GAN needs images "
                 "with labels, but got conditional=concat with dataset=celeba", id="a condition without labels"),
    pytest.param("loss: least_squares}", "loss: least_squares, penalty_weight: 1}", "5:48: arms.lsgan.penalty_weight: ",
                 "arm lsgan: penalty_weight belongs to dragan, r1, r1+r2, r2, wgan_gp, but got penalty=none",
                 id="penalty_weight"),
    pytest.param("    penalty: wgan_gp\n", "", "10:7: arms.wgan.search_space.penalty_weight: ",
                 "penalty_weight belongs to dragan, r1, r1+r2, r2, wgan_gp, but no arm has such a penalty",
                 id="searched penalty_weight"),
    pytest.param("  g_lr: {log_uniform: [1e-5, 1e-2]}", "  penalty_weight: {uniform: [1, 2]}",
                 "13:3: search_space.penalty_weight: ", "belongs to dragan, r1, r1+r2, r2, wgan_gp, but no arm has",
                 id="penalty_weight searched in all arms"),
    pytest.param("image_size: 16", "image_size: 28", "2:37: dataset.image_size: ",
                 "network dcgan is built for images of 16, 32, 64, 128 pixels, but got image_size=28", id="image size"),
    pytest.param("evaluate_every_kimg: 5", "evaluate_every_kimg: 50", "3:66: budget.evaluate_every_kimg: ",
                 "must not exceed total_kimg, but got 50 with total_kimg=40", id="too rare evaluations"),
    pytest.param("    network: dcgan\n", "", "7:5: arms.wgan.network: ",
                 "every arm needs a network, but it has none; name one (known: dcgan, infogan, mlp, resnet)",
                 id="no network"),
    pytest.param("seeds: 5", "seeds: 5, until_decided: {max_seeds: 4}", "14:10: confirm: ",
                 "until_decided begins with the seeds of confirm.seeds, but got max_seeds=4 with seeds=5; raise",
                 id="fewer seeds than the first look has"),
    pytest.param("top_k: 1", "top_k: 5", "14:18: confirm.top_k: ",
                 "but got top_k=5 with trials_per_arm=4", id="top_k"),
    pytest.param("confirm: {", "resources: {workers_per_trial: 2, gpus_per_worker: 0.5}\nconfirm: {",
                 "14:52: resources.gpus_per_worker: ", "gpus_per_worker=0.5 with workers_per_trial=2", id="half GPUs"),
    pytest.param("confirm: {", "resources: {batch_statistics: synchronised, gpus_per_worker: 0}\nconfirm: {",
                 "14:31: resources.batch_statistics: ", "with gpus_per_worker=0", id="synchronised without GPUs"),
    pytest.param("confirm: {", "resources: {workers_per_trial: 3}\nconfirm: {", "14:32: resources.workers_per_trial: ",
                 "batch_size=64 with workers_per_trial=3", id="default batch among workers"),
    pytest.param("confirm: {", "defaults: {batch_size: 65}\nresources: {workers_per_trial: 2}\nconfirm: {",
                 "14:24: defaults.batch_size: ", "batch_size=65 with workers_per_trial=2", id="batch among workers"),
    pytest.param("  g_lr: {log_uniform: [1e-5, 1e-2]}",
                 "  batch_size: {choice: [64, 33]}\nresources: {workers_per_trial: 2}",
                 "13:29: search_space.batch_size.choice[1]: ", "batch_size=33 with workers_per_trial=2",
                 id="searched batch among workers"),
    pytest.param("  g_lr: {log_uniform: [1e-5, 1e-2]}",
                 "  batch_size: {integer: [32, 64]}\nresources: {workers_per_trial: 2}",
                 "13:16: search_space.batch_size.integer: ", "batch_size=33 with workers_per_trial=2; use choice",
                 id="range of batches among workers"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "place", "words"), MISTAKES)
def test_a_mistake_is_told_once_at_its_place(old: str, new: str, place: str, words: str) -> None:
    (problem,) = problems_of(changed(old, new))
    assert problem.startswith(f"x.yaml:{place}")
    assert words in problem
    assert "Input should" not in problem


@pytest.mark.parametrize(
    ("values", "place", "words"),
    [
        ("{choice: [1e-3, true]}", "search_space.lr.choice[1]", "must be a number, but got lr=true"),
        ("{choice: [nan, 1e-3]}", "search_space.lr.choice[0]", "must be a number, but got lr='nan'"),
        ("{choice: [1e-3, '1e-2']}", "search_space.lr.choice[1]", "must be a number, but got lr='1e-2'"),
        ("{choice: [-1, 1e-3]}", "search_space.lr.choice[0]", "must be above 0, but got lr=-1"),
        ("{uniform: [0, 1e-2]}", "search_space.lr.uniform[0]", "must be above 0, but got lr=0"),
    ],
)
def test_the_range_of_both_learning_rates_is_held_against_what_each_allows(values: str, place: str, words: str) -> None:
    (problem,) = problems_of(changed("g_lr: {log_uniform: [1e-5, 1e-2]}", f"lr: {values}"))
    assert f"{place}: {words}" in problem


def test_the_first_trial_s_learning_rate_for_both_is_held_against_what_each_allows() -> None:
    text = changed("g_lr: {log_uniform", "lr: {log_uniform").replace(
        "loss: least_squares}", "loss: least_squares, first_trial: {lr: -1}}"
    )
    assert any("arms.lsgan.first_trial.lr" in problem for problem in problems_of(text))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("seeds: 5", "seeds: 10000000000000000000"),
        ("trials_per_arm: 4", "trials_per_arm: 1000000000000"),
        ("total_kimg: 40", "total_kimg: 1.0e+30"),
        ("total_kimg: 40", "g_steps: 10000000000000"),
        ("total_kimg: 40", "device_sec: 1.0e+10"),
        ("g_lr: {log_uniform: [1e-5, 1e-2]}", "z_dim: {integer: [1, 100000000]}"),
        ("g_lr: {log_uniform: [1e-5, 1e-2]}", "batch_size: {choice: [64, 10000000]}"),
    ],
)
def test_numbers_that_no_study_can_reach_are_refused(old: str, new: str) -> None:
    (problem,) = problems_of(changed(old, new))
    assert "must be at most" in problem


def test_a_searched_network_of_another_image_size_is_refused() -> None:
    text = changed("  lsgan: {network: dcgan,", "  joint: {search_space: {network.name: {choice: [dcgan, infogan]}},")
    (problem,) = problems_of(text)
    assert problem.startswith("x.yaml:2:37: dataset.image_size: network infogan is built for images of 28, 32, 64")


JOINT = """\
name: joint
dataset: {name: digits, image_size: 16}
budget: {trials_per_arm: 4, g_steps: 100, evaluate_every_kimg: 5}
arms:
  joint: {penalty_weight: 3, first_trial: {g_lr: 0.5}}
search_space:
  network.width:
    - {integer: [64, 256], when: {network.name: mlp}}
    - {choice: [8, 16], when: {network.name: [dcgan]}}
  clip_value: {log_uniform: [1e-3, 1]}
  loss: {choice: [wasserstein, hinge]}
  penalty: {choice: [none, weight_clip, wgan_gp]}
  network.name: {choice: [mlp, dcgan]}
  g_lr: {log_uniform: [1e-5, 1e-2]}
  batch_size: {choice: [16, 32]}
confirm: {top_k: 0}
"""


class TestJointSearch:
    def test_what_others_depend_on_is_drawn_first(self) -> None:
        names = [p.label for p in Arm(parse_study(JOINT, "x.yaml"), "joint").parameters]
        assert names[:3] == ["loss", "penalty", "network.name"]
        assert names[3:5] == ["network.width[network.name=mlp]", "network.width[network.name=dcgan]"]

    def test_a_fixed_value_counts_only_where_it_does_anything(self) -> None:
        study = parse_study(JOINT, "x.yaml")
        searched: dict[str, Scalar] = {"loss": "hinge", "network.name": "mlp", "network.width": 64, "g_lr": 1e-3}
        plain, penalised = (
            resolve_training(Arm(study, "joint"), {**searched, "penalty": penalty}, seed=0, num_train_images=1497)
            for penalty in ("none", "wgan_gp")
        )
        assert (plain.penalty_weight, penalised.penalty_weight) == (None, 3.0)

    def test_the_first_trial_takes_the_first_choices_and_what_exists_under_them(self) -> None:
        values = first_trial_values(Arm(parse_study(JOINT, "x.yaml"), "joint"))
        assert values == {
            "loss": "wasserstein",
            "penalty": "none",
            "network.name": "mlp",
            "network.width": 64,
            "g_lr": 0.5,
            "batch_size": 32,
        }

    def test_a_length_in_generator_steps_depends_on_batch_and_ratio(self) -> None:
        study = parse_study(JOINT, "x.yaml")
        values = {**first_trial_values(Arm(study, "joint")), "batch_size": 16}
        training = resolve_training(Arm(study, "joint"), values, seed=0, num_train_images=1497)
        # WGAN's five discriminator steps of 16 images for each of 100 generator steps.
        assert training.total_kimg == 8.0

    def test_reads_back_to_an_equal_study(self) -> None:
        study = parse_study(JOINT, "x.yaml")
        assert parse_study(dump_study(study), "dumped") == study


@pytest.mark.parametrize(
    ("length", "kimg"), [("epochs: 2", 2.994), ("d_steps: 50", 3.2), ("g_steps: 50", 3.2), ("total_kimg: 7", 7.0)]
)
def test_every_unit_of_the_budget_comes_to_kimg(length: str, kimg: float) -> None:
    study = parse_study(changed("total_kimg: 40", length).replace("every_kimg: 5", "every_kimg: 1"), "x.yaml")
    assert resolve_training(Arm(study, "lsgan"), {}, seed=0, num_train_images=1497).total_kimg == pytest.approx(kimg)


def test_empty_arms() -> None:
    text = VALID[: VALID.index("arms:")] + "arms: {}\n"
    (problem,) = problems_of(text)
    assert problem.startswith("x.yaml:4:7: arms: must be given at least one entry")


@pytest.mark.parametrize("fault", ["width: [16, 32]", "widht: 16"])
def test_nothing_is_said_of_all_arms_where_one_is_left_out_for_its_own_faults(fault: str) -> None:
    text = changed("loss: least_squares}", "loss: least_squares, betas: [0, 0.9]}")
    text = text.replace("    network: dcgan\n", f"    network: {{name: dcgan, {fault}}}\n")
    text = text.replace("search_space:\n  g_lr", "search_space:\n  penalty_weight: {uniform: [1, 2]}\n  g_lr")
    text = text.replace("  g_lr:", "  betas: {choice: [[0, 0.9], [0.5, 0.999]]}\n  g_lr:")
    assert [problem.split(": ")[1] for problem in problems_of(text)] == [f"arms.wgan.network.{fault.partition(':')[0]}"]


@pytest.mark.parametrize(
    ("option", "remedy"),
    [
        ("arms.lsgan.network={name: dcgan, width: [16, 32]}", "network.width: {choice: [16, 32]}"),
        ("arms.lsgan.lr=[1e-4, 1e-3]", "lr: {choice: [1e-4, 1e-3]}"),
        ("arms.lsgan.loss=[hinge, wasserstein]", "loss: {choice: [hinge, wasserstein]}"),
        ("defaults={z_dim: [8, 16]}", "z_dim: {choice: [8, 16]}"),
    ],
)
def test_a_list_in_place_of_one_value_is_led_to_the_search_space(option: str, remedy: str) -> None:
    (problem,) = problems_of(VALID, option)
    assert f"; to search its values, write {remedy} in search_space" in problem


def test_betas_are_not_led_to_the_search_space() -> None:
    (problem,) = problems_of(VALID, "arms.lsgan.betas=[0, 0.9, 1]")
    assert "to search" not in problem


def test_all_problems_are_told_at_once_in_the_order_of_the_file() -> None:
    text = (
        changed("penalty: wgan_gp", "penalty: wgan_pg")  # the arm cannot be built ...
        .replace("least_squares}", "least_squares, clip_value: 0.1}")  # ... and the other does not go together
        .replace("trials_per_arm: 4", "trials_per_arm: 4.5")
        .replace("name: digits, image_size: 16", "name: digitss, image_size: 28")
        .replace("[1e-5, 1e-2]", "[1e-2, 1e-5]")
        .replace("confirm:", "confrim: {}\nconfirm: {}\nconfirm:")
        .replace("total_kimg: 40, evaluate_every_kimg: 5", "total_kimg: 4, evaluate_every_kimg: 5")
        .replace("search_space:\n  g_lr", "search_space:\n  beta1: {uniform: [0, 2]}\n  g_lr")
    )
    problems = problems_of(text, "search.sampler=tep", "confirm.top_k=9", "search.seed=-1")
    places = [problem.split(": ")[0] for problem in problems]
    assert places == [
        "x.yaml:2:17",  # data set
        "x.yaml:2:38",  # image size
        "x.yaml:3:26",  # trials
        "x.yaml:3:67",  # evaluations
        "x.yaml:5:48",  # clip_value
        "x.yaml:9:14",  # penalty
        "x.yaml:13:24",  # end of beta1's range
        "x.yaml:14:23",  # upside-down range
        "x.yaml:15:1",  # unknown key
        "x.yaml:17:1",  # duplicate key
        "--set search.sampler=tep",
        "--set search.seed=-1",
    ]


def test_top_k_is_held_against_trials_also_if_something_else_is_wrong() -> None:
    problems = problems_of(changed("top_k: 1, seeds: 5", "top_k: 5, seeds: no"))
    assert [problem.split(": ")[1] for problem in problems] == ["confirm.top_k", "confirm.seeds"]


def test_trackers_are_off_until_they_are_named() -> None:
    study = parse_study(VALID, "x.yaml")
    assert study.trackers == ()
    assert "trackers" not in dump_study(study)
    named = parse_study(VALID, "x.yaml", ["trackers=[wandb, tensorboard]"])
    assert named.trackers == ("wandb", "tensorboard")
    assert parse_study(dump_study(named), "again.yaml") == named
    assert problems_of(VALID + "trackers: [tb, mlflo]\n") == tuple(
        f"x.yaml:15:{column}: trackers[{index}]: unknown tracker '{name}'; did you mean '{meant}'?{known}"
        for column, index, name, meant, known in (
            (12, 0, "tb", "tensorboard", " (known: mlflow, tensorboard, wandb)"),
            (16, 1, "mlflo", "mlflow", ""),
        )
    )


def test_what_all_arms_share_is_told_once() -> None:
    assert len(problems_of(changed("image_size: 16", "image_size: 28"))) == 1


def test_two_equal_arms_are_allowed() -> None:
    study = parse_study(changed("  wgan:\n", "  again: {network: dcgan, loss: least_squares}\n  wgan:\n"), "x.yaml")
    assert study.arms["again"] == study.arms["lsgan"]


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("", "x.yaml:1:1: ", "got an empty text"),
        ("# nothing yet\n", "x.yaml:1:1: ", "got an empty text"),
        ("- a\n- b\n", "x.yaml:1:1: ", "a study must be a mapping (lines of `name: value`), but got a list"),
        ("\njust words\n", "x.yaml:2:1: ", "but got 'just words'"),
        ("a: &a [*a]\n", "x.yaml:1:1: ", "contains itself"),
        ("[" * 5000, "x.yaml:1:1: ", "nested too deeply"),
        ("a: 1\nb: \x00\n", "x.yaml:2:4: ", "is not allowed"),
        ("a: 1\n---\nb: 2\n", "x.yaml:2:1: ", "another document"),
    ],
    ids=["empty", "comment", "list", "text", "recursive", "deep", "control character", "two documents"],
)
def test_a_text_that_is_no_study(text: str, place: str, words: str) -> None:
    (problem,) = problems_of(text)
    assert problem.startswith(place)
    assert words in problem


class TestFile:
    def test_is_read(self, tmp_path: Path) -> None:
        (tmp_path / "s.yaml").write_bytes(b"\xef\xbb\xbf" + VALID.replace("\n", "\r\n").encode())
        assert load_study(tmp_path / "s.yaml") == parse_study(VALID, "x.yaml")

    def test_not_there(self, tmp_path: Path) -> None:
        (tmp_path / "lsgan_vs_wgan.yaml").write_text(VALID)
        (tmp_path / "lsgan_vs_wgn_cluster.yaml").write_text("cluster_name: gan_study\n")
        with pytest.raises(InputError) as caught:
            load_study(tmp_path / "lsgan_vs_wgn.yaml")
        path = tmp_path / "lsgan_vs_wgn.yaml"
        assert str(caught.value) == f"{path}: there is no such file; did you mean {tmp_path / 'lsgan_vs_wgan.yaml'}?"

    def test_not_there_and_nothing_near(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        (tmp_path / "studies").mkdir()
        for name in ("cluster.yaml", "notes.txt", "folder.yaml/arms.yaml", "x_long_name.yaml", "studies/lsgan.yaml"):
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text("cluster_name: x\n" if name == "cluster.yaml" else VALID)
        with pytest.raises(InputError) as caught:
            load_study("xyz")
        nearby = "files nearby that hold a study: x_long_name.yaml, studies/lsgan.yaml"
        assert str(caught.value) == f"xyz: there is no such file; {nearby}"

    def test_its_folder_is_not_there(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        with pytest.raises(InputError, match=r"^no/s\.yaml: there is no such file, nor a folder no; .*: none$"):
            load_study("no/s.yaml")

    def test_a_file_stands_in_the_place_of_its_folder(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(InputError, match="a study must be one file, but a part of this path is a file"):
            load_study(tmp_path / "file" / "s.yaml")

    def test_is_a_folder(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="but this is a folder"):
            load_study(tmp_path)

    def test_is_not_utf_8(self, tmp_path: Path) -> None:
        path = tmp_path / "s.yaml"
        path.write_bytes(b"name: a\ndescription: caf\xe9\n")
        with pytest.raises(InputError) as caught:
            load_study(path)
        assert str(caught.value).startswith(f"{path}:2:17: ")
        assert "0xe9" in str(caught.value)


class TestDump:
    def test_reads_back_to_an_equal_study(self) -> None:
        study = parse_study(VALID, "x.yaml", ["arms.wgan.network.width=32", "defaults.beta1=0.5", "description='a: b'"])
        assert parse_study(dump_study(study), "dumped") == study

    def test_has_no_nulls_and_keeps_ranges_in_one_line(self) -> None:
        text = dump_study(parse_study(VALID, "x.yaml"))
        assert "null" not in text
        assert "\ndefaults:" not in text
        assert "  g_lr: {log_uniform: [1e-05, 0.01]}\n" in text
        assert "      penalty_weight: {log_uniform: [0.1, 100.0]}\n" in text

    def test_keeps_names_that_look_like_numbers(self) -> None:
        study = parse_study(changed("name: small", "name: '2024'").replace("  lsgan:", "  1e3:"), "x.yaml")
        assert study.name == "2024"
        assert list(study.arms) == ["1e3", "wgan"]
        assert parse_study(dump_study(study), "dumped") == study


@pytest.mark.parametrize("path", sorted(Path(__file__).parents[2].glob("studies/*.yaml")), ids=lambda path: path.stem)
def test_every_shipped_study_is_valid(path: Path) -> None:
    study = load_study(path)
    assert study.name == path.stem
    assert parse_study(dump_study(study), "dumped") == study


def test_what_else_is_wrong_is_told_after_the_faults_of_the_file() -> None:
    seen = []

    def look(study: StudyConfig) -> list[str]:
        seen.append(study)
        return [f"dataset: no {study.dataset.image_size} pixels here"]

    text = changed("total_kimg: 40", "total_kimg: soon").replace("image_size: 16", "image_size: 32")
    with pytest.raises(InputError) as caught:
        parse_study(text, "x.yaml", check=look)
    assert [problem.split(": ")[0] for problem in caught.value.problems] == ["x.yaml:3:41", "dataset"]
    with pytest.raises(InputError, match=r"^dataset: no 16 pixels here$"):
        parse_study(VALID, "x.yaml", check=look)
    # A block that is at fault itself is not looked at: the rest is told without it.
    with pytest.raises(InputError) as caught:
        parse_study(changed("name: digits", "name: image_folder, path: 3"), "x.yaml", check=look)
    assert seen[-1].dataset.path is None
    assert parse_study(VALID, "x.yaml", check=lambda _: []) == parse_study(VALID, "x.yaml")


def nested_anchors(depth: int, item: str) -> str:
    """A short text whose anchors repeat each other, so that it expands to 9^depth values."""
    lines = ["a0: &a0 {x: 1}"]
    lines += [f"a{i}: &a{i} " + item.format(", ".join([f"*a{i - 1}"] * 9)) for i in range(1, depth + 1)]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("item", ["[{}]", "{{<<: [{}]}}"])
def test_anchors_that_repeat_each_other_without_end_are_refused_at_once(item: str) -> None:
    started = time.process_time()
    (problem,) = problems_of(nested_anchors(9, item))
    assert problem.startswith("x.yaml:1:1: a file may hold 50,000 values at most, but got more, counting")
    assert time.process_time() - started < 5
    assert not problems_of(VALID.replace("name: small", f"name: a/b\nlist: [{'0, ' * 5000}]"))[0].startswith(
        "x.yaml:1:1:"
    )


@pytest.mark.parametrize(
    "text", ["x: " + "[" * 100_000, "- " * 200_000, "\n".join(" " * n + "a:" for n in range(1400))]
)
def test_a_text_that_is_nested_without_end_is_refused_at_once(text: str) -> None:
    started = time.process_time()
    (problem,) = problems_of(text)
    assert problem.endswith("it is nested too deeply, or contains itself; correct it here or just above")
    assert time.process_time() - started < 5


def test_a_number_of_thousands_of_digits_is_refused() -> None:
    """Python refuses to write such a number into a message."""
    text = VALID.replace("g_lr: {log_uniform: [1e-5, 1e-2]}", f"batch_size: {{choice: [0x{'f' * 6000}]}}")
    assert problems_of(text)[0] == "x.yaml:13:25: a number must be below 2^1000; write a smaller one"


def test_a_file_without_end_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "long.yaml"
    path.write_bytes(b"# a comment\n" * 100_000)
    for endless in (path, Path("/dev/zero")):
        with pytest.raises(InputError, match="a file with a study may have 1,048,576 bytes"):
            load_study(endless)
