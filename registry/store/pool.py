"""The connections of one process to PostgreSQL: few, kept open, handed out in turn.

asyncpg's own pool costs as much as a small statement (docs/decisions/pool.md).  This one hands out the connection that
was used last, because its plans are warm, and closes those that stay unused.
Rule: the number of waiters and their time are bounded; whoever exceeds them gets an error at once.
Test: tests/test_pool.py.
"""

from __future__ import annotations

import asyncio
import time
from bisect import bisect_left
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import asyncpg

IDLE = 300.0  # seconds after which an unused connection is closed
CLOSING = 5.0  # seconds that closing a connection may take


class Pool:
    """At most `size` connections; if all are in use, `queue` callers may wait, each for `acquire_timeout` seconds.

    `opened` counts the open connections and those being opened."""

    def __init__(
        self, connect: Callable[[], Awaitable[asyncpg.Connection]], size: int, queue: int, acquire_timeout: float
    ) -> None:
        self.size, self.queue, self.acquire_timeout, self.opened = size, queue, acquire_timeout, 0
        self._connect = connect
        self._free: list[tuple[asyncpg.Connection, float]] = []  # with the time of its last use, the latest at the end
        self._waiting: deque[asyncio.Future[asyncpg.Connection | None]] = deque()
        self._closed = False

    @property
    def idle(self) -> int:
        """Connections that are not in use."""
        return len(self._free)

    @property
    def waiting(self) -> int:
        """Callers that wait for a connection."""
        return len(self._waiting)

    @asynccontextmanager
    async def opening(self) -> AsyncIterator[Pool]:
        """The open pool.  It connects once first, so that a wrong address fails here, and closes all at the end."""
        self.release(await self.acquire())
        tending = asyncio.create_task(self._tend())
        try:
            yield self
        finally:
            tending.cancel()
            self._closed = True
            await self._close([connection for connection, _ in self._free])

    async def acquire(self) -> asyncpg.Connection:
        """A connection for the caller alone until `release`.

        Raises asyncio.QueueFull, TimeoutError and the errors of connecting."""
        while self._free:
            connection, _ = self._free.pop()
            if not connection.is_closed():
                return connection
            self.opened -= 1
        if self._closed:
            raise asyncpg.InterfaceError("the pool is closed")
        if self.opened < self.size:
            self.opened += 1
        elif released := await self._wait():
            return released
        try:
            return await self._connect()
        except BaseException:
            self.release(None)
            raise

    def release(self, connection: asyncpg.Connection | None) -> None:
        """Give a connection back; None if it was lost, so that another one may be opened in its place."""
        if connection is not None and self._closed:
            connection.terminate()
        if connection is not None and connection.is_closed():
            connection = None
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(connection)
                return
        if connection is None:
            self.opened -= 1
        else:
            self._free.append((connection, time.monotonic()))

    async def _wait(self) -> asyncpg.Connection | None:
        if len(self._waiting) >= self.queue:
            raise asyncio.QueueFull
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[asyncpg.Connection | None] = loop.create_future()
        self._waiting.append(waiter)
        timer = loop.call_later(self.acquire_timeout, _late, waiter)  # `asyncio.timeout` costs six times that
        try:
            return await waiter
        except BaseException:
            if waiter in self._waiting:
                self._waiting.remove(waiter)
            elif not waiter.cancelled() and waiter.exception() is None:
                self.release(waiter.result())  # it was handed over in the same moment
            raise
        finally:
            timer.cancel()

    async def _tend(self) -> None:
        while True:
            await asyncio.sleep(IDLE / 10)
            before = time.monotonic() - IDLE
            cold = [connection for connection, used in self._free if used < before]
            del self._free[: len(cold)]
            self.opened -= len(cold)
            await self._close(cold)

    async def _close(self, connections: list[asyncpg.Connection]) -> None:
        for connection in connections:
            with suppress(OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await connection.close(timeout=CLOSING)


def _late(waiter: asyncio.Future[asyncpg.Connection | None]) -> None:
    """End the wait, unless a connection has been handed over."""
    if not waiter.done():
        waiter.set_exception(TimeoutError())


class Durations:
    """A histogram of how long connections were in use; the last of `counts` is for what exceeds all BOUNDS."""

    BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)  # seconds

    def __init__(self) -> None:
        self.counts, self.total = [0] * (len(self.BOUNDS) + 1), 0.0

    def add(self, seconds: float) -> None:
        self.counts[bisect_left(self.BOUNDS, seconds)] += 1
        self.total += seconds
