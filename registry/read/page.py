"""Connections: a page of rows, their cursors, how many there are, and counts of them by a grouping.

The page is scanned once; nodes, edges and page info are aggregates over it.  A count beside groups is their sum, unless
they leave out rows whose key is hidden.
Rule: `totalCount`, groups and the pages count the same rows; groups only those where the class of their key is seen.
Tests: tests/test_pages.py, tests/test_groups.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import aggregate_order_by

from registry.models.noun import const
from registry.read.context import ReadContext, Subtotals
from registry.read.grouping import UNKNOWN, in_language
from registry.read.order import sorted_by
from registry.read.ordered import in_order
from registry.read.query import Const, Cursor, Edges, Groups, Info, Node, Nodes, Null, Page, Total
from registry.read.rollup import counted_below, is_bare, is_down, looked_up, subtotal
from registry.read.sql import EMPTY, ONE, as_json
from registry.store.sql import arg


def page(compiler: ReadContext, query: Page, parent: sa.FromClause | None) -> sa.ColumnElement[Any]:
    """One page of a connection as JSON."""
    row, tests = compiler.rows(query.source, parent)
    every = compiler.inside(sa.select(row).where(*tests), parent)
    subtotal_of = compiler.subtotals.get(query.source.noun) if is_bare(query.source) else None
    shows = any(isinstance(part, Nodes | Edges | Info) for part in query.parts)
    shown = _Shown(compiler, query, row, every, parent) if shows else None
    groups = {part: _groups(compiler, part, row, every) for part in query.parts if isinstance(part, Groups)}
    summed = next((grouped.c.total for part, grouped in groups.items() if not part.where), None)
    made: list[sa.ColumnElement[Any]] = []
    for part in query.parts:
        match part:
            case Total() if subtotal_of is not None and parent is not None:
                value: sa.ColumnElement[Any] = looked_up(subtotal_of, parent)
            case Total() if summed is not None:
                value = summed
            case Total():
                counted = every.with_only_columns(sa.func.count(), maintain_column_froms=True)
                value = sa.cast(counted.scalar_subquery(), sa.Integer())
            case Groups():
                value = groups[part].c.groups
            case Const():
                value = const(part.text)
            case Null():
                value = sa.cast(sa.null(), sa.JSON())
            case _:
                assert shown is not None
                value = shown.part(part)
        made.append(value.label(part.key))
    whole = sa.select(*made).select_from(*([] if shown is None else [shown.page]), *groups.values())
    return sa.select(as_json(compiler.inside(whole, parent).subquery(compiler.name("o")))).scalar_subquery()


class _Shown:
    """The rows of the page, and one row of aggregates over them, `page`: the lists, their length, the ends' keys.

    Rows are numbered from the end where the page begins; the one more than asked for tells whether there are more.

    Two subqueries lie under the aggregates: `f`, the rows in order, and `p`, the same with their numbers.  Both begin
    with all columns of the table, for a part may ask for any; when the parts are made, `{ nodes { id } }` uses `id`
    and no other, and both get a new SELECT (`element`) of what is used.  Who refers to their columns does not notice.
    """

    def __init__(
        self,
        compiler: ReadContext,
        query: Page,
        row: sa.FromClause,
        every: sa.Select[Any],
        parent: sa.FromClause | None,
    ) -> None:
        self.compiler, self.query, self.noun = compiler, query, query.source.noun
        self.around = compiler.outer
        info = {what for part in query.parts if isinstance(part, Info) for _, what in part.parts}
        self.ends = sorted(info & {"startCursor", "endCursor"})
        self.more = bool(self.ends) or ("hasPreviousPage" if query.backward else "hasNextPage") in info
        self.size = arg(query.size, sa.Integer())
        row, every, keys = in_order(compiler, query, row, every, parent)
        subtotals = self._tallies(row)
        found = every.add_columns(*[key.value.label(f"k${n}") for n, key in enumerate(keys)], *subtotals.values())
        found = found.order_by(*sorted_by(keys, query.backward))
        found = found.limit(self.size + ONE if self.more else self.size)
        first = found.subquery(compiler.name("f"))
        numbers = [sa.func.row_number().over().label("n$"), sa.func.count().over().label("m$")]
        self.rows = sa.select(first, *numbers).subquery(compiler.name("p"))
        self.n, self.last = self.rows.c["n$"], sa.func.least(self.rows.c["m$"], self.size)
        self.keys = [self.rows.c[f"k${n}"] for n in range(len(keys))]
        self.page = self._page({of: self.rows.c[column.name] for of, column in subtotals.items()})
        # Only now it is known which columns the page needs: wide rows would cost more than finding them.
        needed = {"k$0"} | {column.name for column in _columns(self.page, self.rows)}
        first.element = found.with_only_columns(*[c for c in found.selected_columns if c.name in needed])
        self.rows.element = sa.select(*[c for c in (*first.c, *numbers) if c.name in needed]).select_from(first)
        if isinstance(row, sa.Lateral):
            inner: Any = row.element
            used = {column.name for column in _columns(first, row)}
            whole = inner.element
            inner.element = whole.with_only_columns(*[c for c in whole.selected_columns if c.name in used])

    def _tallies(self, row: sa.FromClause) -> dict[Any, sa.Label[Any]]:
        """Counts for the regions below these, where none is made further out."""
        if self.compiler.subtotals:
            return {}
        counted = dict.fromkeys(of for node in self.query.objects() for of in counted_below(node))
        return {of: subtotal(self.compiler, of, row).label(f"r${n}") for n, of in enumerate(counted)}

    def _page(self, subtotals: Subtotals) -> sa.FromClause:
        if self.compiler.subtotals and is_down(self.query.source):
            made = self._aggregates()
        else:
            with self.compiler.with_subtotals(self.rows if subtotals else None, subtotals):
                made = self._aggregates()
        return (made if self.around is None else made.correlate(self.around)).subquery(self.compiler.name("a"))

    def _aggregates(self) -> sa.Select[Any]:
        columns: list[sa.ColumnElement[Any]] = [sa.func.count().label("rows$")]
        beside: list[sa.FromClause] = []
        for number, part in enumerate(self.query.parts):
            if isinstance(part, Nodes):
                made, column = self.compiler.item(self.rows, self.noun, part.node)
            elif isinstance(part, Edges):
                made, column = sa.select(*[self._edge(edge).label(edge.key) for edge in part.parts]), None
            else:
                continue
            each = self.compiler.inside(made, self.rows).lateral(self.compiler.name("o"))
            beside.append(each)
            item: Any = each.table_valued() if column is None else each.c[column]
            listed = sa.func.json_agg(aggregate_order_by(item, self.n.desc()) if self.query.backward else item)
            shown = listed.filter(self.n <= self.size) if self.more else listed
            columns.append(sa.func.coalesce(shown, EMPTY).label(f"l${number}"))
        for end in self.ends:
            at = const(1) if (end == "startCursor") != self.query.backward else self.last
            columns.append(sa.func.json_agg(self._told()).filter(self.n == at).op("->")(const(0)).label(end))
        return sa.select(*columns).select_from(self.rows, *beside)

    def _edge(self, part: Node | Cursor | Const) -> sa.ColumnElement[Any]:
        match part:
            case Node():
                return self.compiler.json(self.rows, self.noun, part.node)
            case Cursor():
                return self._cursor(self._told())
            case Const():
                return const(part.text)

    def _told(self) -> sa.ColumnElement[Any]:
        """What a cursor tells: the keys of its row, as texts."""
        return sa.func.json_build_array(*[sa.cast(key, sa.Text()) for key in self.keys])

    def _cursor(self, told: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
        inner, outer = (arg(f"{self.query.cursor}_{half}", sa.LargeBinary()) for half in ("inner", "outer"))
        return sa.func.registry.cursor_of(told, inner, outer)

    def part(self, part: Nodes | Edges | Info) -> sa.ColumnElement[Any]:
        if not isinstance(part, Info):
            column: sa.ColumnElement[Any] = self.page.c[f"l${self.query.parts.index(part)}"]
            return column
        info = sa.select(*[self._info(what).label(key) for key, what in part.parts]).correlate(self.page)
        return sa.select(as_json(info.subquery(self.compiler.name("o")))).scalar_subquery()

    def _info(self, what: str) -> sa.ColumnElement[Any]:
        """A field of PageInfo.  Beyond a cursor that led here there is more on its side."""
        query, more = self.query, self.page.c["rows$"] > self.size
        match what:
            case "hasNextPage":
                return _constant(query.before is not None) if query.backward else more
            case "hasPreviousPage":
                return more if query.backward else _constant(query.after is not None)
            case "startCursor" | "endCursor":
                return self._cursor(self.page.c[what])
            case _:
                return const(what)


def _columns(within: sa.FromClause, of: sa.FromClause) -> Iterator[sa.ColumnElement[Any]]:
    """The columns of `of` that are used anywhere within; every part is met once, however often it is referred to."""
    left: list[Any] = [within]
    met: dict[int, Any] = {id(of): of}  # holds what it met, for the number of a thing that is gone may be another's
    while left:
        element = left.pop()
        if isinstance(element, sa.ColumnClause) and element.table is of:
            yield element
        for child in element.get_children():
            if id(child) not in met:
                met[id(child)] = child
                left.append(child)


def _constant(value: bool) -> sa.ColumnElement[bool]:
    return sa.literal_column("true" if value else "false", sa.Boolean())


def _groups(compiler: ReadContext, query: Groups, row: sa.FromClause, every: sa.Select[Any]) -> sa.FromClause:
    """One row: `groups`, the counts of the rows by one key, and `total`, their sum.

    Times come in their order, all other keys the largest first, and UNKNOWN last.

    The sum is made before the smallest groups are cut off, so that a count of all rows needs no other scan."""
    key = sa.func.coalesce(query.by.key(row, compiler), const(UNKNOWN)).label("key")
    rows = every.with_only_columns(key, maintain_column_froms=True).where(
        *[test(row, compiler) for test in query.where]
    )
    keyed = rows.subquery(compiler.name("k"))
    count = sa.cast(sa.func.count(), sa.Integer()).label("count")
    total = sa.func.sum(sa.func.count()).over().label("total")
    order: list[sa.ColumnElement[Any]] = [keyed.c.key == const(UNKNOWN), keyed.c.key]
    if not query.by.timed:
        order.insert(1, count.desc())
    counted = sa.select(keyed.c.key, count, total).group_by(keyed.c.key).order_by(*order)
    group = counted.limit(arg(query.first, sa.Integer())).subquery(compiler.name("g"))
    unknown = in_language(compiler, const("Tidak diketahui"), const("Not known"))
    words = sa.case((group.c.key == const(UNKNOWN), unknown), else_=query.by.words(group.c.key, compiler))
    said = {"key": group.c.key, "count": group.c.count, "label": sa.func.coalesce(words, group.c.key)}
    made = sa.select(*[said.get(what, const(what)).label(name) for name, what in query.parts])
    each = compiler.inside(made, group).lateral(compiler.name("o"))
    groups: Any = sa.func.coalesce(sa.func.json_agg(each.table_valued()), EMPTY).label("groups")
    whole: Any = sa.cast(sa.func.coalesce(sa.func.max(group.c.total), const(0)), sa.Integer()).label("total")
    return compiler.inside(sa.select(groups, whole).select_from(group, each)).subquery(compiler.name("a"))
