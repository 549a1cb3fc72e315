"""The rows of a page in an order that an index has, so that it is read and not sorted out of all that the caller sees.

PostgreSQL plans a statement once for all callers: whoever asks, it expects that the wall leaves a few hundredths of a
per cent of the rows, and would rather sort those than follow an index until the page is full.  Two shapes help:

- A list of the whole country stands beside `_many`, one row that PostgreSQL takes for a million: sorting so much seems
  dearer to it than the index.
- A list that is sorted by a fact of the record that its rows lead to, as persons by the number of their household,
  starts from those records in their order, and looks up the rows of each until the page is full.  OFFSET 0 keeps the
  two apart, or they would be joined first and sorted after.

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
from registry.read.query import Datum, Order, Page, Source
from registry.read.visibility import Extent

NOTHING = const(0)
Beyond = Callable[[str, bool], sa.ColumnElement[bool]]


def in_order(
    compiler: ReadContext, query: Page, row: sa.FromClause, every: sa.Select[Any], parent: sa.FromClause | None
) -> tuple[sa.FromClause, sa.Select[Any], list[SortKey]]:
    """The row of a page, all rows between its cursors, of `every` row of its list, and the keys to sort them by."""
    source, order = query.source, query.order
    if (first := leading(source, order)) is not None and _is_seen(compiler, row, source.noun, first):
        return _from_homes(compiler, query, first, parent)
    keys = sort_keys(compiler, row, source.noun, order)
    every = _between(query, every, lambda argument, backward: after_cursor(keys, argument, backward))
    if is_whole(source) and _sees_the_country(compiler, source.noun) and _is_indexed(source.noun, order, keys):
        every = every.select_from(row, *_many(compiler))
    return row, every, keys


def leading(source: Source, order: tuple[Order, ...]) -> Reached[Any] | None:
    """The fact of other records in whose order the list is read, if any."""
    first = order[0].datum if order else None
    if source.link is not None and source.link is not under:
        return None
    return first if isinstance(first, Reached) and all(map(is_about_places, source.where)) else None


def is_whole(source: Source) -> bool:
    """All that there is; an empty filter leaves nothing out."""
    return source.link is None and all(condition == AllOf(()) for condition in source.where)


def is_indexed(noun: Readable, order: Order) -> bool:
    """Whether an index of all rows begins with this key, in this direction or for both."""
    key = getattr(order.datum, "key", None)
    if not (isinstance(noun, type) and issubclass(noun, Noun)) or key is None:
        return False
    column = table_of(noun).c[key]
    begins = any(index.expressions[0] is column for index in table_of(noun).indexes)
    newest = any(index.info.get("newest") == key for index in table_of(noun).indexes)
    return (begins and not column.nullable) or (newest and order.descending)


def _is_indexed(noun: Readable, order: tuple[Order, ...], keys: list[SortKey]) -> bool:
    """Whether an index has the order: of its first key that is not the same for all rows, or by id."""
    first = next((o for o, key in zip(order, keys, strict=False) if not key.constant), None)
    return first is None or is_indexed(noun, first)


def _sees_the_country(compiler: ReadContext, noun: Readable) -> bool:
    """Whether the caller sees all records of a noun, whose rows the wall tells apart."""
    return (
        noun.row_sensitivity is not Sensitivity.OPEN
        and compiler.visibility.far(Sensitivity.OPEN, noun.row_sensitivity) is Extent.ALL
    )


def _is_seen(compiler: ReadContext, row: sa.FromClause, noun: Readable, datum: Datum) -> bool:
    return compiler.seen(row, noun, fact_of(datum).sensitivity) is True


def _between(query: Page, rows: sa.Select[Any], test: Beyond) -> sa.Select[Any]:
    """The rows for which the test of each cursor of the page holds."""
    for argument, backward in ((query.after, False), (query.before, True)):
        if argument is not None:
            rows = rows.where(test(argument, backward))
    return rows


def _from_homes(
    compiler: ReadContext, query: Page, first: Reached[Any], parent: sa.FromClause | None
) -> tuple[sa.FromClause, sa.Select[Any], list[SortKey]]:
    """The rows of a list that is sorted by a fact of other records, `homes`, from those in their order."""
    source, (order, *others) = query.source, query.order
    home, child = table_of(first.noun).alias(compiler.name("t")), compiler.rows(Source(source.noun), None)
    tests = [condition(home, compiler) for condition in source.where]
    if source.link is not None:
        assert parent is not None
        tests.append(source.link(parent, home))
    leads = SortKey(home.c[first.column], first.type, order.descending, nullable=False)
    select: sa.Select[Any] = sa.select(home.c.id, leads.value).where(*tests)
    if is_whole(source) and _sees_the_country(compiler, first.noun):
        select = select.select_from(home, *_many(compiler))
    select = _between(query, select, lambda argument, backward: not_before(leads, argument, backward))
    select = select.order_by(leads.sorting(query.backward)).offset(NOTHING)
    homes = compiler.inside(select, parent).subquery(compiler.name("h"))
    table, present = child
    inner = sa.select(table).where(first.link(table, homes), *present).offset(NOTHING)
    row = inner.correlate(homes).lateral(compiler.name("t"))
    keys = [SortKey(homes.c[first.column], first.type, order.descending, nullable=False)]
    keys += sort_keys(compiler, row, source.noun, tuple(others), order.descending)
    every = compiler.inside(sa.select(row).select_from(homes, row), parent)
    return row, _between(query, every, lambda argument, backward: after_cursor(keys, argument, backward)), keys


def _many(compiler: ReadContext) -> list[sa.FromClause]:
    """One row, which PostgreSQL takes for a million: it cannot see how far each of the two counts."""
    one = sa.select(const(1)).scalar_subquery()
    return [sa.func.generate_series(const(1), one).alias(compiler.name("n")) for _ in range(2)]
