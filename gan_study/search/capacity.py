"""The number of trials for which a cluster has room, with its present machines and with those that it may start."""

from collections.abc import Iterable
from dataclasses import dataclass

from gan_study.config.estimates.room import num_trials_on, num_workers_on
from gan_study.config.study import ResourcesConfig
from gan_study.errors import InputError

_FIRST_DEMAND = 5
"""Trials that may wait for machines however small the cluster is. Ray's autoscaler, too, starts up to five machines at
first, and then as many as there are."""


@dataclass(frozen=True)
class Machine:
    """The part of a machine that its Ray lends to trials."""

    num_cpus: float
    num_gpus: float


@dataclass(frozen=True)
class MachineType:
    """A type of machine that a cluster's autoscaler may start."""

    name: str
    machine: Machine
    max_count: int


@dataclass(frozen=True)
class Growth:
    """The machines that a cluster's autoscaler may start."""

    types: tuple[MachineType, ...] | None
    """None if this is not known."""
    max_workers: int = 0
    """Most machines of all types together."""
    head: Machine = Machine(0, 0)
    """The head's part, which stays beside them."""


class Capacity:
    """The room for a study's trials on a cluster, at one moment."""

    def __init__(self, resources: ResourcesConfig, machines: Iterable[Machine], growth: Growth | None) -> None:
        """Count the room.

        Args:
            resources: the resources of the trials, with a number in place of `gpus_per_worker: auto`.
            machines: the machines of the cluster.
            growth: the machines that its autoscaler may start; None if it has no autoscaler.
        """
        assert resources.gpus_per_worker != "auto", "auto has been replaced by the cluster's answer"
        self._resources, self._gpus = resources, resources.gpus_per_worker
        self._machines, self._growth = tuple(machines), growth
        workers = sum(self._num_workers(machine) for machine in self._machines)
        self.num_fitting = self._num_trials(workers)
        """Trials that fit on the present machines at once."""

    @property
    def max_fitting(self) -> int | None:
        """Trials that fit once the cluster has grown as far as it may; None if it does not tell how far."""
        if self._growth is None:
            return self.num_fitting
        if self._growth.types is None:
            return None
        workers, left = self._num_workers(self._growth.head), self._growth.max_workers
        rooms = [(self._num_workers(each.machine), each.max_count) for each in self._growth.types]
        for room, max_count in sorted(rooms, reverse=True):
            count = min(max_count, left)
            workers, left = workers + count * room, left - count
        return max(self.num_fitting, self._num_trials(workers))

    @property
    def num_wanted(self) -> int:
        """Trials that should be open at once: those that fit, and those for which the cluster should grow.

        An autoscaler only starts machines for trials that wait. A trial that waits was drawn before the results of
        those that run, so as many may wait as run, and `_FIRST_DEMAND` at first. One may wait if neither the cluster
        nor the study tells how far it grows, because it may wait to the end. At least one is open, since Tune stops its
        work, for minutes, if it has no trial at all.
        """
        fitting, most, stated = self.num_fitting, self.max_fitting, self._resources.max_concurrent_trials
        if self._growth is None and stated == "auto":
            return max(1, fitting)
        is_limited = self._growth is not None and (most is not None or stated != "auto")
        limits = [fitting + (max(fitting, _FIRST_DEMAND) if is_limited else 1)]
        if self._growth is not None and most is not None:
            limits.append(most)
        if stated != "auto":
            limits.append(stated)
        return max(1, min(limits))

    def require_room(self) -> None:
        """Raise InputError, with the numbers, if no trial can ever be scheduled."""
        if self.max_fitting == 0:
            resources = self._resources
            raise InputError(
                f"resources: {resources.unit_text} must fit on the cluster, but got {self._needed()} needed "
                f"(workers_per_trial={resources.workers_text}, cpus_per_worker={resources.cpus_per_worker}, "
                f"gpus_per_worker={self._gpus:g}, trials_per_gpu={resources.trials_per_gpu}) with "
                f"{self._present()}{self._possible()}; lower these, or add machines to the cluster"
            )

    def waiting_for(self) -> str | None:
        """Return what the study waits for if no trial fits at present, else None."""
        if self.num_fitting > 0:
            return None
        possible = self._possible() or "; a machine must join it"
        return (
            f"waiting for machines: {self._resources.unit_text} needs {self._needed()}, and the cluster has "
            f"{self._present()}{possible}"
        )

    def room_text(self) -> str:
        """Return in words how many trials fit, and how many may fit later."""
        most = self.max_fitting
        later = f", and may grow for {most}" if most is not None and most > self.num_fitting else ""
        return f"the cluster has room for {_counted(self.num_fitting, 'trial')} at once{later}"

    def _num_workers(self, machine: Machine) -> int:
        return num_workers_on(machine.num_cpus, machine.num_gpus, self._resources.cpus_per_process, self._gpus)

    def _num_trials(self, num_workers: int) -> int:
        resources = self._resources
        return num_trials_on(num_workers, resources.min_workers, resources.max_workers) * resources.trials_per_process

    def _needed(self) -> str:
        each = _resources_text(self._resources.cpus_per_process, self._gpus)
        number = self._resources.min_workers
        return each if number == 1 else f"{number} workers with {each} each"

    def _present(self) -> str:
        lending = [machine for machine in self._machines if machine.num_cpus or machine.num_gpus]
        if not lending:
            return "no machine that takes trials"
        largest = max(lending, key=lambda machine: (machine.num_gpus, machine.num_cpus))
        total = [sum(machine.num_cpus for machine in lending), sum(machine.num_gpus for machine in lending)]
        together = f", together {_resources_text(*total)}" if len(lending) > 1 else ""
        size = _resources_text(largest.num_cpus, largest.num_gpus)
        return f"{_counted(len(lending), 'machine')} of at most {size}{together}"

    def _possible(self) -> str:
        if self._growth is None or self._growth.types == ():
            return ""
        if self._growth.types is None:
            return "; its autoscaler may start others, which it does not list"
        types = [
            f"{each.max_count} {each.name} ({_resources_text(each.machine.num_cpus, each.machine.num_gpus)})"
            for each in self._growth.types
        ]
        return f"; its autoscaler may start {' and '.join(types)}, at most {self._growth.max_workers} in all"


def _resources_text(num_cpus: float, num_gpus: float) -> str:
    return f"{_counted(num_cpus, 'CPU')} and {_counted(num_gpus, 'GPU')}"


def _counted(number: float, noun: str) -> str:
    return f"{number:g} {noun}" if number == 1 else f"{number:g} {noun}s"
