"""The verbs of code lists, and of the other lists whose names records refer to.

Rule: bad rows never stop the good ones, and a dry run writes nothing.  Test: tests/test_cli_codes.py.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from server.access_declarations import Reason, verb
from server.cli.options import Owner, owner_url
from server.cli.tables import Json, print_json, print_rows

codes = typer.Typer(help="Code lists whose codes are data.", no_args_is_help=True)
console = Console()


@verb(codes, "load", Reason.OWNER)
def codes_load(
    name: Annotated[str, typer.Argument(metavar="LIST", help="The list, as `codes list` names it.")],
    path: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="A CSV file of the whole list, with a heading: `code,label_id,label_en,valid_from,valid_to`, of which"
            " the last three may be left out; of AGENCY `licence_no,name,city`.",
        ),
    ],
    source: Annotated[str | None, typer.Option(help="Who keeps the list; as before if not given.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change; write nothing.")] = False,
    as_json: Json = False,
    database: Owner = None,
) -> None:
    """Load a list: it adds codes and changes labels.  What the file lacks ends today and stays in the records.

    The codes that come with this program stay in use, unless the file gives them a `valid_to`. Bad rows are left out
    and printed with file and line; the exit code is then 1. Running it again changes nothing.

    `desmigratif codes load KBLI_2025 kbli.csv --source "Peraturan BPS 7/2025" --dry-run`
    """
    from server.cli.code_loading import load, report

    loaded = asyncio.run(load(owner_url(database), name, path, source, dry_run=dry_run))
    if as_json:
        print_json(loaded.as_document())
    else:
        report(loaded, console)
    if loaded.bad:
        raise typer.Exit(1)


@verb(codes, "list", Reason.OWNER)
def codes_list(as_json: Json = False, database: Owner = None) -> None:
    """List the lists that may be loaded, each with its source and version and how many codes are in use.

    `desmigratif codes list --json`
    """
    from server.cli.code_loading import HEADINGS, overview

    print_rows(console, HEADINGS, asyncio.run(overview(owner_url(database))), as_json=as_json)
