"""Connections are acquired in turn, never by two at once; no waiter waits forever, and no connection is lost."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import asyncpg
import pytest

from registry.store import pool as pools
from registry.store.pool import Pool
from server.database.embedded import Embedded
from tests.eventually import eventually

pytestmark = pytest.mark.anyio


@pytest.fixture
def connect(postgres: Embedded) -> Callable[[], Awaitable[asyncpg.Connection]]:
    async def open_connection() -> asyncpg.Connection:
        return await asyncpg.connect(postgres.dsn("postgres"))

    return open_connection


@pytest.fixture
async def admin(postgres: Embedded, anyio_backend: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(postgres.dsn("postgres"))
    yield connection
    await connection.close()


async def test_the_most_recently_used_connection_is_reused(connect: Any) -> None:
    async with Pool(connect, 3, 3, 1).opening() as pool:
        first, second = await pool.acquire(), await pool.acquire()
        assert (pool.opened, pool.idle) == (2, 0)
        pool.release(first)
        pool.release(second)
        assert await pool.acquire() is second
        assert (pool.opened, pool.idle) == (2, 1)
        pool.release(second)


async def test_waiters_are_served_in_order(connect: Any) -> None:
    async with Pool(connect, 1, 9, 5).opening() as pool:
        first, came = await pool.acquire(), list[int]()

        async def wait(number: int) -> None:
            acquired = await pool.acquire()
            came.append(number)
            pool.release(acquired)

        waiting = [asyncio.create_task(wait(number)) for number in range(9)]
        await eventually(lambda: pool.waiting == 9)
        pool.release(first)
        await asyncio.gather(*waiting)
        assert came == list(range(9))


async def test_excess_waiters_are_refused_at_once_and_slow_ones_in_time(connect: Any) -> None:
    async with Pool(connect, 1, 2, 0.2).opening() as pool:
        first = await pool.acquire()
        waiting = [asyncio.create_task(pool.acquire()) for _ in range(2)]
        await eventually(lambda: pool.waiting == 2)
        with pytest.raises(asyncio.QueueFull):
            await pool.acquire()
        for one in waiting:
            with pytest.raises(TimeoutError):
                await one
        assert pool.waiting == 0
        pool.release(first)
        assert await pool.acquire() is first
        pool.release(first)


async def test_a_cancelled_waiter_takes_no_connection(connect: Any) -> None:
    async with Pool(connect, 1, 9, 5).opening() as pool:
        first = await pool.acquire()
        leaving, staying = asyncio.create_task(pool.acquire()), asyncio.create_task(pool.acquire())
        await eventually(lambda: pool.waiting == 2)
        pool.release(first)  # to the first waiter, which is cancelled in the same moment
        leaving.cancel()
        assert await staying is first
        assert leaving.cancelled()
        pool.release(first)
        assert (pool.opened, pool.idle, pool.waiting) == (1, 1, 0)


async def test_a_lost_connection_is_replaced_for_waiters_too(connect: Any, admin: asyncpg.Connection) -> None:
    async with Pool(connect, 1, 9, 5).opening() as pool:
        first = await pool.acquire()
        waiting = asyncio.create_task(pool.acquire())
        await eventually(lambda: pool.waiting == 1)
        await admin.execute("SELECT pg_terminate_backend($1)", first.get_server_pid())
        await eventually(first.is_closed)
        pool.release(first)
        other = await waiting
        assert await other.fetchval("SELECT 1") == 1
        pool.release(other)
        await admin.execute("SELECT pg_terminate_backend($1)", other.get_server_pid())
        await eventually(other.is_closed)
        third = await pool.acquire()
        assert third is not other
        pool.release(third)
        assert (pool.opened, pool.idle) == (1, 1)


async def test_a_failed_connect_raises_and_blocks_nobody(connect: Any) -> None:
    broken = False

    async def sometimes() -> asyncpg.Connection:
        if broken:
            raise ConnectionRefusedError
        connection: asyncpg.Connection = await connect()
        return connection

    async with Pool(sometimes, 1, 9, 5).opening() as pool:
        first, broken = await pool.acquire(), True
        waiting = [asyncio.create_task(pool.acquire()) for _ in range(3)]
        await eventually(lambda: pool.waiting == 3)
        first.terminate()
        pool.release(first)
        for one in waiting:
            with pytest.raises(ConnectionRefusedError):
                await one
        assert (pool.opened, pool.waiting) == (0, 0)
        broken = False
        pool.release(await pool.acquire())


async def test_random_use_never_shares_and_never_loses_a_connection(connect: Any) -> None:
    dice = random.Random(7)
    async with Pool(connect, 3, 20, 0.05).opening() as pool:
        used: set[asyncpg.Connection] = set()

        async def visit() -> None:
            acquired = await pool.acquire()
            assert acquired not in used
            used.add(acquired)
            try:
                await asyncio.sleep(dice.random() / 100)
            finally:
                used.discard(acquired)
                if dice.random() < 0.1:
                    acquired.terminate()
                pool.release(acquired)

        visits = []
        for _ in range(300):
            visits.append(asyncio.create_task(visit()))
            await asyncio.sleep(dice.random() / 500)
            if dice.random() < 0.2:
                dice.choice(visits).cancel()
        ended = await asyncio.gather(*visits, return_exceptions=True)
        odd = [e for e in ended if not isinstance(e, asyncio.CancelledError | asyncio.QueueFull | TimeoutError | None)]
        assert odd == []
        assert (pool.opened - pool.idle, pool.waiting, used) == (0, 0, set())


async def test_idle_connections_are_closed_except_the_last_used(connect: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pools, "IDLE", 0.5)
    async with Pool(connect, 2, 2, 5).opening() as pool:
        warm, cold = await pool.acquire(), await pool.acquire()
        pool.release(cold)
        pool.release(warm)

        async def closed() -> bool:
            assert await pool.acquire() is warm
            pool.release(warm)
            return cold.is_closed()

        await eventually(closed)
        assert (pool.opened, pool.idle) == (1, 1)


async def test_closing_the_pool_closes_connections_released_later_too(connect: Any) -> None:
    async with Pool(connect, 2, 2, 5).opening() as pool:
        free, late = await pool.acquire(), await pool.acquire()
        pool.release(free)
    assert free.is_closed()
    pool.release(late)
    assert late.is_closed()
    with pytest.raises(asyncpg.InterfaceError):
        await pool.acquire()
