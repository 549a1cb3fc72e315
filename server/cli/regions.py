"""Loading a region list by hand: what it would change, what stands in its way, then the load itself.

Rule: the dry run prints the very difference that a load would apply, and writes nothing; a bad row is never silent.
Test: tests/test_cli.py.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import asyncpg
from rich.console import Console
from rich.progress import Progress

from registry.models.noun import SCHEMA
from registry.regions.region_list import RegionList, read_list
from registry.regions.region_load import Diff, RegionLoadError, apply, compare, newer_list, refuse_older

SHOWN = 20
"""Lines shown of each kind of change; the count is always whole."""


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
    """Compare and, unless `dry_run`, apply; answers whether every row was good.

    Decree and day come from the list where it is a known one.  RegionListError, RegionLoadError say what is wrong.
    """
    regions = read_list(path)
    decree, effective_on = decree or regions.origin.decree, effective_on or regions.origin.effective_on
    for row in regions.bad:
        console.print(f"bad row  {row}", markup=False, highlight=False, soft_wrap=True)
    connection = await asyncpg.connect(dsn, server_settings={"search_path": SCHEMA})
    try:
        diff = await compare(connection, regions)
        report(regions, diff, console)
        if dry_run:
            newest = effective_on and await newer_list(connection, regions, decree, effective_on)
            if newest and diff.changes and not force:
                refuse_older(diff, newest)
        else:
            if decree is None or effective_on is None:
                raise RegionLoadError(f"{path.name} is no known list: say --decree and --effective-on")
            await _apply(connection, regions, decree, effective_on, accept, force, console)
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
) -> None:
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("regions", total=None)

        def tell(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total)

        await apply(connection, regions, decree, effective_on, tell, accept, force)


def report(regions: RegionList, diff: Diff, console: Console) -> None:
    """The difference in words, every kind with its count."""
    origin = regions.origin
    said = ", ".join(filter(None, (origin.source, origin.decree, origin.attribution)))
    console.print(f"{said}: {len(regions.rows)} regions, {len(regions.bad)} bad rows", highlight=False)
    console.print(
        f"{len(diff.new)} new, {len(diff.renamed)} renamed, {len(diff.gone)} gone, {diff.unchanged} unchanged",
        highlight=False,
    )
    reused = set(diff.reused_with_data)
    _lines(console, "new", [f"{row.code} {row.name}" for row in diff.new])
    _lines(
        console,
        "renamed",
        [
            f"{r.row.code} {r.was} → {r.row.name}"
            + (" (another place? say --accept)" if r.row.code in reused else " (spelling)" if r.spelling_only else "")
            for r in diff.renamed
        ],
    )
    held = set(diff.gone_with_data)
    _lines(console, "gone", [f"{k.code} {k.name}" + (" (has data)" if k.code in held else "") for k in diff.gone])
    _lines(console, "perhaps the same place", [f"{c.code} → {c.new_code} {c.name}" for c in diff.candidates])


def _lines(console: Console, kind: str, lines: Sequence[str]) -> None:
    for line in lines[:SHOWN]:
        console.print(f"  {kind}  {line}", markup=False, highlight=False, soft_wrap=True)
    if len(lines) > SHOWN:
        console.print(f"  {kind}  and {len(lines) - SHOWN} more", markup=False, highlight=False)
