"""The reader for whom a query is explained: an account, and the database that holds it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass


class ReaderError(Exception):
    """There is no such reader; the message says why."""


@dataclass(frozen=True)
class Reader:
    """An account of the database at `dsn`, a URL of the application's login; `secret` signs the cursors."""

    user: uuid.UUID
    dsn: str
    secret: bytes


def account_id(text: str) -> uuid.UUID | None:
    """The text as an account's id; None if it is not a UUID."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
