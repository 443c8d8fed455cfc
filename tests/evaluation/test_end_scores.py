"""The final scores of a confirmed trial: what is written, when, and that they are the scores of these images."""

from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from support.prepared_objective import Prepared
from torch import Tensor, nn

from gan_study.config.training import DiagnosisConfig, TrainingConfig, TrialConfig
from gan_study.evaluation import end_scores
from gan_study.evaluation.end_scores import compute_final_scores
from gan_study.extractors.extractor import images_to_stats
from gan_study.extractors.objective import Objective
from gan_study.gan.conversion import to_float
from gan_study.runs.storage import Storage
from gan_study.runs.trial_folder import TrialFolder
from gan_study.search.trials.begin_trial import begin_trial
from gan_study.search.trials.messages import TrialOrder
from gan_study.training.distributed import Workers
from gan_study.training.state import build_state

TRAINING = TrainingConfig.model_validate(
    {
        "dataset": {"name": "digits", "image_size": 16},
        "objective": {"num_samples": 200},
        "network": {"name": "mlp", "width": 4},
        "loss": "least_squares",
        "z_dim": 8,
        "total_kimg": 0.128,
        "evaluate_every_kimg": 0.064,
    }
)


class Reel(nn.Module):
    """Gives images one after the other, from the first again when they are used up."""

    def __init__(self, images: Tensor) -> None:
        super().__init__()
        self.images, self.counter = images, count()

    def forward(self, z: Tensor) -> Tensor:
        return torch.stack([self.images[next(self.counter) % len(self.images)] for _ in z])


@pytest.fixture(scope="module")
def objective(prepared: Prepared) -> Objective:
    return prepared.load()


@pytest.fixture
def trial(tmp_path: Path) -> TrialFolder:
    folder = TrialFolder(Storage(tmp_path / "trial"))
    folder.write_snapshot(1000, build_state(TRAINING, 1, torch.device("cpu")).snapshot())
    return folder


@pytest.fixture
def real_images(prepared: Prepared) -> Tensor:
    """All digits in random order, the networks' way."""
    order = np.random.default_rng(5).permutation(len(prepared.dataset.images))
    return to_float(torch.from_numpy(prepared.dataset.images[order]))


def test_real_images_score_like_the_control(
    trial: TrialFolder, prepared: Prepared, objective: Objective, real_images: Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(end_scores, "load_generator", lambda *arguments: Reel(real_images))
    scores = compute_final_scores(trial, TRAINING, prepared.dataset, objective, Workers())
    assert scores is not None
    num = objective.num_samples
    assert (scores.cur_nimg, scores.key) == (1000, objective.record.key)
    # Each draw has the images after those of the draw before, and the objective's own score.
    parts = [torch.from_numpy(np.rint((part.numpy() + 1) * 127.5).astype(np.uint8)) for part in real_images.split(num)]
    assert scores.draws == pytest.approx(
        [objective.score(images_to_stats(objective.extractor.network, part)) for part in parts[:3]]
    )
    assert scores.mean == pytest.approx(np.mean(scores.draws))
    assert scores.std == pytest.approx(np.std(scores.draws, ddof=1))
    assert scores.mean < 3 * scores.floor
    assert scores.num_real == min(2 * num, len(real_images))
    assert scores.neighbours is not None
    assert scores.neighbours.num == scores.num_real // 2
    for name in ("precision", "recall", "coverage"):
        found = getattr(scores.neighbours, name)
        assert found.value == pytest.approx(found.real, abs=0.1), name
    assert scores.neighbours.vendi is not None
    assert scores.neighbours.vendi.value == pytest.approx(scores.neighbours.vendi.real, rel=0.2)
    assert scores.kernel is not None
    assert scores.inception_score is not None
    assert scores.inception_score.value == pytest.approx(scores.inception_score.real, rel=0.2)
    assert (scores.infinity is None) == ("infinity" in scores.missing)
    trial.write_final_scores(scores)
    assert trial.read_final_scores() == scores


def test_a_generator_of_one_image_is_far_off(
    trial: TrialFolder, prepared: Prepared, objective: Objective, real_images: Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(end_scores, "load_generator", lambda *arguments: Reel(real_images[:1]))
    scores = compute_final_scores(trial, TRAINING, prepared.dataset, objective, Workers())
    assert scores is not None
    assert scores.neighbours is not None
    assert scores.neighbours.vendi is not None
    assert scores.neighbours.vendi.value == pytest.approx(1, abs=1e-6)
    assert scores.neighbours.coverage.value < 0.1
    assert scores.mean > 10 * scores.floor
    assert scores.std == pytest.approx(0, abs=1e-6)


def test_images_that_are_not_finite_have_no_final_scores(
    trial: TrialFolder, prepared: Prepared, objective: Objective, real_images: Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    real_images[450] = torch.nan  # in the third draw of 200
    monkeypatch.setattr(end_scores, "load_generator", lambda *arguments: Reel(real_images))
    assert compute_final_scores(trial, TRAINING, prepared.dataset, objective, Workers()) is None


@pytest.mark.parametrize(
    ("phase", "final_draws", "written"), [("confirm", 2, True), ("confirm", 0, False), ("search", 2, False)]
)
def test_which_trials_are_scored_at_their_end(phase: Any, final_draws: int, written: bool, prepared: Prepared) -> None:
    scored_by = TRAINING.objective.model_copy(update={"final_draws": final_draws})
    config = TrialConfig(
        name=f"final_{phase}_{final_draws}",
        phase=phase,
        training=TRAINING.model_copy(update={"objective": scored_by}),
        diagnosis=DiagnosisConfig(at_end="none"),
    )
    trial = prepared.folder.trial(config.arm, config.name)
    known = []
    for progress in begin_trial(TrialOrder(config, prepared.folder.location), Workers()):
        known.append((progress.status.state.value, trial.read_final_scores() is not None))
    assert known == [("running", False), ("running", False), ("completed", written)]
    scores = trial.read_final_scores()
    if scores is not None:
        assert (scores.cur_nimg, len(scores.draws)) == (128, 2)
        # Fresh latents: near the last evaluation's score, but not that.
        last = trial.read_evaluations()[-1].score
        assert last not in scores.draws
        assert scores.mean == pytest.approx(last, rel=0.2)
        list(begin_trial(TrialOrder(config, prepared.folder.location), Workers()))
        assert trial.read_final_scores() == scores  # with the seconds it took the first time


def test_scores_in_bfloat16_are_other_scores(prepared: Prepared, objective: Objective) -> None:
    short = replace(objective, extractor=objective.extractor.in_precision("bfloat16"))
    images = torch.from_numpy(prepared.dataset.images[:200])
    exact, rounded = (scorer.score(images_to_stats(scorer.extractor.network, images)) for scorer in (objective, short))
    assert exact is not None
    assert rounded is not None
    assert rounded != exact
    assert rounded == pytest.approx(exact, rel=0.1)
    assert (objective.extractor.precision, short.extractor.precision) == ("float32", "bfloat16")
