"""Whose eyes a query is explained with: an account, and the database that holds it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass


class ReaderError(Exception):
    """There is no such reader; one sentence says why."""


@dataclass(frozen=True)
class Reader:
    """An account of the database at `dsn`, which the application's login opens; `secret` signs its cursors."""

    user: uuid.UUID
    dsn: str
    secret: bytes


def account_id(text: str) -> uuid.UUID | None:
    """The id that a text is; None for any other text."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
