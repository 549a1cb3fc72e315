"""Principals that need no look-up: made once for a token, and good until the database tells of a change.

One connection of its own, past any pooler, listens to what the triggers of `grants` and `account` tell.  Rule: nothing
is remembered longer than its token, than the civil day on which its grants were in force, and than the listener is
known to hear: it asks for a sign of life, and without one nothing is remembered.  Test: tests/test_principals.py.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from zoneinfo import ZoneInfo

import asyncpg

from auth.principal import Principal
from registry.cache import Remembered
from registry.db import LOST

CHANNEL = "registry_grants"
CAPITAL = ZoneInfo("Asia/Jakarta")
MOST = 10_000  # users
MOST_TOKENS = 8  # of one user
ALIVE = 5.0  # seconds between two signs of life, and for one to come
AGAIN = 1.0  # seconds between two attempts to connect

log = logging.getLogger("desmigratif")


def today() -> dt.date:
    """The civil day by which grants begin and end."""
    return dt.datetime.now(CAPITAL).date()


class Principals:
    """What is known of callers until their tokens end, or the day.  `changes` counts what was told: who reads grants
    while it moves must not remember them."""

    def __init__(self) -> None:
        self.changes = 0
        self._held: Remembered[uuid.UUID, dict[dt.datetime, Principal]] = Remembered("principals", MOST)
        self._heard_until = 0.0  # monotonic
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
        tokens = self._held.get(principal.user_id)
        if tokens is None or len(tokens) >= MOST_TOKENS:
            self._held.put(principal.user_id, tokens := {})
        tokens[principal.expires_at] = principal

    @asynccontextmanager
    async def opening(self, dsn: str) -> AsyncIterator[Principals]:
        """Listening at this address, again and again where it fails."""
        listening = asyncio.create_task(self._keep_listening(dsn))
        try:
            yield self
        finally:
            listening.cancel()
            with suppress(asyncio.CancelledError):
                await listening

    async def _keep_listening(self, dsn: str) -> None:
        said = ""
        while True:
            try:
                await self._listen(dsn)
                why = "the connection was lost"
            except LOST as error:
                why = type(error).__name__
            if why != said:  # once, however often it fails
                log.warning("Changes of grants are not heard (%s): grants are read at every request.", why)
            said = why
            await asyncio.sleep(AGAIN)

    async def _listen(self, dsn: str) -> None:
        """Until the connection is lost."""
        lost = asyncio.Event()

        def gone(connection: object) -> None:
            self._deaf()
            lost.set()

        connection = await asyncpg.connect(dsn, timeout=ALIVE, command_timeout=ALIVE)
        try:
            connection.add_termination_listener(gone)
            await connection.add_listener(CHANNEL, self._told)
            self._forget()
            while not lost.is_set():
                asked = time.monotonic()
                await connection.fetchval("SELECT 1")
                self._heard_until = asked + 2 * ALIVE
                with suppress(TimeoutError):
                    await asyncio.wait_for(lost.wait(), ALIVE)
        finally:
            self._deaf()
            connection.terminate()

    def _told(self, connection: object, pid: int, channel: str, payload: object) -> None:
        try:
            self._held.discard(uuid.UUID(str(payload)))
            self.changes += 1
        except ValueError:  # `*`, or what nobody here says: both may mean anybody
            self._forget()

    def _deaf(self) -> None:
        self._heard_until = 0.0
        self._forget()

    def _forget(self) -> None:
        self._held.clear()
        self.changes += 1


def _next_midnight() -> float:
    return dt.datetime.combine(today() + dt.timedelta(days=1), dt.time(), CAPITAL).timestamp()
