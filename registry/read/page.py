"""Connections: a page of rows, their cursors, how many there are, and counts of them by a grouping.

The page is scanned once; nodes, edges and page info are aggregates over it.  A count beside groups is their sum, unless
the groups leave out rows whose key is hidden, or count a row under each of its keys.
Rule: `totalCount`, groups and pages count the same rows; groups only those where the class of their key is visible.
Tests: tests/test_pages.py, tests/test_groups.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by

from registry.models.noun import const
from registry.models.reference import in_language
from registry.read.context import ReadContext, Subtotals
from registry.read.grouping import UNKNOWN
from registry.read.index_order import in_index_order
from registry.read.order import SortKey, sorted_by
from registry.read.query import Const, Cursor, EdgeNode, Edges, Groups, Info, Nodes, Null, Page, Total
from registry.read.rollup import counted_below, is_bare, is_down, looked_up, subtotal
from registry.read.sql import EMPTY, ONE, as_json
from registry.store.sql import arg


def page_json(ctx: ReadContext, query: Page, parent: sa.FromClause | None) -> sa.ColumnElement[Any]:
    """One page of a connection as JSON."""
    # (SELECT row_to_json(o$9)
    #  FROM (SELECT a$7.l$0 AS nodes, (SELECT count(*) FROM …) AS "totalCount"
    #        FROM (… the aggregates over the page …) AS a$7, (… the groups …) AS a$8) AS o$9)
    row, tests = ctx.rows(query.source, parent)
    all_rows = ctx.inside(sa.select(row).where(*tests), parent)
    subtotal_of = ctx.subtotals.get(query.source.noun) if is_bare(query.source) else None
    shows_rows = any(isinstance(part, Nodes | Edges | Info) for part in query.parts)
    shown = _ShownRows(ctx, query, row, all_rows, parent) if shows_rows else None
    groups = {part: _groups(ctx, part, row, all_rows) for part in query.parts if isinstance(part, Groups)}
    sums = [counts.c.total for part, counts in groups.items() if not (part.where or part.by.several)]
    sum_of_groups = next(iter(sums), None)
    columns: list[sa.ColumnElement[Any]] = []
    for part in query.parts:
        match part:
            case Total() if subtotal_of is not None and parent is not None:
                value: sa.ColumnElement[Any] = looked_up(subtotal_of, parent)
            case Total() if sum_of_groups is not None:
                value = sum_of_groups
            case Total():
                count = all_rows.with_only_columns(sa.func.count(), maintain_column_froms=True)
                value = sa.cast(count.scalar_subquery(), sa.Integer())
            case Groups():
                value = groups[part].c.groups
            case Const():
                value = const(part.text)
            case Null():
                value = sa.cast(sa.null(), sa.JSON())
            case _:
                assert shown is not None
                value = shown.part(part)
        columns.append(value.label(part.key))
    sources = [] if shown is None else [shown.page]
    whole = sa.select(*columns).select_from(*sources, *groups.values())
    return sa.select(as_json(ctx.inside(whole, parent).subquery(ctx.name("o")))).scalar_subquery()


class _ShownRows:
    """The rows of the page, and one row of aggregates over them, `page`: the lists, their length, the ends' keys.

    Rows are numbered from the end where the page begins; one row more than requested shows whether there are more.

    Two subqueries lie under the aggregates: `f`, the rows in order, and `p`, the same with their numbers.  Both begin
    with all columns of the table, because a part may need any; when the parts are compiled, `{ nodes { id } }` uses
    only `id`, and both are reduced to the columns in use.
    """

    def __init__(
        self, ctx: ReadContext, query: Page, row: sa.FromClause, all_rows: sa.Select[Any], parent: sa.FromClause | None
    ) -> None:
        self.ctx, self.query, self.noun = ctx, query, query.source.noun
        self.around = ctx.outer
        info = {field for part in query.parts if isinstance(part, Info) for _, field in part.parts}
        self.ends = sorted(info & {"startCursor", "endCursor"})
        has_more = "hasPreviousPage" if query.backward else "hasNextPage"
        self.reads_one_more = bool(self.ends) or has_more in info
        self.size = arg(query.size, sa.Integer())
        row, all_rows, keys = in_index_order(ctx, query, row, all_rows, parent)
        subtotals = self._subtotals(row)
        ordered = self._rows_in_order(all_rows, keys, subtotals)
        self.rows = self._with_numbers(ordered)
        self.number, self.last_number = self.rows.c["n$"], sa.func.least(self.rows.c["m$"], self.size)
        self.keys = [self.rows.c[f"k${n}"] for n in range(len(keys))]
        self.page = self._page({of: self.rows.c[column.name] for of, column in subtotals.items()})
        self._keep_used_columns(row, ordered)

    def _rows_in_order(
        self, all_rows: sa.Select[Any], keys: list[SortKey], subtotals: dict[Any, sa.Label[Any]]
    ) -> sa.Subquery:
        # SELECT t$1.*, t$1.household_no AS k$0, t$1.id AS k$1 FROM registry.household AS t$1
        # WHERE … ORDER BY t$1.household_no, t$1.id LIMIT $size + 1                                 -- f
        sort_columns = [key.value.label(f"k${n}") for n, key in enumerate(keys)]
        select = all_rows.add_columns(*sort_columns, *subtotals.values())
        select = select.order_by(*sorted_by(keys, self.query.backward))
        limit = self.size + ONE if self.reads_one_more else self.size
        return select.limit(limit).subquery(self.ctx.name("f"))

    def _with_numbers(self, ordered: sa.Subquery) -> sa.Subquery:
        # SELECT f$2.*, row_number() OVER () AS n$, count(*) OVER () AS m$ FROM f$2                 -- p
        numbers = [sa.func.row_number().over().label("n$"), sa.func.count().over().label("m$")]
        return sa.select(ordered, *numbers).subquery(self.ctx.name("p"))

    def _keep_used_columns(self, row: sa.FromClause, ordered: sa.Subquery) -> None:
        """Reduce the subqueries under the page to the columns that it uses, which are known only now.

        To carry all columns of a wide row costs more than this search."""
        names = {"k$0"} | {column.name for column in _used_columns(self.page, self.rows)}
        _keep_columns(ordered, names)
        _keep_columns(self.rows, names)
        if isinstance(row, sa.Lateral):
            _keep_columns(row.element, {column.name for column in _used_columns(ordered, row)})

    def _subtotals(self, row: sa.FromClause) -> dict[Any, sa.Label[Any]]:
        """Counts for the regions below these, unless a row further out already holds them."""
        if self.ctx.subtotals:
            return {}
        nouns = dict.fromkeys(noun for node in self.query.objects() for noun in counted_below(node))
        return {noun: subtotal(self.ctx, noun, row).label(f"r${n}") for n, noun in enumerate(nouns)}

    def _page(self, subtotals: Subtotals) -> sa.FromClause:
        if self.ctx.subtotals and is_down(self.query.source):
            select = self._aggregates()
        else:
            with self.ctx.with_subtotals(self.rows if subtotals else None, subtotals):
                select = self._aggregates()
        if self.around is not None:
            select = select.correlate(self.around)
        return select.subquery(self.ctx.name("a"))

    def _aggregates(self) -> sa.Select[Any]:
        # SELECT count(*) AS rows$,
        #        coalesce(json_agg(o$6) FILTER (WHERE p$3.n$ <= $size), '[]') AS l$0,
        #        json_agg(json_build_array(…)) FILTER (WHERE p$3.n$ = least(p$3.m$, $size)) -> 0 AS "endCursor"
        # FROM p$3, LATERAL (SELECT p$3.id AS id, …) AS o$6
        columns: list[sa.ColumnElement[Any]] = [sa.func.count().label("rows$")]
        items: list[sa.FromClause] = []
        for number, part in enumerate(self.query.parts):
            if isinstance(part, Nodes):
                select, column = self.ctx.item(self.rows, self.noun, part.node)
            elif isinstance(part, Edges):
                select, column = sa.select(*[self._edge(edge).label(edge.key) for edge in part.parts]), None
            else:
                continue
            item = self.ctx.inside(select, self.rows).lateral(self.ctx.name("o"))
            items.append(item)
            columns.append(self._list(item, column).label(f"l${number}"))
        for end in self.ends:
            at_first = (end == "startCursor") != self.query.backward
            row_number = const(1) if at_first else self.last_number
            keys = sa.func.json_agg(self._cursor_keys()).filter(self.number == row_number).op("->")(const(0))
            columns.append(keys.label(end))
        return sa.select(*columns).select_from(self.rows, *items)

    def _list(self, item: Any, column: str | None) -> sa.ColumnElement[Any]:
        """The items of the page as a JSON list, without the one row more."""
        value: Any = item.table_valued() if column is None else item.c[column]
        if self.query.backward:
            value = aggregate_order_by(value, self.number.desc())
        items = sa.func.json_agg(value)
        return sa.func.coalesce(items.filter(self.number <= self.size) if self.reads_one_more else items, EMPTY)

    def _edge(self, part: EdgeNode | Cursor | Const) -> sa.ColumnElement[Any]:
        match part:
            case EdgeNode():
                return self.ctx.json(self.rows, self.noun, part.node)
            case Cursor():
                return self._cursor(self._cursor_keys())
            case Const():
                return const(part.text)

    def _cursor_keys(self) -> sa.ColumnElement[Any]:
        """The content of a cursor: the keys of its row, as texts."""
        return sa.func.json_build_array(*[sa.cast(key, sa.Text()) for key in self.keys])

    def _cursor(self, keys: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
        inner, outer = (arg(f"{self.query.cursor}_{half}", sa.LargeBinary()) for half in ("inner", "outer"))
        return sa.func.registry.cursor_of(keys, inner, outer)

    def part(self, part: Nodes | Edges | Info) -> sa.ColumnElement[Any]:
        if not isinstance(part, Info):
            column: sa.ColumnElement[Any] = self.page.c[f"l${self.query.parts.index(part)}"]
            return column
        fields = [self._info(field).label(key) for key, field in part.parts]
        info = sa.select(*fields).correlate(self.page)
        return sa.select(as_json(info.subquery(self.ctx.name("o")))).scalar_subquery()

    def _info(self, field: str) -> sa.ColumnElement[Any]:
        """A field of PageInfo, or a constant.  A cursor that led here proves that there is more on its side."""
        query, more = self.query, self.page.c["rows$"] > self.size
        match field:
            case "hasNextPage":
                return _constant(query.before is not None) if query.backward else more
            case "hasPreviousPage":
                return more if query.backward else _constant(query.after is not None)
            case "startCursor" | "endCursor":
                return self._cursor(self.page.c[field])
            case text:
                return const(text)


def _keep_columns(rows: Any, names: set[str]) -> None:
    """Reduce a subquery to the columns of these names.

    Its SELECT is replaced in place (`element`), because what is compiled already refers to columns of this subquery; a
    new one would need all of that compiled again."""
    select = rows.element
    rows.element = select.with_only_columns(*[column for column in select.selected_columns if column.name in names])


def _used_columns(within: sa.FromClause, of: sa.FromClause) -> Iterator[sa.ColumnElement[Any]]:
    """The columns of `of` that are used anywhere within; every element is visited once."""
    to_visit: list[Any] = [within]
    visited: dict[int, Any] = {id(of): of}  # keeps the elements alive, because Python reuses the id of a dead one
    while to_visit:
        element = to_visit.pop()
        if isinstance(element, sa.ColumnClause) and element.table is of:
            yield element
        for child in element.get_children():
            if id(child) not in visited:
                visited[id(child)] = child
                to_visit.append(child)


def _constant(value: bool) -> sa.ColumnElement[bool]:
    return sa.literal_column("true" if value else "false", sa.Boolean())


def _groups(ctx: ReadContext, query: Groups, row: sa.FromClause, all_rows: sa.Select[Any]) -> sa.FromClause:
    """One row: `groups`, the counts of the rows by one key, and `total`, their sum.

    Times come in their order, all other keys the largest first, and UNKNOWN last.

    The sum is computed before the smallest groups are cut off, so that a count of all rows needs no other scan."""
    # SELECT coalesce(json_agg(o$4), '[]') AS groups, CAST(coalesce(max(g$3.total), 0) AS INTEGER) AS total
    # FROM (SELECT k$2.key, CAST(count(*) AS INTEGER) AS count, sum(count(*)) OVER () AS total
    #       FROM (SELECT coalesce(t$1.area, 'UNKNOWN') AS key FROM registry.member AS t$1 WHERE …) AS k$2
    #       GROUP BY k$2.key ORDER BY k$2.key = 'UNKNOWN', count DESC, k$2.key LIMIT $first) AS g$3,
    #      LATERAL (SELECT g$3.key AS key, g$3.count AS count, coalesce(…, g$3.key) AS label) AS o$4
    # A row with several keys is counted under each: the key is unnest(coalesce(nullif(t$1.…, '{}'), '{UNKNOWN}')).
    key = (
        _each(query.by.key(row, ctx)) if query.by.several else sa.func.coalesce(query.by.key(row, ctx), const(UNKNOWN))
    )
    tests = [test(row, ctx) for test in query.where]
    keyed = (
        all_rows.with_only_columns(key.label("key"), maintain_column_froms=True).where(*tests).subquery(ctx.name("k"))
    )

    count = sa.cast(sa.func.count(), sa.Integer()).label("count")
    total = sa.func.sum(sa.func.count()).over().label("total")
    order: list[sa.ColumnElement[Any]] = [keyed.c.key == const(UNKNOWN), keyed.c.key]
    if not query.by.timed:
        order.insert(1, count.desc())
    counts = sa.select(keyed.c.key, count, total).group_by(keyed.c.key).order_by(*order)
    group = counts.limit(arg(query.first, sa.Integer())).subquery(ctx.name("g"))

    unknown = in_language(ctx, const("Tidak diketahui"), const("Not known"))
    words = sa.case((group.c.key == const(UNKNOWN), unknown), else_=query.by.words(group.c.key, ctx))
    fields = {"key": group.c.key, "count": group.c.count, "label": sa.func.coalesce(words, group.c.key)}
    item = sa.select(*[fields.get(field, const(field)).label(name) for name, field in query.parts])
    items = ctx.inside(item, group).lateral(ctx.name("o"))

    groups: Any = sa.func.coalesce(sa.func.json_agg(items.table_valued()), EMPTY).label("groups")
    sum_: Any = sa.cast(sa.func.coalesce(sa.func.max(group.c.total), const(0)), sa.Integer()).label("total")
    return ctx.inside(sa.select(groups, sum_).select_from(group, items)).subquery(ctx.name("a"))


def _each(keys: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """One row for each of a row's keys; one for a row without."""
    none, unknown = (sa.cast(const(text), ARRAY(sa.Text())) for text in ("{}", f"{{{UNKNOWN}}}"))
    each: sa.ColumnElement[Any] = sa.func.unnest(sa.func.coalesce(sa.func.nullif(keys, none), unknown), type_=sa.Text())
    return each
