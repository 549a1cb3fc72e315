"""How the transaction of a command begins and ends on a connection, and in which form a connection returns answers.

Rule: a transaction sets all areas of its caller first, and no connection is handed on inside a transaction.
Tests: tests/test_database.py, tests/test_faults.py.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import asyncpg

from auth.principal import SETTINGS, Principal


async def begin(connection: Any, text: str) -> None:
    """Run BEGIN.  Cancelling a read can leave the session in a transaction block; the first BEGIN then fails and aborts
    it, so it is run once more."""
    try:
        await connection.execute(text)
    except asyncpg.ActiveSQLTransactionError:
        await connection.execute(text)


async def roll_back(connection: Any) -> None:
    """Run ROLLBACK; close the connection if that fails, so that nobody gets it inside a transaction."""
    try:
        await connection.execute("ROLLBACK")
    except BaseException:  # the caller raises the first error
        with suppress(asyncpg.InterfaceError):
            connection.terminate()


async def return_answers_as_bytes(connection: asyncpg.Connection) -> None:
    """Return varchar as bytes: finished answers have this type, nothing else does, and they are not decoded."""
    await connection.set_type_codec("varchar", schema="pg_catalog", encoder=str.encode, decoder=bytes, format="binary")


def begin_sql(principal: Principal, setting: str, lock_timeout_ms: int) -> str:
    """The text that begins a transaction and sets the caller's areas in one round trip.

    Such a text takes no arguments, so a value that could end its quotes is refused; all are codes and ids of our own.
    Empty settings are set too, so that a value left over in the session never counts."""
    key = begin_sql, setting, lock_timeout_ms
    sql: str | None = principal.memo.get(key)
    if sql is None:
        values = principal.written(setting) | {name: principal.setting(name) for name in SETTINGS}
        if any("'" in value or "\\" in value for value in values.values()):
            raise ValueError("a setting that could end its quotes")
        settings = ", ".join(f"set_config('app.{name}', '{value}', true)" for name, value in values.items())
        settings += f", set_config('lock_timeout', '{lock_timeout_ms}', true)"
        sql = principal.memo[key] = f"BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SELECT {settings}"
    return sql
