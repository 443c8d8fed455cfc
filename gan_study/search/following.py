"""Follow the size of a study's cluster: how many trials may be open, and what the study waits for."""

import time
from collections.abc import Callable, Iterable
from contextlib import nullcontext, suppress

from gan_study.config.study import ResourcesConfig
from gan_study.errors import InputError, StorageError
from gan_study.search.capacity import Capacity
from gan_study.search.cluster import Cluster, Host, hosts_of, living_nodes, machines_of
from gan_study.search.growth import read_growth
from gan_study.search.watch import LOSSES

_LOOK_SEC = 5.0
"""Least seconds between two looks at the cluster."""
_REMIND_SEC = 60.0
"""Seconds between two messages while no trial fits."""
RECORD_SEC = 30.0
"""Most seconds between two records of the study's status."""
JOIN_SEC = 20.0
"""Seconds in which machines may join a cluster without an autoscaler before a study that does not fit is refused."""


class ClusterFollower:
    """Looks at a study's cluster now and then."""

    def __init__(
        self,
        cluster: Cluster,
        resources: ResourcesConfig,
        say: Callable[[str], None],
        record: Callable[[int, str | None], None],
        record_hosts: Callable[[Iterable[Host]], None],
    ) -> None:
        """Take the first look, for which a joined cluster has some seconds to bring its machines together.

        Args:
            cluster: the cluster.
            resources: the resources of the trials, with the cluster's answer in place of `gpus_per_worker: auto`.
            say: receives a message when the room changes, and repeatedly while no trial fits.
            record: receives the most trials at once so far, and what the study waits for, when either changes, and
                else every half minute.
            record_hosts: receives all machines seen so far when there is a new one.

        Raises InputError, with the numbers, if no trial can ever be scheduled.
        """
        self._cluster, self._resources, self._say, self._record = cluster, resources, say, record
        self._record_hosts = record_hosts
        self._recorded: tuple[int, str | None] = (0, None)
        self._hosts: dict[str, Host] = {}
        self._next_reminder = self._next_record = 0.0
        deadline = time.monotonic() + (JOIN_SEC if cluster.joined else 0.0)
        while True:
            self._look()
            try:
                self._capacity.require_room()
                break
            except InputError:
                if time.monotonic() >= deadline:
                    raise
            time.sleep(1.0)
        self._note()

    @property
    def hosts(self) -> list[Host]:
        """The machines seen so far."""
        return list(self._hosts.values())

    @property
    def num_fitting(self) -> int:
        """Trials that fit on the machines at the last look."""
        return self._capacity.num_fitting

    def num_wanted(self) -> int:
        """Return how many trials should be open now."""
        self.look()
        return self._capacity.num_wanted if self._cluster.joined else min(self._capacity.num_wanted, self.num_fitting)

    def look(self) -> str | None:
        """Look again if it is time; return what the study waits for."""
        if self._cluster.joined and time.monotonic() >= self._next_look:
            before = self.num_fitting
            with suppress(*LOSSES):  # The watch on the cluster decides whether it is lost.
                self._look()
            if self.num_fitting not in (before, 0):
                self._say(self._capacity.room_text())
        self._note()
        return self._capacity.waiting_for()

    def _look(self) -> None:
        self._next_look = time.monotonic() + _LOOK_SEC
        nodes = living_nodes()
        growth = read_growth(nodes) if self._cluster.joined else None
        self._capacity = Capacity(self._resources, machines_of(nodes), growth)
        found = hosts_of(nodes)
        if not found.keys() <= self._hosts.keys():
            self._hosts |= found
            self._record_hosts(self.hosts)

    def _note(self) -> None:
        """Record what has changed, and say what the study waits for, at once and then each minute."""
        waiting_for = self._capacity.waiting_for()
        found = (max(1, self._recorded[0], min(self.num_fitting, self._capacity.num_wanted)), waiting_for)
        has_changed = found != self._recorded
        if has_changed or time.monotonic() >= self._next_record:
            self._recorded, self._next_record = found, time.monotonic() + RECORD_SEC
            with nullcontext() if has_changed else suppress(StorageError):  # A write that matters more will raise it.
                self._record(*found)
        if waiting_for is None:
            self._next_reminder = 0.0
        elif time.monotonic() >= self._next_reminder:
            self._next_reminder = time.monotonic() + _REMIND_SEC
            self._say(waiting_for)
