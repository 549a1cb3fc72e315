"""Rows of the registry on their way into the database, by COPY.

Rule: a row has every column of its table but the generated, so a column that is new is null here or is refused.
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


class Rows:
    """Rows on their way into the database, by table."""

    def __init__(self) -> None:
        self._waiting: dict[sa.Table, list[tuple[Any, ...]]] = {}
        self._readers: dict[sa.Table, list[tuple[str, Callable[[str], Any] | None]]] = {}

    def add(self, table: sa.Table, *values: Mapping[str, Any]) -> None:
        """One row of several mappings, the later ones first; JSON text becomes what the column holds."""
        if table not in self._readers:
            self._readers[table] = [(column.name, _reader(column)) for column in _written(table)]
            self._waiting[table] = []
        row: dict[str, Any] = {}
        for mapping in values:
            row |= mapping
        self._waiting[table].append(
            tuple(
                read(value) if read is not None and type(value) is str else value
                for name, read in self._readers[table]
                for value in (row.get(name),)
            )
        )

    async def copy(self, connection: asyncpg.Connection) -> None:
        """Write what is waiting, what others refer to first."""
        for table in (table for table in Noun.metadata.sorted_tables if table in self._waiting):
            rows = self._waiting[table]
            names = [name for name, _ in self._readers[table]]
            await connection.copy_records_to_table(table.name, schema_name=SCHEMA, columns=names, records=rows)
            rows.clear()


def _written(table: sa.Table) -> list[sa.Column[Any]]:
    return [column for column in table.columns if column.computed is None]


def _reader(column: sa.Column[Any]) -> Callable[[str], Any] | None:
    readers: tuple[tuple[type[sa.types.TypeEngine[Any]], Callable[[str], Any]], ...] = (
        (sa.Uuid, uuid.UUID),
        (sa.DateTime, dt.datetime.fromisoformat),
        (sa.Date, dt.date.fromisoformat),
        (sa.Numeric, Decimal),
    )
    return next((read for type_, read in readers if isinstance(column.type, type_)), None)
