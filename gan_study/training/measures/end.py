"""Measurements at a training's end only: the best evaluation's score on fresh latents, those of further averages, and
the coverage."""

import copy
import time
from collections.abc import Sequence
from functools import partial
from typing import Any

from safetensors.torch import load
from torch import nn

from gan_study.config.training import TrainingConfig, TrialConfig
from gan_study.runs.counted_generator import best_evaluation, counted_nimg
from gan_study.runs.records.measurements import BestScore, EvaluationRecord
from gan_study.runs.trial_folder import TrialFolder
from gan_study.training.distributed import Workers
from gan_study.training.measures.scores import MeasureCoverage, Scorer, generator_to_stats, score_generator
from gan_study.training.randomness import Stream
from gan_study.training.state import TrainingState


def measure_end(
    config: TrialConfig,
    state: TrainingState,
    evaluations: Sequence[EvaluationRecord],
    folder: TrialFolder,
    scorer: Scorer,
    workers: Workers,
    measure_coverage: MeasureCoverage | None,
) -> EvaluationRecord:
    """Return the last evaluation with the measurements at the end added. Its snapshot must be written. Collective.

    The new scores' seconds are added to `evaluate_sec`; those of the coverage are not.
    """
    start, last, objective = time.perf_counter(), evaluations[-1], config.training.objective
    new: dict[str, Any] = {}
    if config.rescores_best:
        new["best"] = _score_best(config.training, state, evaluations, folder, scorer, workers)
    if state.further_emas:
        new["ema_scores"] = _score_averages(config.training, state, folder, scorer, workers)
    if new:
        seconds, device_sec = time.perf_counter() - start, last.device_sec_on(workers.world_size)
        spent = {
            "evaluate_sec": last.evaluate_sec + seconds,
            "device_sec": device_sec + seconds * workers.world_size,
        }
        last = last.model_copy(update={**new, **spent})
    if measure_coverage is not None:
        generator = _generator_at(counted_nimg(last, objective.at), state, folder, workers)
        last = last.model_copy(update={"coverage": measure_coverage(generator)})
    return last


def _score_averages(
    training: TrainingConfig, state: TrainingState, folder: TrialFolder, scorer: Scorer, workers: Workers
) -> dict[str, float | None]:
    """Return the scores of the further averages, from the latents of the evaluations, and write their weights."""
    scores: dict[str, float | None] = {}
    for half_life, network in state.further_emas.items():
        scores[half_life] = score_generator(network, scorer, training, workers, is_end=True).score
        workers.on_first_rank(partial(_write_average, state, folder, half_life))
    return scores


def _write_average(state: TrainingState, folder: TrialFolder, half_life: str) -> None:
    folder.write_average(half_life, state.snapshot(half_life))


def _score_best(
    training: TrainingConfig,
    state: TrainingState,
    evaluations: Sequence[EvaluationRecord],
    folder: TrialFolder,
    scorer: Scorer,
    workers: Workers,
) -> BestScore | None:
    best = workers.from_first_rank(lambda: _best_kept(evaluations, folder))
    if best is None or best.curve_score is None:
        return None
    generator = _generator_at(best.cur_nimg, state, folder, workers)
    samples = generator_to_stats(generator, scorer, training, workers, stream=Stream.BEST_SCORE)
    score = workers.from_first_rank(lambda: scorer.score(samples) if samples is not None else None)
    return BestScore(cur_nimg=best.cur_nimg, score=score, chosen_by=best.curve_score)


def _best_kept(evaluations: Sequence[EvaluationRecord], folder: TrialFolder) -> EvaluationRecord | None:
    """Return the best evaluation whose snapshot exists, as somebody may have deleted snapshots."""
    kept = set(folder.snapshot_nimgs())
    return best_evaluation(e for e in evaluations if e.cur_nimg in kept)


def _generator_at(cur_nimg: int, state: TrainingState, folder: TrialFolder, workers: Workers) -> nn.Module:
    """Return the averaged generator as it was at an evaluation whose snapshot is kept. Collective."""
    if cur_nimg == state.counters.cur_nimg:
        return state.g_ema
    generator = copy.deepcopy(state.g_ema)
    generator.load_state_dict(load(workers.from_first_rank(partial(folder.read_snapshot, cur_nimg))))
    return generator
