"""environment.json: what the study ran with, the last time and before."""

import re
from typing import Literal

from pydantic import Field, field_validator

from gan_study.config.base import Scalar
from gan_study.runs.records import SCHEMA_VERSION, Record
from gan_study.runs.secrets import PublicText

_FREE_MEMORY = re.compile(r"(?<=CPUs), \d+ GiB(?=, [\d.]+ GPUs)")


class Surroundings(Record):
    """What some of a study's trainings ran with."""

    versions: dict[str, str]
    """Python and package versions."""
    hosts: tuple[str, ...]
    """One text for each machine: CPUs, GPUs."""
    commit: str | None
    """Commit of gan_study, if it runs from a checkout."""
    command: PublicText
    """The command line."""
    sampler: dict[str, Scalar | None] = Field(default_factory=dict)
    """The settings of the study's sampler, by Optuna's names; empty in a file of a version that did not write them."""
    draws: tuple[float, ...] = ()
    """What that sampler drew in a small search of known scores: another version that draws otherwise shows in it."""

    @field_validator("hosts")
    @classmethod
    def _without_free_memory(cls, hosts: tuple[str, ...]) -> tuple[str, ...]:
        """Older versions wrote down what memory was free, by which one machine looked like several."""
        return tuple(_FREE_MEMORY.sub("", host) for host in hosts)


class Environment(Surroundings):
    """The whole file: what the last command ran with."""

    schema_version: Literal[1] = SCHEMA_VERSION
    earlier: tuple[Surroundings, ...] = ()
    """What commands before it ran with, the oldest first, each once and none equal to the last; empty in a file of a
    version that kept the last alone."""

    @property
    def all(self) -> tuple[Surroundings, ...]:
        """The earlier ones, then the last."""
        return *self.earlier, _bare(self)

    def following(self, before: "Environment | None") -> "Environment":
        """This environment for a folder that holds `before`, which is kept within it."""
        former = before.all if before is not None else ()
        kept: list[Surroundings] = []
        for each in former:
            if each != _bare(self) and each not in kept:
                kept.append(each)
        return self.model_copy(update={"earlier": tuple(kept)})


def _bare(environment: Environment) -> Surroundings:
    return Surroundings(**{name: getattr(environment, name) for name in Surroundings.model_fields})
