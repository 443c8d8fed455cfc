"""Trials that train nothing: their files are written as the loop writes them, their scores are made up."""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import optuna

from gan_study.analysis.load_run import load_run
from gan_study.analysis.run_data import RunData
from gan_study.config.reading.load import dump_study
from gan_study.config.study import StudyConfig
from gan_study.config.training import TrialConfig
from gan_study.runs.counted_generator import best_evaluation
from gan_study.runs.folder import RunFolder
from gan_study.runs.records.measurements import BestScore, CoverageRecord, EvaluationRecord
from gan_study.runs.records.status import EndPart, StudyStatus, TrialState, TrialStatus
from gan_study.runs.trial_folder import TrialFolder
from gan_study.search.director.director import Director
from gan_study.search.sampling.search_storage import SearchStorage
from support import synthetic_run

Score = Callable[[TrialConfig, int], float | None]
"""The made-up score of a trial at a number of images."""
Ends = dict[tuple[str, str], TrialState]
"""The trials that diverge, fail or stop themselves (collapsed) after their evaluation at half of the budget."""

FAILURE_SCORE = 1000.0
END_PARTS: tuple[EndPart, ...] = ("diagnosis", "interpolation", "final_scores")
OBJECTIVE = synthetic_run.OBJECTIVE.model_copy(
    update={"untrained_score": FAILURE_SCORE / 2, "failure_score": FAILURE_SCORE}
)


def make_study(**changes: Any) -> StudyConfig:
    """Two arms of four trials each; `changes` replace whole sections of the study."""
    sections: dict[str, Any] = {
        "name": "scripted",
        "dataset": {"name": "digits", "image_size": 16},
        "budget": {"trials_per_arm": 4, "total_kimg": 4, "evaluate_every_kimg": 1},
        "arms": {
            "lsgan": {"network": "dcgan", "loss": "least_squares"},
            "wgan": {
                "network": "dcgan",
                "loss": "wasserstein",
                "penalty": "wgan_gp",
                "search_space": {"d_steps_per_g_step": {"choice": [1, 5]}},
            },
        },
        "search_space": {"g_lr": {"log_uniform": [1e-5, 1e-2]}, "network.width": {"integer": [8, 64]}},
        "search": {"sampler": "random", "scheduler": "none"},
        "confirm": {"top_k": 0, "seeds": 2},
    }
    return StudyConfig.model_validate(sections | changes)


def make_evaluation(cur_nimg: int, score: float | None, coverage: float | None = None) -> EvaluationRecord:
    """Return an evaluation as the loop would report it."""
    record = CoverageRecord(value=coverage, expected=0.97, k=5, key=OBJECTIVE.key) if coverage is not None else None
    return EvaluationRecord(
        cur_nimg=cur_nimg,
        num_d_steps=cur_nimg // 64,
        num_g_steps=cur_nimg // 64,
        train_sec=cur_nimg / 1000,
        evaluate_sec=0.1,
        score=score,
        class_shares=None,
        losses=None,
        coverage=record,
    )


def _evaluate(
    config: TrialConfig, cur_nimg: int, is_end: bool, score: float | None, coverage: float | None
) -> EvaluationRecord:
    """Fewer images score 5 more, in a study that says so."""
    objective, evaluation = config.training.objective, make_evaluation(cur_nimg, score, coverage)
    if objective.early_num_samples is None or score is None:
        return evaluation
    scores = {"score": score, "early_score": score + 5} if is_end else {"score": score + 5}
    return evaluation.model_copy(update={"num_samples": objective.samples_at(is_end), **scores})


def _best(evaluations: Sequence[EvaluationRecord]) -> BestScore | None:
    """Fresh latents score 0.5 more than those that chose."""
    best = best_evaluation(evaluations)
    if best is None or best.curve_score is None:
        return None
    return BestScore(cur_nimg=best.cur_nimg, score=best.curve_score + 0.5, chosen_by=best.curve_score)


@dataclass
class World:
    """Runs the trials of a director in turns, one evaluation each, and records what happens."""

    study: StudyConfig
    folder: RunFolder
    score: Score
    ends: Ends = field(default_factory=dict)
    max_concurrent_trials: int = 1
    started: list[tuple[str, str]] = field(default_factory=list)
    most_at_once: int = 0
    coverages: Sequence[float] = ()
    """Coverages of the search trials at their end, by index; none if this is empty."""
    num_messages: int = 0
    chance: random.Random | None = None
    """Chooses which trial goes on next; without it all go on in turns."""
    end_work: Sequence[EndPart] = ()
    """Parts of the end work that a completed trial lacks, because its process died after the last step."""

    def make_director(self, storage: SearchStorage | None = None) -> Director:
        """Return a director on the folder as it is now."""
        self.storage = storage or SearchStorage()
        return Director(self.study, self.folder, OBJECTIVE, self.storage, self.max_concurrent_trials)

    def run(self, stop_after: int | None = None, lose_last: bool = False) -> Director:
        """Run the study on; the command is killed once `stop_after` messages have been sent.

        With `lose_last` the director has not received the last of them: the trial's files are ahead of it.
        """
        director = self.make_director()
        live: dict[tuple[str, str], Iterator[tuple[TrialState, EvaluationRecord | None]]] = {}
        sent = 0
        while not director.finished:
            while (config := director.next_trial()) is not None:
                key = (config.arm, config.name)
                self.started.append(key)
                live[key] = self.train_trial(config)
            self.most_at_once = max(self.most_at_once, len(live))
            for key in [self.chance.choice([*live])] if self.chance else [*live]:
                state, evaluation = next(live[key])
                sent += 1
                if sent == stop_after and lose_last:
                    return director
                if state is TrialState.FAILED:
                    director.receive_failure(key, "its process was killed")
                    stopped = True
                else:
                    stopped = director.receive_progress(key, state, evaluation)
                if stopped or state.is_final:
                    del live[key]
                if sent == stop_after:
                    return director
        self.num_messages += sent
        return director

    def train_trial(self, config: TrialConfig) -> Iterator[tuple[TrialState, EvaluationRecord | None]]:
        folder = self.folder.trial(config.arm, config.name)
        status = folder.read_status()
        nimgs = folder.checkpoint_nimgs()
        if status is not None and status.state.is_final:
            yield status.state, folder.read_evaluations()[-1]
            return
        evaluations = [e for e in folder.read_evaluations() if nimgs and e.cur_nimg <= nimgs[-1]]
        folder.write_status(TrialStatus(state=TrialState.RUNNING))
        total, every = (round(1000 * k) for k in (config.training.total_kimg, config.training.evaluate_every_kimg))
        end = self.ends.get((config.arm, config.name))
        is_population = self.study.search.scheduler == "pbt"
        if end is not None and not is_population and nimgs and nimgs[-1] >= total / 2:
            yield self._end(folder, end, nimgs[-1]), None
            return
        for cur_nimg in range(nimgs[-1] + every if nimgs else 0, total + 1, every):
            # A trial of a population is left at its evaluation, so its end comes before the next one.
            if end is not None and is_population and cur_nimg > total / 2:
                yield self._end(folder, end, cur_nimg - every), None
                return
            is_measured = cur_nimg == total and self.coverages and config.phase == "search"
            coverage = self.coverages[config.index] if is_measured else None
            evaluations.append(_evaluate(config, cur_nimg, cur_nimg == total, self.score(config, cur_nimg), coverage))
            folder.write_evaluations(evaluations)
            if cur_nimg < total:
                folder.add_checkpoint(cur_nimg, f"seed {config.training.seed} at {cur_nimg}".encode())
                yield TrialState.RUNNING, evaluations[-1]
            if end is not None and cur_nimg >= total / 2:
                yield self._end(folder, end, cur_nimg), None
                return
        if config.rescores_best:
            evaluations[-1] = evaluations[-1].model_copy(update={"best": _best(evaluations)})
            folder.write_evaluations(evaluations)
        done = tuple(part for part in END_PARTS if part not in self.end_work)  # for images that nobody can measure
        folder.write_status(TrialStatus(state=TrialState.COMPLETED, cur_nimg=total, end_not_finite=done))
        folder.delete_checkpoints()
        yield TrialState.COMPLETED, evaluations[-1]

    def _end(self, folder: TrialFolder, end: TrialState, cur_nimg: int) -> TrialState:
        if end is not TrialState.FAILED:
            collapsed = end is TrialState.STOPPED
            folder.write_status(TrialStatus(state=end, cur_nimg=cur_nimg, reason="not finite", collapsed=collapsed))
        return end

    def optuna_trials(self, arm: str) -> list[optuna.trial.FrozenTrial]:
        """Return Optuna's trials of an arm, by their index."""
        study = optuna.load_study(study_name=f"{self.study.name}/{arm}", storage=self.storage)
        return sorted(study.trials, key=lambda trial: trial.user_attrs["index"])

    def ended(self) -> dict[tuple[str, str], tuple[dict[str, Any], int, str]]:
        """By arm and name: the sampled values, the seed and the state in the trials' files."""
        found = {}
        for arm in self.folder.arms():
            for name in self.folder.trials(arm):
                trial = self.folder.trial(arm, name)
                config, status = trial.read_config(), trial.read_status()
                assert config is not None
                assert status is not None
                found[arm, name] = (config.searched, config.training.seed, status.state.value)
        return found


def run_that_ended(study: StudyConfig, place: Path, score: Score, state: Any = "completed") -> RunData:
    """Run a study to its end in a folder at `place`, and load it; its study_status.json says `state`."""
    world = World(study, RunFolder(str(place)), score)
    world.folder.write_study_text(dump_study(study))
    world.folder.write_objective(OBJECTIVE)
    world.run()
    world.folder.write_study_status(StudyStatus(state=state, start_time=0.0, elapsed_sec=1.0))
    return load_run(world.folder)
