"""Work for a caller who may leave: it ends when he does, and PostgreSQL is told to stop.

Rule: what is quick is not watched at all, and pays for a timer only.  Test: tests/test_patience.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeVar

T = TypeVar("T")
SLOW = 0.05  # seconds after which the caller is watched


class Gone(Exception):
    """The caller has closed the connection: nobody reads an answer."""


async def until_gone(receive: Callable[[], Awaitable[MutableMapping[str, Any]]], work: Awaitable[T]) -> T:
    """The result of the work, cancelled when `http.disconnect` arrives.  The body must have been read before.

    Raises Gone, and whatever the work raises."""
    task = asyncio.current_task()
    assert task is not None
    watch: asyncio.Task[None] | None = None
    gone, before = False, task.cancelling()

    async def watching() -> None:
        nonlocal gone
        while (await receive())["type"] != "http.disconnect":
            pass
        gone = True
        task.cancel()

    def begin() -> None:
        nonlocal watch
        watch = asyncio.ensure_future(watching())

    timer = asyncio.get_running_loop().call_later(SLOW, begin)
    try:
        return await work
    except asyncio.CancelledError:
        if gone and task.uncancel() <= before:
            raise Gone from None
        raise
    finally:
        timer.cancel()
        if watch is not None:
            watch.cancel()
