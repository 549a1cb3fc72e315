"""Loading a region list from the command line: what it would change, what prevents it, then the load itself.

Rule: the dry run prints the same difference that a load applies, and writes nothing; every bad row is printed.  A load
leaves an audit row in its transaction.
Test: tests/test_cli.py.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from pathlib import Path
from typing import Any

import asyncpg
from rich.console import Console
from rich.progress import Progress

from auth.principal import NOBODY
from registry.models.audit import REGION_LIST
from registry.models.noun import SCHEMA
from registry.regions.region_diff import Diff, Rename
from registry.regions.region_list import RegionList, read_list
from registry.regions.region_load import RegionLoadError, apply, compare, newer_list, refuse_older
from registry.store.db import Transaction
from registry.values.text import counted
from registry.write.shell import Shell
from server.cli.operator import operator
from server.cli.tables import print_line, print_some


async def load(
    dsn: str,
    path: Path,
    console: Console,
    *,
    dry_run: bool,
    decree: str | None,
    effective_on: dt.date | None,
    accept: Collection[str],
    force: bool,
) -> bool:
    """Compare the list with the database and, unless `dry_run`, apply it.  Returns whether every row was good.

    A known list has its own decree and day.  Raises FileError, RegionLoadError, whose messages say what is wrong.
    """
    regions = read_list(path)
    decree = decree or regions.origin.decree
    effective_on = effective_on or regions.origin.effective_on
    for row in regions.bad:
        print_line(console, f"bad row  {row}")
    connection = await asyncpg.connect(dsn, server_settings={"search_path": SCHEMA})
    try:
        diff = await compare(connection, regions)
        report(regions, diff, console)
        if dry_run:
            newer = await newer_list(connection, regions, decree, effective_on) if effective_on else None
            if newer and diff.changes and not force:
                refuse_older(diff, newer)
        else:
            if decree is None or effective_on is None:
                raise RegionLoadError(f"{path.name} is no known list: give --decree and --effective-on")
            async with connection.transaction():
                diff = await _apply(connection, regions, decree, effective_on, accept, force, console)
                work = Shell(Transaction(connection, NOBODY), operator())
                note = f"regions load, list {regions.checksum[:16]}"
                await work.audit_action(REGION_LIST, note, changed=bool(diff.changes))
            console.print("Loaded." if diff.changes else "Nothing to change.")
    finally:
        await connection.close()
    return not regions.bad


async def _apply(
    connection: Any,
    regions: RegionList,
    decree: str,
    effective_on: dt.date,
    accept: Collection[str],
    force: bool,
    console: Console,
) -> Diff:
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("regions", total=None)

        def report_progress(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total)

        return await apply(connection, regions, decree, effective_on, report_progress, accept, force)


def report(regions: RegionList, diff: Diff, console: Console) -> None:
    """Print the difference, every kind of change with its count."""
    origin = regions.origin
    source = ", ".join(filter(None, (origin.source, origin.decree, origin.attribution)))
    print_line(console, f"{source}: {counted(len(regions.rows), 'region')}, {counted(len(regions.bad), 'bad row')}")
    counts = f"{len(diff.new)} new, {len(diff.renamed)} renamed, {len(diff.gone)} gone, {diff.unchanged} unchanged"
    print_line(console, counts)
    print_some(console, "  new  ", [f"{row.code} {row.name}" for row in diff.new])
    reused = set(diff.reused_with_data)
    print_some(console, "  renamed  ", [_renaming(renamed, renamed.row.code in reused) for renamed in diff.renamed])
    has_data = set(diff.gone_with_data)
    gone = [f"{region.code} {region.name}{' (has data)' if region.code in has_data else ''}" for region in diff.gone]
    print_some(console, "  gone  ", gone)
    candidates = [f"{candidate.code} → {candidate.new_code} {candidate.name}" for candidate in diff.candidates]
    print_some(console, "  perhaps the same place  ", candidates)


def _renaming(renamed: Rename, is_reused_with_data: bool) -> str:
    line = f"{renamed.row.code} {renamed.former_name} → {renamed.row.name}"
    if is_reused_with_data:
        return f"{line} (another place? if not, give --accept)"
    if renamed.spelling_only:
        return f"{line} (spelling)"
    return line
