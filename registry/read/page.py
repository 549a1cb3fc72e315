"""Connections: a page of rows, their cursors, and how many there are.

Rule: `totalCount` and the pages count the same rows.  Test: tests/test_pages.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from registry.db import arg
from registry.noun import const
from registry.read.order import after, sort_keys
from registry.read.sql import EMPTY, ONE, as_json, correlated
from registry.read.want import Page

if TYPE_CHECKING:
    from registry.read.compile import Compiler


def page(compiler: Compiler, want: Page, parent: sa.FromClause | None) -> sa.ColumnElement[Any]:
    """One page of a connection as JSON: rows in a total order, one more than shown tells whether there is more."""
    row, tests = compiler.rows(want.source, parent)
    noun, first = want.source.noun, arg(want.first, sa.Integer())
    keys = sort_keys(compiler, row, noun, want.order)
    labelled = [key.value.label(f"k${n}") for n, key in enumerate(keys)]
    matching = correlated(sa.select(row, *labelled).where(*tests), parent)
    total = matching.with_only_columns(sa.func.count(), maintain_column_froms=True)
    if want.after is not None:
        matching = matching.where(after(keys, want.after))
    page = matching.order_by(*[key.sorting for key in keys]).limit(first + ONE).cte(compiler.name("p"))
    cursor = _cursor(page, len(keys), want.cursor)

    def rows(*columns: Any) -> sa.Select[Any]:
        return sa.select(*columns).select_from(page).limit(first)

    made: list[sa.ColumnElement[Any]] = []
    for p in want.parts:
        match p.what:
            case "nodes":
                assert p.node is not None
                made.append(compiler.listed(page, noun, p.node, rows).label(p.key))
            case "edges":
                columns = [
                    (
                        cursor
                        if e.what == "cursor"
                        else compiler.json(page, noun, e.node)
                        if e.node is not None
                        else const(e.what)
                    ).label(e.key)
                    for e in p.edges
                ]
                edges = rows(*columns).subquery(compiler.name("o"))
                made.append(
                    sa.select(sa.func.coalesce(sa.func.json_agg(edges.table_valued()), EMPTY))
                    .scalar_subquery()
                    .label(p.key)
                )
            case "totalCount":
                made.append(sa.cast(total.scalar_subquery(), sa.Integer()).label(p.key))
            case "pageInfo":
                info = [
                    _info(compiler, what, page, cursor, first, want.after is not None).label(key)
                    for key, what in p.info
                ]
                made.append(
                    sa.select(as_json(sa.select(*info).subquery(compiler.name("o")))).scalar_subquery().label(p.key)
                )
            case _:
                made.append(const(p.text).label(p.key))
    whole = sa.select(*made).add_cte(page, nest_here=True)
    return sa.select(as_json(correlated(whole, parent).subquery(compiler.name("o")))).scalar_subquery()


def _cursor(page: sa.FromClause, keys: int, prefix: str) -> sa.ColumnElement[Any]:
    values = sa.func.json_build_array(*[sa.cast(page.c[f"k${n}"], sa.Text()) for n in range(keys)])
    return sa.func.registry.cursor_of(
        values, arg(f"{prefix}_inner", sa.LargeBinary()), arg(f"{prefix}_outer", sa.LargeBinary())
    )


def _info(
    compiler: Compiler,
    what: str,
    page: sa.FromClause,
    cursor: sa.ColumnElement[Any],
    first: sa.ColumnElement[Any],
    later: bool,
) -> sa.ColumnElement[Any]:
    """A field of PageInfo.  There is a previous page exactly when a cursor led here."""
    match what:
        case "hasNextPage":
            return sa.select(sa.func.count() > first).select_from(page).scalar_subquery()
        case "hasPreviousPage":
            return sa.true() if later else sa.false()
        case "startCursor":
            return sa.select(cursor).select_from(page).limit(ONE).scalar_subquery()
        case "endCursor":
            shown = sa.select(cursor.label("c"), sa.func.row_number().over().label("n")).select_from(page).limit(first)
            last = shown.subquery(compiler.name("o"))
            return sa.select(last.c.c).order_by(last.c.n.desc()).limit(ONE).scalar_subquery()
        case _:
            return const(what)
