"""What verbs print: lines and tables for people, or JSON for programs.

Rule: with `--json`, standard output holds one JSON document and nothing else.  Test: tests/test_cli_programmes.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs instead of a table for people.")]
MAX_LINES = 20
"""Lines printed of one kind; counts are of all, and so is the JSON."""


def print_line(console: Console, text: str) -> None:
    """Print a text as it is: nothing in it is markup, and only a terminal breaks it."""
    console.print(text, highlight=False, markup=False, soft_wrap=True)


def print_some(console: Console, prefix: str, lines: Sequence[object]) -> None:
    """Print the first lines, each behind the prefix, and how many more there are."""
    for line in lines[:MAX_LINES]:
        print_line(console, f"{prefix}{line}")
    if len(lines) > MAX_LINES:
        print_line(console, f"{prefix}and {len(lines) - MAX_LINES} more")


def print_rows(
    console: Console, headings: Mapping[str, str], rows: Sequence[Mapping[str, Any]], *, as_json: bool
) -> None:
    """Print rows as a table, or as JSON with all their keys."""
    if as_json:
        print_json(rows)
    else:
        print_table(console, headings, rows)


def print_json(document: Any) -> None:
    """Print a document as JSON; days, instants and ids are texts."""
    typer.echo(orjson.dumps(document, default=str, option=orjson.OPT_INDENT_2).decode())  # asyncpg has UUIDs of its own


def print_table(console: Console, headings: Mapping[str, str], rows: Sequence[Mapping[str, Any]]) -> None:
    """Print rows under the headings of their keys; a row may have more keys."""
    table = Table(header_style="bold")
    for key, heading in headings.items():
        is_number = bool(rows) and all(type(row[key]) is int for row in rows)
        table.add_column(heading, justify="right" if is_number else "left", overflow="fold")
    for row in rows:
        table.add_row(*[_cell(row[key]) for key in headings])
    console.print(table)


def _cell(value: Any) -> Text:
    """A value as text, in which nothing is markup."""
    if value is None:
        return Text("–")
    if isinstance(value, bool):
        return Text("yes" if value else "no")
    if isinstance(value, list):
        return Text("\n".join(map(str, value)))
    return Text(str(value))
