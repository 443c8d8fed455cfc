"""The measurement behind `plan`: seconds of real steps, and an extractor that this machine keeps already."""

import builtins
import time
from typing import Any

import pytest
import torch

from gan_study.cli.preparation.machine_pace import assumed_pace, extractor_is_kept, measure_pace, measure_step_ratio
from gan_study.config.reading.load import parse_study
from gan_study.config.study import StudyConfig
from gan_study.data.datasets import load_dataset
from gan_study.extractors import fitting
from gan_study.extractors.fitting_state import FittingState
from gan_study.extractors.loading import load_or_train_extractor
from gan_study.extractors.pace import measure_learning_sec

TEXT = """\
name: paced
dataset: {name: digits, image_size: 8}
objective: {num_samples: 100, extractor_kimg: 0.2}
budget: {trials_per_arm: 2, total_kimg: 1, evaluate_every_kimg: 1}
arms:
  ls: {network: {name: mlp, width: 8}, loss: least_squares}
  gp: {network: {name: mlp, width: 8}, loss: wasserstein, penalty: wgan_gp, pac: 2}
search_space: {g_lr: {log_uniform: [1e-4, 1e-3]}}
search: {scheduler: none}
"""


def study(*overrides: str) -> StudyConfig:
    return parse_study(TEXT, "x.yaml", overrides)


def test_every_arm_scoring_and_learning_are_measured() -> None:
    before = torch.get_num_threads()
    start = time.process_time()
    pace = measure_pace(study())
    assert time.process_time() - start < 20, "about two seconds, on an idle machine"
    # On a loaded machine the time is over after the first arm.
    assert {"ls"} <= set(pace.step) <= {"ls", "gp"}
    penalised = measure_step_ratio(study(), "gp", 1, torch.device("cpu"), 0.0)
    assert penalised is not None
    assert 0 < penalised < 1000
    assert all(0 < ratio < 1000 for ratio in pace.step.values())
    assert pace.scoring is not None
    assert pace.learning_sec_per_kimg is not None
    assert pace.learning_sec_per_kimg > 0
    assert pace.is_measured
    assert torch.get_num_threads() == before


@pytest.mark.parametrize("extractor", ["domain_classifier", "autoencoder"])
def test_learning_is_timed_by_the_training_itself(extractor: str, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, step, num_steps = [0.0], fitting.take_step, [0]

    def timed_step(state: FittingState[Any], *rest: Any) -> None:
        step(state, *rest)
        num_steps[0] += 1
        clock[0] += 5.0 if num_steps[0] == 1 else 2.0 * 64 / 1000

    monkeypatch.setattr(fitting, "take_step", timed_step)
    monkeypatch.setattr(time, "perf_counter", lambda: clock[0])
    measured = measure_learning_sec(extractor, 8, 1, torch.device("cpu"), 5.0)
    assert measured == pytest.approx(2.0), "the slow first step is left out"
    assert num_steps[0] == 1 + 1 + 39


def test_a_kept_extractor_is_found(extractor_cache: Any) -> None:
    load_dataset(study().dataset)
    assert not extractor_is_kept(study("objective.extractor_kimg=0.137"))
    load_or_train_extractor("domain_classifier", load_dataset(study().dataset), kimg=0.137)
    assert extractor_is_kept(study("objective.extractor_kimg=0.137"))
    assert not extractor_is_kept(study("dataset={name: celeba, image_size: 16}", "objective.extractor=autoencoder"))


def test_without_torch_it_assumes(monkeypatch: pytest.MonkeyPatch) -> None:
    known = builtins.__import__

    def refuse(name: str, *rest: Any) -> Any:
        if name == "torch":
            raise ImportError(name)
        return known(name, *rest)

    monkeypatch.setattr(builtins, "__import__", refuse)
    assert measure_pace(study()) == assumed_pace()
    assert not assumed_pace().is_measured
