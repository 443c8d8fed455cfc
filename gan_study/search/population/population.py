"""Population based training of one arm (Jaderberg et al. 2017): which trials become copies of which, with which rates.

Training is synchronous: every trial trains up to the next comparison and waits there with its checkpoint. When all
have come, the worst become copies of the best. A population therefore needs one slot only, and the order in which
trials arrive changes nothing. A copy takes over its parent's folder, with configuration and seed; only its learning
rates and decay rates change from there on. A trial's config.json therefore always holds the training that leads to the
same weights from the first step.
"""

import hashlib
import math
import random
from collections.abc import Sequence
from functools import partial

from gan_study.config.arms.arm import Arm
from gan_study.config.population import SCHEDULED
from gan_study.config.search.population import interval_kimg, pbt_settings
from gan_study.config.training import TrialConfig
from gan_study.config.values.schedule import ScheduleEntry
from gan_study.runs.folder import RunFolder
from gan_study.runs.records.population import Generation, MemberCopy
from gan_study.search.director.trial_record import TrialRecord
from gan_study.search.population.copies import copy_trial
from gan_study.search.population.rates import changed_rates, current_rates


class Population:
    """The comparisons of one arm. They lie in the run folder, from which a new object continues."""

    def __init__(self, arm: Arm, folder: RunFolder) -> None:
        self._arm = arm
        self._folder = folder
        self._settings = pbt_settings(arm.study)
        self._generations = folder.read_generations(arm.name)

    def pause_nimg(self, config: TrialConfig) -> int | None:
        """Return the images at which a trial waits for the others; None if it goes on to its end."""
        nimg = round(1000 * self._next_kimg)
        return nimg if nimg < round(1000 * config.training.total_kimg) else None

    def compare(self, trials: Sequence[TrialRecord]) -> tuple[MemberCopy, ...]:
        """Choose the copies among trials that all wait, write the choice down, and copy.

        The choice is written before the first file is copied. If the study is killed in between, `finish_copies`
        completes it, from parents that have not trained on.
        """
        copies = tuple(self._make_copy(child, parent) for child, parent in self._pairs(trials))
        generation = Generation(
            at_kimg=self._next_kimg, scores={t.config.name: t.curve_score for t in trials}, copies=copies
        )
        self._generations.append(generation)
        self._folder.write_generations(self._arm.name, self._generations)
        self.finish_copies()
        return copies

    def finish_copies(self) -> None:
        """Make those copies of the last comparison that are still missing."""
        for copy in self._generations[-1].copies if self._generations else ():
            child, parent = (self._folder.trial(self._arm.name, name) for name in (copy.child, copy.parent))
            done = child.read_copies()
            if copy not in done:
                copy_trial(parent, child, copy.rates)
                child.write_copies([*done, copy])

    @property
    def _next_kimg(self) -> float:
        return interval_kimg(self._arm.study) * (len(self._generations) + 1)

    def _pairs(self, trials: Sequence[TrialRecord]) -> list[tuple[TrialRecord, TrialRecord]]:
        """Return the worst trials, each with a parent drawn among as many of the best. No score counts as the worst."""
        ranked = sorted(trials, key=lambda t: (math.inf if t.curve_score is None else t.curve_score, t.config.index))
        num = min(max(1, math.floor(self._settings.share * len(ranked))), len(ranked) // 2)
        parents = [t for t in ranked[:num] if t.curve_score is not None]
        children = ranked[len(ranked) - num :]
        return [(child, self._random(child, "parent").choice(parents)) for child in children] if parents else []

    def _make_copy(self, child: TrialRecord, parent: TrialRecord) -> MemberCopy:
        assert parent.curve_score is not None, "only trials with a score are copied"
        last = child.evaluations[-1]
        return MemberCopy(
            at_kimg=self._next_kimg,
            child=child.config.name,
            parent=parent.config.name,
            rates=self._next_rates(child, parent),
            child_score=child.curve_score,
            parent_score=parent.curve_score,
            replaced=child.config.searched,
            given_up=tuple((e.cur_nimg, e.curve_score) for e in child.evaluations),
            given_up_sec=last.seconds,
        )

    def _next_rates(self, child: TrialRecord, parent: TrialRecord) -> ScheduleEntry:
        values = {**self._arm.fixed, **parent.config.searched}
        searched = [p for p in self._arm.parameters if p.name in SCHEDULED and p.is_active(values)]
        rates = current_rates(parent.config.training)
        changed = changed_rates(rates, searched, self._settings, partial(self._random, child))
        return ScheduleEntry(from_kimg=parent.cur_nimg / 1000, **changed)

    def _random(self, child: TrialRecord, purpose: str) -> random.Random:
        """Return random numbers that depend only on the study's seed, the comparison, the child and the purpose."""
        parts = (self._arm.study.search.seed, self._arm.name, len(self._generations), child.config.index, purpose)
        return random.Random(hashlib.sha256("/".join(map(str, parts)).encode()).digest())
