"""Rows of the registry on their way into the database, by COPY.

Rule: a row has every column of its table except generated ones, so a new column is null here, or refused if it must
not be.
Test: tests/test_demo_households.py.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import asyncpg
import sqlalchemy as sa

from registry.models.noun import SCHEMA, Noun

Parser = Callable[[str], Any]


class Rows:
    """Rows on their way into the database, by table."""

    def __init__(self) -> None:
        self._rows: dict[sa.Table, list[list[Any]]] = {}
        self._names: dict[sa.Table, list[str]] = {}
        self._parsers: dict[sa.Table, list[tuple[int, Parser]]] = {}  # by position

    def add(self, table: sa.Table, *mappings: Mapping[str, Any]) -> None:
        """Add one row: the union of the mappings, in which later ones win.  Texts are parsed to the column's type."""
        if table not in self._rows:
            columns = [column for column in table.columns if column.computed is None]
            self._names[table] = [column.name for column in columns]
            parsers = enumerate(map(_parser, columns))
            self._parsers[table] = [(position, parse) for position, parse in parsers if parse is not None]
            self._rows[table] = []
        row: dict[str, Any] = {}
        for mapping in mappings:
            row |= mapping
        values = list(map(row.get, self._names[table]))
        for position, parse in self._parsers[table]:
            if type(value := values[position]) is str:
                values[position] = parse(value)
        self._rows[table].append(values)

    async def copy(self, connection: asyncpg.Connection) -> None:
        """Write all rows, in the order in which tables refer to each other."""
        for table in Noun.metadata.sorted_tables:
            if table not in self._rows:
                continue
            rows = self._rows[table]
            names = self._names[table]
            await connection.copy_records_to_table(table.name, schema_name=SCHEMA, columns=names, records=rows)
            rows.clear()


def _parser(column: sa.Column[Any]) -> Parser | None:
    """What makes the column's value of a text; None for a column whose texts the driver takes as they are."""
    parsers: tuple[tuple[type[sa.types.TypeEngine[Any]], Parser], ...] = (
        (sa.DateTime, dt.datetime.fromisoformat),
        (sa.Date, dt.date.fromisoformat),
        (sa.Numeric, Decimal),
    )
    for type_, parser in parsers:
        if isinstance(column.type, type_):
            return parser
    return None
