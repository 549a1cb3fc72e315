"""Query tree → one SQL statement whose only value is the finished JSON.

Rule: the whole answer is one scalar subquery that depends on `s`, the row that sets the caller's areas; PostgreSQL
cannot read a record before it knows who asks.  Tests: tests/test_wall.py walks every plan, tests/sql/*.md show the SQL.

Traps that the shapes below avoid: a missing `.correlate()` silently adds the outer table to the inner FROM; names of
subqueries carry a `$`, which no GraphQL alias can, or an alias could capture a row variable; constants are
`literal_column`, or they become parameters; aliases over 63 bytes are refused before, for PostgreSQL would cut them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.elements import Grouping

from auth.sensitivity import Sensitivity
from registry.models.fact import fact_of, value_of
from registry.models.noun import C_TEXT, Link, Noun, Readable, const, table_of
from registry.read.context import Subtotals
from registry.read.order import sort_keys, sorted_by
from registry.read.page import page
from registry.read.query import (
    Const,
    Datum,
    Embed,
    First,
    Many,
    Null,
    Object,
    One,
    Page,
    Part,
    Root,
    Source,
    Value,
    Where,
    Withheld,
)
from registry.read.rollup import counted_below, subtotal
from registry.read.sql import EMPTY, ONE, areas_of, as_json, texts, type_of, village_of, wire
from registry.read.visibility import Extent, Visibility
from registry.store.sql import CLAIM, SETTING, Statement, arg, compiled


@dataclass
class Compiler:
    """Compiles one query tree for all callers of one visibility; it is what derived facts ask."""

    visibility: Visibility
    settings: dict[str, sa.ColumnElement[Any]] = field(default_factory=dict)
    subtotals: Subtotals = field(default_factory=dict)  # counts of the regions below the row in hand, made once
    outer: sa.FromClause | None = None  # the row that holds them
    _numbers: count[int] = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        for name in ("read", "submit", "user"):  # what the wall itself asks
            self._set(name)

    def _set(self, setting: str) -> None:
        self.settings.setdefault(setting, arg(SETTING + setting, sa.Text()))

    # --- what facts and conditions may ask --------------------------------------------------------------------------

    def areas(self, setting: str) -> sa.ColumnElement[Any]:
        self._set(setting)
        return sa.select(sa.func.registry.areas(const(setting))).scalar_subquery()

    def regions(self, argument: str) -> str:
        self.settings[argument] = sa.cast(areas_of(arg(argument, ARRAY(sa.Text()))), sa.Text())
        return argument

    def village(self, argument: str) -> sa.ColumnElement[Any]:
        self.settings[argument] = village_of(arg(argument, sa.Text()))
        return sa.select(sa.func.current_setting(const(f"app.{argument}"))).scalar_subquery()

    def sought(self, argument: str, of: str) -> sa.ColumnElement[Any]:
        setting = f"{argument}_{of}"  # worked out once, in the gate
        self.settings[setting] = sa.cast(getattr(sa.func.registry, f"search_{of}")(arg(argument, sa.Text())), sa.Text())
        return Grouping(sa.cast(sa.func.current_setting(const(f"app.{setting}")), ARRAY(C_TEXT)))

    def related(self, row: sa.FromClause, noun: Readable, link: Link, condition: Where) -> sa.ColumnElement[bool]:
        found, tests = self.rows(Source(noun, link, (condition,)), row)
        return sa.exists(sa.select(const(1)).select_from(found).where(*tests).correlate(row))

    def claim(self, name: str, type_: Any) -> sa.ColumnElement[Any]:
        return arg(CLAIM + name, type_)  # type: ignore[no-any-return]  # `arg` is Any

    def argument(self, name: str, type_: Any) -> sa.ColumnElement[Any]:
        return arg(name, sa.Text() if isinstance(type_, sa.String) else type_)  # type: ignore[no-any-return]  # `arg` is Any

    def name(self, letter: str) -> str:
        return f"{letter}${next(self._numbers)}"

    # --- values -----------------------------------------------------------------------------------------------------

    def masked(self, row: sa.FromClause, noun: Readable, datum: Datum) -> sa.ColumnElement[Any]:
        """The datum as this caller may know it; its sort keys are made of the same."""
        value = value_of(datum, row, self)
        return self.null_unless(value, self.seen(row, noun, fact_of(datum).sensitivity), type_of(datum))

    def null_unless(
        self, value: sa.ColumnElement[Any], seen: sa.ColumnElement[bool] | bool, type_: Any
    ) -> sa.ColumnElement[Any]:
        if seen is True:
            return value
        if seen is False:
            return sa.cast(sa.null(), type_)
        return sa.case((seen, value), else_=sa.null())

    def seen(self, row: sa.FromClause, noun: Readable, kind: Sensitivity) -> sa.ColumnElement[bool] | bool:
        """Where the class is seen: always, never, or a test of the row."""
        far, own = self.visibility.far(noun.row_sensitivity, kind), self.visibility.owns(kind) and "created_by" in row.c
        if far is Extent.ALL:
            return True
        tests: list[sa.ColumnElement[bool]] = []
        if far is Extent.SOME:
            tests.append(row.c[noun.place].op("<@")(self.areas(kind.value.lower())))
        if own:
            here = row.c[noun.place].op("<@")(self.areas(f"{kind.value.lower()}_own"))
            tests.append(sa.and_(here, row.c.created_by == self.claim("user", sa.Uuid())))
        return sa.or_(*tests) if tests else False

    def withheld(self, row: sa.FromClause, noun: Readable, query: Withheld) -> sa.ColumnElement[Any]:
        groups: dict[Sensitivity, list[str]] = {}
        for name, kind in query.data:
            groups.setdefault(kind, []).append(name)
        listed = texts(())
        for kind, group in groups.items():
            seen, names = self.seen(row, noun, kind), texts(tuple(group))
            if seen is False:
                listed = sa.func.array_cat(listed, names)
            elif seen is not True:
                listed = sa.func.array_cat(listed, sa.case((seen, texts(())), else_=names))
        return listed

    # --- objects ----------------------------------------------------------------------------------------------------

    def part(self, row: sa.FromClause, noun: Readable, query: Part) -> sa.ColumnElement[Any]:
        match query:
            case Const():
                return const(query.text)
            case Null():
                return sa.cast(sa.null(), sa.JSON())
            case Value():
                return wire(self.masked(row, noun, query.datum), type_of(query.datum))
            case Withheld():
                return self.withheld(row, noun, query)
        if isinstance(query, Page):
            return page(self, query, row)
        seen = True if query.kind is None else self.seen(row, noun, query.kind)
        if seen is False:
            return sa.cast(sa.null(), sa.JSON())
        match query:
            case Embed():
                present = self.masked(row, noun, query.present).is_not(None)
                made: sa.ColumnElement[Any] = sa.case((present, self.own_json(row, noun, query.parts)), else_=sa.null())
            case One():
                made = self.one(query, row)
            case Many():
                made = self.many(query, row)
                if query.when is not None:
                    made = sa.case((query.when(row, self), made), else_=sa.null())
        return self.null_unless(made, seen, sa.JSON())

    def parts(self, row: sa.FromClause, noun: Readable, parts: tuple[Part, ...]) -> list[sa.ColumnElement[Any]]:
        return [self.part(row, noun, p).label(p.key) for p in parts]

    def own_json(self, row: sa.FromClause, noun: Readable, parts: tuple[Part, ...]) -> sa.ColumnElement[Any]:
        """A JSON object of a row that stands in the FROM around it."""
        inner = self.inside(sa.select(*self.parts(row, noun, parts)), row).subquery(self.name("o"))
        return sa.select(as_json(inner)).scalar_subquery()

    def json(self, row: sa.FromClause, noun: Readable, node: Object) -> sa.ColumnElement[Any]:
        if node.discriminator is None:
            return self.own_json(row, noun, node.kinds[0][1])
        kinds = [
            (row.c[node.discriminator] == const(str(kind)), self.own_json(row, noun, parts))
            for kind, parts in node.kinds
        ]
        return sa.case(*kinds)

    def item(self, row: sa.FromClause, noun: Readable, node: Object) -> tuple[sa.Select[Any], str | None]:
        """A SELECT without FROM that makes an object of the row: its columns are the object, or the one named is."""
        if node.discriminator is None:
            return sa.select(*self.parts(row, noun, node.kinds[0][1])), None
        return sa.select(self.json(row, noun, node).label("j")), "j"

    # --- relations --------------------------------------------------------------------------------------------------

    def rows(self, source: Source, parent: sa.FromClause | None) -> tuple[sa.FromClause, list[sa.ColumnElement[bool]]]:
        if issubclass(source.noun, Noun):
            row: sa.FromClause = table_of(source.noun).alias(self.name("t"))
        else:
            row = source.noun.rows(parent, self.name("t"))
        tests = [condition(row, self) for condition in source.where]
        if source.link is not None:
            assert parent is not None
            tests.append(source.link(parent, row))
        if "archived_at" in row.c:
            tests.append(row.c.archived_at.is_(None))
        return row, tests

    def inside(self, select: sa.Select[Any], *around: sa.FromClause | None) -> sa.Select[Any]:
        """The SELECT as part of the rows around it; whatever it is not told of would become a row of its own."""
        rows = [row for row in (*around, self.outer) if row is not None]
        return select.correlate(*rows) if rows else select

    @contextmanager
    def with_subtotals(self, outer: sa.FromClause | None = None, subtotals: Subtotals | None = None) -> Iterator[None]:
        """What is compiled here lies below `outer`, which holds these tallies, or none."""
        before = self.outer, self.subtotals
        self.outer, self.subtotals = outer, subtotals or {}
        yield
        self.outer, self.subtotals = before

    def one(self, query: One, parent: sa.FromClause | None) -> sa.ColumnElement[Any]:
        row, tests = self.rows(query.source, parent)
        noun = query.source.noun
        subtotals: Subtotals = {}
        keys = sorted_by(sort_keys(self, row, noun, query.order)) if query.order else []
        found = self.inside(sa.select(row).where(*tests).order_by(*keys).limit(ONE), parent)
        if counted := counted_below(query.node):
            subtotal_of = {of: subtotal(self, of, row).label(f"r${n}") for n, of in enumerate(counted)}
            row = found.add_columns(*subtotal_of.values()).subquery(self.name("t"))
            subtotals = {of: row.c[column.name] for of, column in subtotal_of.items()}
            found = sa.select(row)
        with self.with_subtotals(row if subtotals else None, subtotals):
            item, column = self.item(row, noun, query.node)
        whole = found.with_only_columns(*item.selected_columns, maintain_column_froms=True)
        rows = whole.subquery(self.name("o"))
        return sa.select(as_json(rows) if column is None else rows.c[column]).scalar_subquery()

    def many(self, query: Many, parent: sa.FromClause | None) -> sa.ColumnElement[Any]:
        row, tests = self.rows(query.source, parent)
        keys = sorted_by(sort_keys(self, row, query.source.noun, query.order))
        with self.with_subtotals():
            item, column = self.item(row, query.source.noun, query.node)
        found = item.select_from(row).where(*tests).order_by(*keys).limit(const(query.limit))
        rows = self.inside(found, parent).subquery(self.name("o"))
        listed = sa.func.json_agg(rows.table_valued() if column is None else rows.c[column])
        return sa.select(sa.func.coalesce(listed, EMPTY)).scalar_subquery()

    # --- the statement ----------------------------------------------------------------------------------------------

    def root(self, query: Root) -> sa.ColumnElement[Any]:
        match query:
            case One():
                return self.one(query, None)
            case First():
                return sa.func.coalesce(*[self.one(one, None) for one in query.among], sa.cast(sa.null(), sa.JSON()))
            case Many():
                return self.many(query, None)
            case Page():
                return page(self, query, None)

    def statement(self, query: Root) -> Statement:
        """The gate: the only place that mentions `s`; one root field, one statement."""
        answer = sa.select(self.root(query).label("j")).subquery(self.name("o"))
        settings = [sa.func.set_config(const(f"app.{n}"), value, sa.true()) for n, value in self.settings.items()]
        s = sa.select(settings[0].label("ok"), *settings[1:]).cte("s").prefix_with("MATERIALIZED")
        gated = sa.select(answer.c.j).where(s.c.ok.is_not(None)).correlate(s).scalar_subquery()
        return compiled(sa.select(sa.cast(gated, sa.String())).select_from(s))
