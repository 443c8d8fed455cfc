"""The outcome of a check of a search, with the command that would mend a fault."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from gan_study.config.rules.extension import grown_too_late
from gan_study.config.study import StudyConfig

Check = Literal["edges", "defaults", "stopping", "dependence", "cheap scores"]
Level = Literal["serious", "note", "fine", "unknown"]
_MOST_CHARACTERS = 58
"""Characters of a study's name that are kept, so that a new name is no longer than names may be."""


@dataclass(frozen=True)
class HealthFinding:
    """The outcome of one check."""

    check: Check
    level: Level
    """`serious`: the search should be repeated or extended. `note`: a weaker sign. `fine`: the check found nothing.
    `unknown`: the check could not be made."""
    sentence: str
    settings: tuple[str, ...] = ()
    """The remedy as values of `--set`; empty without one."""
    verb: Literal["run", "extend"] = "run"
    """`extend` keeps the trainings of the study. `run` begins a new study, since its trainings would differ."""

    def command(self, study: str, location: str) -> str:
        """The command that carries the remedy out; empty without one.

        study: the study's name. location: its run folder. A study file in an object store must be copied first, so the
        command then names a placeholder.
        """
        if not self.settings:
            return ""
        if self.verb == "extend":
            words = ["extend", location]
        else:
            file = "study.yaml" if "://" in location else f"{location}/study.yaml"
            words = ["run", file, "--set", f"name={study[:_MOST_CHARACTERS]}_again"]
        words += [word for setting in self.settings for word in ("--set", setting)]
        return shlex.join(["python", "-m", "gan_study", *words])

    def with_command(self, study: str, location: str) -> str:
        """The sentence, followed by the command if there is one."""
        command = self.command(study, location)
        return f"{self.sentence} Try: {command}" if command else self.sentence


def gather(
    check: Check,
    heads: Mapping[Level, str],
    found: Sequence[tuple[Level, str]],
    remedies: Mapping[Level, tuple[str, ...]],
) -> list[HealthFinding]:
    """One finding for each level among the arms, in the order of `heads`, which begin the sentences.

    found: level and text of each arm. remedies: settings of an extension, by level.
    """
    texts = {level: [text for each, text in found if each == level] for level in heads}
    return [
        HealthFinding(check, level, f"{head}: {'; '.join(texts[level])}.", remedies.get(level, ()), "extend")
        for level, head in heads.items()
        if texts[level]
    ]


def more_trials(study: StudyConfig) -> tuple[str, ...]:
    """The setting that doubles the trials of each arm; empty if the search can no longer grow."""
    if grown_too_late(study, "budget.trials_per_arm"):
        return ()
    return (f"budget.trials_per_arm={2 * study.budget.trials_per_arm}",)
