"""environment.json: hardware, software and command lines of a study's trainings."""

import re
from typing import Literal

from pydantic import Field, field_validator

from gan_study.config.base import Scalar
from gan_study.runs.records.measurements import SCHEMA_VERSION, Record
from gan_study.runs.secrets import PublicText

_FREE_MEMORY = re.compile(r"(?<=CPUs), \d+ GiB(?=, [\d.]+ GPUs)")


class Surroundings(Record):
    """Hardware, software and command line of some of a study's trainings."""

    versions: dict[str, str]
    """Python and package versions."""
    hosts: tuple[str, ...]
    """CPUs and GPUs of each machine that took part, one text for each."""
    host_names: tuple[str, ...] = ()
    """Names of these machines, in the same order; empty in files of older versions."""
    processor: str = ""
    """Kind of processor of the machine on which the command ran; empty in files of older versions."""
    commit: str | None
    """Commit of gan_study, with a + for changes that were not committed; None if it is not known."""
    commit_source: str = ""
    """The way in which the commit is known, or the reason why it is not. Empty in files of older versions."""
    command: PublicText
    """The command line, or the call in Python."""
    sampler: dict[str, Scalar | None] = Field(default_factory=dict)
    """Settings of the study's sampler, by Optuna's names; empty in files of older versions."""
    draws: tuple[float, ...] = ()
    """Values that the sampler drew in a small search with known scores; they reveal a version that draws
    differently."""

    @field_validator("hosts")
    @classmethod
    def _without_free_memory(cls, hosts: tuple[str, ...]) -> tuple[str, ...]:
        """Drop the free memory that older versions recorded, since it made one machine look like several."""
        return tuple(_FREE_MEMORY.sub("", host) for host in hosts)


class Environment(Surroundings):
    """The content of environment.json: surroundings of the last command."""

    schema_version: Literal[1] = SCHEMA_VERSION
    earlier: tuple[Surroundings, ...] = ()
    """Surroundings of earlier commands, oldest first, each once and none equal to the last; empty in files of older
    versions."""

    @property
    def all(self) -> tuple[Surroundings, ...]:
        """Earlier surroundings, then the last ones."""
        return *self.earlier, _bare(self)

    def following(self, before: "Environment | None") -> "Environment":
        """This environment, with those of `before`, the folder's record so far, as earlier ones."""
        former = before.all if before is not None else ()
        kept: list[Surroundings] = []
        for each in former:
            if each != _bare(self) and each not in kept:
                kept.append(each)
        return self.model_copy(update={"earlier": tuple(kept)})


def _bare(environment: Environment) -> Surroundings:
    return Surroundings(**{name: getattr(environment, name) for name in Surroundings.model_fields})
