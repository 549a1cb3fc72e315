"""Rotating the keys that sign access tokens, from the command line.

Rule: a new key is in the folder, and so accepted by every server, before it signs, and the last one after; running it
again while a key waits changes nothing.  Tests: tests/test_signing_keys.py.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from rich.console import Console

from auth.key_schedule import EVER, GRACE, KeySchedule, KeyState, TimedKey, signs_since
from auth.token import kid_of
from server.cli.tables import print_json, print_line, print_table
from server.keys import KeyFileError, create_next, is_demo

HEADINGS = {
    "file": "File",
    "kid": "Key id (kid)",
    "state": "State",
    "signsFrom": "Signs from",
    "acceptedUntil": "Accepted until",
}


@dataclass(frozen=True)
class KeyFile:
    """A signing key of the folder: its file, its id, and what it is for now."""

    path: Path
    kid: str
    since: dt.datetime
    state: KeyState
    until: dt.datetime | None

    def as_json(self) -> dict[str, str | None]:
        """As programs read it; instants in ISO 8601, None for the first key's beginning and the last key's end."""
        since = None if self.since == EVER else self.since.isoformat()
        until = None if self.until is None else self.until.isoformat()
        names = {"file": self.path.name, "kid": self.kid, "state": self.state.name}
        return {**names, "signsFrom": since, "acceptedUntil": until}


def rotate(folder: Path, console: Console, *, minutes: int, stolen: bool) -> None:
    """Add a key that signs from then on, unless one waits already, and remove those that are not accepted any more.

    If the present key is `stolen`, the new one signs at once and every other is removed.  Raises KeyFileError."""
    now = dt.datetime.now(dt.UTC)
    files = list(_read(folder, now))
    waiting = [file for file in files if file.state is KeyState.NEXT]
    if waiting and not stolen:
        print_line(
            console, f"{waiting[0].path.name} waits already, and signs from {waiting[0].since} on: nothing to do."
        )
        return
    begin = (now if stolen else now + dt.timedelta(minutes=minutes)).replace(microsecond=0)
    path = create_next(folder, begin)
    for file in files:
        if stolen or file.state is KeyState.RETIRED:
            file.path.unlink()
            print_line(console, f"{file.path.name} is removed.")
    print_line(console, f"{path} signs from {begin} on. Running servers read it by themselves.")
    if stolen:
        print_line(
            console, "Copy the folder to every machine now: nothing that the old keys signed is accepted there then."
        )
    else:
        print_line(console, "Copy the folder to every machine that serves before then.")
        print_line(console, f"The key before it is accepted until {begin + GRACE}.")


def show(folder: Path, console: Console, *, as_json: bool) -> None:
    """Print every signing key of the folder with its state.  Raises KeyFileError."""
    files = list(_read(folder, dt.datetime.now(dt.UTC)))
    if as_json:
        print_json([file.as_json() for file in files])
        return
    rows = [file.as_json() | {"state": f"{file.state.name}: {file.state.value}"} for file in files]
    print_table(console, HEADINGS, rows)


def _read(folder: Path, now: dt.datetime) -> Iterator[KeyFile]:
    """The signing keys of the folder in the order in which they sign."""
    paths: dict[Ed25519PrivateKey, Path] = {}
    keys = []
    for path in sorted(folder.glob("*.pem")):
        try:
            since = signs_since(path.name)
            key = None if since is None else load_pem_private_key(path.read_bytes(), None)
        except ValueError as error:
            raise KeyFileError(str(error)) from None
        if since is None:
            continue
        if not isinstance(key, Ed25519PrivateKey):
            raise KeyFileError(f"{path.name} is not an Ed25519 key")
        if is_demo(path):
            raise KeyFileError(f"{path} is a demo's key, which is never rotated.")
        paths[key] = path
        keys.append(TimedKey(key, since))
    for timed, state, until in KeySchedule(keys).states(now):
        yield KeyFile(paths[timed.private], kid_of(timed.private), timed.since, state, until)
