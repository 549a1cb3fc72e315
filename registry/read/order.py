"""Total orders and keyset cursors: what comes after a row.

Rule: a sort key is the value as the caller may know it, so neither an order nor a cursor tells what a mask hides;
nulls come last, ties are broken by id.  Test: tests/test_pages.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from registry.db import arg
from registry.noun import Derived, Readable, fact_of
from registry.read.want import Datum, Order

if TYPE_CHECKING:
    from registry.read.compile import Compiler


@dataclass(frozen=True)
class Key:
    """One key of a total order."""

    value: sa.ColumnElement[Any]
    type: sa.types.TypeEngine[Any]
    descending: bool
    nullable: bool

    @property
    def sorting(self) -> sa.ColumnElement[Any]:
        sorted_ = self.value.desc() if self.descending else self.value.asc()
        return sorted_.nulls_last() if self.nullable else sorted_


def sort_keys(compiler: Compiler, row: sa.FromClause, noun: Readable, order: tuple[Order, ...]) -> list[Key]:
    """The keys of an order, and the id; a class that is nowhere seen gives a key that is always null."""
    keys = []
    for o in order:
        value, column = compiler.masked(row, noun, o.datum), _column(o.datum)
        masked = compiler.seen(row, noun, fact_of(o.datum).sensitivity) is not True
        type_ = o.datum.type if isinstance(o.datum, Derived) else o.datum.expression.type
        keys.append(Key(value, type_, o.descending, masked or column is None or bool(column.nullable)))
    if "id" in row.c:
        keys.append(Key(row.c.id, sa.Uuid(), False, False))
    return keys


def _column(datum: Datum) -> sa.Column[Any] | None:
    found = None if isinstance(datum, Derived) else datum.expression
    return found if isinstance(found, sa.Column) else None


def after(keys: list[Key], prefix: str) -> sa.ColumnElement[bool]:
    """The rows behind the cursor whose keys are the arguments `{prefix}_0` …, each a text or null."""
    cursor = [sa.cast(arg(f"{prefix}_{n}", sa.Text()), key.type) for n, key in enumerate(keys)]
    if not any(key.descending or key.nullable for key in keys):
        return sa.tuple_(*[key.value for key in keys]) > sa.tuple_(*cursor)
    behind: list[sa.ColumnElement[bool]] = []
    equal: list[sa.ColumnElement[bool]] = []
    for key, value in zip(keys, cursor, strict=True):
        further = key.value < value if key.descending else key.value > value
        if key.nullable:
            further = sa.and_(value.is_not(None), sa.or_(further, key.value.is_(None)))
        behind.append(sa.and_(*equal, further))
        equal.append(key.value.is_not_distinct_from(value) if key.nullable else key.value == value)
    return sa.or_(*behind)
