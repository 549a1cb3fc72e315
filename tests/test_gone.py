"""If the client disconnects, PostgreSQL stops; clients that stay are not disturbed, and quick work costs little."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest
import uvicorn

from registry.store.db import Database
from server.database.embedded import Embedded
from server.http.disconnect import SLOW, ClientDisconnected, until_gone
from tests.eventually import eventually

pytestmark = pytest.mark.anyio
SLEEP = "SELECT pg_sleep(600)::text::varchar"
RUNNING = "SELECT count(*) FROM pg_stat_activity WHERE query = $1 AND wait_event = 'PgSleep'"


async def stays() -> dict[str, Any]:
    """The messages of a client that waits for its answer."""
    await asyncio.Event().wait()
    raise AssertionError


def watchers() -> list[str]:
    """The tasks that watch a client, without other tasks of the process."""
    names = [getattr(task.get_coro(), "__qualname__", "") for task in asyncio.all_tasks()]
    return [name for name in names if name.startswith("_Watch.")]


async def leaves() -> dict[str, Any]:
    return {"type": "http.disconnect"}


@asynccontextmanager
async def served(database: Database, ended: list[str]) -> AsyncIterator[int]:
    """A server on a port of its own whose every request sleeps in the database."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        while (await receive()).get("more_body"):
            pass
        try:
            await until_gone(receive, database.fetch_json(SLEEP, []))
        except BaseException as error:
            ended.append(type(error).__name__)

    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_level="error"))
    running = asyncio.create_task(server.serve([listener]))
    await eventually(lambda: server.started)
    yield listener.getsockname()[1]
    server.should_exit = True
    await running


async def test_a_closed_socket_stops_the_statement(postgres: Embedded) -> None:
    admin = await asyncpg.connect(postgres.dsn("postgres"))
    ended: list[str] = []

    async def runs(count: int) -> bool:
        return bool(await admin.fetchval(RUNNING, SLEEP) == count)

    async with Database.open(postgres.dsn("postgres"), 1) as database, served(database, ended) as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi")
        await eventually(lambda: runs(1))
        writer.close()
        await eventually(lambda: runs(0))
        await eventually(lambda: ended)
        assert ended == ["ClientDisconnected"]
        assert await database.fetch_json("SELECT 'on'::varchar", []) == b"on"
        assert (database.pool.opened, database.pool.idle) == (1, 1)
    await admin.close()


async def test_work_completes_if_the_client_stays() -> None:
    for seconds in (0, 3 * SLOW):
        assert await until_gone(stays, asyncio.sleep(seconds, "done")) == "done"


async def test_quick_work_completes_even_if_the_client_has_left() -> None:
    assert await until_gone(leaves, asyncio.sleep(0, "done")) == "done"


async def test_errors_of_the_work_are_raised() -> None:
    async def fails(seconds: float) -> None:
        await asyncio.sleep(seconds)
        raise LookupError

    for seconds in (0, 2 * SLOW):
        with pytest.raises(LookupError):
            await until_gone(stays, fails(seconds))


async def test_cancelling_the_task_is_not_a_client_disconnect() -> None:
    watched = asyncio.Event()

    async def receive() -> dict[str, Any]:
        watched.set()
        return await stays()

    task = asyncio.create_task(until_gone(receive, asyncio.sleep(600)))
    await watched.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_the_task_goes_on_after_a_disconnect_and_leaves_nothing_behind() -> None:
    with pytest.raises(ClientDisconnected):
        await until_gone(leaves, asyncio.sleep(600))
    assert await until_gone(stays, asyncio.sleep(2 * SLOW, "done")) == "done"
    await eventually(lambda: not watchers())
