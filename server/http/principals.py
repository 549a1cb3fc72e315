"""A cache of principals: read once for a token, and valid until the database reports a change.

One connection listens to the notifications of the triggers of `grants`, `account`, `session`, `device` and
`credential`.  That they arrive is proven, not assumed, because a pooler between accepts LISTEN and delivers nothing:
every few seconds a second connection, on the same way as changes are written, sends a heartbeat of this process to the
same channel.
Rule: no principal is cached longer than its token, than the civil day on which its grants were in force, or than ten
seconds after the sending of the last heartbeat that was heard.
Tests: tests/test_principals.py, tests/test_pgbouncer.py.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import secrets
import time
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import asyncpg

from auth.principal import Principal
from registry.store.cache import LruCache
from registry.store.outage import CONNECTION_ERRORS
from registry.values.civil_day import CAPITAL, civil_day
from server.http.beside import beside

CHANNEL = "registry_grants"
MAX_USERS = 10_000
MAX_TOKENS = 8  # of one user
MAX_BYTES = 100_000_000  # of all principals together
BYTES, GRANT_BYTES = 8_000, 1_000  # of a principal, and more for each of its grants, as measured
HEARTBEAT_SECONDS = 5.0  # between two heartbeats, and the longest that one may take to arrive
HEARTBEAT = "alive"  # how the payload of a heartbeat begins; other processes ignore it
RECONNECT_SECONDS = 1.0  # between two attempts to connect

TokenKey = tuple[uuid.UUID | None, dt.datetime]
"""What tells the tokens of one user apart: their session, and when they expire."""

log = logging.getLogger("desmigratif")


class HeartbeatLost(Exception):
    """A heartbeat was sent and did not arrive: notifications are lost on the way."""


class Principals:
    """The cache, and the connections that keep it valid.

    `changes` counts the reported changes: grants that were read while it rose must not be cached."""

    def __init__(self) -> None:
        self.changes = 0
        self._cache: LruCache[uuid.UUID, dict[TokenKey, Principal]] = LruCache(
            "principals", MAX_USERS, MAX_BYTES, _size
        )
        self._accounts: LruCache[tuple[str, str], uuid.UUID] = LruCache("accounts_of_subjects", MAX_USERS)
        self._valid_until = 0.0  # by the monotonic clock
        self._heartbeat = ""
        self._sent_at = 0.0  # by the monotonic clock
        self._heard = asyncio.Event()
        self._midnight = _next_midnight()  # by the wall clock

    @property
    def listening(self) -> bool:
        """Whether changes are heard, so that the cache may be used."""
        return time.monotonic() < self._valid_until

    def get(self, user: uuid.UUID, expires_at: dt.datetime, session: uuid.UUID | None = None) -> Principal | None:
        """The principal of the token of a session that ends then; the caller has verified the token."""
        if not self.listening:
            return None
        if time.time() >= self._midnight:
            self._clear()
            self._midnight = _next_midnight()
        tokens = self._cache.get(user)
        return tokens.get((session, expires_at)) if tokens else None

    def put(self, principal: Principal, changes: int) -> None:
        """Cache a principal whose reading began when `changes` was this number."""
        if changes != self.changes or not self.listening:
            return
        tokens = self._cache.get(principal.user_id) or {}
        if len(tokens) >= MAX_TOKENS:
            tokens = {}
        token = principal.session, principal.expires_at
        self._cache.put(principal.user_id, tokens | {token: principal})

    def account(self, subject: tuple[str, str]) -> uuid.UUID | None:
        """The account of a provider's subject, given as its issuer and name; the caller has verified its token."""
        return self._accounts.get(subject) if self.listening else None

    def put_account(self, subject: tuple[str, str], account: uuid.UUID, changes: int) -> None:
        """Cache a binding whose reading began when `changes` was this number."""
        if changes == self.changes and self.listening:
            self._accounts.put(subject, account)

    @asynccontextmanager
    async def opening(self, dsn: str, listen_url: str | None = None) -> AsyncIterator[Principals]:
        """Listen at `listen_url`, else at `dsn`, where changes are written; connect again whenever it fails."""
        async with beside(self._keep_listening(dsn, listen_url or dsn)):
            yield self

    async def _keep_listening(self, dsn: str, listen_url: str) -> None:
        logged_reason = ""
        while True:
            try:
                await self._listen(dsn, listen_url)
                reason = "the connection was lost"
            except HeartbeatLost:
                reason = "notifications are lost on the way: set DESMIGRATIF_LISTEN_URL to go past the pooler"
            except CONNECTION_ERRORS as error:
                reason = type(error).__name__
            if reason != logged_reason:  # once, however often it fails
                log.warning("Changes of grants are not heard (%s): grants are read at every request.", reason)
            logged_reason = reason
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _listen(self, dsn: str, listen_url: str) -> None:
        """Listen until a connection is lost.  Raises HeartbeatLost."""
        lost = asyncio.Event()

        def on_lost(connection: object) -> None:
            self._stop_caching()
            lost.set()
            self._heard.set()  # no heartbeat will come any more

        try:
            async with _connected(dsn, on_lost) as sender, _connected(listen_url, on_lost) as listener:
                await listener.add_listener(CHANNEL, self._notified)
                self._clear()
                while not lost.is_set():
                    await self._send_heartbeat(sender)
                    with suppress(TimeoutError):
                        async with asyncio.timeout(HEARTBEAT_SECONDS):
                            await lost.wait()
        finally:
            self._stop_caching()

    async def _send_heartbeat(self, sender: asyncpg.Connection) -> None:
        """Wait until a heartbeat arrives.  Raises HeartbeatLost.

        PostgreSQL delivers in the order of commits: whoever hears this one has heard every change before it."""
        self._heartbeat = f"{HEARTBEAT} {secrets.token_hex(8)}"
        self._sent_at = time.monotonic()
        self._heard.clear()
        await sender.execute(f"SELECT pg_notify('{CHANNEL}', '{self._heartbeat}')")
        try:
            # Not wait_for, which may swallow a cancellation in Python 3.11.
            async with asyncio.timeout(HEARTBEAT_SECONDS):
                await self._heard.wait()
        except TimeoutError:
            raise HeartbeatLost from None

    def _notified(self, connection: object, pid: int, channel: str, payload: object) -> None:
        text = str(payload)
        if text == self._heartbeat:
            self._valid_until = self._sent_at + 2 * HEARTBEAT_SECONDS
            self._heard.set()
            return
        if text.startswith(HEARTBEAT):  # another process's
            return
        try:
            user = uuid.UUID(text)
        except ValueError:  # `*` means all users, and so may a payload that this code does not know
            self._clear()
            return
        self._cache.discard(user)
        self.changes += 1

    def _stop_caching(self) -> None:
        self._valid_until = 0.0
        self._clear()

    def _clear(self) -> None:
        self._cache.clear()
        self._accounts.clear()
        self.changes += 1


@asynccontextmanager
async def _connected(dsn: str, on_lost: Callable[[object], None]) -> AsyncIterator[asyncpg.Connection]:
    """A connection without prepared statements, so that it works through any pooler."""
    connection = await asyncpg.connect(
        dsn, timeout=HEARTBEAT_SECONDS, command_timeout=HEARTBEAT_SECONDS, statement_cache_size=0
    )
    try:
        connection.add_termination_listener(on_lost)
        yield connection
    finally:
        connection.terminate()


def _size(tokens: dict[TokenKey, Principal]) -> int:
    """About how many bytes the principals of one user's tokens take."""
    return sum(BYTES + GRANT_BYTES * len(principal.grants) for principal in tokens.values())


def _next_midnight() -> float:
    tomorrow = civil_day() + dt.timedelta(days=1)
    return dt.datetime.combine(tomorrow, dt.time(), CAPITAL).timestamp()
