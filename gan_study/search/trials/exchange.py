"""The meeting point of Tune trials, which hold orders, and worker groups, which train them."""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from gan_study.search.trials.messages import abort_message, failure_message, is_last

ExchangeHandle = Any
"""The handle of Ray's actor `TrialExchange`; Ray's types do not know the results of asynchronous methods."""


@dataclass
class _HeldTrial:
    """An order whose Tune trial has not ended."""

    order: dict[str, Any]
    messages: asyncio.Queue[dict[str, Any]] = field(default_factory=asyncio.Queue)
    answer: asyncio.Future[bool] | None = None
    """Resolved with True if the group must train on after its last report, or with False if it must leave the trial."""
    slot: str | None = None
    """The slot that trains it."""
    num_failures: int = 0
    """Failures since the last new report."""
    last_report: dict[str, Any] | None = None
    is_over: bool = False
    """True after its last report."""

    def is_in(self, group: str) -> bool:
        """Return True if a slot of the group trains it."""
        return self.slot is not None and _group_of(self.slot) == group

    def settle(self, train_on: bool) -> None:
        """Answer the group's last report, if it still waits for an answer."""
        if self.answer is not None and not self.answer.done():
            self.answer.set_result(train_on)
        self.answer = None


class TrialExchange:
    """Hands orders to worker groups and their reports to Tune trials, as a Ray actor of which each study has one.

    A Tune trial calls `begin` once and `next_report` for each evaluation, and the driver calls `leave` when the trial
    has ended for Ray Tune. The first rank of a worker group calls `take` for an order and `report` at each evaluation.
    A group trains on only when the Tune trial asks for the next report, so that all its ranks leave a stopped trial at
    the evaluation that it was stopped at. A group that has died gets its order again with its next `take`.

    A group of one process may train several trials at once, each in a slot, which calls as a group does; `slot_names`
    gives their names. If the process dies, each of its trials has failed once, since no one knows whose fault it was.
    A trial makes the last of its tries without others in its process, so that it fails for good by its own fault only.
    """

    def __init__(self, max_retries: int, idle_limit_sec: float) -> None:
        """Begin without orders.

        max_retries: failures in a row without a new report after which a trial is given up.
        idle_limit_sec: seconds after which a group without an order must end.
        """
        self._max_retries = max_retries
        self._idle_limit_sec = idle_limit_sec
        self._trials: dict[str, _HeldTrial] = {}
        self._waiting: deque[str] = deque()
        self._idle: dict[str, asyncio.Future[dict[str, Any] | None]] = {}
        self._attempts: dict[str, str] = {}
        """The present attempt of each slot."""
        self._ended: set[str] = set()
        """The attempts that must end, since their groups had no trial for too long."""
        self._is_closed = False

    async def begin(self, key: str, order: dict[str, Any]) -> None:
        """Hold an order for the next free group; an earlier order with this key is left."""
        await self.leave(key)
        self._trials[key] = _HeldTrial(order)
        self._waiting.append(key)
        self._hand_out()

    async def next_report(self, key: str) -> dict[str, Any]:
        """Return the trial's next report, a Tune result; a group whose last report has been returned trains on."""
        trial = self._trials[key]
        if trial.messages.empty():
            trial.settle(train_on=True)
        return await trial.messages.get()

    async def leave(self, key: str) -> None:
        """Forget a trial; its group leaves it at its last or next report. Do nothing if no such trial is held."""
        trial = self._trials.pop(key, None)
        if trial is not None:
            trial.settle(train_on=False)

    async def take(self, slot: str, attempt: str) -> dict[str, Any] | None:
        """Return the slot's next order, or None if its group must end.

        A slot that calls this in the middle of a trial has failed or has been started anew, and gets the same order
        again. `attempt` names the present processes of the group.
        """
        if (lost := self._idle.pop(slot, None)) is not None:
            lost.cancel()  # Its caller has died.
        self._attempts[slot] = attempt
        if (key := self._key_of(slot)) is not None:
            self._trials[key].settle(train_on=False)
            return self._trials[key].order
        while attempt not in self._ended:
            taken = self._idle[slot] = asyncio.get_running_loop().create_future()
            self._hand_out()
            try:
                return await asyncio.wait_for(taken, self._idle_limit_sec)
            except TimeoutError:
                if self._attempts[slot] != attempt:
                    break
                self._idle.pop(slot, None)
                if not self._keys_of(_group_of(slot)):
                    self._end_idle(_group_of(slot), attempt)
        return None

    async def report(self, slot: str, attempt: str, message: dict[str, Any]) -> bool:
        """Pass a Tune result on; return True when the slot must train on, or False when it must leave the trial.

        Processes that Ray has replaced, because it could not reach them for a while, must leave, too.
        """
        key = self._key_of(slot)
        if key is None or self._attempts[slot] != attempt:
            return False
        trial = self._trials[key]
        if message != trial.last_report:  # A resumed trial repeats its last report.
            trial.num_failures, trial.last_report = 0, message
        trial.messages.put_nowait(message)
        if is_last(message):
            trial.slot, trial.is_over = None, True
        self._hand_out()  # It has ended, or need not be alone any more.
        if trial.is_over:
            return False
        trial.answer = asyncio.get_running_loop().create_future()
        return await trial.answer

    async def fail(self, name: str, reason: str) -> None:
        """Count a failure of a slot's trial, or of all trials of a group.

        The last one that is allowed reaches the Tune trial as the reason.
        """
        for key in self._keys_of(name):
            self._count_failure(key, reason)
        self._hand_out()

    async def fail_start(self, name: str, reason: str, is_fatal: bool = False) -> None:
        """Count a failure of a group that could not start against its trials, or else the one that has waited longest.

        is_fatal: no trial of the study could succeed, so the study ends.
        """
        keys = self._keys_of(name) or [key for key in self._waiting if self._is_waiting(key)][:1]
        for key in keys:
            if is_fatal:
                self._give_up(key, abort_message(reason))
            else:
                self._count_failure(key, reason)

    async def num_waiting(self) -> int:
        """Return the number of orders that no group has taken yet."""
        return sum(self._is_waiting(key) for key in self._waiting)

    async def close(self) -> None:
        """Let every group end when it asks for its next order."""
        self._is_closed = True
        self._hand_out()

    def _count_failure(self, key: str, reason: str) -> None:
        trial = self._trials[key]
        trial.num_failures += 1
        trial.settle(train_on=False)
        if trial.num_failures > self._max_retries:
            self._give_up(key, failure_message(reason))
        elif trial.slot is not None and not self._may_take(trial.slot, key):
            trial.slot = None
            self._waiting.appendleft(key)

    def _give_up(self, key: str, message: dict[str, Any]) -> None:
        trial = self._trials[key]
        trial.slot, trial.is_over = None, True
        trial.messages.put_nowait(message)

    def _hand_out(self) -> None:
        """Give the waiting orders to the idle slots, or None to all of them at the end.

        The order that has waited longest comes first, also if it must wait until a group has no other trial.
        """
        while self._is_closed and self._idle:
            _resolve(self._idle.popitem()[1], None)
        while self._idle and self._waiting:
            key = self._waiting[0]
            if not self._is_waiting(key):
                self._waiting.popleft()
                continue
            slot = next((slot for slot in self._idle if self._may_take(slot, key)), None)
            if slot is None:
                return
            if _resolve(self._idle.pop(slot), self._trials[key].order):
                self._waiting.popleft()
                self._trials[key].slot = slot

    def _end_idle(self, group: str, attempt: str) -> None:
        """Let a group without a trial end, with all its slots."""
        self._ended.add(attempt)
        for slot in [slot for slot in self._idle if _group_of(slot) == group]:
            _resolve(self._idle.pop(slot), None)

    def _may_take(self, slot: str, key: str) -> bool:
        """Return True unless the trial, or one beside it in the slot's group, must be alone there."""
        there = [trial for other, trial in self._trials.items() if other == key or trial.is_in(_group_of(slot))]
        return len(there) == 1 or all(trial.num_failures < max(1, self._max_retries) for trial in there)

    def _is_waiting(self, key: str) -> bool:
        trial = self._trials.get(key)
        return trial is not None and trial.slot is None and not trial.is_over

    def _key_of(self, slot: str) -> str | None:
        return next((key for key, trial in self._trials.items() if trial.slot == slot), None)

    def _keys_of(self, name: str) -> list[str]:
        """Return the trials of a slot, or of all slots of a group."""
        return [key for key, trial in self._trials.items() if name == trial.slot or trial.is_in(name)]


def slot_names(group: str, num: int) -> list[str]:
    """Return the names of a group's slots; the only one has the name of the group."""
    return [group] if num == 1 else [f"{group}.{number}" for number in range(num)]


def _group_of(slot: str) -> str:
    return slot.partition(".")[0]


def _resolve(taken: asyncio.Future[dict[str, Any] | None], order: dict[str, Any] | None) -> bool:
    """Answer a slot; return False if its time has run out in this very moment."""
    if taken.done():
        return False
    taken.set_result(order)
    return True
