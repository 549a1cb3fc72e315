"""The identity vault: NIK, KK number, passport, ePMI and phone, sealed; a stolen dump holds none of them.

AES-256-GCM with key ids seals the value, bound to its record and field; a keyed HMAC makes equal numbers comparable
without opening them.  The noun's own column holds the mask, which the vault writes when it seals.
Rule: a number leaves the vault only by `open`, which one audited command calls.  Tests: tests/test_vault.py.
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

_NONCE = 12


CHECKED = b"vault check"


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
        self._current, self._ciphers, self._blind_key = current, {k: AESGCM(v) for k, v in keys.items()}, blind_key

    @classmethod
    def load(cls, path: Path) -> Vault:
        """Keys of a JSON file `{"current", "keys": {id: base64}, "blind": base64}`.  ValueError says what is wrong."""
        try:
            said = json.loads(path.read_text())
            keys = {name: base64.b64decode(text) for name, text in said["keys"].items()}
            blind = base64.b64decode(said["blind"])
            if said["current"] not in keys or any(len(key) != 32 for key in (*keys.values(), blind)):
                raise ValueError
            return cls(said["current"], keys, blind)
        except (OSError, KeyError, TypeError, AttributeError, ValueError):
            raise ValueError(f"{path} holds no vault keys: `desmigratif vault create PATH` makes such a file") from None

    @staticmethod
    def create(path: Path) -> None:
        """Write a new key file, readable by its owner alone; refuses to replace one.

        Key ids are random, so that no two files have two keys under one id."""
        key_id = f"k-{secrets.token_hex(6)}"
        fresh: dict[str, Any] = {"current": key_id, "keys": {key_id: _text(secrets.token_bytes(32))}}
        fresh["blind"] = _text(secrets.token_bytes(32))
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(fresh, file)

    def seal(self, subject: uuid.UUID | str, field: IdentityField, plain: str) -> Sealed:
        nonce = os.urandom(_NONCE)
        box = nonce + self._ciphers[self._current].encrypt(nonce, plain.encode(), _bound(subject, field))
        return Sealed(self._current, _text(box), self.blind(field, plain), NUMBERS[field].mask(plain))

    def open(self, subject: uuid.UUID | str, field: IdentityField, key_id: str, sealed: str) -> str:
        """The number in full.  Raises for a value that was moved to another record or field."""
        box = base64.b64decode(sealed)
        return self._ciphers[key_id].decrypt(box[:_NONCE], box[_NONCE:], _bound(subject, field)).decode()

    def blind(self, field: IdentityField, plain: str) -> str:
        return _text(hmac.digest(self._blind_key, f"{field.value}|{plain}".encode(), hashlib.sha256))

    def check_value(self) -> tuple[str, bytes, bytes]:
        """Key id, sealed value and blind index of a text that everybody knows, for `opens_check`."""
        nonce = os.urandom(_NONCE)
        box = nonce + self._ciphers[self._current].encrypt(nonce, CHECKED, CHECKED)
        return self._current, box, self.derive(CHECKED)

    def opens_check(self, key_id: str, sealed: bytes, blind: bytes) -> bool:
        """Whether these keys made a check value: the one of that id sealed it, and the blind index is theirs."""
        cipher = self._ciphers.get(key_id)
        try:
            opened = cipher and cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], CHECKED)
        except InvalidTag:
            return False
        return opened == CHECKED and hmac.compare_digest(blind, self.derive(CHECKED))

    def derive(self, label: bytes) -> bytes:
        """32 bytes for another use, such as signing cursors: one secret less to keep, the same after a rotation."""
        return hmac.digest(self._blind_key, b"derive|" + label, hashlib.sha256)


def _bound(subject: uuid.UUID | str, field: IdentityField) -> bytes:
    return f"{subject}|{field.value}".encode()


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()
