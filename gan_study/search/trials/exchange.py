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
    group: str | None = None
    num_failures: int = 0
    """Failures since the last new report."""
    last_report: dict[str, Any] | None = None
    is_over: bool = False
    """True after its last report."""

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
        """The present attempt of each group."""
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

    async def take(self, group: str, attempt: str) -> dict[str, Any] | None:
        """Return the group's next order, or None if the group must end.

        A group that calls this in the middle of a trial has been started anew, and gets the same order again. `attempt`
        names the group's present processes.
        """
        if (lost := self._idle.pop(group, None)) is not None:
            lost.cancel()  # Its caller has died.
        self._attempts[group] = attempt
        if (key := self._key_of(group)) is not None:
            self._trials[key].settle(train_on=False)
            return self._trials[key].order
        taken = self._idle[group] = asyncio.get_running_loop().create_future()
        self._hand_out()
        try:
            return await asyncio.wait_for(taken, self._idle_limit_sec)
        except TimeoutError:
            self._idle.pop(group, None)
            return None

    async def report(self, group: str, attempt: str, message: dict[str, Any]) -> bool:
        """Pass a Tune result on; return True when the group must train on, or False when it must leave the trial.

        Processes that Ray has replaced, because it could not reach them for a while, must leave, too.
        """
        key = self._key_of(group)
        if key is None or self._attempts[group] != attempt:
            return False
        trial = self._trials[key]
        if message != trial.last_report:  # A resumed trial repeats its last report.
            trial.num_failures, trial.last_report = 0, message
        trial.messages.put_nowait(message)
        if is_last(message):
            trial.group, trial.is_over = None, True
            return False
        trial.answer = asyncio.get_running_loop().create_future()
        return await trial.answer

    async def fail(self, group: str, reason: str) -> None:
        """Count a failure of the group's trial; the last one that is allowed reaches its Tune trial as the reason."""
        if (key := self._key_of(group)) is not None:
            self._count_failure(key, reason)

    async def fail_start(self, group: str, reason: str, is_fatal: bool = False) -> None:
        """Count a failure of a group that could not start against its trial, or else the one that has waited longest.

        is_fatal: no trial of the study could succeed, so the study ends.
        """
        key = self._key_of(group) or next((key for key in self._waiting if self._is_waiting(key)), None)
        if key is not None and is_fatal:
            self._give_up(key, abort_message(reason))
        elif key is not None:
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

    def _give_up(self, key: str, message: dict[str, Any]) -> None:
        trial = self._trials[key]
        trial.group, trial.is_over = None, True
        trial.messages.put_nowait(message)

    def _hand_out(self) -> None:
        """Give the waiting orders to the idle groups, or None to all of them at the end."""
        while self._idle and (self._waiting or self._is_closed):
            key = None
            if not self._is_closed:
                key = self._waiting.popleft()
                if not self._is_waiting(key):
                    continue
            group = next(iter(self._idle))
            taken = self._idle.pop(group)
            if taken.done():  # Its time has run out in this very moment.
                if key is not None:
                    self._waiting.appendleft(key)
                continue
            if key is not None:
                self._trials[key].group = group
            taken.set_result(self._trials[key].order if key is not None else None)

    def _is_waiting(self, key: str) -> bool:
        trial = self._trials.get(key)
        return trial is not None and trial.group is None and not trial.is_over

    def _key_of(self, group: str) -> str | None:
        return next((key for key, trial in self._trials.items() if trial.group == group), None)
