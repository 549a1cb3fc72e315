"""The base of every noun, and the links between nouns.

Rule: every column of a noun is a fact, with bounds where its values could be of any size.  Tests: tests/test_nouns.py,
tests/test_extremes.py.
"""

from __future__ import annotations

import datetime as dt
import decimal
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import DeclarativeBase, InstrumentedAttribute

from auth.sensitivity import Sensitivity
from registry.codes import Code
from registry.models.fact import CountryCode, CurrencyCode, Fact, PartialDate, RegionCode, fact_of, is_currency
from registry.values.bounds import Bounds, Written, bounds_of, check, tests

C_TEXT = sa.Text(collation="C")
SCHEMA = "registry"


class Noun(DeclarativeBase):
    """A table of the registry.  Tables only: no row is ever loaded as an object."""

    metadata = sa.MetaData(
        schema=SCHEMA,
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        },
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: sa.Text(),
        dt.datetime: sa.DateTime(timezone=True),
        decimal.Decimal: sa.Numeric(18, 2),
        float: sa.Double(),
        list[str]: ARRAY(sa.Text()),
        list[CountryCode]: ARRAY(Written(Bounds(longest=2))),
        list[uuid.UUID]: ARRAY(sa.Uuid()),
        PartialDate: Written(Bounds(longest=10, days=True), "C"),
        RegionCode: Written(Bounds(longest=16), "C"),
        CountryCode: Written(Bounds(longest=2)),
        CurrencyCode: Written(Bounds(longest=3)),
    }
    row_sensitivity: ClassVar[Sensitivity] = Sensitivity.OPERATIONAL  # callers without this class see no row
    place: ClassVar[str] = "area"  # the column with the region in which a row lies
    searched: ClassVar[Sensitivity | None] = None  # the class of the names that a search compares
    named: ClassVar[bool] = True  # its ids name one record in the whole registry (registry/guard/record_id.py)

    def __init_subclass__(cls, **kw: Any) -> None:
        super().__init_subclass__(**kw)
        table = getattr(cls, "__table__", None)
        if not isinstance(table, sa.Table):
            return
        for column in table.columns:
            fact = fact_of(column)
            if is_currency(column.name) and fact.whole is None:
                raise TypeError(f"{column}: a currency is one value with its amount: give both fact(…, whole=…)")
            bounds = bounds_of(column, fact.bounds, fact.server)
            column.info["fact"] = replace(fact, bounds=bounds)
            if test := " AND ".join(tests(column, bounds)):
                table.append_constraint(check(column, test))


def camel(name: str) -> str:
    """A column's name in the schema: `full_name` is `fullName`."""
    first, *rest = name.split("_")
    return first + "".join(part.title() for part in rest)


def const(value: str | int) -> sa.ColumnElement[Any]:
    """A constant of our own in SQL, never a caller's; SQLAlchemy would make a plain Python value an argument."""
    if isinstance(value, int):
        return sa.literal_column(str(value), sa.Integer())
    escaped = value.replace("'", "''")
    return sa.literal_column(f"'{escaped}'", sa.Text())


def is_one(column: sa.ColumnElement[Any], *codes: Code) -> sa.ColumnElement[bool]:
    """The column holds one of these codes."""
    return column.in_([const(code.value) for code in codes])


Link = Callable[[sa.FromClause, sa.FromClause], sa.ColumnElement[bool]]
"""The condition by which a parent row (first) has its related rows (second)."""


@dataclass(frozen=True)
class By:
    """The related rows whose `column` holds the parent's id."""

    column: str

    def __call__(self, parent: sa.FromClause, child: sa.FromClause) -> sa.ColumnElement[bool]:
        return child.c[self.column] == parent.c.id


@dataclass(frozen=True)
class To:
    """The one row whose id the parent's `column` holds."""

    column: str

    def __call__(self, parent: sa.FromClause, child: sa.FromClause) -> sa.ColumnElement[bool]:
        return child.c.id == parent.c[self.column]


def by(column: InstrumentedAttribute[Any]) -> By:
    return By(column.key)


def to(column: InstrumentedAttribute[Any]) -> To:
    return To(column.key)


def table_of(noun: type[Noun]) -> sa.Table:
    table = noun.__table__
    assert isinstance(table, sa.Table)
    return table


def facts(noun: type[Noun]) -> Iterator[tuple[sa.Column[Any], Fact]]:
    """Every column of a noun with its fact, in declared order."""
    for column in table_of(noun).columns:
        yield column, fact_of(column)


class TableFunction:
    """Rows that a function of the database makes from its parent's row; readable like a noun."""

    row_sensitivity: ClassVar[Sensitivity]
    place: ClassVar[str] = "area"
    searched: ClassVar[Sensitivity | None] = None
    settings: ClassVar[tuple[str, ...]] = ()
    """The areas of the caller that the function itself reads."""

    @staticmethod
    def rows(parent: sa.FromClause | None, name: str) -> sa.FromClause:
        """The function call under the alias `name`; its arguments come from `parent`."""
        raise NotImplementedError  # every function has its own call


class Answer(TableFunction):
    """Rows that answer a question, which the arguments of a field put."""

    @staticmethod
    def answer(parent: sa.FromClause | None, name: str, question: sa.ColumnElement[Any]) -> sa.FromClause:
        """The function call under the alias `name`; its arguments are the question, as JSON, and what of `parent` it
        is about."""
        raise NotImplementedError


Readable = type[Noun] | type[TableFunction]
