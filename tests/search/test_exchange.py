"""The exchange between Tune trials and worker groups, without Ray: each side's calls are coroutines."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from gan_study.search.trials.exchange import TrialExchange, slot_names
from gan_study.search.trials.messages import read_abort, read_failure

_T = TypeVar("_T")
EVALUATION, END = {"step": 1, "done": False}, {"step": 2, "done": True}


def run(coroutine: Coroutine[Any, Any, _T]) -> _T:
    """Run a test's coroutine; one that waits for ever fails after some seconds."""

    async def limited() -> _T:
        return await asyncio.wait_for(coroutine, 5)

    return asyncio.run(limited())


def make_exchange(max_retries: int = 1, idle_limit_sec: float = 3.0) -> TrialExchange:
    return TrialExchange(max_retries, idle_limit_sec)


async def waiting(coroutine: Coroutine[Any, Any, _T]) -> asyncio.Task[_T]:
    """Begin a call that must wait for the other side."""
    task = asyncio.ensure_future(coroutine)
    await asyncio.sleep(0.01)
    assert not task.done()
    return task


def test_a_group_trains_on_only_when_the_trial_asks_for_the_next_report() -> None:
    async def meet() -> None:
        exchange = make_exchange()
        taken = await waiting(exchange.take("group", "first"))
        await exchange.begin("trial", {"order": 1})
        assert await taken == {"order": 1}
        report = await waiting(exchange.report("group", "first", EVALUATION))
        assert await exchange.next_report("trial") == EVALUATION
        assert not report.done()
        next_report = await waiting(exchange.next_report("trial"))
        assert await report is True
        assert await exchange.report("group", "first", END) is False
        assert await next_report == END

    run(meet())


def test_a_stopped_trial_is_left_at_the_report_that_it_was_stopped_at() -> None:
    async def meet() -> None:
        exchange = make_exchange()
        await exchange.begin("stopped", {"order": 1})
        await exchange.begin("next", {"order": 2})
        assert await exchange.take("group", "first") == {"order": 1}
        report = await waiting(exchange.report("group", "first", EVALUATION))
        await exchange.next_report("stopped")
        await exchange.leave("stopped")
        assert await report is False
        assert await exchange.take("group", "first") == {"order": 2}

    run(meet())


def test_a_group_that_lost_its_processes_gets_its_order_again_and_an_idle_one_waits_anew() -> None:
    async def meet() -> None:
        exchange = make_exchange()
        lost_take = await waiting(exchange.take("group", "first"))
        new_take = await waiting(exchange.take("group", "second"))
        await exchange.begin("trial", {"order": 1})
        assert await new_take == {"order": 1}
        assert lost_take.cancelled()
        lost_report = await waiting(exchange.report("group", "second", EVALUATION))
        assert await exchange.take("group", "third") == {"order": 1}
        assert await lost_report is False

    run(meet())


def test_processes_that_were_replaced_cannot_report() -> None:
    async def meet() -> None:
        exchange = make_exchange()
        await exchange.begin("trial", {"order": 1})
        await exchange.take("group", "first")
        await exchange.take("group", "second")
        report = await waiting(exchange.report("group", "second", EVALUATION))
        assert await exchange.report("group", "first", END) is False
        assert await exchange.next_report("trial") == EVALUATION
        next_report = await waiting(exchange.next_report("trial"))
        assert await report is True
        next_report.cancel()

    run(meet())


def test_failures_count_from_the_last_report() -> None:
    async def meet() -> str | None:
        exchange = make_exchange(max_retries=1)
        await exchange.begin("trial", {"order": 1})
        await exchange.take("group", "first")
        await exchange.fail("group", "first")
        report = await waiting(exchange.report("group", "first", EVALUATION))
        await exchange.next_report("trial")
        next_report = await waiting(exchange.next_report("trial"))
        assert await report
        await exchange.fail("group", "second")
        assert await exchange.take("group", "first") == {"order": 1}
        assert not next_report.done()
        await exchange.fail("group", "third")
        assert await exchange.num_waiting() == 0
        return read_failure(await next_report)

    assert run(meet()) == "third"


def test_a_report_that_a_resumed_trial_repeats_forgets_no_failure() -> None:
    async def meet() -> str | None:
        exchange = make_exchange(max_retries=1)
        await exchange.begin("trial", {"order": 1})
        for reason in ("first", "second"):
            assert await exchange.take("group", reason) == {"order": 1}
            report = await waiting(exchange.report("group", reason, EVALUATION))
            assert await exchange.next_report("trial") == EVALUATION
            next_report = await waiting(exchange.next_report("trial"))
            assert await report
            await exchange.fail("group", reason)
            next_report.cancel()
            await asyncio.sleep(0)
        return read_failure(await exchange.next_report("trial"))

    assert run(meet()) == "second"


def test_a_group_that_cannot_start_counts_against_the_trial_that_has_waited_longest() -> None:
    async def meet() -> None:
        exchange = make_exchange(max_retries=1)
        await exchange.begin("first", {"order": 1})
        await exchange.begin("second", {"order": 2})
        await exchange.fail_start("group", "no connection")
        assert await exchange.num_waiting() == 2
        await exchange.fail_start("group", "no connection")
        assert read_failure(await exchange.next_report("first")) == "no connection"
        await exchange.fail_start("group", "no GPU", is_fatal=True)
        assert read_abort(await exchange.next_report("second")) == "no GPU"
        assert await exchange.num_waiting() == 0

    run(meet())


def test_a_failure_of_a_group_without_a_trial_counts_against_nobody() -> None:
    async def meet() -> None:
        exchange = make_exchange(max_retries=0)
        await exchange.begin("ended", {"order": 1})
        await exchange.take("group", "first")
        await exchange.report("group", "first", END)
        await exchange.begin("next", {"order": 2})
        await exchange.fail("group", "after the end")
        assert await exchange.take("group", "first") == {"order": 2}

    run(meet())


def test_an_order_that_begins_again_replaces_the_one_before() -> None:
    """Ray Tune starts a trial anew whose own process has died."""

    async def meet() -> None:
        exchange = make_exchange()
        await exchange.begin("trial", {"order": 1})
        await exchange.take("group", "first")
        report = await waiting(exchange.report("group", "first", EVALUATION))
        await exchange.begin("trial", {"order": 1})
        assert await report is False
        assert await exchange.take("group", "first") == {"order": 1}
        assert await exchange.num_waiting() == 0

    run(meet())


def test_groups_end_when_idle_and_when_the_study_ends() -> None:
    async def meet() -> None:
        exchange = make_exchange(idle_limit_sec=0.02)
        assert await exchange.take("idle", "first") is None
        await exchange.begin("trial", {"order": 1})
        assert await exchange.num_waiting() == 1
        assert await exchange.take("idle", "second") == {"order": 1}
        exchange = make_exchange()
        taken = await waiting(exchange.take("group", "first"))
        await exchange.close()
        assert await taken is None
        assert await exchange.take("late", "first") is None

    run(meet())


def test_a_slot_fails_alone_and_a_group_with_all_its_trials() -> None:
    async def meet() -> None:
        exchange = make_exchange(max_retries=2)
        for trial in ("one", "two"):
            await exchange.begin(trial, {"order": trial})
        one, two = slot_names("group", 2)
        assert await exchange.take(one, "first") == {"order": "one"}
        assert await exchange.take(two, "first") == {"order": "two"}
        report = await waiting(exchange.report(two, "first", EVALUATION))
        await exchange.fail(one, "its own fault")
        assert not report.done()
        assert await exchange.take(one, "first") == {"order": "one"}
        await exchange.fail("group", "the process died")
        assert await report is False
        # The first trial has failed twice, so its last try comes when the other has left the group.
        alone = await waiting(exchange.take(one, "second"))
        assert await exchange.take(two, "second") == {"order": "two"}
        assert await exchange.report(two, "second", END) is False
        assert await alone == {"order": "one"}

    run(meet())


def test_a_trial_on_its_last_try_is_alone_in_its_group_until_it_reports() -> None:
    async def meet() -> None:
        exchange = make_exchange(max_retries=1)
        for trial in ("early", "late"):
            await exchange.begin(trial, {"order": trial})
        one, two = slot_names("group", 2)
        assert await exchange.take(one, "first") == {"order": "early"}
        assert await exchange.take(two, "first") == {"order": "late"}
        await exchange.fail("group", "the process died")
        early = await waiting(exchange.take(one, "second"))
        assert await exchange.take(two, "second") == {"order": "late"}
        report = await waiting(exchange.report(two, "second", EVALUATION))
        assert not early.done()
        await exchange.leave("late")
        assert await report is False
        await exchange.begin("new", {"order": "new"})
        new = await waiting(exchange.take(two, "second"))
        assert await early == {"order": "early"}
        report = await waiting(exchange.report(one, "second", EVALUATION))
        assert await new == {"order": "new"}
        await exchange.fail("group", "the process died")
        assert await exchange.next_report("early") == EVALUATION
        assert await report is False
        await exchange.fail(two, "again")
        assert read_failure(await exchange.next_report("new")) == "again"

    run(meet())


def test_the_slots_of_a_group_end_together() -> None:
    """An idle slot waits for as long as another one trains."""

    async def meet() -> None:
        exchange = make_exchange(idle_limit_sec=0.05)
        await exchange.begin("trial", {"order": 1})
        one, two = slot_names("group", 2)
        assert await exchange.take(one, "first") == {"order": 1}
        idle = asyncio.ensure_future(exchange.take(two, "first"))
        await asyncio.sleep(0.15)
        assert not idle.done()
        assert await exchange.report(one, "first", END) is False
        assert await idle is None
        await exchange.begin("next", {"order": 2})
        assert await exchange.take(one, "first") is None
        assert await exchange.take(one, "second") == {"order": 2}

    run(meet())
