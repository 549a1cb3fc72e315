"""The file with the vault's keys: JSON that only its owner can read, replaced whole and never changed in place.

    {"current": "k-2…", "since": "2026-11-30T18:00:00+00:00", "last": "k-1…",
     "keys": {"k-1…": …, "k-2…": …}, "blind": …}

A rotation adds a key under `current` that seals from `since` on, so that every server has read the file before the
first value is sealed with it; until then `last` seals.  The blind key stays for ever, because with another one equal
numbers would no longer be found.
Rule: a file loses a key only by `retired`, and no message quotes a file.  Tests: tests/test_vault_rotation.py.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from registry.guard.key_file import write_beside, write_new

KEY = 32  # bytes


@dataclass(frozen=True)
class VaultFile:
    """The content of a key file; `note` is what a demo's file says of itself."""

    current: str
    keys: Mapping[str, bytes] = field(repr=False)
    blind: bytes = field(repr=False)
    last: str | None = None
    since: dt.datetime | None = None
    note: str | None = None

    @classmethod
    def new(cls) -> VaultFile:
        """New keys.  Key ids are random, so that no two files have two keys under one id."""
        key_id = _new_id()
        return cls(key_id, {key_id: secrets.token_bytes(KEY)}, secrets.token_bytes(KEY))

    @classmethod
    def load(cls, path: Path) -> VaultFile:
        """Read a key file.  Raises ValueError for any other file."""
        try:
            content = json.loads(path.read_text())
            keys = {key_id: base64.b64decode(text) for key_id, text in content["keys"].items()}
            blind = base64.b64decode(content["blind"])
            current, last, since = content["current"], content.get("last"), content.get("since")
            names = {current} if last is None else {current, last}
            if not names <= keys.keys() or any(len(key) != KEY for key in (*keys.values(), blind)):
                raise ValueError
            return cls(current, keys, blind, last, _instant(since), content.get("note"))
        except (OSError, KeyError, TypeError, AttributeError, ValueError):
            raise ValueError(f"{path} holds no vault keys: `desmigratif vault create PATH` makes such a file") from None

    def rotated(self, since: dt.datetime) -> VaultFile:
        """The file with a new key that seals from `since` on."""
        key_id = _new_id()
        keys = {**self.keys, key_id: secrets.token_bytes(KEY)}
        return replace(self, current=key_id, keys=keys, last=self.current, since=since)

    def retired(self) -> VaultFile:
        """The file with the current key alone."""
        return replace(self, keys={self.current: self.keys[self.current]}, last=None, since=None)

    @property
    def older(self) -> tuple[str, ...]:
        """Ids of the keys that only open, or will."""
        return tuple(sorted(self.keys.keys() - {self.current}))

    def write_new(self, path: Path) -> None:
        """Make the file.  Raises FileExistsError if there is one."""
        write_new(path, self._content())

    def put(self, path: Path) -> None:
        """Put this content in the place of the file, at once, with the mode and the owner that the file has.

        A kill leaves the old file or the new one, and perhaps `<name>.new`, which the next replacement takes over.  If
        the path is a link, it stays one, and the file behind it is replaced."""
        path = path.resolve(strict=True)
        write_beside(path, self._content(), like=path.stat()).replace(path)

    def _content(self) -> bytes:
        content: dict[str, Any] = {} if self.note is None else {"note": self.note}
        content["current"] = self.current
        if self.last is not None and self.since is not None:
            content |= {"since": self.since.isoformat(), "last": self.last}
        content["keys"] = {key_id: base64.b64encode(key).decode() for key_id, key in self.keys.items()}
        content["blind"] = base64.b64encode(self.blind).decode()
        return json.dumps(content).encode()


def _new_id() -> str:
    return f"k-{secrets.token_hex(6)}"


def _instant(text: str | None) -> dt.datetime | None:
    """The instant of an ISO 8601 text with its zone.  Raises ValueError."""
    if text is None:
        return None
    instant = dt.datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError
    return instant
