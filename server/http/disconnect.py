"""Work for a caller who may leave: it is cancelled when they do, and so is its statement in PostgreSQL.

Rule: quick work is not watched at all, and costs a timer only.  Test: tests/test_gone.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any, TypeVar

from starlette.types import Receive

T = TypeVar("T")
SLOW = 0.05  # seconds of work after which the connection is watched


class ClientDisconnected(Exception):
    """The caller has closed the connection, so nobody will read the answer."""


class _Watch:
    """Cancels one task when its caller closes the connection.  `gone` says whether that happened."""

    def __init__(self, task: asyncio.Task[Any], receive: Receive) -> None:
        self._task, self._receive = task, receive
        self._watching: asyncio.Task[None] | None = None
        self.gone = False

    def begin(self) -> None:
        self._watching = asyncio.ensure_future(self._watch())

    def end(self) -> None:
        if self._watching is not None:
            self._watching.cancel()

    async def _watch(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self.gone = True
        self._task.cancel()


async def until_gone(receive: Receive, work: Awaitable[T]) -> T:
    """The result of the work, which is cancelled when `http.disconnect` arrives.  Read the body before.

    Raises ClientDisconnected, and whatever the work raises."""
    task = asyncio.current_task()
    assert task is not None
    earlier_cancellations = task.cancelling()
    watch = _Watch(task, receive)
    timer = asyncio.get_running_loop().call_later(SLOW, watch.begin)
    try:
        return await work
    except asyncio.CancelledError:
        # Only ours becomes ClientDisconnected; a cancellation by somebody else goes on.
        if watch.gone and task.uncancel() <= earlier_cancellations:
            raise ClientDisconnected from None
        raise
    finally:
        timer.cancel()
        watch.end()
