"""Lists that an operator loads from a file: a code list, or any other table of names that records refer to.

The file is the whole list.  Rule: nothing is removed, because records may name it: what the file lacks ends.  What
comes with the program stays, unless the file says otherwise, and loading the same file again changes nothing.
Test: tests/test_cli_codes.py.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from registry.models.fact import fact_of
from registry.models.noun import const
from registry.store.db import Transaction
from registry.store.sql import Sql, arg
from registry.values.text import clean

Values = dict[str, Any]
"""A row of the table by its columns, without the key."""
Cells = Mapping[str, str | None]
"""A line of the file by its columns; None for a blank cell."""


@dataclass(frozen=True, eq=False)
class Loadable:
    """A list that may be loaded: its table, the column that names a row, and how a line of the file becomes one.

    `columns` are those of the file, of which the first names the row; the `needed` ones are not blank.  `fixed` is what
    all rows of the list have.  `row` returns the values of a line at a place of the file; it raises ValueError for what
    is wrong with it.  `ended` is what changes of a row that the file lacks, or None if nothing does."""

    name: str
    table: sa.Table
    key: str
    columns: tuple[str, ...]
    needed: tuple[str, ...]
    row: Callable[[str, Cells, int], Values]
    ended: Callable[[str, Values, dt.date], Values | None]
    fixed: Values = field(default_factory=dict)

    def read(self, cells: Mapping[str, str], place: int) -> tuple[str, Values]:
        """The key and the values of a line of the file.  Raises ValueError with what is wrong with it."""
        cleaned = {name: clean(cells.get(name, "")) for name in self.columns}
        if missing := [name for name in self.needed if cleaned[name] is None]:
            raise ValueError(f"{missing[0]} is missing")
        key = cleaned[self.columns[0]]
        assert key is not None, "the key is needed"
        values = self.row(key, cleaned, place)
        for name, value in {self.key: key, **values}.items():
            bounds = fact_of(self.table.c[name]).bounds
            if value is not None and bounds is not None and (broken := bounds.broken_by(value)):
                raise ValueError(f"{name}: {' '.join(broken.values())} at most")
        return key, values


LOCK_LISTS = Sql(sa.select(sa.func.pg_advisory_xact_lock(const(7_202_017))))
"""Lists are loaded one at a time."""


@dataclass(frozen=True)
class Difference:
    """What a file changes: rows by their keys.  `ended` are the rows that it lacks."""

    new: Mapping[str, Values]
    changed: Mapping[str, Values]
    ended: Mapping[str, Values]
    unchanged: Collection[str]
    total: int  # rows of the table afterwards, in use or not

    def __len__(self) -> int:
        return len(self.new) + len(self.changed) + len(self.ended)


async def compare(tx: Transaction, loadable: Loadable, listed: Mapping[str, Values], today: dt.date) -> Difference:
    """The difference between a file and the table, which stays true until the transaction ends."""
    await tx.rows(LOCK_LISTS)
    table, key = loadable.table, loadable.key
    written = [column.name for column in table.columns if column.computed is None]
    names = [name for name in written if name not in (key, *loadable.fixed)]
    rows = await tx.rows(Sql(sa.select(table).where(*_here(loadable))), **loadable.fixed)
    stored: dict[str, Values] = {row[key]: {name: row[name] for name in names} for row in rows}
    new: dict[str, Values] = {}
    changed: dict[str, Values] = {}
    ended: dict[str, Values] = {}
    unchanged = []
    for name, values in listed.items():
        if name not in stored:
            new[name] = values
        elif values.items() <= stored[name].items():
            unchanged.append(name)
        else:
            changed[name] = stored[name] | values
    for name in stored.keys() - listed.keys():
        if (last_values := loadable.ended(name, stored[name], today)) is not None:
            ended[name] = stored[name] | last_values
    return Difference(new, changed, ended, unchanged, len(stored.keys() | listed.keys()))


async def apply(
    tx: Transaction, loadable: Loadable, difference: Difference, progress: Callable[[], None] = lambda: None
) -> None:
    """Write a difference; `progress` is called after each row."""
    table, key = loadable.table, loadable.key
    for name, values in difference.new.items():
        row = {**loadable.fixed, key: name, **values}
        await tx.rows(_insert(table, tuple(row)), **row)
        progress()
    for name, values in (*difference.changed.items(), *difference.ended.items()):
        await tx.rows(_update(loadable, tuple(values)), **loadable.fixed, **{key: name}, **values)
        progress()


def _here(loadable: Loadable) -> list[sa.ColumnElement[bool]]:
    return [loadable.table.c[name] == arg(name, loadable.table.c[name].type) for name in loadable.fixed]


@lru_cache(maxsize=20)
def _insert(table: sa.Table, names: tuple[str, ...]) -> Sql:
    return Sql(sa.insert(table).inline().values({name: arg(name, table.c[name].type) for name in names}))


@lru_cache(maxsize=20)
def _update(loadable: Loadable, names: tuple[str, ...]) -> Sql:
    table, key = loadable.table, loadable.table.c[loadable.key]
    here = [*_here(loadable), key == arg(loadable.key, key.type)]
    return Sql(sa.update(table).where(*here).values({name: arg(name, table.c[name].type) for name in names}))
