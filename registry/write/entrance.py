"""What sign-in takes from its process: keys, threads, and how long sessions last.

Rule: nothing here is shown in a repr.  Tests: tests/test_sign_in.py.
"""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass, field
from functools import cached_property

from auth.ability import Ability
from auth.key_schedule import LONGEST
from auth.principal import FOREVER, SETTING_OF, Principal
from auth.refresh_token import RefreshToken
from auth.token import Keyring
from registry.guard.hashing import Hashing
from registry.guard.throttle import Limits
from registry.guard.vault import Vault

SETTING = SETTING_OF[Ability.SESSION_OWN]
"""In which a transaction writes the rows by which somebody signs in: of one account, whatever its grants."""
GRACE = dt.timedelta(seconds=30)
"""How long a spent refresh token still returns its successor to its own device, whose answer was lost."""


@dataclass(frozen=True)
class Lifetimes:
    """How long a session lasts: at most, without being renewed, and at most after a second factor."""

    longest: dt.timedelta
    idle: dt.timedelta
    office: dt.timedelta

    def of(self, second_factor: bool) -> dt.timedelta:
        return min(self.longest, self.office) if second_factor else self.longest


@dataclass(frozen=True)
class Tokens:
    """The tokens of a session, for its holder alone."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_at: dt.datetime


@dataclass(repr=False)
class Entrance:
    """The keys and threads of sign-in in one process."""

    keyring: Keyring
    vault: Vault
    hashing: Hashing
    lifetimes: Lifetimes
    limits: Limits = field(default_factory=Limits)

    @cached_property
    def token_key(self) -> bytes:
        return self.vault.derive(b"refresh tokens")

    @cached_property
    def throttle_key(self) -> bytes:
        return self.vault.derive(b"throttle")

    @cached_property
    def recovery_key(self) -> bytes:
        return self.vault.derive(b"recovery codes")

    def tokens(self, token: RefreshToken, session_ends: dt.datetime) -> Tokens:
        """The tokens that go with a refresh token; the access token does not outlive the session."""
        now = dt.datetime.now(dt.UTC)
        minutes = max(1, min(LONGEST, session_ends - now) // dt.timedelta(minutes=1))
        access_token = self.keyring.issue(token.account, minutes, now, token.session)
        expires_at = now.replace(microsecond=0) + dt.timedelta(minutes=minutes)
        return Tokens(access_token, token.text(self.token_key), expires_at)


def holder(account: uuid.UUID) -> Principal:
    """An account as its own rows are read and written, before its grants are known."""
    return Principal(account, "", "", (), FOREVER)
