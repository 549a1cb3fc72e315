"""Waiting for a state: tests poll for it and never sleep for as long as it usually takes."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import asyncpg

if TYPE_CHECKING:
    from tests.village import Answer

PATIENCE = 60.0  # seconds: a bound for a state that never comes, not a claim about speed
PAUSE = 0.01  # seconds

# Not pg_stat_activity, because a transaction sees only one snapshot of it.
WAITING = """
SELECT count(DISTINCT pid) FROM pg_locks
WHERE NOT granted AND clock_timestamp() - waitstart >= $1 * interval '1 millisecond'
  AND pid IN (SELECT pid FROM pg_locks JOIN pg_database d ON d.oid = database WHERE datname = current_database())
"""


async def eventually(condition: Callable[[], Any]) -> Any:
    """Wait for and return the first true value of a condition, which may be a coroutine function.  TimeoutError."""
    async with asyncio.timeout(PATIENCE):
        while True:
            value = condition()
            if inspect.isawaitable(value):
                value = await value
            if value:
                return value
            await asyncio.sleep(PAUSE)


async def answer_of(status: int, send: Callable[[], Awaitable[Answer]]) -> Answer:
    """Send a request until its answer has this status, and return that answer.  TimeoutError."""

    async def answered() -> Answer | None:
        answer = await send()
        return answer if answer.status == status else None

    answer: Answer = await eventually(answered)
    return answer


def eventually_now(condition: Callable[[], Any]) -> Any:
    """Like `eventually`, for tests without an event loop."""
    deadline = time.monotonic() + PATIENCE
    while not (value := condition()):
        assert time.monotonic() < deadline, "it never came"
        time.sleep(PAUSE)
    return value


async def waiting_for_locks(admin: asyncpg.Connection, sessions: int, milliseconds: int = 0) -> None:
    """Return when at least `sessions` sessions of the database have each waited `milliseconds` for a lock."""

    async def enough_wait() -> bool:
        count: int = await admin.fetchval(WAITING, milliseconds)
        return count >= sessions

    await eventually(enough_wait)
