"""Refresh tokens: each is good once, and its successor follows from it.

A token names its account, its session and how often that was renewed, and holds a secret of 256 bits: random at
sign-in, and then each the keyed hash of the one before.  So the same token always has the same successor, which nobody
else can compute, although only a hash of the secret is stored (docs/decisions/refresh-tokens.md).
Rule: whatever is wrong with a token, `read` returns None.  Test: tests/test_refresh_token.py.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from dataclasses import dataclass, field
from uuid import UUID

_SECRET, _TAG, _BYTES = 32, 16, 84
LENGTH = _BYTES * 4 // 3
"""Characters of a token."""


@dataclass(frozen=True)
class RefreshToken:
    """The content of a token that we made."""

    account: UUID
    session: UUID
    generation: int
    secret: bytes = field(repr=False)

    @classmethod
    def first(cls, account: UUID, session: UUID, generation: int = 0) -> RefreshToken:
        """A token with a new random secret."""
        return cls(account, session, generation, secrets.token_bytes(_SECRET))

    @classmethod
    def read(cls, text: str, key: bytes) -> RefreshToken | None:
        """The token of this text; None unless we made it with this key."""
        if len(text) != LENGTH or not text.isascii():
            return None
        try:
            data = urlsafe_b64decode(text)
        except (Error, ValueError):
            return None
        content, tag = data[:-_TAG], data[-_TAG:]
        if len(data) != _BYTES or not hmac.compare_digest(tag, _tag(content, key)):
            return None
        account, session, generation = UUID(bytes=content[:16]), UUID(bytes=content[16:32]), content[32:36]
        return cls(account, session, int.from_bytes(generation), content[36:])

    def text(self, key: bytes) -> str:
        """The token as a client holds it."""
        content = self.account.bytes + self.session.bytes + self.generation.to_bytes(4) + self.secret
        return urlsafe_b64encode(content + _tag(content, key)).decode()

    def successor(self, key: bytes) -> RefreshToken:
        """The token that replaces this one."""
        secret = hmac.digest(key, b"successor|" + self.secret, hashlib.sha256)
        return RefreshToken(self.account, self.session, self.generation + 1, secret)

    @property
    def hash(self) -> bytes:
        """What is stored of it: 256 random bits need neither salt nor slowness."""
        return hashlib.sha256(self.secret).digest()


def _tag(content: bytes, key: bytes) -> bytes:
    return hmac.digest(key, b"token|" + content, hashlib.sha256)[:_TAG]
