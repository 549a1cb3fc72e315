"""No caller takes more than their share, and callers are served in turn, however many requests one of them sends."""

from __future__ import annotations

import asyncio
import random
from collections import Counter

import pytest

from registry.store.turns import Crowded, Turns
from tests.eventually import eventually
from tests.village import Place, served_with

pytestmark = pytest.mark.anyio
SLOW = "{ nationalSummary { households } }"


async def test_one_caller_gets_only_their_share() -> None:
    turns = Turns(size=4, share=2, queue=9, acquire_timeout=5)
    for caller in "aabb":
        await turns.acquire(caller)
    third = asyncio.create_task(turns.acquire("a"))
    other = asyncio.create_task(turns.acquire("c"))
    await eventually(lambda: turns.waiting == 2)
    turns.release("b")
    await other
    assert not third.done(), "a has their share, so the free turn went to another caller"
    turns.release("a")
    await third
    assert turns.taken == 4


async def test_waiting_callers_are_served_in_turn() -> None:
    turns, came = Turns(size=1, share=1, queue=99, acquire_timeout=5), list[str]()
    await turns.acquire("first")

    async def use(caller: str) -> None:
        async with turns.of(caller):
            came.append(caller)

    waiting = []
    for number, caller in enumerate(["greedy"] * 20 + ["b", "c", "b"], 1):
        waiting.append(asyncio.create_task(use(caller)))

        def waits(number: int = number) -> bool:
            return turns.waiting == number

        await eventually(waits)
    turns.release("first")
    await asyncio.gather(*waiting)
    assert came[:5] == ["greedy", "b", "c", "greedy", "b"]
    assert (turns.taken, turns.waiting) == (0, 0)


async def test_excess_waiters_are_refused_at_once_and_slow_ones_in_time() -> None:
    turns = Turns(size=2, share=1, queue=1, acquire_timeout=0.1)
    await turns.acquire("a")
    late = asyncio.create_task(turns.acquire("a"))
    await eventually(lambda: turns.waiting == 1)
    with pytest.raises(Crowded) as refused:
        await turns.acquire("a")
    assert refused.value.own
    with pytest.raises(Crowded) as refused:
        await late
    assert refused.value.own, "the caller's own request is in front"
    await turns.acquire("b")
    with pytest.raises(Crowded) as refused:
        await turns.acquire("c")
    assert not refused.value.own
    assert (turns.taken, turns.waiting) == (2, 0)


async def test_random_use_never_exceeds_a_limit_and_loses_no_turn() -> None:
    dice, turns = random.Random(7), Turns(size=3, share=2, queue=4, acquire_timeout=0.05)
    using: Counter[int] = Counter()

    async def visit(caller: int) -> None:
        async with turns.of(caller):
            using[caller] += 1
            assert using[caller] <= 2
            assert sum(using.values()) <= 3
            try:
                await asyncio.sleep(dice.random() / 100)
            finally:
                using[caller] -= 1

    visits = []
    for _ in range(500):
        visits.append(asyncio.create_task(visit(dice.randrange(4))))
        await asyncio.sleep(dice.random() / 500)
        if dice.random() < 0.2:
            dice.choice(visits).cancel()
    ended = await asyncio.gather(*visits, return_exceptions=True)
    assert [e for e in ended if not isinstance(e, asyncio.CancelledError | Crowded | None)] == []
    assert (turns.taken, turns.waiting, +using) == (0, 0, Counter())
    await turns.acquire("anybody")


async def test_one_caller_cannot_take_every_connection(village: Place) -> None:
    """They send more requests than there are connections, all blocked by a lock; others are answered meanwhile."""
    async with served_with(village, pool_size=4, queue_timeout_ms=60_000) as served, village.admin.transaction():
        await village.admin.execute("LOCK TABLE household IN ACCESS EXCLUSIVE MODE")
        attack = [asyncio.create_task(served.query("officer", "{ households { nodes { id } } }")) for _ in range(12)]
        await eventually(lambda: served.database.turns.waiting == 10)
        assert served.database.turns.taken == 2
        assert (await served.query("second", "{ viewer { name } }")).codes == []
        for one in attack:
            one.cancel()
        await asyncio.gather(*attack, return_exceptions=True)


async def test_heavy_statements_wait_only_for_each_other(village: Place) -> None:
    async with served_with(village, heavy_statements=1, queue_timeout_ms=60_000) as served, village.admin.transaction():
        await village.admin.execute("LOCK TABLE ledger_household IN ACCESS EXCLUSIVE MODE")
        heavy = [asyncio.create_task(served.query(who, SLOW)) for who in ("analyst", "officer", "viewer")]
        await eventually(lambda: served.database.heavy.waiting == 2)
        assert served.database.turns.taken == 1
        assert (await served.query("analyst", "{ regions { nodes { name } } }")).codes == []
        for one in heavy:
            one.cancel()
        await asyncio.gather(*heavy, return_exceptions=True)


async def test_a_caller_waiting_for_their_own_turn_holds_no_heavy_turn(village: Place) -> None:
    """Their other statements use up their share; until one ends, another caller may take the heavy turn."""
    light, heavy = "{ households { nodes { id } } }", "{ nationalSummary { households } }"
    async with (
        served_with(
            village, heavy_statements=1, pool_size=2, queue_timeout_ms=60_000, query_timeout_ms=60_000
        ) as served,
        village.admin.transaction(),
    ):
        database = served.database
        await village.admin.execute("LOCK TABLE household IN ACCESS EXCLUSIVE MODE")
        waiting = [asyncio.create_task(served.query("officer", light))]
        await eventually(lambda: database.turns.taken == 1)
        waiting.append(asyncio.create_task(served.query("officer", heavy)))
        await eventually(lambda: database.turns.waiting == 1)
        async with asyncio.timeout(10):
            assert (await served.query("analyst", heavy)).codes == []
        for one in waiting:
            one.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        assert (database.turns.taken, database.heavy.taken) == (0, 0)


async def test_waiting_too_long_for_own_requests_is_a_rate_limit(village: Place) -> None:
    async with served_with(village, pool_size=2, queue_timeout_ms=100) as served, village.admin.transaction():
        await village.admin.execute("LOCK TABLE household IN ACCESS EXCLUSIVE MODE")
        text = "{ households { nodes { id } } }"
        first = asyncio.create_task(served.query("officer", text))
        await eventually(lambda: served.database.turns.taken == 1)
        answer = await served.query("officer", text)
        assert (answer.status, answer.codes, answer.headers["retry-after"]) == (429, ["RATE_LIMITED"], "2")
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)


async def test_the_statements_of_one_query_share_a_timeout(village: Place) -> None:
    """The first statement uses all of it, so the others do not start."""
    async with served_with(village, query_timeout_ms=300) as served, village.admin.transaction():
        await village.admin.execute("LOCK TABLE household IN ACCESS EXCLUSIVE MODE")
        roots = " ".join(f"a{n}: households {{ nodes {{ id }} }}" for n in range(12))
        loop = asyncio.get_running_loop()
        begun = loop.time()
        answer = await served.query("officer", f"{{ viewer {{ name }} {roots} }}")
        assert answer.codes == ["TIMEOUT"] * 12
        assert answer.json["data"]["viewer"] == {"name": "officer"}
        assert loop.time() - begun < 5, "a bound for a hang: twelve times the seconds would be 3.6"
