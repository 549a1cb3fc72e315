"""A fair queue: how much of a resource one caller may use at a time, and who comes next.

Waiting callers are served in rotation, each from a queue of their own: however many requests one caller sends, the next
caller's first request comes after one of theirs.  A free turn, the usual case, is granted at once.
Rule: nobody uses more than a share or waits without end, and a request that is cancelled gives its turn back.
Test: tests/test_turns.py.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager

Waiter = asyncio.Future[None]
ATTEMPTS = 5  # to get a scarce turn together with an ordinary one


class Crowded(Exception):
    """No turn came in time, or too many requests wait; `own` says that the caller's own requests are ahead."""

    def __init__(self, own: bool) -> None:
        self.own = own


class Turns:
    """At most `size` turns at a time and `share` for one caller, who may have `queue` requests waiting.

    A request waits for at most `acquire_timeout` seconds."""

    def __init__(self, size: int, share: int, queue: int, acquire_timeout: float) -> None:
        self.size, self.share, self.queue, self.acquire_timeout = max(size, 1), max(share, 1), queue, acquire_timeout
        self._taken: dict[Hashable, int] = {}  # turns of the callers that have any
        self._waiting: dict[Hashable, deque[Waiter]] = {}  # in the order in which callers are served next
        self.taken = 0

    @property
    def waiting(self) -> int:
        """Requests that wait for a turn."""
        return sum(map(len, self._waiting.values()))

    @asynccontextmanager
    async def of(self, caller: Hashable) -> AsyncIterator[None]:
        """One turn of this caller.  Raises Crowded."""
        await self.acquire(caller)
        try:
            yield
        finally:
            self.release(caller)

    def is_used_up(self, caller: Hashable) -> bool:
        """Whether the caller has used up their share, so that only they can end the wait."""
        return self._taken.get(caller, 0) >= self.share

    async def acquire(self, caller: Hashable) -> None:
        """A turn until `release`.  Raises Crowded."""
        taken = self._taken.get(caller, 0)
        waits = bool(self._waiting) and caller in self._waiting
        if self.taken < self.size and taken < self.share and not waits:
            self._begin(caller)
            return
        queue = self._waiting.setdefault(caller, deque())
        if len(queue) >= self.queue:
            raise Crowded(own=True)
        loop = asyncio.get_running_loop()
        waiter: Waiter = loop.create_future()
        queue.append(waiter)
        timer = loop.call_later(self.acquire_timeout, self._late, caller, waiter)
        try:
            await waiter
        except BaseException:
            if waiter.done() and not waiter.cancelled() and waiter.exception() is None:
                self.release(caller)  # the turn was granted in the same moment
            else:
                self._leave(caller, waiter)
            raise
        finally:
            timer.cancel()

    def release(self, caller: Hashable) -> None:
        """End the turn and grant the next one."""
        self.taken -= 1
        others = self._taken.pop(caller) - 1
        if others:
            self._taken[caller] = others
        if self._waiting:
            self._next()

    def _begin(self, caller: Hashable) -> None:
        self.taken += 1
        self._taken[caller] = self._taken.get(caller, 0) + 1

    def _next(self) -> None:
        """Grant free turns; a caller who gets one goes to the end of the rotation."""
        for caller in list(self._waiting):
            if self.taken >= self.size:
                return
            if self.is_used_up(caller):
                continue
            queue = self._waiting.pop(caller)
            while queue and queue[0].done():  # cancelled, but still in the queue
                queue.popleft()
            if queue:
                self._begin(caller)
                queue.popleft().set_result(None)
            if queue:
                self._waiting[caller] = queue

    def _leave(self, caller: Hashable, waiter: Waiter) -> None:
        queue = self._waiting.get(caller)
        if queue is not None and waiter in queue:
            queue.remove(waiter)
            if not queue:
                del self._waiting[caller]

    def _late(self, caller: Hashable, waiter: Waiter) -> None:
        """End the wait, unless the turn has been granted."""
        if not waiter.done():
            self._leave(caller, waiter)
            waiter.set_exception(Crowded(own=self.is_used_up(caller)))


async def acquire_both(scarce: Turns, ordinary: Turns, caller: Hashable) -> None:
    """Acquire a scarce turn and an ordinary one.  Raises Crowded.

    A caller whose own requests use up their ordinary share does not hold the scarce turn meanwhile; others get
    it."""
    for _ in range(ATTEMPTS):
        await scarce.acquire(caller)
        if not ordinary.is_used_up(caller):
            try:
                await ordinary.acquire(caller)
            except BaseException:
                scarce.release(caller)
                raise
            return
        scarce.release(caller)
        await ordinary.acquire(caller)  # until one of the caller's own requests has ended
        ordinary.release(caller)
    raise Crowded(own=True)
