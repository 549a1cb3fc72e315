"""The verbs of region lists.

Rule: bad rows never stop the good ones, and a dry run writes nothing.  Test: tests/test_cli.py.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from server.access_declarations import Reason, verb
from server.cli.options import Owner, owner_url

regions = typer.Typer(help="Official region lists.", no_args_is_help=True)
console = Console()


@verb(regions, "load", Reason.OWNER)
def regions_load(
    path: Annotated[Path, typer.Argument(help="A folder or .tgz of idn-area-data, or a .csv of `code,name`.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change; write nothing.")] = False,
    decree: Annotated[
        str | None, typer.Option(help="The decree that the list follows, if the list does not say.")
    ] = None,
    effective_on: Annotated[
        dt.datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="The day from which it is valid, if the list does not say."),
    ] = None,
    accept: Annotated[
        list[str] | None,
        typer.Option(metavar="CODE", help="A code whose new name means the same place; repeat for more."),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Load an older list than the newest one; --dry-run shows what that undoes.")
    ] = False,
    database: Owner = None,
) -> None:
    """Load an official region list: it adds, renames and closes regions, and never moves anybody's data.

    Bad rows are left out and printed with file and line; the exit code is then 1. A list that is older than the newest
    one loaded is refused, with what it would undo.

    `desmigratif regions load idn-area-data.tgz --dry-run`
    """
    from server.cli.regions import load as load_list

    loading = load_list(
        owner_url(database),
        path,
        console,
        dry_run=dry_run,
        decree=decree,
        effective_on=effective_on.date() if effective_on else None,
        accept=accept or (),
        force=force,
    )
    are_all_rows_good = asyncio.run(loading)
    if not are_all_rows_good:
        raise typer.Exit(1)
