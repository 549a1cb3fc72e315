"""Rows of the registry on their way into the database, by COPY.

Rule: a row has every column of its table except generated ones, so a new column is null here, or refused if it must
not be.
Test: tests/test_demo_households.py.
"""

import datetime as dt
import uuid
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
        self._rows: dict[sa.Table, list[tuple[Any, ...]]] = {}
        self._parsers: dict[sa.Table, dict[str, Parser | None]] = {}

    def add(self, table: sa.Table, *mappings: Mapping[str, Any]) -> None:
        """Add one row: the union of the mappings, in which later ones win.  Texts are parsed to the column's type."""
        if table not in self._parsers:
            self._parsers[table] = {column.name: _parser(column) for column in _written(table)}
            self._rows[table] = []
        row: dict[str, Any] = {}
        for mapping in mappings:
            row |= mapping
        values: list[Any] = []
        for name, parse in self._parsers[table].items():
            value = row.get(name)
            if parse is not None and type(value) is str:
                value = parse(value)
            values.append(value)
        self._rows[table].append(tuple(values))

    async def copy(self, connection: asyncpg.Connection) -> None:
        """Write all rows, in the order in which tables refer to each other."""
        for table in Noun.metadata.sorted_tables:
            if table not in self._rows:
                continue
            rows = self._rows[table]
            names = list(self._parsers[table])
            await connection.copy_records_to_table(table.name, schema_name=SCHEMA, columns=names, records=rows)
            rows.clear()


def _written(table: sa.Table) -> list[sa.Column[Any]]:
    return [column for column in table.columns if column.computed is None]


def _parser(column: sa.Column[Any]) -> Parser | None:
    """What makes the column's value of a text; None for a column of texts."""
    parsers: tuple[tuple[type[sa.types.TypeEngine[Any]], Parser], ...] = (
        (sa.Uuid, uuid.UUID),
        (sa.DateTime, dt.datetime.fromisoformat),
        (sa.Date, dt.date.fromisoformat),
        (sa.Numeric, Decimal),
    )
    for type_, parser in parsers:
        if isinstance(column.type, type_):
            return parser
    return None
