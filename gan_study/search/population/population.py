"""Population based training of one arm (Jaderberg et al. 2017): who goes on as whose copy, and with which rates.

Synchronous: every trial trains up to the next comparison and waits there with its checkpoint; when all have come, the
worst become copies of the best. So a population needs no more than one slot, and who came first changes nothing.
A copy takes over all of its parent's folder, configuration and seed included, and only its learning rates and decay
rates change from there on. A trial's config.json therefore always says what `gan_study train` would do from the first
step to come to the same weights.
"""

import hashlib
import math
import random
from collections.abc import Sequence

from gan_study.config.arms.arm import Arm
from gan_study.config.arms.parameters import Parameter
from gan_study.config.base import Scalar
from gan_study.config.population import SCHEDULED
from gan_study.config.rules.populations import interval_kimg, pbt_settings
from gan_study.config.schedule import ScheduleEntry
from gan_study.config.space import Choice, IntegerRange, LogUniformRange, UniformRange, extremes
from gan_study.config.study import StudyConfig
from gan_study.config.training import TrainingConfig, TrialConfig
from gan_study.runs.folder import RunFolder
from gan_study.runs.population import Generation, MemberCopy
from gan_study.runs.trial_folder import TrialFolder
from gan_study.search.director.trial_record import TrialRecord


class Population:
    """The comparisons of one arm. The run folder holds them, so one made anew goes on where the last one stood."""

    def __init__(self, study: StudyConfig, arm: str, folder: RunFolder) -> None:
        self._study = study
        self._arm = arm
        self._folder = folder
        self._settings = pbt_settings(study)
        self._parameters = Arm(study, arm).parameters
        self._generations = folder.read_generations(arm)

    def pause_nimg(self, config: TrialConfig) -> int | None:
        """Images at which a trial waits for the others; None if it goes on to its end."""
        nimg = round(1000 * self._next_kimg)
        return nimg if nimg < round(1000 * config.training.total_kimg) else None

    def is_waiting(self, trial: TrialRecord) -> bool:
        """Whether a trial has come to the next comparison and has not ended there."""
        nimg = self.pause_nimg(trial.config)
        return not trial.state.is_final and nimg is not None and trial.cur_nimg >= nimg

    def compare(self, trials: Sequence[TrialRecord]) -> tuple[MemberCopy, ...]:
        """Decide, write down and carry out who goes on as whose copy, among trials that all wait.

        The decision is written before the first file is copied, so a study that is killed in between finishes it
        (`finish_copies`) from parents that have not moved on.
        """
        copies = tuple(self._copy(child, parent) for child, parent in self._pairs(trials))
        generation = Generation(
            at_kimg=self._next_kimg, scores={t.config.name: t.curve_score for t in trials}, copies=copies
        )
        self._generations.append(generation)
        self._folder.write_generations(self._arm, self._generations)
        self.finish_copies()
        return copies

    def finish_copies(self) -> None:
        """Carry out the last comparison as far as it is not."""
        for copy in self._generations[-1].copies if self._generations else ():
            child, parent = (self._folder.trial(self._arm, name) for name in (copy.child, copy.parent))
            done = child.read_copies()
            if copy not in done:
                copy_trial(parent, child, copy.rates)
                child.write_copies([*done, copy])

    @property
    def _next_kimg(self) -> float:
        return interval_kimg(self._study) * (len(self._generations) + 1)

    def _pairs(self, trials: Sequence[TrialRecord]) -> list[tuple[TrialRecord, TrialRecord]]:
        """The worst with a parent for each, drawn among as many of the best; a trial without a score is the worst."""
        ranked = sorted(trials, key=lambda t: (math.inf if t.curve_score is None else t.curve_score, t.config.index))
        num = min(max(1, math.floor(self._settings.share * len(ranked))), len(ranked) // 2)
        parents = [t for t in ranked[:num] if t.curve_score is not None]
        children = ranked[len(ranked) - num :]
        return [(child, self._random(child, "parent").choice(parents)) for child in children] if parents else []

    def _copy(self, child: TrialRecord, parent: TrialRecord) -> MemberCopy:
        assert parent.curve_score is not None, "only trials with a score are copied"
        last = child.evaluations[-1]
        return MemberCopy(
            at_kimg=self._next_kimg,
            child=child.config.name,
            parent=parent.config.name,
            rates=self._changed(child, parent),
            child_score=child.curve_score,
            parent_score=parent.curve_score,
            replaced=child.config.searched,
            given_up=tuple((e.cur_nimg, e.curve_score) for e in child.evaluations),
            given_up_sec=last.train_sec + last.evaluate_sec,
        )

    def _changed(self, child: TrialRecord, parent: TrialRecord) -> ScheduleEntry:
        """The parent's rates, those that are searched changed; `lr` changes both learning rates alike."""
        rates = current_rates(parent.config.training)
        values = {**Arm(self._study, self._arm).fixed, **parent.config.searched}
        for parameter in self._parameters:
            if parameter.name in SCHEDULED and parameter.is_active(values):
                draw = self._random(child, parameter.name)
                held = "g_lr" if parameter.name == "lr" else parameter.name
                value = self._explored(parameter, rates[held], draw)
                rates.update({"g_lr": value, "d_lr": value} if parameter.name == "lr" else {parameter.name: value})
        return ScheduleEntry(from_kimg=parent.cur_nimg / 1000, **rates)

    def _explored(self, parameter: Parameter, value: float, draw: random.Random) -> float:
        if draw.random() < self._settings.resample_probability:
            return _drawn(parameter, draw)
        factor = draw.choice(self._settings.factors)
        if isinstance(parameter.range, Choice):
            return _neighbour(parameter.range, value, up=(factor > 1) != parameter.name.startswith("beta"))
        low, high = map(float, extremes(parameter.range))
        # A decay rate works through its distance from 1: 0.9 looks back over 10 steps, 0.99 over 100.
        changed = 1 - (1 - value) * factor if parameter.name.startswith("beta") else value * factor
        return min(max(changed, low), high)

    def _random(self, child: TrialRecord, what: str) -> random.Random:
        """Numbers that depend on the study's seed, the comparison, the child and their purpose alone."""
        parts = (self._study.search.seed, self._arm, len(self._generations), child.config.index, what)
        return random.Random(hashlib.sha256("/".join(map(str, parts)).encode()).digest())


def current_rates(training: TrainingConfig) -> dict[str, float]:
    """The learning rates and decay rates that a training has at its end: those of its last schedule entry, if any."""
    holder = training.schedule[-1] if training.schedule else training
    return {name: getattr(holder, name) for name in SCHEDULED if name != "lr"}


def copied_config(child: TrialConfig, parent: TrialConfig, rates: ScheduleEntry) -> TrialConfig:
    """The child's configuration once it is a copy: its name stays, its training is its parent's with another entry."""
    training = parent.training.model_copy(update={"schedule": (*parent.training.schedule, rates)})
    return child.model_copy(update={"training": training, "searched": parent.searched})


def copy_trial(parent: TrialFolder, child: TrialFolder, rates: ScheduleEntry) -> None:
    """Make a child's folder one of its parent's training. What was done of it before is done again."""
    parent_config, child_config = parent.read_config(), child.read_config()
    assert parent_config is not None, "a trial that waits has been written down"
    assert child_config is not None, "a trial that waits has been written down"
    nimg = parent.checkpoint_nimgs()[-1]
    samples, snapshots = parent.sample_nimgs(), parent.snapshot_nimgs()
    for cur_nimg in samples:
        child.write_samples(cur_nimg, parent.read_samples(cur_nimg))
    child.keep_samples(set(samples))
    for cur_nimg in snapshots:
        child.write_snapshot(cur_nimg, parent.read_snapshot(cur_nimg))
    child.keep_snapshots(set(snapshots))
    child.write_evaluations(parent.read_evaluations())
    child.replace_checkpoint(nimg, parent.read_checkpoint(nimg))
    child.write_config(copied_config(child_config, parent_config, rates))


def _drawn(parameter: Parameter, draw: random.Random) -> float:
    match parameter.range:
        case UniformRange(uniform=(low, high)):
            return draw.uniform(low, high)
        case LogUniformRange(log_uniform=(low, high)):
            return min(max(math.exp(draw.uniform(math.log(low), math.log(high))), low), high)
        case IntegerRange(integer=(first, last)):
            return float(draw.randint(first, last))
        case Choice(choice=values):
            return _number(draw.choice(values))


def _neighbour(choice: Choice, value: float, up: bool) -> float:
    """The next value above or below, or the last one there is."""
    values = sorted(map(_number, choice.choice))
    beyond = [v for v in values if (v > value if up else v < value)]
    return (min(beyond) if up else max(beyond)) if beyond else (values[-1] if up else values[0])


def _number(value: Scalar) -> float:
    assert not isinstance(value, str), "rates are numbers, which the study's reader has seen to"
    return float(value)
