"""The identity vault: NIK, KK number, passport, ePMI and phone, sealed; a stolen dump holds none of them.

AES-256-GCM with key ids seals the value, bound to its record and field; by a keyed HMAC equal numbers are found without
opening them.  The noun's own column holds the mask, which the vault writes when it seals.
Rule: only two places open a number: the command that reveals one, which is audited, and the validation of a household
that is saved, which keeps none and returns none.  Tests: tests/test_vault.py.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from registry.codes import IdentityField
from registry.values.identity_number import NUMBERS

_NONCE = 12  # bytes
_CHECK_TEXT = b"vault check"


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
    """Seals and opens with the keys of one file; the newest key seals, older ones still open."""

    def __init__(self, current: str, keys: Mapping[str, bytes], blind_key: bytes) -> None:
        self._current = current
        self._ciphers = {key_id: AESGCM(key) for key_id, key in keys.items()}
        self._blind_key = blind_key

    @classmethod
    def load(cls, path: Path) -> Vault:
        """Keys of a JSON file `{"current", "keys": {id: base64}, "blind": base64}`.  Raises ValueError for others."""
        try:
            file = json.loads(path.read_text())
            keys = {key_id: base64.b64decode(text) for key_id, text in file["keys"].items()}
            blind_key = base64.b64decode(file["blind"])
            if file["current"] not in keys or any(len(key) != 32 for key in (*keys.values(), blind_key)):
                raise ValueError
            return cls(file["current"], keys, blind_key)
        except (OSError, KeyError, TypeError, AttributeError, ValueError):
            raise ValueError(f"{path} holds no vault keys: `desmigratif vault create PATH` makes such a file") from None

    @staticmethod
    def create(path: Path) -> None:
        """Write a new key file that only its owner can read.  Raises FileExistsError instead of replacing one.

        Key ids are random, so that no two files have two keys under one id."""
        key_id = f"k-{secrets.token_hex(6)}"
        keys: dict[str, Any] = {"current": key_id, "keys": {key_id: _text(secrets.token_bytes(32))}}
        keys["blind"] = _text(secrets.token_bytes(32))
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(keys, file)

    def seal(self, subject: uuid.UUID | str, field: IdentityField, plain: str) -> Sealed:
        sealed = self._encrypt(plain.encode(), _bound(subject, field))
        return Sealed(self._current, _text(sealed), self.blind(field, plain), NUMBERS[field].mask(plain))

    def open(self, subject: uuid.UUID | str, field: IdentityField, key_id: str, sealed: str) -> str:
        """The number in full.  Raises InvalidTag for a value that was moved to another record or field."""
        value = base64.b64decode(sealed)
        return self._ciphers[key_id].decrypt(value[:_NONCE], value[_NONCE:], _bound(subject, field)).decode()

    def blind(self, field: IdentityField, plain: str) -> str:
        return _text(hmac.digest(self._blind_key, f"{field.value}|{plain}".encode(), hashlib.sha256))

    def check_value(self) -> tuple[str, bytes, bytes]:
        """Key id, sealed value and blind index of a text that everybody knows, for `opens_check`."""
        return self._current, self._encrypt(_CHECK_TEXT, _CHECK_TEXT), self.derive(_CHECK_TEXT)

    def opens_check(self, key_id: str, sealed: bytes, blind: bytes) -> bool:
        """Whether these keys made a check value: the key of that id sealed it, and the blind key made its index."""
        cipher = self._ciphers.get(key_id)
        try:
            opened = cipher and cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], _CHECK_TEXT)
        except InvalidTag:
            return False
        return opened == _CHECK_TEXT and hmac.compare_digest(blind, self.derive(_CHECK_TEXT))

    def derive(self, label: bytes) -> bytes:
        """32 bytes for another use, such as signing cursors: one secret less to keep, the same after a rotation."""
        return hmac.digest(self._blind_key, b"derive|" + label, hashlib.sha256)

    def _encrypt(self, plain: bytes, bound: bytes) -> bytes:
        """The nonce, and the value sealed by the newest key; it opens only with the same `bound`."""
        nonce = os.urandom(_NONCE)
        return nonce + self._ciphers[self._current].encrypt(nonce, plain, bound)


def _bound(subject: uuid.UUID | str, field: IdentityField) -> bytes:
    return f"{subject}|{field.value}".encode()


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()
