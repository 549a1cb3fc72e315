"""Waiting for a state: tests ask for it again and again and never sleep for as long as it usually takes."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Callable
from typing import Any

import asyncpg

PATIENCE = 60.0  # seconds: a bound for what never comes, not a claim about speed
PAUSE = 0.01  # seconds

# Not pg_stat_activity, of which a transaction sees one moment only.
WAITING = """
SELECT count(DISTINCT pid) FROM pg_locks
WHERE NOT granted AND clock_timestamp() - waitstart >= $1 * interval '1 millisecond'
  AND pid IN (SELECT pid FROM pg_locks JOIN pg_database d ON d.oid = database WHERE datname = current_database())
"""


async def eventually(condition: Callable[[], Any]) -> Any:
    """The first true answer of a condition, which may be a coroutine function.  TimeoutError."""
    async with asyncio.timeout(PATIENCE):
        while True:
            answer = condition()
            if inspect.isawaitable(answer):
                answer = await answer
            if answer:
                return answer
            await asyncio.sleep(PAUSE)


def eventually_now(condition: Callable[[], Any]) -> Any:
    """As `eventually`, for tests without an event loop."""
    deadline = time.monotonic() + PATIENCE
    while not (answer := condition()):
        assert time.monotonic() < deadline, "it never came"
        time.sleep(PAUSE)
    return answer


async def waiting_for_locks(admin: asyncpg.Connection, sessions: int, milliseconds: int = 0) -> None:
    """Returns when so many sessions of the database have waited so long for a lock."""

    async def counted() -> bool:
        count: int = await admin.fetchval(WAITING, milliseconds)
        return count >= sessions

    await eventually(counted)
