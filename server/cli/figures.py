"""The verbs of figures: prove that what is kept equals the ledgers, and count it anew.

Rule: both may run while the registry serves.  Test: tests/test_cells.py.
"""

from __future__ import annotations

import asyncio

import asyncpg
import typer
from rich.console import Console

from server.access_declarations import Reason, verb
from server.cli.options import Owner, owner_url
from server.cli.tables import Json, print_json, print_line

figures = typer.Typer(help="What is kept to answer figures at once.", no_args_is_help=True)
console = Console()


@verb(figures, "prove", Reason.OWNER)
def figures_prove(as_json: Json = False, database: Owner = None) -> None:
    """Compare every kept count with the ledgers.  The exit code is 1 if one differs.

    `desmigratif figures prove --json`
    """
    from server.database.cells import wrong_cells

    async def prove() -> tuple[int, int, int]:
        connection = await asyncpg.connect(owner_url(database))
        try:
            with console.status("Counting the ledgers"):
                return await wrong_cells(connection)
        finally:
            await connection.close()

    cells, waiting, wrong = asyncio.run(prove())
    if as_json:
        print_json({"cells": cells, "waiting": waiting, "wrong": wrong})
    else:
        print_line(console, f"{cells} cells, {waiting} households in the queue, {wrong} cells that are wrong.")
    if wrong:
        if not as_json:
            print_line(console, "Run `desmigratif figures rebuild`, and report it: only a fault makes them wrong.")
        raise typer.Exit(1)


@verb(figures, "rebuild", Reason.OWNER)
def figures_rebuild(database: Owner = None) -> None:
    """Count everything that is kept anew from the ledgers.  Readers see what was kept before until it is done.

    `desmigratif figures rebuild`
    """
    from server.database.cells import rebuild

    async def count() -> int:
        connection = await asyncpg.connect(owner_url(database), command_timeout=None)
        try:
            with console.status("Counting the ledgers"):
                return await rebuild(connection)
        finally:
            await connection.close()

    print_line(console, f"{asyncio.run(count())} cells.")
