"""How a transaction of a command begins and ends on a connection, and how a connection hands answers over.

Rule: a transaction sets all areas of its caller before it does anything, and nobody gets a connection with one open.
Tests: tests/test_database.py, tests/test_faults.py.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import asyncpg

from auth.principal import SETTINGS, Principal


async def begin(connection: Any, text: str) -> None:
    """A read that was cancelled between its parts leaves a transaction that is none; the refusal ends it."""
    try:
        await connection.execute(text)
    except asyncpg.ActiveSQLTransactionError:
        await connection.execute(text)


async def rolled_back(connection: Any) -> None:
    """Nobody else gets a connection with a transaction open: what cannot be rolled back is closed."""
    try:
        await connection.execute("ROLLBACK")
    except BaseException:  # the caller raises what went wrong before
        with suppress(asyncpg.InterfaceError):
            connection.terminate()


async def answers_in_bytes(connection: asyncpg.Connection) -> None:
    """The type of finished answers is varchar, and of nothing else that is read: it needs no decoding."""
    await connection.set_type_codec("varchar", schema="pg_catalog", encoder=str.encode, decoder=bytes, format="binary")


def beginning(principal: Principal, setting: str, wait: int) -> str:
    """Begin and set in one trip, which takes no arguments: the values are codes and ids of our own, and are refused if
    they could end their quotes.  All are set, the empty ones too: nothing that was left in a session counts."""
    key = beginning, setting, wait
    if (known := principal.memo.get(key)) is None:
        values = {"write": principal.setting(setting)} | {name: principal.setting(name) for name in SETTINGS}
        if any("'" in value or "\\" in value for value in values.values()):
            raise ValueError("a setting that could end its quotes")
        told = ", ".join(f"set_config('app.{name}', '{value}', true)" for name, value in values.items())
        told += f", set_config('lock_timeout', '{wait}', true)"
        known = principal.memo[key] = f"BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SELECT {told}"
    return str(known)
