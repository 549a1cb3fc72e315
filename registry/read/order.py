"""Total orders and keyset cursors: what comes after a row, and what before it.

Rule: a sort key is the value as the caller may know it, so neither an order nor a cursor tells what a mask hides; names
sort as people sort them; nulls come last, ties are broken by id, in the direction of the key before it, so that one
index serves both ways.  Tests: tests/test_pages.py, tests/test_order.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.elements import Grouping

from registry.models.fact import Derived, fact_of
from registry.models.noun import Readable, const
from registry.read.context import ReadContext
from registry.read.query import Datum, Order
from registry.read.sql import type_of
from registry.store.sql import arg

FIRST, LAST = const(""), const("~")
"""Texts that stand before and behind every date, code and number."""


@dataclass(frozen=True)
class SortKey:
    """One key of a total order."""

    value: sa.ColumnElement[Any]
    type: sa.types.TypeEngine[Any]
    descending: bool
    nullable: bool
    constant: bool = False  # the same for all rows

    def sorting(self, backward: bool = False) -> sa.ColumnElement[Any]:
        sorted_ = self.value.desc() if self.descending != backward else self.value.asc()
        if not self.nullable:
            return sorted_
        return sorted_.nulls_first() if backward else sorted_.nulls_last()

    def stands_after(self, value: sa.ColumnElement[Any], backward: bool) -> sa.ColumnElement[bool]:
        """This key stands beyond `value`, which may be null: behind it, or before it."""
        after_cursor = self.value < value if self.descending != backward else self.value > value
        if not self.nullable:
            return after_cursor
        if backward:
            return sa.or_(after_cursor, sa.and_(value.is_(None), self.value.is_not(None)))
        return sa.and_(value.is_not(None), sa.or_(after_cursor, self.value.is_(None)))


def sort_keys(
    compiler: ReadContext, row: sa.FromClause, noun: Readable, order: tuple[Order, ...], descending: bool = False
) -> list[SortKey]:
    """The keys of an order, and the id; a class that is nowhere seen gives a key that is the same for all rows."""
    keys = []
    for o in order:
        value, column, descending = compiler.masked(row, noun, o.datum), _column(o.datum), o.descending
        if is_name(o.datum):
            value = sa.collate(sa.func.registry.name_order(value), "C")
        seen = compiler.seen(row, noun, fact_of(o.datum).sensitivity)
        nullable = seen is not True or (
            o.datum.nullable if isinstance(o.datum, Derived) else column is None or bool(column.nullable)
        )
        if nullable and _is_code(o.datum):  # without nulls an index finds where a page begins
            value, nullable = sa.case((value.is_(None), FIRST if descending else LAST), else_=value), False
        keys.append(SortKey(value, type_of(o.datum), descending, nullable, seen is False))
    if "id" in row.c:
        keys.append(SortKey(row.c.id, sa.Uuid(), descending, False))
    return keys


def is_name(datum: Datum) -> bool:
    """Whether it is a text that people read, sorted without case, accents and quotes; a code sorts by its letters."""
    type_ = type_of(datum)
    return isinstance(type_, sa.Text) and type_.collation is None


def _is_code(datum: Datum) -> bool:
    """Whether it is a date, a code or a number, sorted by its letters."""
    type_ = type_of(datum)
    return isinstance(type_, sa.String) and type_.collation == "C"


def _column(datum: Datum) -> sa.Column[Any] | None:
    found = None if isinstance(datum, Derived) else datum.expression
    return found if isinstance(found, sa.Column) else None


def after_cursor(keys: list[SortKey], argument: str, backward: bool = False) -> sa.ColumnElement[bool]:
    """The rows behind (before) the row whose keys the argument lists as texts."""
    cursor = [_told(argument, n, key) for n, key in enumerate(keys, 1) if not key.constant]
    keys = [key for key in keys if not key.constant]
    if not any(key.nullable for key in keys) and len({key.descending for key in keys}) == 1:
        ours, theirs = sa.tuple_(*[key.value for key in keys]), sa.tuple_(*cursor)
        return ours < theirs if keys[0].descending != backward else ours > theirs
    stands_after: list[sa.ColumnElement[bool]] = []
    equal: list[sa.ColumnElement[bool]] = []
    for key, value in zip(keys, cursor, strict=True):
        stands_after.append(sa.and_(*equal, key.stands_after(value, backward)))
        equal.append(key.value.is_not_distinct_from(value) if key.nullable else key.value == value)
    return sa.or_(*stands_after)


def not_before(key: SortKey, argument: str, backward: bool = False) -> sa.ColumnElement[bool]:
    """The rows that do not stand before (behind) that row by their first key alone."""
    theirs = _told(argument, 1, key)
    return key.value <= theirs if key.descending != backward else key.value >= theirs


def _told(argument: str, number: int, key: SortKey) -> sa.ColumnElement[Any]:
    """A key of the row whose keys the argument lists as texts."""
    texts = Grouping(arg(argument, ARRAY(sa.Text())))  # without parentheses PostgreSQL reads `$1::text[][1]`, a type
    return sa.cast(texts[const(number)], key.type)


def sorted_by(keys: list[SortKey], backward: bool = False) -> list[sa.ColumnElement[Any]]:
    """What a SELECT is ordered by; what is the same for all rows would hide an index by id."""
    return [key.sorting(backward) for key in keys if not key.constant]
