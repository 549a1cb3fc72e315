"""Answers are bytes, limits raise their own errors, and cancelling stops the statement."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from registry.store.db import MAX_WAITERS_PER_CONNECTION, Database
from registry.store.outage import TooSlow, Unreachable
from registry.store.pool import Durations
from server.database.embedded import Embedded
from tests.eventually import eventually

pytestmark = pytest.mark.anyio
SLEEP = "SELECT pg_sleep(600)::text::varchar"
ACTIVE = "SELECT count(*) FROM pg_stat_activity WHERE query = $1 AND wait_event = 'PgSleep'"


@pytest.fixture
async def admin(postgres: Embedded, anyio_backend: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(postgres.dsn("postgres"))
    yield connection
    await connection.close()


@pytest.fixture
async def database(postgres: Embedded, anyio_backend: str) -> AsyncIterator[Database]:
    async with Database.open(postgres.dsn("postgres"), 1, 0.3, 0.2) as opened:
        yield opened


async def until(admin: asyncpg.Connection, statement: str, count: int) -> None:
    async def reached() -> bool:
        return bool(await admin.fetchval(ACTIVE, statement) == count)

    await eventually(reached)


async def test_an_answer_is_the_bytes_of_its_text(database: Database) -> None:
    text = "Désa Ngawi 漢字 '\\"
    assert await database.fetch_json("SELECT $1::varchar", [text]) == text.encode()
    assert await database.fetch_json("SELECT ($1::text)::varchar", [text]) == text.encode()
    assert (
        await database.fetch_json("SELECT to_json($1::varchar[])::varchar", [["a", None, "é"]])
        == '["a",null,"é"]'.encode()
    )
    assert await database.fetch_json("SELECT NULL::varchar", []) is None
    assert await database.fetch_json("SELECT repeat('x', $1)::varchar", [450_000]) == b"x" * 450_000


async def test_a_statement_past_the_limit_is_too_slow_and_its_connection_stays_usable(database: Database) -> None:
    with pytest.raises(TooSlow):
        await database.fetch_json(SLEEP, [])
    assert await database.fetch_json("SELECT 'on'::varchar", []) == b"on"


async def test_a_statement_that_the_server_cancels_is_too_slow(postgres: Embedded, admin: asyncpg.Connection) -> None:
    async with Database.open(postgres.dsn("postgres"), 1) as database:
        task = asyncio.create_task(database.fetch_json(SLEEP, []))
        await until(admin, SLEEP, 1)
        await admin.execute("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE query = $1", SLEEP)
        with pytest.raises(TooSlow):
            await task


async def test_an_error_in_a_statement_is_raised_as_it_is(database: Database) -> None:
    with pytest.raises(asyncpg.UndefinedTableError):
        await database.fetch_json("SELECT x::varchar FROM nowhere", [])
    assert await database.fetch_json("SELECT 'on'::varchar", []) == b"on"


async def test_the_queue_for_connections_is_bounded(postgres: Embedded) -> None:
    async with Database.open(postgres.dsn("postgres"), 1, acquire_timeout=600) as database, asyncio.timeout(60):
        connection = await database.pool.acquire()
        waiting = [
            asyncio.create_task(database.fetch_json("SELECT 'on'::varchar", []))
            for _ in range(MAX_WAITERS_PER_CONNECTION)
        ]
        await eventually(lambda: database.pool.waiting == MAX_WAITERS_PER_CONNECTION)
        with pytest.raises(Unreachable):
            await database.fetch_json("SELECT ''::varchar", [])
        assert database.pool.waiting == MAX_WAITERS_PER_CONNECTION, "no waiter has timed out meanwhile"
        database.pool.release(connection)
        assert {await one for one in waiting} == {b"on"}


async def test_waiting_for_a_connection_is_bounded(database: Database) -> None:
    connection = await database.pool.acquire()
    async with asyncio.timeout(60):
        results = await asyncio.gather(
            *[database.fetch_json("SELECT ''::varchar", []) for _ in range(MAX_WAITERS_PER_CONNECTION)],
            return_exceptions=True,
        )
    assert {type(one) for one in results} == {Unreachable}
    database.pool.release(connection)
    assert await database.fetch_json("SELECT 'on'::varchar", []) == b"on"


async def test_cancelling_stops_the_statement_and_keeps_the_connection(
    postgres: Embedded, admin: asyncpg.Connection
) -> None:
    async with Database.open(postgres.dsn("postgres"), 1) as database:
        task = asyncio.create_task(database.fetch_json(SLEEP, []))
        await until(admin, SLEEP, 1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await database.fetch_json("SELECT 'on'::varchar", []) == b"on"
        await until(admin, SLEEP, 0)
        assert database.pool.opened == 1


async def test_an_unreachable_address_fails_at_start() -> None:
    with pytest.raises(OSError, match="1"):
        async with Database.open("postgresql://nobody@127.0.0.1:1/x"):
            pass


async def test_the_time_that_connections_are_held_is_measured(database: Database) -> None:
    await database.fetch_json("SELECT ''::varchar", [])
    await database.fetch_json("SELECT pg_sleep(0.06)::text::varchar", [])
    assert sum(database.held.counts) == 2
    assert database.held.total > 0.06


def test_a_duration_counts_in_its_bucket() -> None:
    durations = Durations()
    for seconds in (0.0005, 0.001, 0.06, 11.0):
        durations.add(seconds)
    counts = dict(zip((*durations.BOUNDS, None), durations.counts, strict=True))
    assert {bound: count for bound, count in counts.items() if count} == {0.001: 2, 0.1: 1, None: 1}
    assert durations.total == pytest.approx(11.0615)


async def test_a_connection_in_an_unknown_state_is_closed(database: Database) -> None:
    with pytest.raises(Unreachable):
        async with database._connection() as connection:
            raise asyncpg.InternalClientError
    assert connection.is_closed()
    assert await database.fetch_json("SELECT 'x'::varchar", []) == b"x"


class Quoting:
    """A principal whose areas could end the quotes around them."""

    user_id = uuid.UUID(int=0)

    def __init__(self, value: str) -> None:
        self.value, self.memo = value, dict[object, object]()

    def written(self, name: str) -> dict[str, str]:
        return {"write": self.setting(name), "write_own": ""}

    def setting(self, name: str) -> str:
        return self.value if name == "submit" else ""


@pytest.mark.parametrize("value", ["x'", "x\\", "'); DROP TABLE household; --"])
async def test_a_setting_that_could_end_its_quotes_is_refused(database: Database, value: str) -> None:
    who: Any = Quoting(value)
    with pytest.raises(ValueError, match="quotes"):
        async with database.write(who, "submit"):
            pytest.fail("it began")
