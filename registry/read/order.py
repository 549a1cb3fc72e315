"""Total orders and keyset cursors: what comes after a row, and what before it.

Rule: a sort key is the value as the caller may know it, so neither an order nor a cursor reveals what is hidden;
names sort as people sort them; nulls come last, ties are broken by id, in the direction of the key before it, so that
one index serves both ways.  Tests: tests/test_pages.py, tests/test_order.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.expression import Grouping as Parenthesized

from registry.models.fact import Derived, fact_of
from registry.models.noun import Readable, const
from registry.read.context import ReadContext
from registry.read.query import Datum, Order
from registry.read.sql import type_of
from registry.store.sql import arg

FIRST, LAST = const(""), const("~")
"""Texts that sort before and after every date, code and number."""


@dataclass(frozen=True)
class SortKey:
    """One key of a total order."""

    value: sa.ColumnElement[Any]
    type: sa.types.TypeEngine[Any]
    descending: bool
    nullable: bool
    constant: bool = False  # the same for all rows

    def sorting(self, backward: bool = False) -> sa.ColumnElement[Any]:
        """The key as a term of ORDER BY."""
        term = self.value.desc() if self.descending != backward else self.value.asc()
        if not self.nullable:
            return term
        return term.nulls_first() if backward else term.nulls_last()

    def stands_after(self, value: sa.ColumnElement[Any], backward: bool) -> sa.ColumnElement[bool]:
        """This key comes after `value`, or before it if `backward`; `value` may be null, and nulls come last."""
        # k > v; of a nullable key v IS NOT NULL AND (k > v OR k IS NULL), backward k < v OR v IS NULL AND k IS NOT NULL
        compared = self.value < value if self.descending != backward else self.value > value
        if not self.nullable:
            return compared
        if backward:
            return sa.or_(compared, sa.and_(value.is_(None), self.value.is_not(None)))
        return sa.and_(value.is_not(None), sa.or_(compared, self.value.is_(None)))


def sort_keys(
    ctx: ReadContext, row: sa.FromClause, noun: Readable, order: tuple[Order, ...], descending: bool = False
) -> list[SortKey]:
    """The keys of an order, and the id; a class that is visible nowhere gives a key that is the same for all rows."""
    keys = []
    for term in order:
        datum, descending = term.datum, term.descending
        value = ctx.as_visible(row, noun, datum)
        if is_name(datum):
            value = sa.collate(sa.func.registry.name_order(value), "C")
        visible = ctx.visible(row, noun, fact_of(datum).sensitivity)
        nullable = visible is not True or _is_nullable(datum)
        if nullable and _is_code(datum):
            # CASE WHEN (k IS NULL) THEN '~' ELSE k END: without nulls an index finds where a page begins.
            value, nullable = sa.case((value.is_(None), FIRST if descending else LAST), else_=value), False
        keys.append(SortKey(value, type_of(datum), descending, nullable, constant=visible is False))
    if "id" in row.c:
        keys.append(SortKey(row.c.id, sa.Uuid(), descending, nullable=False))
    return keys


def is_name(datum: Datum) -> bool:
    """Whether it is a text that people read, sorted without case, accents and quotes; a code sorts by its letters."""
    type_ = type_of(datum)
    return isinstance(type_, sa.Text) and type_.collation is None


def _is_code(datum: Datum) -> bool:
    """Whether it is a date, a code or a number, sorted by its letters."""
    type_ = type_of(datum)
    return isinstance(type_, sa.String) and type_.collation == "C"


def _is_nullable(datum: Datum) -> bool:
    if isinstance(datum, Derived):
        return datum.nullable
    column = datum.expression
    return not isinstance(column, sa.Column) or bool(column.nullable)


def after_cursor(keys: list[SortKey], argument: str, backward: bool = False) -> sa.ColumnElement[bool]:
    """The rows after (before) the row whose keys the argument lists as texts."""
    cursor = [_key_of_cursor(argument, n, key) for n, key in enumerate(keys, 1) if not key.constant]
    keys = [key for key in keys if not key.constant]
    if not any(key.nullable for key in keys) and len({key.descending for key in keys}) == 1:
        # (t$1.household_no, t$1.id) > (CAST(($1)[1] AS TEXT), CAST(($1)[2] AS UUID)): one range of an index
        of_row, of_cursor = sa.tuple_(*[key.value for key in keys]), sa.tuple_(*cursor)
        return of_row < of_cursor if keys[0].descending != backward else of_row > of_cursor
    # k1 after c1  OR  k1 = c1 AND k2 after c2  OR  k1 = c1 AND k2 = c2 AND k3 after c3 …
    alternatives: list[sa.ColumnElement[bool]] = []
    equal: list[sa.ColumnElement[bool]] = []
    for key, value in zip(keys, cursor, strict=True):
        alternatives.append(sa.and_(*equal, key.stands_after(value, backward)))
        equal.append(key.value.is_not_distinct_from(value) if key.nullable else key.value == value)
    return sa.or_(*alternatives)


def not_before(key: SortKey, argument: str, backward: bool = False) -> sa.ColumnElement[bool]:
    """The rows that do not come before (after) that row by their first key alone."""
    of_cursor = _key_of_cursor(argument, 1, key)
    return key.value <= of_cursor if key.descending != backward else key.value >= of_cursor


def _key_of_cursor(argument: str, number: int, key: SortKey) -> sa.ColumnElement[Any]:
    """A key of the row whose keys the argument lists as texts."""
    # Without parentheses PostgreSQL reads `$1::text[][1]`, a type.
    texts = Parenthesized(arg(argument, ARRAY(sa.Text())))
    return sa.cast(texts[const(number)], key.type)


def sorted_by(keys: list[SortKey], backward: bool = False) -> list[sa.ColumnElement[Any]]:
    """The terms of ORDER BY, without constant keys: they would keep PostgreSQL from an index by id."""
    return [key.sorting(backward) for key in keys if not key.constant]
