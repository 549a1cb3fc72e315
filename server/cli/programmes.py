"""The verbs of programmes: without an enrolled village the national figures are empty.

Rule: bad rows never stop the good ones, and a dry run writes nothing.  Test: tests/test_cli_programmes.py.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from server.access_declarations import Reason, verb
from server.cli.options import Owner, owner_url
from server.cli.tables import Json, print_json, print_line, print_rows

programme = typer.Typer(help="Programmes and the villages that take part in them.", no_args_is_help=True)
console = Console()


@verb(programme, "add", Reason.OWNER)
def programme_add(
    code: Annotated[str, typer.Argument(help="A short name without blanks, such as `DESMIGRATIF`.")],
    name: Annotated[str, typer.Option(help="The name of the programme.")],
    agency: Annotated[str, typer.Option(help="The agency that runs it.")],
    database: Owner = None,
) -> None:
    """Add a programme, or change the name and agency of the one that has this code.  Running it again changes nothing.

    `desmigratif programme add DESMIGRATIF --name "Desa Migran Produktif" --agency "Kementerian Ketenagakerjaan"`
    """
    from server.cli.enrolling import add

    print_line(console, asyncio.run(add(owner_url(database), code, name, agency)))


@verb(programme, "enrol", Reason.OWNER)
def programme_enrol(
    path: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="A CSV file: `code`, `code,year` or `code,year,decree` on each line, or a heading."
        ),
    ],
    code: Annotated[
        str | None,
        typer.Option("--programme", metavar="CODE", help="The programme; not needed while there is only one."),
    ] = None,
    year: Annotated[
        int | None, typer.Option(help="The year of the lines that give none; this year if it is not given.")
    ] = None,
    decree: Annotated[str | None, typer.Option(help="The decree of the lines that give none.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change; write nothing.")] = False,
    as_json: Json = False,
    database: Owner = None,
) -> None:
    """Enrol the villages of a file in a programme.  Those that are enrolled already stay as they are.

    Earlier codes lead to the village of today. Bad rows are left out and printed with file and line; the exit code is
    then 1.

    `desmigratif programme enrol villages.csv --year 2019 --dry-run`
    """
    from server.cli.enrolling import enrol, report

    enrolled = asyncio.run(enrol(owner_url(database), path, code, year, decree, dry_run=dry_run))
    if as_json:
        print_json(enrolled.as_document())
    else:
        report(enrolled, console)
    if enrolled.bad:
        raise typer.Exit(1)


@verb(programme, "list", Reason.OWNER)
def programme_list(as_json: Json = False, database: Owner = None) -> None:
    """List the programmes, each with the number of villages that take part now.

    `desmigratif programme list --json`
    """
    from server.cli.enrolling import HEADINGS, programmes

    rows = asyncio.run(programmes(owner_url(database)))
    print_rows(console, HEADINGS, rows, as_json=as_json)
