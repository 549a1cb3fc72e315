"""The demo's tokens: one for each persona, valid for 12 hours in this demo and nowhere else.

Rule: only its owner can read the file of tokens, and it is never half written.  Test: tests/test_demo.py.
"""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Mapping
from pathlib import Path

from auth.token import Keyring
from server.demo.accounts import personas
from server.demo.start import FOLDER
from server.keys import demo_keyring

TOKENS = FOLDER / "tokens.json"
KEYS = "keys"
"""The folder of the keys, inside the data folder: a copy of the data has the keys that open it."""
MINUTES = 12 * 60


def issue(keyring: Keyring) -> dict[str, str]:
    """A token for each persona."""
    now = dt.datetime.now(dt.UTC)
    return {name: keyring.issue(account, MINUTES, now) for name, account in personas().items()}


def token_of(persona: str, data: Path, audience: str) -> str:
    """A new token for a persona of the demo in this folder.

    Raises LookupError if there is no such persona, KeyFileError if the folder holds no demo."""
    if persona not in personas():
        raise LookupError(f"the demo has no {persona}, but {', '.join(personas())}.")
    return issue(demo_keyring(data / KEYS, audience))[persona]


def write(tokens: Mapping[str, str], path: Path = TOKENS) -> None:
    """Replace the file: a flat JSON object from persona to token."""
    path.parent.mkdir(exist_ok=True)
    new = path.with_suffix(".new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(tokens, file, indent=2)
    new.replace(path)
