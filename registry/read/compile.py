"""Query tree → one SQL statement whose only value is the finished JSON.

Rule: the whole answer is one scalar subquery that depends on `s`, the row that sets the caller's areas; PostgreSQL
cannot read a record before it knows who asks.  Tests: tests/test_wall.py walks every plan, tests/sql/*.md show the SQL.

Traps that the shapes below avoid:
- Without `.correlate()` SQLAlchemy silently adds the outer table to the inner FROM.
- Names of subqueries carry a `$`, which no GraphQL alias can contain; else an alias could capture a row variable.
- Constants are `literal_column`, or they become parameters.
- Aliases over 63 bytes are refused earlier, because PostgreSQL would cut them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.sql.expression import Grouping as Parenthesized

from auth.principal import area_setting, own_area_setting
from auth.sensitivity import Sensitivity
from registry.models.fact import fact_of, value_of
from registry.models.noun import C_TEXT, Answer, Link, Noun, Readable, const, table_of
from registry.models.scoped import walled_by
from registry.read.context import Subtotals
from registry.read.order import sort_keys, sorted_by
from registry.read.page import page_json
from registry.read.query import (
    Const,
    Datum,
    Embed,
    First,
    Many,
    Null,
    Object,
    ObjectPart,
    One,
    Page,
    QueryTree,
    Scalar,
    Source,
    Where,
    Withheld,
)
from registry.read.rollup import counted_below, subtotal
from registry.read.sql import EMPTY, ONE, areas_of, as_json, texts, type_of, village_of, wire
from registry.read.visibility import Extent, Visibility
from registry.store.sql import CLAIM, SETTING, Statement, arg, compiled


@dataclass
class Compiler:
    """Compiles one query tree for all callers of one visibility; facts and conditions get it as their context.

    `settings` is what the gate sets, by name: the caller's own settings, which the policies of the wall and the tests
    of classes read, and those arguments of conditions that cost a look-up or a computation (areas of regions, the
    village of today, search terms), so that it is done once and not for each row."""

    visibility: Visibility
    settings: dict[str, sa.ColumnElement[Any]] = field(default_factory=dict)
    subtotals: Subtotals = field(default_factory=dict)  # counts of the regions below the current row, counted once
    outer: sa.FromClause | None = None  # the row that holds the subtotals
    _numbers: count[int] = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        for name in ("read", "read_from", "read_below", "submit", "user"):  # the policies of the wall read these
            self._set(name)

    def _set(self, setting: str) -> None:
        self.settings.setdefault(setting, arg(SETTING + setting, sa.Text()))

    # --- the context of facts and conditions ------------------------------------------------------------------------

    def areas(self, setting: str) -> sa.ColumnElement[Any]:
        self._set(setting)
        return sa.select(sa.func.registry.areas(const(setting))).scalar_subquery()

    def regions(self, argument: str) -> str:
        self.settings[argument] = sa.cast(areas_of(arg(argument, ARRAY(sa.Text()))), sa.Text())
        return argument

    def village(self, argument: str) -> sa.ColumnElement[Any]:
        self.settings[argument] = village_of(arg(argument, sa.Text()))
        return sa.select(sa.func.current_setting(const(f"app.{argument}"))).scalar_subquery()

    def search_terms(self, argument: str, of: str) -> sa.ColumnElement[Any]:
        # The gate computes the terms once, set_config('app.f1_words', CAST(registry.search_words($1) AS TEXT), true);
        # here they are read, (CAST(current_setting('app.f1_words') AS TEXT[])).
        setting = f"{argument}_{of}"
        search_function = getattr(sa.func.registry, f"search_{of}")
        self.settings[setting] = sa.cast(search_function(arg(argument, sa.Text())), sa.Text())
        return Parenthesized(sa.cast(sa.func.current_setting(const(f"app.{setting}")), ARRAY(C_TEXT)))

    def related(self, row: sa.FromClause, noun: Readable, link: Link, condition: Where) -> sa.ColumnElement[bool]:
        related, tests = self.rows(Source(noun, link, (condition,)), row)
        return sa.exists(sa.select(const(1)).select_from(related).where(*tests).correlate(row))

    def claim(self, name: str, type_: Any) -> sa.ColumnElement[Any]:
        return arg(CLAIM + name, type_)  # type: ignore[no-any-return]  # `arg` is Any

    def argument(self, name: str, type_: Any) -> sa.ColumnElement[Any]:
        return arg(name, sa.Text() if isinstance(type_, sa.String) else type_)  # type: ignore[no-any-return]  # `arg` is Any

    def name(self, letter: str) -> str:
        return f"{letter}${next(self._numbers)}"

    # --- values -----------------------------------------------------------------------------------------------------

    def as_visible(self, row: sa.FromClause, noun: Readable, datum: Datum) -> sa.ColumnElement[Any]:
        """The datum as this caller may know it, as a value or as a sort key: NULL where they do not see its class."""
        value = value_of(datum, row, self)
        return self.null_unless(value, self.visible(row, noun, fact_of(datum).sensitivity), type_of(datum))

    def null_unless(
        self, value: sa.ColumnElement[Any], visible: sa.ColumnElement[bool] | bool, type_: Any
    ) -> sa.ColumnElement[Any]:
        if visible is True:
            return value
        if visible is False:
            return sa.cast(sa.null(), type_)
        return sa.case((visible, value), else_=sa.null())

    def visible(self, row: sa.FromClause, noun: Readable, kind: Sensitivity) -> sa.ColumnElement[bool] | bool:
        """Where the class is visible: always, never, or a test of the row."""
        # t$1.area <@ (SELECT registry.areas('personal'))
        # OR t$1.area <@ (SELECT registry.areas('personal_own')) AND t$1.created_by = $user
        extent = self.visibility.extent(noun.row_sensitivity, kind)
        if extent is Extent.ALL:
            return True
        tests: list[sa.ColumnElement[bool]] = []
        if extent is Extent.SOME:
            tests.append(row.c[noun.place].op("<@")(self.areas(area_setting(kind))))
        if self.visibility.owns(kind) and "created_by" in row.c:
            in_own_areas = row.c[noun.place].op("<@")(self.areas(own_area_setting(kind)))
            tests.append(sa.and_(in_own_areas, row.c.created_by == self.claim("user", sa.Uuid())))
        return sa.or_(*tests) if tests else False

    def withheld(self, row: sa.FromClause, noun: Readable, query: Withheld) -> sa.ColumnElement[Any]:
        # array_cat(array_cat('{}', '{nik,passport}'), CASE WHEN (t$1.area <@ …) THEN '{}' ELSE '{phone}' END)
        fields_of_class: dict[Sensitivity, list[str]] = {}
        for name, kind in query.data:
            fields_of_class.setdefault(kind, []).append(name)
        names = texts(())
        for kind, fields in fields_of_class.items():
            visible, hidden = self.visible(row, noun, kind), texts(tuple(fields))
            if visible is False:
                names = sa.func.array_cat(names, hidden)
            elif visible is not True:
                names = sa.func.array_cat(names, sa.case((visible, texts(())), else_=hidden))
        return names

    # --- objects ----------------------------------------------------------------------------------------------------

    def part(self, row: sa.FromClause, noun: Readable, query: ObjectPart) -> sa.ColumnElement[Any]:
        match query:
            case Const():
                return const(query.text)
            case Null():
                return sa.cast(sa.null(), sa.JSON())
            case Scalar():
                return wire(self.as_visible(row, noun, query.datum), type_of(query.datum))
            case Withheld():
                return self.withheld(row, noun, query)
        if isinstance(query, Page):
            return page_json(self, query, row)
        if isinstance(query, First):
            return self.first(query, row)
        visible = True if query.kind is None else self.visible(row, noun, query.kind)
        if visible is False:
            return sa.cast(sa.null(), sa.JSON())
        value: sa.ColumnElement[Any]
        match query:
            case Embed():
                present = self.as_visible(row, noun, query.present).is_not(None)
                value = sa.case((present, self.own_json(row, noun, query.parts)), else_=sa.null())
            case One():
                value = self.one(query, row)
            case Many():
                value = self.many(query, row)
                if query.when is not None:
                    value = sa.case((query.when(row, self), value), else_=sa.null())
        return self.null_unless(value, visible, sa.JSON())

    def parts(self, row: sa.FromClause, noun: Readable, parts: tuple[ObjectPart, ...]) -> list[sa.ColumnElement[Any]]:
        return [self.part(row, noun, part).label(part.key) for part in parts]

    def own_json(self, row: sa.FromClause, noun: Readable, parts: tuple[ObjectPart, ...]) -> sa.ColumnElement[Any]:
        """A JSON object of a row that stands in the FROM around it."""
        # (SELECT row_to_json(o$2) FROM (SELECT t$1.full_name AS name, … ) AS o$2)
        inner = self.inside(sa.select(*self.parts(row, noun, parts)), row).subquery(self.name("o"))
        return sa.select(as_json(inner)).scalar_subquery()

    def json(self, row: sa.FromClause, noun: Readable, node: Object) -> sa.ColumnElement[Any]:
        if node.discriminator is None:
            return self.own_json(row, noun, node.kinds[0][1])
        # CASE WHEN (t$1.level = 'PROVINCE') THEN (SELECT row_to_json(o$2) …) WHEN (t$1.level = 'REGENCY') THEN … END
        discriminator = row.c[node.discriminator]
        cases = []
        for kind, parts in node.kinds:
            cases.append((discriminator == const(str(kind)), self.own_json(row, noun, parts)))
        return sa.case(*cases)

    def item(self, row: sa.FromClause, noun: Readable, node: Object) -> tuple[sa.Select[Any], str | None]:
        """A SELECT without FROM that makes an object of the row: all its columns, or only the named one."""
        if node.discriminator is None:
            return sa.select(*self.parts(row, noun, node.kinds[0][1])), None
        return sa.select(self.json(row, noun, node).label("j")), "j"

    # --- relations --------------------------------------------------------------------------------------------------

    def rows(self, source: Source, parent: sa.FromClause | None) -> tuple[sa.FromClause, list[sa.ColumnElement[bool]]]:
        row = self._table(source, parent)
        if source.noun.row_sensitivity not in (Sensitivity.OPEN, Sensitivity.OPERATIONAL):
            # the policies of accounts and grants read it, and the crossing that names officers
            self._set(area_setting(source.noun.row_sensitivity))
        for kind in walled_by(source.noun):  # the policies of cases and of their revisions
            for setting in (area_setting(kind), own_area_setting(kind), own_area_setting(Sensitivity.OPERATIONAL)):
                self._set(setting)
        tests = [condition(row, self) for condition in source.where]
        if source.link is not None:
            assert parent is not None
            tests.append(source.link(parent, row))
        if "archived_at" in row.c:
            tests.append(row.c.archived_at.is_(None))
        return row, tests

    def _table(self, source: Source, parent: sa.FromClause | None) -> sa.FromClause:
        noun, name = source.noun, self.name("t")
        if issubclass(noun, Noun):
            return table_of(noun).alias(name)
        for setting in noun.settings:
            self._set(setting)
        if issubclass(noun, Answer) and source.question is not None:
            return noun.answer(parent, name, sa.cast(arg(source.question, sa.Text()), JSONB()))
        return noun.rows(parent, name)

    def inside(self, select: sa.Select[Any], *around: sa.FromClause | None) -> sa.Select[Any]:
        """The SELECT as part of the rows around it; SQLAlchemy would add any other row to its FROM."""
        rows = [row for row in (*around, self.outer) if row is not None]
        return select.correlate(*rows) if rows else select

    @contextmanager
    def with_subtotals(self, outer: sa.FromClause | None = None, subtotals: Subtotals | None = None) -> Iterator[None]:
        """What is compiled here lies below `outer`, which holds these subtotals, or none."""
        before = self.outer, self.subtotals
        self.outer, self.subtotals = outer, subtotals or {}
        yield
        self.outer, self.subtotals = before

    def one(self, query: One, parent: sa.FromClause | None) -> sa.ColumnElement[Any]:
        # (SELECT row_to_json(o$2)
        #  FROM (SELECT t$1.id AS id, … FROM registry.member AS t$1 WHERE t$1.household_id = … LIMIT 1) AS o$2)
        row, record, subtotals = self._record(query, parent)
        with self.with_subtotals(row if subtotals else None, subtotals):
            item, column = self.item(row, query.source.noun, query.node)
        shown = record.with_only_columns(*item.selected_columns, maintain_column_froms=True)
        rows = shown.subquery(self.name("o"))
        return sa.select(as_json(rows) if column is None else rows.c[column]).scalar_subquery()

    def first(self, query: First, parent: sa.FromClause | None) -> sa.ColumnElement[Any]:
        # coalesce((SELECT row_to_json(o$2) …), (SELECT row_to_json(o$4) …), CAST(NULL AS JSON))
        records = [self.one(one, parent) for one in query.among]
        return sa.func.coalesce(*records, sa.cast(sa.null(), sa.JSON()))

    def _record(self, query: One, parent: sa.FromClause | None) -> tuple[sa.FromClause, sa.Select[Any], Subtotals]:
        """The row of one record, the SELECT that reads it, and the counts of the regions below it."""
        row, tests = self.rows(query.source, parent)
        keys = sorted_by(sort_keys(self, row, query.source.noun, query.order)) if query.order else []
        record = self.inside(sa.select(row).where(*tests).order_by(*keys).limit(ONE), parent)
        counted = counted_below(query.node)
        if not counted:
            return row, record, {}
        # The record becomes a subquery that also holds the counts of the regions below it, one column r$0 … a noun.
        counts = {noun: subtotal(self, noun, row).label(f"r${n}") for n, noun in enumerate(counted)}
        row_with_counts = record.add_columns(*counts.values()).subquery(self.name("t"))
        subtotals = {noun: row_with_counts.c[column.name] for noun, column in counts.items()}
        return row_with_counts, sa.select(row_with_counts), subtotals

    def many(self, query: Many, parent: sa.FromClause | None) -> sa.ColumnElement[Any]:
        # (SELECT coalesce(json_agg(o$2), '[]')
        #  FROM (SELECT t$1.id AS id, … FROM registry.member AS t$1 WHERE … ORDER BY t$1.seq, t$1.id LIMIT 50) AS o$2)
        noun = query.source.noun
        row, tests = self.rows(query.source, parent)
        keys = sorted_by(sort_keys(self, row, noun, query.order))
        with self.with_subtotals():
            item, column = self.item(row, noun, query.node)
        select = item.select_from(row).where(*tests).order_by(*keys).limit(const(query.limit))
        rows = self.inside(select, parent).subquery(self.name("o"))
        json_list = sa.func.json_agg(rows.table_valued() if column is None else rows.c[column])
        return sa.select(sa.func.coalesce(json_list, EMPTY)).scalar_subquery()

    # --- the statement ----------------------------------------------------------------------------------------------

    def root(self, query: QueryTree) -> sa.ColumnElement[Any]:
        match query:
            case One():
                return self.one(query, None)
            case First():
                return self.first(query, None)
            case Many():
                return self.many(query, None)
            case Page():
                return page_json(self, query, None)

    def statement(self, query: QueryTree) -> Statement:
        """The statement with its gate, the only place that mentions `s`: one root field, one statement."""
        # WITH s AS MATERIALIZED (SELECT set_config('app.read', $2, true) AS ok, …)
        # SELECT CAST((SELECT o$1.j FROM (SELECT … AS j) AS o$1 WHERE s.ok IS NOT NULL) AS VARCHAR) FROM s
        answer = sa.select(self.root(query).label("j")).subquery(self.name("o"))
        settings = []
        for name, value in self.settings.items():
            settings.append(sa.func.set_config(const(f"app.{name}"), value, sa.true()))
        s = sa.select(settings[0].label("ok"), *settings[1:]).cte("s").prefix_with("MATERIALIZED")
        gated = sa.select(answer.c.j).where(s.c.ok.is_not(None)).correlate(s).scalar_subquery()
        return compiled(sa.select(sa.cast(gated, sa.String())).select_from(s))
