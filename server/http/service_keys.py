"""Sign-in of service accounts, by tokens that their teams sign with keys of their own.

All public keys are read at once, and again after the database has reported a change: so an unknown key costs no
statement, whoever sends it.  While changes are not heard, they are read once in a second at most.
Rule: a key that was removed, or whose account was closed, signs nobody in from the next request on.
Tests: tests/test_service_keys.py.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from dataclasses import replace

import jwt

from auth.errors import SignInFault, Unauthenticated
from auth.service_key import ServiceKey
from auth.token import Claims, Keyring
from registry.store.db import Database
from server.http.principals import Principals

RELOAD_SECONDS = 1.0

_Keys = dict[ServiceKey, tuple[uuid.UUID, Keyring]]


class ServiceKeys:
    """The public keys of all open service accounts, as far as they are known."""

    def __init__(self, audience: str) -> None:
        self._audience = audience
        self._keys: _Keys = {}
        self._by_kid: dict[str, ServiceKey] = {}
        self._changes = -1  # of `Principals`, when the keys were read
        self._read_at = -RELOAD_SECONDS  # by the monotonic clock
        self._lock = asyncio.Lock()

    async def claims(self, text: str, database: Database, principals: Principals) -> Claims:
        """The claims of a service's token whose header was well-formed.  Raises Unauthenticated, Unreachable."""
        if not self._are_current(principals):
            async with self._lock:
                if not self._are_current(principals):
                    await self._read(database, principals)
        key = self._by_kid.get(jwt.get_unverified_header(text)["kid"])
        if key is None:
            raise Unauthenticated(SignInFault.UNKNOWN_KEY)
        service, keyring = self._keys[key]
        claims = keyring.verify(text)
        if claims.sub != service:
            raise Unauthenticated(SignInFault.NO_ACCOUNT)
        return replace(claims, session=None)

    def _are_current(self, principals: Principals) -> bool:
        if principals.listening:
            return self._changes == principals.changes
        return time.monotonic() < self._read_at + RELOAD_SECONDS

    async def _read(self, database: Database, principals: Principals) -> None:
        changes, read_at = principals.changes, time.monotonic()
        keys: _Keys = {}
        for row in await database.service_keys():
            key = ServiceKey(row["kid"], row["public_key"])
            known = self._keys.get(key)
            if known is None or known[0] != row["account_id"]:
                known = row["account_id"], key.keyring(row["account_id"], self._audience)
            keys[key] = known
        self._keys, self._by_kid = keys, {key.kid: key for key in keys}
        self._changes, self._read_at = changes, read_at
