"""How much one process accepts from callers before it knows them, and the connections that are open.

Rule: bytes, seconds and connections of unknown callers are bounded; when there is no room, in the process or for one
address, the connection that has waited longest without a request gives way.  Test: tests/test_protocol.py.
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
from server.http.request_log import LogEntry, RequestLog
from server.settings import Settings

MAX_HEADERS = 100
CHECK_SECONDS = 1.0  # between two checks of the deadlines of all connections
MAX_LINGERING = 50  # refused connections that may stay open for a moment, so that their callers can read why
MAX_UNREAD = 250_000_000  # bytes of answers in memory that callers have not taken
OWN_FILES = 100  # open files of the process that belong neither to callers nor to the pool
log = logging.getLogger("desmigratif")


@dataclass(frozen=True)
class Bounds:
    """What one connection may use, and how many there may be."""

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
        """The bounds that the settings give, with at most as many connections as the system allows open files."""
        return cls(
            head_bytes=settings.max_head_bytes,
            head_seconds=settings.head_timeout_ms / 1000,
            body_bytes=settings.max_body_bytes,
            body_seconds=settings.body_timeout_ms / 1000,
            answer_seconds=settings.answer_timeout_ms / 1000,
            connections=_openable(settings.max_connections, settings.connections + OWN_FILES),
            connections_per_address=settings.max_connections_per_address,
        )


def _openable(connections: int, other_files: int) -> int:
    """How many of these connections can be open beside so many other files.  Raises the process's limit if it may."""
    try:
        import resource
    except ImportError:  # this system has no such limit
        return connections
    needed = connections + other_files
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return connections
    limit = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
    openable = limit - other_files
    if limit < needed:
        log.warning("Open files are limited to %d: at most %d connections are served.", limit, openable)
    return max(1, openable)


class Bounded(Protocol):
    """What `Connections` needs of a connection.  Times are seconds of the event loop's clock."""

    address: str
    waits_since: float | None
    """When it began to wait for a request; None while a request is read or answered."""

    @property
    def body_deadline(self) -> float | None:
        """When its body is due; None while no body is read."""

    @property
    def unread_bytes(self) -> int:
        """Bytes of answers that the caller has not taken."""

    def unread_seconds(self, now: float) -> float:
        """For how long the caller has left bytes unread."""

    def end_if_overdue(self, now: float) -> None:
        """End the connection if its caller is too slow."""

    def give_way(self) -> None:
        """Close at once, because another connection needs the place."""


class Connections:
    """The open connections of a process, counted by address.

    One timer checks the deadlines of all of them every second, which costs less than timers for each request."""

    def __init__(self, bounds: Bounds, outcomes: MutableMapping[str, int], log: RequestLog | None = None) -> None:
        self.bounds, self.outcomes, self._log = bounds, outcomes, log
        self._open: set[Bounded] = set()
        self._by_address: Counter[str] = Counter()
        self._timer: asyncio.TimerHandle | None = None

    def enter(self, connection: Bounded, loop: asyncio.AbstractEventLoop) -> RequestError | AccessError | None:
        """Count a new connection.  Returns why it is refused, if it is; it counts until it leaves all the same."""
        error: RequestError | AccessError | None = None
        address = connection.address
        if self._by_address[address] >= self.bounds.connections_per_address and not self._make_room(address):
            error = RateLimited(Overloaded.retry_after or 1)
        elif len(self._open) >= self.bounds.connections and not self._make_room():
            error = Overloaded()
        self._open.add(connection)
        self._by_address[address] += 1
        if self._timer is None:
            self._timer = loop.call_later(CHECK_SECONDS, self._check, loop)
        return error

    @property
    def is_crowded(self) -> bool:
        """Whether so many refused connections linger that a further one is closed without an answer."""
        return len(self._open) > self.bounds.connections + MAX_LINGERING

    def note_refusal(self, code: str, request_id: str) -> None:
        """Count a request that was refused before the application saw it, and queue its line."""
        self.outcomes[code] = self.outcomes.get(code, 0) + 1
        if self._log is not None:
            entry = LogEntry(request_id, outcome=code)
            entry.end()
            self._log.add(entry)

    def leave(self, connection: Bounded) -> None:
        """Forget a connection that is closed."""
        if connection in self._open:
            self._open.remove(connection)
            self._by_address[connection.address] -= 1
            if not self._by_address[connection.address]:
                del self._by_address[connection.address]

    def _make_room(self, address: str | None = None) -> bool:
        """Close the connection that has waited longest for its caller, of all or of one address.

        Connections whose request has begun to come are closed last.  Returns False if all are being answered."""
        candidates = [c for c in self._open if address is None or c.address == address]
        times = {c: c.waits_since for c in candidates if c.waits_since is not None}
        if not times:
            times = {c: c.body_deadline for c in candidates if c.body_deadline is not None}
        if not times:
            return False
        min(times, key=lambda connection: times[connection]).give_way()
        return True

    def bound_unread(self, now: float) -> None:
        """Close connections whose callers do not take their answers until the rest fits into memory: first the one
        with the most bytes times seconds."""
        sizes = {connection: connection.unread_bytes for connection in self._open}
        unread = {connection: size for connection, size in sizes.items() if size}
        while sum(unread.values()) > self.bounds.unread_bytes:
            worst = max(unread, key=lambda connection: unread[connection] * connection.unread_seconds(now))
            del unread[worst]
            worst.give_way()

    def _check(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        for connection in list(self._open):
            connection.end_if_overdue(now)
        self._timer = loop.call_later(CHECK_SECONDS, self._check, loop) if self._open else None
