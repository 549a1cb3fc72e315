"""Key files: readable by their owner alone; those of a demo are marked inside.

Rule: a demo's key never serves the data of real people.  Its mark survives copying and renaming the file, and `serve`
refuses it.  Tests: tests/test_serving.py, tests/test_signing_keys.py.
"""

from __future__ import annotations

import datetime as dt
import errno
import json
import os
from contextlib import suppress
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from auth.key_schedule import SIGNING, file_name
from auth.token import DEMO, Keyring
from registry.guard.key_file import write_beside
from registry.guard.vault import Vault

MARK = "demo key: refused in production"
VAULT = "vault.json"
POLL_SECONDS = 5.0
"""How often a process that serves looks whether its key files have changed."""


class KeyFileError(Exception):
    """A key file cannot be used; the message says which and why."""


def create_signing(folder: Path, note: str = "") -> Path:
    """Write `signing.pem`, an Ed25519 key that signs access tokens, into the folder.  Raises FileExistsError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return _write_key(folder / SIGNING, note)


def create_next(folder: Path, since: dt.datetime) -> Path:
    """Write a key that signs from `since` on, with the owner and the mode of the keys in the folder.

    Raises KeyFileError if there are none, FileExistsError."""
    earlier = sorted(folder.glob("signing*.pem"))
    if not earlier:
        raise KeyFileError(f"{folder} holds no signing key: `desmigratif keys create` makes one.")
    return _write_key(folder / file_name(since), like=earlier[0].stat())


def _write_key(path: Path, note: str = "", like: os.stat_result | None = None) -> Path:
    """Make a key file at once: a kill leaves none, and perhaps `<name>.new`, which nobody reads."""
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    comment = f"{note}\n".encode() if note else b""  # text before a PEM block is a comment: RFC 7468, section 2
    new = write_beside(path, comment + pem, like)
    try:
        os.link(new, path)  # unlike a renaming, it never replaces a file
    except FileExistsError:
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path)) from None
    finally:
        new.unlink()
    return path


def demo_keys(folder: Path, audience: str) -> tuple[Keyring, Vault]:
    """The keys of the demo in this folder, made at the first call: tokens and sealed numbers survive a restart."""
    signing, sealing = folder / SIGNING, folder / VAULT
    folder.mkdir(mode=0o700, exist_ok=True)
    if not signing.exists():
        # Files are written beside their place and then renamed, so that a kill leaves no half of one.
        new_folder = folder / "fresh"
        (new_folder / SIGNING).unlink(missing_ok=True)
        create_signing(new_folder, MARK).replace(signing)
        new_folder.rmdir()
    if not sealing.exists():
        new = folder / "vault.new"
        new.unlink(missing_ok=True)
        Vault.create(new)
        new.write_text(json.dumps({"note": MARK, **json.loads(new.read_text())}))
        new.replace(sealing)
    return demo_keyring(folder, audience), Vault.load(sealing)


def demo_keyring(folder: Path, audience: str) -> Keyring:
    """The keyring of the demo in this folder.  Raises KeyFileError if there is none, or if it is not a demo's."""
    path = folder / SIGNING
    if not path.exists() or not is_demo(path):
        raise KeyFileError(f"{folder} holds no key of a demo: `desmigratif demo` makes one.")
    key = load_pem_private_key(path.read_bytes(), None)
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyFileError(f"{path} is no Ed25519 key.")
    return Keyring(DEMO, audience, key)


class KeyFiles:
    """The key files of a production: a folder of signing keys and the file of the vault."""

    def __init__(self, signing: Path, sealing: Path, issuer: str, audience: str) -> None:
        self._signing, self._sealing, self._issuer, self._audience = signing, sealing, issuer, audience

    def load(self) -> tuple[Keyring, Vault]:
        """The keys in the files.  Raises KeyFileError if a file is missing, broken or a demo's."""
        if not any(self._signing.glob("*.pem")):
            raise KeyFileError(f"{self._signing} holds no signing key: `desmigratif keys create` makes one.")
        try:
            keyring = Keyring.load(self._signing, issuer=self._issuer, audience=self._audience)
            vault = Vault.load(self._sealing)
            demo_files = [path for path in self._paths() if is_demo(path)]
        except (OSError, ValueError) as error:
            raise KeyFileError(str(error)) from None
        if demo_files:
            raise KeyFileError(
                f"{demo_files[0]} is a demo's key: "
                "make one with `desmigratif keys create` or `desmigratif vault create`."
            )
        return keyring, vault

    def state(self) -> tuple[tuple[str, int, int, int], ...]:
        """What changes when a file does: the name, inode, size and time of change of each."""
        stats = []
        for path in self._paths():
            with suppress(FileNotFoundError):  # it went away just now
                stat = path.stat()
                stats.append((path.name, stat.st_ino, stat.st_size, stat.st_mtime_ns))
        return tuple(stats)

    def _paths(self) -> list[Path]:
        return [*sorted(self._signing.glob("*.pem")), self._sealing]


def is_demo(path: Path) -> bool:
    """Whether the file was made by a demo."""
    return MARK.encode() in path.read_bytes()
