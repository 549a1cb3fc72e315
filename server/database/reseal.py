"""Sealing every stored value again with the vault's new key, while servers go on.

Each batch is a transaction of its own that skips the rows which others hold, so it never waits for anybody, and others
wait for a few milliseconds; a process that is killed loses its last batch and nothing else.  The work needs no state:
what is left to do is what another key than the current one has sealed.
Rule: it works as the owner of the tables, and finds the values by PLACES of registry/guard/sealed.py.
Test: tests/test_vault_rotation.py.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg

from registry.guard.sealed import PLACES, SealedPlace
from registry.guard.vault import Vault
from registry.guard.wall import KEEP, OWNER
from registry.models.noun import SCHEMA
from registry.values.text import counted
from server.database.migrate import head, version

BATCH = 200  # rows of a transaction
BATCH_TIMEOUT_MS = 30_000
PAUSE = 0.5  # seconds before rows that others held are tried again
PATIENCE = 300.0  # seconds without progress, as when somebody holds a row
CHECK = f"SELECT key_id, sealed, blind FROM {SCHEMA}.vault_check"
MISSING = f"""
SELECT name FROM unnest($1::text[]) AS name WHERE NOT EXISTS (
  SELECT FROM pg_policies WHERE schemaname = '{SCHEMA}' AND tablename = name AND policyname = '{KEEP}')
"""
# Every transaction holds its own virtual id, and whoever may connect sees these locks.
RUNNING = "SELECT virtualxid FROM pg_locks WHERE locktype = 'virtualxid' AND pid <> pg_backend_pid()"

ONE_AT_A_TIME = 0x7661756C74  # "vault": the advisory lock of whoever changes the file of keys
LARGEST_SKEW = 60.0  # seconds between two clocks (docs/keys.md)

ReportProgress = Callable[[str, int, int], None]
"""Is called with a table, how many of its rows have been looked at, and how many there are."""


class ResealError(Exception):
    """The values cannot be sealed again, or a key cannot be retired; one sentence says what to do."""


@dataclass(frozen=True)
class SealedTable:
    """How many rows a table of sealed values has, and how many have a value of an older key."""

    table: str
    rows: int
    stale: int


@asynccontextmanager
async def opened(dsn: str, vault: Vault) -> AsyncIterator[asyncpg.Connection]:
    """A connection as the owner of the tables, who may seal again what this vault sealed.

    Raises ResealError for another database's vault, or for a database that `migrate` has not brought to this code: one
    without the policies would show no rows, and it would seem that nothing is left to do."""
    connection = await asyncpg.connect(dsn, server_settings={"search_path": SCHEMA})
    try:
        if await version(connection) != head():
            raise ResealError("The database has not this program's version: run `desmigratif migrate`.")
        if await connection.fetch(MISSING, [place.table.name for place in PLACES]):
            raise ResealError("The database lacks the policies of this program: run `desmigratif migrate`.")
        await connection.execute(f"SET ROLE {OWNER}")
        await connection.execute(f"SET statement_timeout = {BATCH_TIMEOUT_MS}")
        check = await connection.fetchrow(CHECK)
        if check is not None and not vault.opens_check(*check):
            raise ResealError("The key file is not that of this database: its keys did not seal the values here.")
        yield connection
    finally:
        await connection.close()


async def hold_keys(connection: asyncpg.Connection) -> None:
    """Let no other process change the file of keys until this connection ends.

    Two that read the same file would each put a file in its place that lacks the key of the other.  Raises ResealError
    if one does so now, or if the clock here is wrong: a key would seal before every server has read it, or an old one
    be retired that still seals."""
    if not await connection.fetchval("SELECT pg_try_advisory_lock($1)", ONE_AT_A_TIME):
        raise ResealError("Another process changes the vault's keys now: wait for its end, and run this again.")
    skew = abs((dt.datetime.now(dt.UTC) - await connection.fetchval("SELECT clock_timestamp()")).total_seconds())
    if skew > LARGEST_SKEW:
        raise ResealError(
            f"The clock here and the database's differ by {skew:.0f} s: correct them, and run this again."
        )


async def survey(connection: asyncpg.Connection, current: str) -> list[SealedTable]:
    """Every table with sealed values, with how much of it an older key than `current` has sealed."""
    places = []
    for place in PLACES:
        rows = stale = 0
        async for after, last, count in _pages(connection, place):
            text = f"SELECT count(*) FROM {SCHEMA}.{place.table.name} WHERE {place.stale} AND {_between(place, after)}"
            stale += await connection.fetchval(text, current, last, *_before(after))
            rows += count
        places.append(SealedTable(str(place.table.name), rows, stale))
    return places


async def reseal(connection: asyncpg.Connection, vault: Vault, report: ReportProgress = lambda *_: None) -> int:
    """Seal every value with the key that seals now, and return how many rows that changed.

    Raises ResealError if others hold rows for minutes."""
    current, total = vault.sealing, 0
    rows = {place.table: place.rows for place in await survey(connection, current)}
    remaining, until = list(PLACES), time.monotonic() + PATIENCE
    while True:
        changed = 0
        for place in remaining:
            changed += await _pass(connection, vault, place, rows[place.table.name], report)
        total += changed
        remaining = [place for place in remaining if await _is_stale(connection, place, current)]
        if not remaining:
            return total
        if changed:
            until = time.monotonic() + PATIENCE
        elif time.monotonic() > until:
            names = ", ".join(place.table.name for place in remaining)
            raise ResealError(f"Another session holds rows of {names}: end it, and run this again.")
        await asyncio.sleep(PAUSE)


async def settle(connection: asyncpg.Connection, current: str) -> None:
    """Return when no value of an older key is left, nor can be stored any more.

    A transaction that read such a value before may still store it, as a household's next revision does, so every
    transaction that runs now must end before the values are counted once more.  Raises ResealError."""
    await _refuse_stale(connection, current)
    running = {row[0] for row in await connection.fetch(RUNNING)}
    until = time.monotonic() + PATIENCE
    while running:
        running &= {row[0] for row in await connection.fetch(RUNNING)}
        if time.monotonic() > until:
            raise ResealError("A transaction has been open for minutes: end it, and run this again.")
        if running:
            await asyncio.sleep(PAUSE)
    await _refuse_stale(connection, current)


async def _refuse_stale(connection: asyncpg.Connection, current: str) -> None:
    if stale := sum(place.stale for place in await survey(connection, current)):
        rows = counted(stale, "row")
        raise ResealError(f"Values of {rows} need an older key: run `desmigratif vault rotate` to its end first.")


async def _is_stale(connection: asyncpg.Connection, place: SealedPlace, current: str) -> bool:
    async for after, last, _ in _pages(connection, place):
        condition = f"{place.stale} AND {_between(place, after)}"
        text = f"SELECT EXISTS (SELECT FROM {SCHEMA}.{place.table.name} WHERE {condition})"
        if await connection.fetchval(text, current, last, *_before(after)):
            return True
    return False


async def _pass(
    connection: asyncpg.Connection, vault: Vault, place: SealedPlace, rows: int, report: ReportProgress
) -> int:
    """Seal again what nobody holds; it rests as long as it works, so that requests find processor and disk."""
    changed = looked_at = 0
    report(place.table.name, 0, rows)
    async for after, last, count in _pages(connection, place):
        begun = time.monotonic()
        batch = await _reseal_batch(connection, vault, place, after, last)
        changed += batch
        looked_at += count
        report(place.table.name, min(looked_at, rows), rows)
        if batch:
            await asyncio.sleep(time.monotonic() - begun)
    report(place.table.name, rows, rows)
    return changed


async def _reseal_batch(connection: asyncpg.Connection, vault: Vault, place: SealedPlace, after: Any, last: Any) -> int:
    name, key = f"{SCHEMA}.{place.table.name}", place.key.name
    columns = ", ".join(dict.fromkeys((key, *place.reads)))
    read = (
        f"SELECT {columns} FROM {name} WHERE {place.stale} AND {_between(place, after)}"
        f" ORDER BY {key} FOR NO KEY UPDATE SKIP LOCKED"
    )
    async with connection.transaction():
        rows = await connection.fetch(read, vault.sealing, last, *_before(after))
        if rows:
            values = [place.reseal(vault, dict(row)) for row in rows]
            changed = list(values[0])
            arrays = [[row[key] for row in rows], *([value[column] for value in values] for column in changed)]
            await connection.execute(_update(place, changed), *arrays)
    return len(rows)


def _update(place: SealedPlace, columns: list[str]) -> str:
    """UPDATE identity t SET key_id = n.key_id, … FROM unnest($1::UUID[], $2::TEXT[], …) n (id, key_id, …) WHERE …"""
    key = place.key.name
    arrays = ", ".join(f"${number}::{place.sql_type(column)}[]" for number, column in enumerate((key, *columns), 1))
    changes = ", ".join(f"{column} = n.{column}" for column in columns)
    return (
        f"UPDATE {SCHEMA}.{place.table.name} t SET {changes}"
        f" FROM unnest({arrays}) AS n ({', '.join((key, *columns))}) WHERE t.{key} = n.{key}"
    )


async def _pages(connection: asyncpg.Connection, place: SealedPlace) -> AsyncIterator[tuple[Any, Any, int]]:
    """The table in the order of its key, as (key before the page, last key, rows): no statement reads more than a page.

    A row that is added behind the page just read is seen by the next pass."""
    name, key = f"{SCHEMA}.{place.table.name}", place.key.name
    after: Any = None
    while True:
        where = "" if after is None else f"WHERE {key} > $2"
        page = f"SELECT {key} FROM {name} {where} ORDER BY {key} LIMIT $1"
        keys = [row[0] for row in await connection.fetch(page, BATCH, *_before(after))]
        if not keys:
            return
        yield after, keys[-1], len(keys)
        after = keys[-1]


def _between(place: SealedPlace, after: Any) -> str:
    """The condition of a page: `$2` is its last key, `$3` the key before it."""
    key = place.key.name
    return f"{key} <= $2" if after is None else f"{key} <= $2 AND {key} > $3"


def _before(after: Any) -> tuple[Any, ...]:
    return () if after is None else (after,)
