"""Cursors: opaque, signed, bound to a list, its order and a caller.

PostgreSQL writes them (`cursor_of`: HMAC-SHA-256, truncated to 16 bytes), this file reads them.
Rule: a cursor of another list or caller, or one that was changed, is refused before any statement.
Test: tests/test_pages.py.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import uuid
from dataclasses import dataclass

from schema.errors import BadInput

_BLOCK, _MAC = 64, 16
MAX_CHARACTERS = 20_000  # more than the sort keys of any record take
# Tables that xor each byte of a key with the pads of RFC 2104.
_INNER = bytes(byte ^ 0x36 for byte in range(256))
_OUTER = bytes(byte ^ 0x5C for byte in range(256))


@dataclass(frozen=True)
class Signer:
    """An HMAC key of a whole block, with the two keys that RFC 2104 derives from it (xor 0x36 and 0x5c).

    PostgreSQL has SHA-256 but no HMAC of its own, so `cursor_of` takes the derived keys."""

    key: bytes

    @property
    def inner(self) -> bytes:
        return self.key.translate(_INNER)

    @property
    def outer(self) -> bytes:
        return self.key.translate(_OUTER)

    def read(self, cursor: str, keys: int) -> list[str | None]:
        """The sort keys in a cursor, of which there must be so many.  Raises BadInput if this key did not sign it."""
        values = self._verified(cursor)
        if values is None or len(values) != keys:
            raise BadInput(
                "Kursor ini bukan dari daftar ini; mulai lagi tanpa `after`.",
                "This cursor is not of this list; start again without `after`.",
            )
        return values

    def _verified(self, cursor: str) -> list[str | None] | None:
        if len(cursor) > MAX_CHARACTERS:
            return None
        padding = "=" * (-len(cursor) % 4)
        try:
            signed = base64.b64decode(cursor + padding, altchars=b"-_", validate=True)
        except ValueError:
            return None
        text, mac = signed[:-_MAC], signed[-_MAC:]
        if not hmac.compare_digest(hmac.digest(self.key, text, "sha256")[:_MAC], mac):
            return None
        values: list[str | None] = json.loads(text)
        return values


class Cursors:
    """Derives the key of each list from one secret of 64 bytes at most (BLAKE2b keyed, RFC 7693)."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def of(self, list_: str, caller: uuid.UUID) -> Signer:
        """The key of one caller for a list, which the text `list_` identifies."""
        identity = caller.bytes + list_.encode()
        return Signer(hashlib.blake2b(identity, key=self._secret, digest_size=_BLOCK).digest())
