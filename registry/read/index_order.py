"""The rows of a page in an order that an index has, so that PostgreSQL need not sort all that the caller sees.

PostgreSQL plans a statement once for all callers: it always expects that the wall leaves a few hundredths of a per cent
of the rows, and would rather sort those than follow an index until the page is full.  Two shapes help:

- A list of the whole country stands beside `_expected_million`, one row that PostgreSQL takes for a million: sorting so
  much seems dearer to it than the index.
- A list that is sorted by a fact of the record that its rows lead to, as persons by the number of their household,
  starts from those records in their order, and looks up the rows of each until the page is full.  OFFSET 0 keeps the
  two apart, or PostgreSQL would join them first and sort afterwards.

Rule: only lists whose conditions are about places.  Where few rows meet a condition, an order leads past all others.
Test: tests/test_order.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from auth.sensitivity import Sensitivity
from registry.models.fact import fact_of
from registry.models.noun import Noun, Readable, const, table_of
from registry.models.reached import Reached
from registry.models.region import under
from registry.read.context import ReadContext
from registry.read.filter import AllOf, is_about_places
from registry.read.order import SortKey, after_cursor, not_before, sort_keys
from registry.read.query import Order, Page, Source
from registry.read.visibility import Extent

NOTHING = const(0)
CursorTest = Callable[[str, bool], sa.ColumnElement[bool]]
"""Argument of a cursor, backward → the rows on its far side."""


def in_index_order(
    ctx: ReadContext, query: Page, row: sa.FromClause, all_rows: sa.Select[Any], parent: sa.FromClause | None
) -> tuple[sa.FromClause, sa.Select[Any], list[SortKey]]:
    """The row of a page, the rows of its list (`all_rows`) between its cursors, and the keys to sort them by."""
    source, order = query.source, query.order
    first = leading(source, order)
    if first is not None and ctx.visible(row, source.noun, fact_of(first).sensitivity) is True:
        return _from_homes(ctx, query, first, parent)
    keys = sort_keys(ctx, row, source.noun, order)
    all_rows = _between(query, all_rows, lambda argument, backward: after_cursor(keys, argument, backward))
    if is_whole(source) and _sees_the_country(ctx, source.noun) and _is_indexed(source.noun, order, keys):
        all_rows = all_rows.select_from(row, *_expected_million(ctx))
    return row, all_rows, keys


def leading(source: Source, order: tuple[Order, ...]) -> Reached[Any] | None:
    """The fact of other records in whose order the list is read, if any."""
    first = order[0].datum if order else None
    if source.link is not None and source.link is not under:
        return None
    return first if isinstance(first, Reached) and all(map(is_about_places, source.where)) else None


def is_whole(source: Source) -> bool:
    """Whether the source has all records of its noun; an empty filter leaves nothing out."""
    return source.link is None and all(condition == AllOf(()) for condition in source.where)


def is_indexed(noun: Readable, order: Order) -> bool:
    """Whether an index of all rows begins with this key, in this direction or in both."""
    key = getattr(order.datum, "key", None)
    if key is None or not issubclass(noun, Noun):
        return False
    column, indexes = table_of(noun).c[key], table_of(noun).indexes
    if not column.nullable and any(index.expressions[0] is column for index in indexes):
        return True
    return order.descending and any(index.info.get("newest") == key for index in indexes)


def _is_indexed(noun: Readable, order: tuple[Order, ...], keys: list[SortKey]) -> bool:
    """Whether an index has the order: by its first key that is not the same for all rows, or by id."""
    for term, key in zip(order, keys, strict=False):
        if not key.constant:
            return is_indexed(noun, term)
    return True


def _sees_the_country(ctx: ReadContext, noun: Readable) -> bool:
    """Whether the caller sees all records of a noun whose rows the wall decides."""
    if noun.row_sensitivity is Sensitivity.OPEN:
        return False
    return ctx.visibility.extent(Sensitivity.OPEN, noun.row_sensitivity) is Extent.ALL


def _between(query: Page, rows: sa.Select[Any], test: CursorTest) -> sa.Select[Any]:
    """The rows for which the test of each cursor of the page holds."""
    for argument, backward in ((query.after, False), (query.before, True)):
        if argument is not None:
            rows = rows.where(test(argument, backward))
    return rows


def _from_homes(
    ctx: ReadContext, query: Page, first: Reached[Any], parent: sa.FromClause | None
) -> tuple[sa.FromClause, sa.Select[Any], list[SortKey]]:
    """The rows of a list that is sorted by a fact of other records, `homes`, starting from those in their order."""
    # SELECT t$4.*
    # FROM (SELECT t$1.id, t$1.household_no FROM registry.household AS t$1
    #       WHERE t$1.household_no >= … ORDER BY t$1.household_no OFFSET 0) AS h$3,
    #      LATERAL (SELECT t$2.* FROM registry.member AS t$2 WHERE t$2.household_id = h$3.id OFFSET 0) AS t$4
    # WHERE (h$3.household_no, t$4.id) > …
    source, (order, *others) = query.source, query.order
    home = table_of(first.noun).alias(ctx.name("t"))
    table, present = ctx.rows(Source(source.noun), None)
    tests = [condition(home, ctx) for condition in source.where]
    if source.link is not None:
        assert parent is not None
        tests.append(source.link(parent, home))
    home_key = SortKey(home.c[first.column], first.type, order.descending, nullable=False)
    select: sa.Select[Any] = sa.select(home.c.id, home_key.value).where(*tests)
    if is_whole(source) and _sees_the_country(ctx, first.noun):
        select = select.select_from(home, *_expected_million(ctx))
    select = _between(query, select, lambda argument, backward: not_before(home_key, argument, backward))
    select = select.order_by(home_key.sorting(query.backward)).offset(NOTHING)
    homes = ctx.inside(select, parent).subquery(ctx.name("h"))

    inner = sa.select(table).where(first.link(table, homes), *present).offset(NOTHING)
    row = inner.correlate(homes).lateral(ctx.name("t"))
    keys = [SortKey(homes.c[first.column], first.type, order.descending, nullable=False)]
    keys += sort_keys(ctx, row, source.noun, tuple(others), order.descending)
    all_rows = ctx.inside(sa.select(row).select_from(homes, row), parent)
    return row, _between(query, all_rows, lambda argument, backward: after_cursor(keys, argument, backward)), keys


def _expected_million(ctx: ReadContext) -> list[sa.FromClause]:
    """FROM items that have one row, while PostgreSQL expects a million: it estimates a thousand for each series."""
    # generate_series(1, (SELECT 1)) AS n$1, generate_series(1, (SELECT 1)) AS n$2
    one = sa.select(const(1)).scalar_subquery()
    return [sa.func.generate_series(const(1), one).alias(ctx.name("n")) for _ in range(2)]
