"""Which key of an issuer signs when, and until when each is accepted.

A key signs from an instant on, which the name of its file says, until the next one begins.  It is accepted as soon as
it is there, and until the last token that it signed has expired.  So a rotation is one new file: every process takes
the key over at the same instant without a word, and nothing is left half done.
Rule: a key is accepted before it signs and after it has signed.  Test: tests/test_signing_keys.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

LONGEST = timedelta(minutes=15)
LEEWAY = timedelta(minutes=1)  # by how much the issuer's clock may be ahead
GRACE = LONGEST + LEEWAY
"""How long a key that has signed is still accepted, and by default how long the next one is there before it signs."""
SIGNING = "signing.pem"
EVER = datetime.min.replace(tzinfo=UTC)
_TIMED = re.compile(r"signing-(\d{8}T\d{6}Z)\.pem")
_INSTANT = "%Y%m%dT%H%M%SZ"


class KeyState(Enum):
    """What a key is for at an instant."""

    NEXT = "accepted, and signs later"
    SIGNING = "signs"
    LAST = "accepted until its last token has expired"
    RETIRED = "not accepted any more"


@dataclass(frozen=True)
class TimedKey:
    """A key, and the instant from which it signs."""

    private: Ed25519PrivateKey
    since: datetime = EVER


class KeySchedule:
    """The private keys of an issuer in the order in which they sign."""

    def __init__(self, keys: Iterable[TimedKey]) -> None:
        self._keys = sorted(keys, key=lambda key: key.since)

    def signing_at(self, now: datetime) -> Ed25519PrivateKey | None:
        """The key that signs at `now`; None if no key has begun."""
        begun = [key for key in self._keys if key.since <= now]
        return begun[-1].private if begun else None

    def accepted_at(self, now: datetime) -> list[Ed25519PrivateKey]:
        """The keys whose tokens are valid at `now`."""
        return [key.private for key, state, _ in self.states(now) if state is not KeyState.RETIRED]

    def states(self, now: datetime) -> list[tuple[TimedKey, KeyState, datetime | None]]:
        """Each key with its state at `now`, and until when it is accepted; None if no other follows."""
        states = []
        for number, key in enumerate(self._keys, 1):
            end = self._keys[number].since if number < len(self._keys) else None
            states.append((key, _state(key.since, end, now), None if end is None else end + GRACE))
        return states


def _state(since: datetime, end: datetime | None, now: datetime) -> KeyState:
    if now < since:
        return KeyState.NEXT
    if end is None or now < end:
        return KeyState.SIGNING
    return KeyState.LAST if now < end + GRACE else KeyState.RETIRED


def signs_since(name: str) -> datetime | None:
    """From when the key in a file of this name signs; None for a public key.  Raises ValueError for a wrong instant."""
    if name == SIGNING:
        return EVER
    if match := _TIMED.fullmatch(name):
        return datetime.strptime(match[1], _INSTANT).replace(tzinfo=UTC)
    if name.startswith("signing-"):
        raise ValueError(f"{name} does not say from when it signs, as signing-20261130T180000Z.pem does")
    return None


def file_name(since: datetime) -> str:
    """The name of the file of a key that signs from this whole second on."""
    return f"signing-{since.astimezone(UTC).strftime(_INSTANT)}.pem"
