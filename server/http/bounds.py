"""How much one process takes on from callers that it does not know yet, and the connections that it has.

Rule: bytes, seconds and connections of strangers end somewhere; when there is no room, for the process or for one
address, whoever has waited longest without asking anything gives way.  Test: tests/test_protocol.py.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Protocol

from auth.errors import AccessError, RateLimited
from schema.errors import Overloaded, RequestError
from server.settings import Settings

MAX_HEADERS = 100
LOOK = 1.0  # seconds between two looks at the clocks of all connections
MAX_LINGERING = 50  # refused connections that may stay a moment to read why
MAX_UNREAD = 250_000_000  # bytes of answers in memory that callers have not taken
OWN_FILES = 100  # open files of the process besides callers and the pool, with those
log = logging.getLogger("desmigratif")


@dataclass(frozen=True)
class Bounds:
    """What a connection may take; times in seconds."""

    head_bytes: int = 32_000
    head_seconds: float = 10.0
    body_bytes: int = 2_000_000
    body_seconds: float = 60.0
    answer_seconds: float = 30.0
    connections: int = 1_000
    connections_per_address: int = 500
    unread_bytes: int = MAX_UNREAD

    @classmethod
    def of(cls, settings: Settings) -> Bounds:
        """The bounds of the settings, with as many connections as the system has files for."""
        return cls(
            settings.max_head_bytes,
            settings.head_timeout_ms / 1000,
            settings.max_body_bytes,
            settings.body_timeout_ms / 1000,
            settings.answer_timeout_ms / 1000,
            _openable(settings.max_connections, settings.pool_size + OWN_FILES),
            settings.max_connections_per_address,
        )


def _openable(connections: int, others: int) -> int:
    """So many connections, or what the limit of open files leaves of them beside so many others."""
    try:
        import resource
    except ImportError:  # of systems that have no such limit
        return connections
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= connections + others:
        return connections
    wanted = connections + others if hard == resource.RLIM_INFINITY else min(connections + others, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    if wanted < connections + others:
        log.warning("Open files are limited to %d: at most %d connections are served.", wanted, wanted - others)
    return max(1, wanted - others)


class Bounded(Protocol):
    """What `Connections` asks of a connection."""

    address: str
    waits_since: float | None
    """When it began to wait for a request that has not come; None while one is read or answered."""

    @property
    def reads_since(self) -> float | None:
        """When it began to wait for a body that has not come wholly, by a clock of its own; None while none is read."""

    @property
    def unread_bytes(self) -> int:
        """Bytes of answers that the caller has not taken."""

    def unread_seconds(self, now: float) -> float:
        """For how long there have been some."""

    def look(self, now: float) -> None:
        """End what takes too long."""

    def give_way(self) -> None:
        """Close at once."""


class Connections:
    """The open connections of a process, counted by address, and one clock for all of them.

    One look a second costs less than timers of each request."""

    def __init__(self, bounds: Bounds, outcomes: MutableMapping[str, int]) -> None:
        self.bounds, self.outcomes = bounds, outcomes
        self._open: set[Bounded] = set()
        self._by_address: Counter[str] = Counter()
        self._clock: asyncio.TimerHandle | None = None

    def enter(self, connection: Bounded, loop: asyncio.AbstractEventLoop) -> RequestError | AccessError | None:
        """Count a new connection; answers why it is refused, and then it is counted all the same until it leaves."""
        refusal: RequestError | AccessError | None = None
        address = connection.address
        if self._by_address[address] >= self.bounds.connections_per_address and not self._make_room(address):
            refusal = RateLimited(Overloaded.retry_after or 1)
        elif len(self._open) >= self.bounds.connections and not self._make_room():
            refusal = Overloaded()
        self._open.add(connection)
        self._by_address[connection.address] += 1
        if self._clock is None:
            self._clock = loop.call_later(LOOK, self._look, loop)
        return refusal

    @property
    def is_crowded(self) -> bool:
        """Whether so many refused ones linger that no other can be told why it is refused."""
        return len(self._open) > self.bounds.connections + MAX_LINGERING

    def leave(self, connection: Bounded) -> None:
        """Forget a connection that is closed."""
        if connection in self._open:
            self._open.remove(connection)
            self._by_address[connection.address] -= 1
            if not self._by_address[connection.address]:
                del self._by_address[connection.address]

    def _make_room(self, address: str | None = None) -> bool:
        """Let the connection give way that has waited longest for its caller, of all or of one address; whose request
        has begun to come goes last.  False where all are answered."""
        ours = [c for c in self._open if address is None or c.address == address]
        waiting = [c for c in ours if c.waits_since is not None] or [c for c in ours if c.reads_since is not None]
        if waiting:
            min(waiting, key=lambda c: c.waits_since or c.reads_since or 0.0).give_way()
        return bool(waiting)

    def bound_unread(self, now: float) -> None:
        """Let callers go that do not take their answers, while those are too many bytes together: first whoever has
        held the most for the longest."""
        unread = {connection: size for connection in self._open if (size := connection.unread_bytes)}
        while sum(unread.values()) > self.bounds.unread_bytes:
            worst = max(unread, key=lambda connection: unread[connection] * connection.unread_seconds(now))
            del unread[worst]
            worst.give_way()

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        for connection in list(self._open):
            connection.look(now)
        self._clock = loop.call_later(LOOK, self._look, loop) if self._open else None
