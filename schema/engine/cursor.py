"""Cursors: opaque, signed, bound to the list, its order and the caller.

PostgreSQL writes them (`cursor_of`, HMAC-SHA-256 cut to 16 bytes), this file reads them back.
Rule: a cursor of another list or caller, or a changed one, is refused before any statement.  Test: tests/test_pages.py.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import uuid
from dataclasses import dataclass

from schema.errors import BadInput

_BLOCK, _MAC = 64, 16
LONGEST = 20_000  # characters: more than the keys of any record come to
_INNER, _OUTER = (bytes(byte ^ pad for byte in range(256)) for pad in (0x36, 0x5C))


@dataclass(frozen=True)
class Signer:
    """An HMAC key of a whole block, and its two halves (RFC 2104: xor 0x36 and 0x5c)."""

    key: bytes

    @property
    def inner(self) -> bytes:
        return self.key.translate(_INNER)

    @property
    def outer(self) -> bytes:
        return self.key.translate(_OUTER)

    def read(self, cursor: str, keys: int) -> list[str | None]:
        """The sort keys behind a cursor."""
        try:
            if len(cursor) > LONGEST:
                raise ValueError
            box = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
            said, mac = box[:-_MAC], box[-_MAC:]
            if hmac.compare_digest(hmac.digest(self.key, said, "sha256")[:_MAC], mac):
                values: list[str | None] = json.loads(said)
                if len(values) == keys:
                    return values
        except (binascii.Error, ValueError):
            pass
        raise BadInput(
            "Kursor ini bukan dari daftar ini; mulai lagi tanpa `after`.",
            "This cursor is not of this list; start again without `after`.",
        )


class Cursors:
    """Derives the key of each list from one secret of 64 bytes at most (BLAKE2b keyed, RFC 7693)."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def of(self, list_: str, caller: uuid.UUID) -> Signer:
        """The key of a list, which `list_` tells from all others, as one caller asks for it."""
        said = caller.bytes + list_.encode()
        return Signer(hashlib.blake2b(said, key=self._secret, digest_size=_BLOCK).digest())
