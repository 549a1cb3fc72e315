"""Rotating the keys of the vault from the command line: the file first, then the values, then the old key.

Rule: no value is sealed with a key that a server may not know, and no key leaves the file while a value needs it; each
verb may be killed at any time and run again, and leaves an audit row.  Tests: tests/test_vault_rotation.py.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import asyncpg
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from registry.guard.vault import Vault
from registry.guard.vault_file import VaultFile
from registry.models.audit import VAULT_KEYS
from registry.values.text import counted
from registry.write.shell import Shell, shell
from server.cli.operator import operator
from server.cli.tables import print_json, print_line, print_table
from server.database.reseal import ResealError, SealedTable, hold_keys, opened, reseal, settle, survey

KEY_HEADINGS = {"key": "Key", "state": "State"}
TABLE_HEADINGS = {"table": "Table", "rows": "Rows", "stale": "With an older key"}
SETTLING = dt.timedelta(minutes=2)
"""From the instant at which a new key seals until every request that sealed with the old one has ended, and every
server's clock has come there."""


async def rotate(path: Path, dsn: str, console: Console, *, minutes: int, dry_run: bool) -> None:
    """Add a key unless a rotation is under way, wait until all servers seal with it, and seal everything again.

    Raises ResealError, ValueError for a file that holds no keys."""
    async with opened(dsn, Vault.load(path)) as connection:
        if dry_run:
            file = VaultFile.load(path)
            _print_plan(file, await survey(connection, file.current), minutes, console)
            return
        await hold_keys(connection)
        file = VaultFile.load(path)
        if not file.older:
            file = file.rotated(dt.datetime.now(dt.UTC).replace(microsecond=0) + dt.timedelta(minutes=minutes))
            await _put(dsn, path, file, f"vault rotate, {file.current} is new")
            print_line(console, f"{file.current} is in {path}, and seals from {file.since} on.")
            print_line(
                console,
                "Copy the file to every machine that serves before then; running servers read it by themselves.",
            )
    await _wait_until_all_seal(file, console)
    vault = Vault.load(path)
    async with opened(dsn, vault) as connection:
        changed = await _reseal(connection, vault, console)
    async with shell(dsn, operator()) as work:
        await _audit(work, f"vault rotate, {counted(changed, 'row')} sealed again with {file.current}")
    print_line(console, f"{counted(changed, 'row')} sealed again. Everything is sealed with {file.current}.")
    print_line(
        console, f"{', '.join(file.older)} opens nothing of this database now: `desmigratif vault retire` removes it."
    )


async def retire(path: Path, dsn: str, console: Console) -> None:
    """Take the old keys out of the file, once no value needs them.  Raises ResealError."""
    async with opened(dsn, Vault.load(path)) as connection:
        await hold_keys(connection)
        file = VaultFile.load(path)
        if not file.older:
            print_line(console, f"{file.current} is the only key of {path}: nothing to retire.")
            return
        if (ready := _ready_at(file)) > dt.datetime.now(dt.UTC):
            raise ResealError(f"{file.current} seals from {file.since} on: no key can be retired before {ready}.")
        await settle(connection, file.current)
        await _put(dsn, path, file.retired(), f"vault retire, {', '.join(file.older)} is out")
    print_line(console, f"{', '.join(file.older)} is out of {path}.")
    print_line(
        console, "Keep a copy of the file as it was for as long as you keep backups of the database from before."
    )


async def _put(dsn: str, path: Path, file: VaultFile, note: str) -> None:
    """Replace the file of keys, with an audit row: without the row the file stays as it is."""
    async with shell(dsn, operator()) as work:
        await _audit(work, note)
        file.put(path)


async def _audit(work: Shell, note: str) -> None:
    await work.audit_action(VAULT_KEYS, note)


async def status(path: Path, dsn: str, console: Console, *, as_json: bool) -> None:
    """Print the keys of the file, and how much of each table an older key has sealed."""
    file = VaultFile.load(path)
    async with opened(dsn, Vault.load(path)) as connection:
        tables = await survey(connection, file.current)
    if as_json:
        since = None if file.since is None else file.since.isoformat()
        sealed = {table.table: {"rows": table.rows, "olderKey": table.stale} for table in tables}
        content = {"current": file.current, "since": since, "older": list(file.older), "tables": sealed}
        print_json(content)
    else:
        _print_state(file, tables, console)


def _print_state(file: VaultFile, tables: Sequence[SealedTable], console: Console) -> None:
    """Print the keys of the file, and how much of each table an older key has sealed."""
    begun = file.since is None or file.since <= dt.datetime.now(dt.UTC)
    rows = [{"key": file.current, "state": "seals" if begun else f"opens, and seals from {file.since} on"}]
    for key_id in file.older:
        seals_still = key_id == file.last and not begun
        rows += [{"key": key_id, "state": "seals until then" if seals_still else "opens only"}]
    print_table(console, KEY_HEADINGS, rows)
    print_table(console, TABLE_HEADINGS, [vars(table) for table in tables])


def _print_plan(file: VaultFile, tables: Sequence[SealedTable], minutes: int, console: Console) -> None:
    _print_state(file, tables, console)
    if file.older:
        rows = counted(sum(table.stale for table in tables), "row")
        print_line(console, f"A rotation is under way: {rows} would be sealed again with {file.current}.")
    else:
        notice = counted(minutes, "minute")
        rows = counted(sum(table.rows for table in tables), "row")
        print_line(console, f"A new key would seal {notice} from now, and then {rows} again.")
    print_line(console, "Nothing was changed.")


def _ready_at(file: VaultFile) -> dt.datetime:
    """From when on no server seals with an older key."""
    return dt.datetime.min.replace(tzinfo=dt.UTC) if file.since is None else file.since + SETTLING


async def _wait_until_all_seal(file: VaultFile, console: Console) -> None:
    ready = _ready_at(file)
    seconds = (ready - dt.datetime.now(dt.UTC)).total_seconds()
    if seconds > 0:
        print_line(console, f"It waits until {ready}, when every server seals with {file.current}.")
        await asyncio.sleep(seconds)


async def _reseal(connection: asyncpg.Connection, vault: Vault, console: Console) -> int:
    bars = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*bars, console=console) as progress:
        tasks: dict[str, TaskID] = {}

        def report(table: str, done: int, total: int) -> None:
            if table not in tasks:
                tasks[table] = progress.add_task(table, total=total)
            progress.update(tasks[table], completed=done)

        return await reseal(connection, vault, report)
