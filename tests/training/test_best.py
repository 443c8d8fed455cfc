"""The best evaluation of a training: its snapshot stays, and its generator is scored again on fresh latents."""

from pathlib import Path
from typing import Any

import pytest
import torch
from support.prepared_objective import Prepared
from support.tiny_training import measured, run, tiny_trial, trial_folder
from torch import nn

from gan_study.config.training import Phase, TrialConfig
from gan_study.extractors.objective import Objective
from gan_study.runs.records.measurements import BestScore, EvaluationRecord
from gan_study.training import loop
from gan_study.training.distributed import Workers
from gan_study.training.measures.scores import generator_to_stats
from gan_study.training.output import checkpoints
from gan_study.training.output.snapshot import load_generator
from gan_study.training.randomness import Stream
from gan_study.training.state import update_ema

WORSE_FROM = 80
"""Images from which on the planted generator draws every image alike."""


def trial(phase: Phase = "confirm", at: str = "last", **objective: Any) -> TrialConfig:
    config = tiny_trial(objective={"num_samples": 200, "at": at, **objective})
    return config.model_copy(update={"phase": phase})


@pytest.fixture
def worsening(monkeypatch: pytest.MonkeyPatch) -> None:
    """After `WORSE_FROM` images the averaged generator is set to one that ignores its latents."""

    def spoil(g_ema: nn.Module, generator: nn.Module, cur_nimg: int, *arguments: Any) -> None:
        update_ema(g_ema, generator, cur_nimg, *arguments)
        if cur_nimg > WORSE_FROM:
            with torch.no_grad():
                for parameter in g_ema.parameters():
                    parameter.fill_(0.0)

    monkeypatch.setattr(loop, "update_ema", spoil)


def best_of(config: TrialConfig, prepared: Prepared, objective: Objective, place: Path) -> BestScore | None:
    run(config, prepared, place, objective)
    *others, last = trial_folder(place).read_evaluations()
    assert [e.best for e in others] == [None] * len(others)
    return last.best


def score_by_hand(
    config: TrialConfig, nimg: int, stream: Stream, objective: Objective, place: Path, num: int = 200
) -> float | None:
    training = config.training
    generator = load_generator(trial_folder(place).read_snapshot(nimg), training, 1)
    samples = generator_to_stats(generator, objective, training, Workers(), slice(0, num), stream)
    assert samples is not None
    return objective.score(samples)


@pytest.mark.usefixtures("worsening")
def test_the_best_is_scored_anew(prepared: Prepared, objective: Objective, tmp_path: Path) -> None:
    config = trial()
    best = best_of(config, prepared, objective, tmp_path)
    evaluations = trial_folder(tmp_path).read_evaluations()
    lowest = min(evaluations, key=lambda e: e.score or 0.0)
    assert best is not None
    assert (best.cur_nimg, best.chosen_by) == (lowest.cur_nimg, lowest.score)
    assert best.cur_nimg <= WORSE_FROM < evaluations[-1].cur_nimg
    assert trial_folder(tmp_path).snapshot_nimgs() == [best.cur_nimg, 200]
    # The same generator, of the latents that chose it and of others.
    assert score_by_hand(config, best.cur_nimg, Stream.EVALUATION, objective, tmp_path) == pytest.approx(best.chosen_by)
    assert score_by_hand(config, best.cur_nimg, Stream.BEST_SCORE, objective, tmp_path) == pytest.approx(best.score)
    assert best.score != best.chosen_by


@pytest.mark.parametrize(
    ("phase", "at", "is_scored"),
    [("search", "last", False), ("refine", "last", False), ("search", "best", True), ("refine", "best", True)],
)
def test_whose_best_is_scored_anew(
    phase: Phase, at: str, is_scored: bool, prepared: Prepared, objective: Objective, tmp_path: Path
) -> None:
    best = best_of(trial(phase, at), prepared, objective, tmp_path)
    assert (best is not None) == is_scored


@pytest.mark.usefixtures("worsening")
def test_the_best_by_few_images_is_scored_on_all(prepared: Prepared, objective: Objective, tmp_path: Path) -> None:
    config = trial(early_num_samples=120)
    best = best_of(config, prepared, objective, tmp_path)
    evaluations = trial_folder(tmp_path).read_evaluations()
    assert best is not None
    # Scores of equally many images are compared: at the end that is the one of the first 120, not that of all.
    assert best.chosen_by == min(e.curve_score or 0.0 for e in evaluations)
    early = score_by_hand(config, best.cur_nimg, Stream.EVALUATION, objective, tmp_path, num=120)
    assert early == pytest.approx(best.chosen_by)
    assert score_by_hand(config, best.cur_nimg, Stream.BEST_SCORE, objective, tmp_path) == pytest.approx(best.score)


@pytest.mark.usefixtures("worsening")
def test_its_seconds_are_those_of_an_evaluation(
    prepared: Prepared, objective: Objective, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = iter(range(10_000))
    monkeypatch.setattr("time.perf_counter", lambda: float(next(seconds)))
    run(trial("search"), prepared, tmp_path / "without", objective)
    run(trial("confirm"), prepared, tmp_path / "with", objective)
    without, scored = (trial_folder(tmp_path / name).read_evaluations()[-1] for name in ("without", "with"))
    assert scored.evaluate_sec == without.evaluate_sec + 1


@pytest.mark.usefixtures("worsening")
def test_a_resumed_training_has_the_same_best(prepared: Prepared, objective: Objective, tmp_path: Path) -> None:
    for num in (2, 3, None):
        run(trial(), prepared, tmp_path / "broken", objective, num_evaluations=num)
    best_of(trial(), prepared, objective, tmp_path / "whole")
    whole, broken = (trial_folder(tmp_path / name) for name in ("whole", "broken"))
    assert measured(broken.read_evaluations()) == measured(whole.read_evaluations())
    assert broken.snapshot_nimgs() == whole.snapshot_nimgs()


def test_a_process_that_dies_before_its_checkpoint_leaves_the_former_best(
    prepared: Prepared, objective: Objective, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The checkpoint knows of no better one, and another machine may not reach the same one again."""
    scores = iter([50.0, 40.0, 30.0])
    monkeypatch.setattr(type(objective), "score", lambda *arguments: next(scores))
    run(trial(), prepared, tmp_path, objective, num_evaluations=2)

    def die(*arguments: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(checkpoints, "write_checkpoint_or_end", die)
    with pytest.raises(KeyboardInterrupt):
        run(trial(), prepared, tmp_path, objective)
    folder = trial_folder(tmp_path)
    assert (folder.checkpoint_nimgs(), folder.snapshot_nimgs()) == ([0, 80], [0, 80, 160])


def test_a_removed_snapshot_is_no_best(prepared: Prepared, objective: Objective, tmp_path: Path) -> None:
    run(trial(), prepared, tmp_path, objective, num_evaluations=3)
    folder = trial_folder(tmp_path)
    folder.keep_snapshots(set())
    best = best_of(trial(), prepared, objective, tmp_path)
    assert best is not None
    assert best.cur_nimg == 200


def test_without_any_score_there_is_no_best(
    prepared: Prepared, objective: Objective, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(objective), "score", lambda *arguments: None)
    assert best_of(trial(), prepared, objective, tmp_path) is None


def test_coverage_is_of_the_generator_that_counts(
    prepared: Prepared, objective: Objective, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scores = iter([50.0, 20.0, 30.0, 40.0, 21.0])
    monkeypatch.setattr(type(objective), "score", lambda *arguments: next(scores))
    seen: list[nn.Module] = []
    config = trial("search", at="best")

    def remember(generator: nn.Module) -> None:  # as for images that are not finite
        seen.append(generator)

    list(loop.train(config, prepared.dataset, objective, trial_folder(tmp_path), Workers(), remember))
    last: EvaluationRecord = trial_folder(tmp_path).read_evaluations()[-1]
    assert last.best == BestScore(cur_nimg=80, score=21.0, chosen_by=20.0)
    expected = load_generator(trial_folder(tmp_path).read_snapshot(80), config.training, 1)
    (measured_one,) = seen
    for name, value in expected.state_dict().items():
        assert torch.equal(measured_one.state_dict()[name], value), name
