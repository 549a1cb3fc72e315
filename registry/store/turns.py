"""Turns: how much of something one caller may use at a time, and who comes next.

Callers that wait stand in a circle, each with a queue of his own: however many one sends, the next one's first is
served after one of his.  What is free is given at once, which is nearly always and costs nothing.
Rule: nobody takes more than a share, nobody waits without end, and one that leaves takes nothing with him.
Test: tests/test_turns.py.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager

Waiter = asyncio.Future[None]
ATTEMPTS = 5  # to get a scarce turn while the caller's share of the lane is not used up


class Crowded(Exception):
    """No turn came in time, or too many wait: `own` says that the caller's own requests are those in front."""

    def __init__(self, own: bool) -> None:
        self.own = own


class Turns:
    """At most `size` turns at a time, and `share` of one caller, who may have `queue` waiting.

    Each waits for `acquire_timeout` seconds at most."""

    def __init__(self, size: int, share: int, queue: int, acquire_timeout: float) -> None:
        self.size, self.share, self.queue, self.acquire_timeout = max(size, 1), max(share, 1), queue, acquire_timeout
        self._taken: Counter[Hashable] = Counter()
        self._waiting: dict[Hashable, deque[Waiter]] = {}  # in the order in which callers come next
        self.taken = 0

    @property
    def waiting(self) -> int:
        """Requests whose turn has not come."""
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
        """Whether the caller has his share, and waits for himself."""
        return self._taken[caller] >= self.share

    async def acquire(self, caller: Hashable) -> None:
        """A turn until `release`.  Raises Crowded."""
        if self.taken < self.size and not self.is_used_up(caller) and caller not in self._waiting:
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
                self.release(caller)  # its turn came in the same moment
            else:
                self._leave(caller, waiter)
            raise
        finally:
            timer.cancel()

    def release(self, caller: Hashable) -> None:
        """The turn is over, and the next one's begins."""
        self.taken -= 1
        self._taken[caller] -= 1
        if not self._taken[caller]:
            del self._taken[caller]
        self._next()

    def _begin(self, caller: Hashable) -> None:
        self.taken += 1
        self._taken[caller] += 1

    def _next(self) -> None:
        """Turns for those who may have one; whoever got one stands behind all others."""
        for caller in list(self._waiting):
            if self.taken >= self.size:
                return
            if self._taken[caller] >= self.share:
                continue
            queue = self._waiting.pop(caller)
            while queue and queue[0].done():  # it was cancelled, and has not had the time to leave
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
        """Its patience is at an end, unless its turn has come."""
        if not waiter.done():
            self._leave(caller, waiter)
            waiter.set_exception(Crowded(own=self._taken[caller] >= self.share))


async def take_both(scarce: Turns, lane: Turns, caller: Hashable) -> None:
    """A scarce turn and one of the lane.  Raises Crowded.

    The scarce one is not held while the caller waits for his own other work, which uses up his share of the lane: it is
    another one's meanwhile."""
    for _ in range(ATTEMPTS):
        await scarce.acquire(caller)
        if not lane.is_used_up(caller):
            try:
                await lane.acquire(caller)
            except BaseException:
                scarce.release(caller)
                raise
            return
        scarce.release(caller)
        await lane.acquire(caller)  # until some of his has ended
        lane.release(caller)
    raise Crowded(own=True)
