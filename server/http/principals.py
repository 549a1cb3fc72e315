"""Principals that need no look-up: made once for a token, and good until the database tells of a change.

One connection listens to what the triggers of `grants` and `account` tell.  Whether it hears is proven and not assumed,
because a pooler between accepts LISTEN and delivers nothing: a second connection, on the way by which changes are
written, sends this process's own sign to the same channel every few seconds.  Rule: nothing is remembered longer than
its token, than the civil day on which its grants were in force, and than ten seconds after the sending of the last
sign that was heard.  Tests: tests/test_principals.py, tests/test_pgbouncer.py.
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
from zoneinfo import ZoneInfo

import asyncpg

from auth.principal import Principal
from registry.store.cache import LruCache
from registry.store.outage import CONNECTION_ERRORS

CHANNEL = "registry_grants"
CAPITAL = ZoneInfo("Asia/Jakarta")
MOST = 10_000  # users
MOST_TOKENS = 8  # of one user
MEMORY = 100_000_000  # bytes of all, counted by what was measured
BYTES, GRANT_BYTES = 8_000, 1_000  # of a principal, and for each of its grants
ALIVE = 5.0  # seconds between two signs of life, and for one to come
SIGN = "alive"  # how the payload of a sign of life begins; it is of one process, and no change for any other
AGAIN = 1.0  # seconds between two attempts to connect

log = logging.getLogger("desmigratif")


def today() -> dt.date:
    """The civil day by which grants begin and end."""
    return dt.datetime.now(CAPITAL).date()


class Unheard(Exception):
    """A sign of life was sent and did not arrive: notifications are lost on the way."""


class Principals:
    """What is known of callers until their tokens end, or the day.  `changes` counts what was told: who reads grants
    while it moves must not remember them."""

    def __init__(self) -> None:
        self.changes = 0
        self._held: LruCache[uuid.UUID, dict[dt.datetime, Principal]] = LruCache("principals", MOST, MEMORY, _size)
        self._heard_until = 0.0  # monotonic
        self._sign, self._sent_at, self._heard = "", 0.0, asyncio.Event()
        self._midnight = _next_midnight()  # of the clock

    @property
    def listening(self) -> bool:
        """Whether changes are heard, so that remembering is allowed."""
        return time.monotonic() < self._heard_until

    def get(self, user: uuid.UUID, expires_at: dt.datetime) -> Principal | None:
        """The principal of this user's token with this end, which the caller has checked."""
        if not self.listening:
            return None
        if time.time() >= self._midnight:
            self._forget()
            self._midnight = _next_midnight()
        found = self._held.get(user)
        return found.get(expires_at) if found else None

    def put(self, principal: Principal, changes: int) -> None:
        """Remember what was read when `changes` was this number."""
        if changes != self.changes or not self.listening:
            return
        tokens = self._held.get(principal.user_id) or {}
        others = tokens if len(tokens) < MOST_TOKENS else {}
        self._held.put(principal.user_id, others | {principal.expires_at: principal})

    @asynccontextmanager
    async def opening(self, dsn: str, listen_url: str | None = None) -> AsyncIterator[Principals]:
        """Listening at `listen_url`, else at `dsn`, where changes are written; again and again where it fails."""
        listening = asyncio.create_task(self._keep_listening(dsn, listen_url or dsn))
        try:
            yield self
        finally:
            listening.cancel()
            with suppress(asyncio.CancelledError):
                await listening

    async def _keep_listening(self, dsn: str, listen_url: str) -> None:
        logged = ""
        while True:
            try:
                await self._listen(dsn, listen_url)
                reason = "the connection was lost"
            except Unheard:
                reason = "notifications are lost on the way: set DESMIGRATIF_LISTEN_URL to go past the pooler"
            except CONNECTION_ERRORS as error:
                reason = type(error).__name__
            if reason != logged:  # once, however often it fails
                log.warning("Changes of grants are not heard (%s): grants are read at every request.", reason)
            logged = reason
            await asyncio.sleep(AGAIN)

    async def _listen(self, dsn: str, listen_url: str) -> None:
        """Until a connection is lost.  Unheard: a sign of life did not arrive."""
        lost = asyncio.Event()

        def gone(connection: object) -> None:
            self._deaf()
            lost.set()
            self._heard.set()  # nothing more to wait for

        try:
            async with _connected(dsn, gone) as speaker, _connected(listen_url, gone) as listener:
                await listener.add_listener(CHANNEL, self._told)
                self._forget()
                while not lost.is_set():
                    await self._prove(speaker)
                    with suppress(TimeoutError):
                        async with asyncio.timeout(ALIVE):
                            await lost.wait()
        finally:
            self._deaf()

    async def _prove(self, speaker: asyncpg.Connection) -> None:
        """PostgreSQL delivers in the order of commits: who hears this has heard what was told before it was sent."""
        self._sign, self._sent_at = f"{SIGN} {secrets.token_hex(8)}", time.monotonic()
        self._heard.clear()
        await speaker.execute(f"SELECT pg_notify('{CHANNEL}', '{self._sign}')")
        try:
            async with asyncio.timeout(ALIVE):  # not wait_for, which in Python 3.11 may swallow a cancellation
                await self._heard.wait()
        except TimeoutError:
            raise Unheard from None

    def _told(self, connection: object, pid: int, channel: str, payload: object) -> None:
        text = str(payload)
        if text == self._sign:
            self._heard_until = self._sent_at + 2 * ALIVE
            self._heard.set()
            return
        if text.startswith(SIGN):  # of another process
            return
        try:
            self._held.discard(uuid.UUID(text))
            self.changes += 1
        except ValueError:  # `*`, or what nobody here says: both may mean anybody
            self._forget()

    def _deaf(self) -> None:
        self._heard_until = 0.0
        self._forget()

    def _forget(self) -> None:
        self._held.clear()
        self.changes += 1


@asynccontextmanager
async def _connected(dsn: str, gone: Callable[[object], None]) -> AsyncIterator[asyncpg.Connection]:
    """A connection that prepares nothing, as any pooler bears it."""
    connection = await asyncpg.connect(dsn, timeout=ALIVE, command_timeout=ALIVE, statement_cache_size=0)
    try:
        connection.add_termination_listener(gone)
        yield connection
    finally:
        connection.terminate()


def _size(tokens: dict[dt.datetime, Principal]) -> int:
    """About how many bytes the principals of one user's tokens take."""
    return sum(BYTES + GRANT_BYTES * len(principal.grants) for principal in tokens.values())


def _next_midnight() -> float:
    return dt.datetime.combine(today() + dt.timedelta(days=1), dt.time(), CAPITAL).timestamp()
