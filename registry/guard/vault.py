"""The identity vault: NIK, KK number, passport, e-PMI and phone, sealed; a stolen dump holds none of them.

AES-256-GCM with key ids seals the value, bound to its record and field; by a keyed HMAC equal numbers are found without
opening them.  The noun's own column holds the mask, which the vault writes when it seals.
Rule: only two places open a number: the command that reveals one, which is audited, and the validation of a household
that is saved, which keeps none and returns none.  Whoever seals something names in registry/guard/sealed.py where it is
stored, or a rotation would leave it behind.  Tests: tests/test_vault.py, tests/test_vault_rotation.py.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import os
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from registry.codes import IdentityField
from registry.guard.vault_file import VaultFile
from registry.values.identity_number import NUMBERS

_NONCE = 12  # bytes
_CHECK_TEXT = b"vault check"
CHECK_BOUND = _CHECK_TEXT
"""What the check value is bound to."""


@dataclass(frozen=True)
class Sealed:
    """A number as the registry keeps it; `mask` is what people see."""

    key_id: str
    sealed: str  # base64
    blind: str  # base64; equal for equal numbers of one field
    mask: str

    def as_json(self) -> dict[str, str]:
        return {"key_id": self.key_id, "sealed": self.sealed, "blind": self.blind, "mask": self.mask}


class Vault:
    """Seals and opens with the keys of one file.

    The key `current` seals: from the instant `since`, and before that the key `last`.  Every key opens."""

    def __init__(
        self,
        current: str,
        keys: Mapping[str, bytes],
        blind_key: bytes,
        last: str | None = None,
        since: dt.datetime | None = None,
    ) -> None:
        self._current, self._last, self._since = current, last, since
        self._ciphers = {key_id: AESGCM(key) for key_id, key in keys.items()}
        self._blind_key = blind_key

    @classmethod
    def load(cls, path: Path) -> Vault:
        """The vault of a key file (registry/guard/vault_file.py).  Raises ValueError for any other file."""
        file = VaultFile.load(path)
        return cls(file.current, file.keys, file.blind, file.last, file.since)

    @staticmethod
    def create(path: Path) -> None:
        """Write a new key file that only its owner can read.  Raises FileExistsError instead of replacing one."""
        VaultFile.new().write_new(path)

    @property
    def sealing(self) -> str:
        """Id of the key that seals now."""
        if self._last is None or self._since is None or dt.datetime.now(dt.UTC) >= self._since:
            return self._current
        return self._last

    def seal(self, subject: uuid.UUID | str, field: IdentityField, plain: str) -> Sealed:
        key_id, sealed = self._encrypt(plain.encode(), bound(subject, field))
        return Sealed(key_id, _text(sealed), self.blind(field, plain), NUMBERS[field].mask(plain))

    def open(self, subject: uuid.UUID | str, field: IdentityField, key_id: str, sealed: str) -> str:
        """The number in full.  Raises InvalidTag for a value that was moved to another record or field."""
        return self._decrypt(key_id, base64.b64decode(sealed), bound(subject, field)).decode()

    def seal_secret(self, table: str, record: uuid.UUID, plain: bytes) -> tuple[str, bytes]:
        """Key id and sealed value of a secret that is no identity number, for its row in that table."""
        return self._encrypt(plain, bound_in(table, record))

    def open_secret(self, table: str, record: uuid.UUID, key_id: str, sealed: bytes) -> bytes:
        """A secret that `seal_secret` sealed.  Raises InvalidTag for one of another row or table."""
        return self._decrypt(key_id, sealed, bound_in(table, record))

    def reseal(self, bound_to: bytes, key_id: str, sealed: bytes) -> tuple[str, bytes]:
        """The same value, sealed by the key that seals now; nobody gets it in the open.  Raises InvalidTag."""
        return self._encrypt(self._decrypt(key_id, sealed, bound_to), bound_to)

    def blind(self, field: IdentityField, plain: str) -> str:
        return _text(hmac.digest(self._blind_key, f"{field.value}|{plain}".encode(), hashlib.sha256))

    def check_value(self) -> tuple[str, bytes, bytes]:
        """Key id, sealed value and blind index of a text that everybody knows, for `opens_check`."""
        return *self._encrypt(_CHECK_TEXT, CHECK_BOUND), self.derive(_CHECK_TEXT)

    def opens_check(self, key_id: str, sealed: bytes, blind: bytes) -> bool:
        """Whether these keys made a check value: the key of that id sealed it, and the blind key made its index."""
        try:
            opened = self._decrypt(key_id, sealed, CHECK_BOUND)
        except (KeyError, InvalidTag):
            return False
        return opened == _CHECK_TEXT and hmac.compare_digest(blind, self.derive(_CHECK_TEXT))

    def continues(self, earlier: Vault) -> bool:
        """Whether these are later keys of the same vault: it opens what that one seals now, and blind indexes stay."""
        return earlier.sealing in self._ciphers and hmac.compare_digest(self._blind_key, earlier._blind_key)

    def take_over(self, later: Vault) -> None:
        """Use the keys of a vault that continues this one, so that everybody who holds this one does."""
        self._ciphers |= later._ciphers  # first, so that no key seals that does not open
        self._current, self._last, self._since = later._current, later._last, later._since
        self._ciphers = later._ciphers

    def derive(self, label: bytes) -> bytes:
        """32 bytes for another use, such as signing cursors: one secret less to keep, the same after a rotation."""
        return hmac.digest(self._blind_key, b"derive|" + label, hashlib.sha256)

    def _encrypt(self, plain: bytes, bound_to: bytes) -> tuple[str, bytes]:
        """The id of the key that seals now; the nonce with the sealed value, which opens only with the same bound."""
        key_id, nonce = self.sealing, os.urandom(_NONCE)
        return key_id, nonce + self._ciphers[key_id].encrypt(nonce, plain, bound_to)

    def _decrypt(self, key_id: str, sealed: bytes, bound_to: bytes) -> bytes:
        return self._ciphers[key_id].decrypt(sealed[:_NONCE], sealed[_NONCE:], bound_to)


def bound(subject: uuid.UUID | str, field: IdentityField) -> bytes:
    """What a sealed number is bound to: its record and which number of it."""
    return f"{subject}|{field.value}".encode()


def bound_in(table: str, record: uuid.UUID) -> bytes:
    """What a sealed secret is bound to: the row of a table."""
    return f"{table}|{record}".encode()


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()
