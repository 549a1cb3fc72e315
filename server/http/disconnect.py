"""Work for a caller who may leave: it ends when he does, and PostgreSQL is told to stop.

Rule: what is quick is not watched at all, and pays for a timer only.  Test: tests/test_gone.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any, TypeVar

from starlette.types import Receive

T = TypeVar("T")
SLOW = 0.05  # seconds after which the caller is watched


class ClientDisconnected(Exception):
    """The caller has closed the connection: nobody reads an answer."""


class _Watch:
    """Over one task: cancels it when its caller has closed the connection."""

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
    """The result of the work, cancelled when `http.disconnect` arrives.  The body must have been read before.

    Raises Gone, and whatever the work raises."""
    task = asyncio.current_task()
    assert task is not None
    before = task.cancelling()
    watch = _Watch(task, receive)
    timer = asyncio.get_running_loop().call_later(SLOW, watch.begin)
    try:
        return await work
    except asyncio.CancelledError:
        if watch.gone and task.uncancel() <= before:
            raise ClientDisconnected from None
        raise
    finally:
        timer.cancel()
        watch.end()
