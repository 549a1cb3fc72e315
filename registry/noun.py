"""What every noun is made of: facts, columns that say how dangerous they are and what they are called.

Rule: a column without a sensitivity and both labels does not exist; a record of a village without its area cannot
exist.  Everything else (inputs, masks, ledger, revisions) is derived from the facts.  Tests: tests/test_nouns.py,
tests/test_wall.py.
"""

from __future__ import annotations

import datetime as dt
import decimal
import enum
import typing
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Generic, NewType, Protocol, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import DeclarativeBase, InstrumentedAttribute, MappedColumn, mapped_column

from auth.sensitivity import Sensitivity
from registry.bounds import Bounds, Limit, Written, bounds_of, check, tests
from registry.codes import Code, IdentityField

T = TypeVar("T")
Codes = type[Code]

PartialDate = NewType("PartialDate", str)
"""A day, a month or a year, as well as it is known: `2019-03-14`, `2019-03`, `2019`; sorted by its first day."""
RegionCode = NewType("RegionCode", str)
"""Official Kemendagri code with dots: `35.07.11.2008`."""
CountryCode = NewType("CountryCode", str)
"""ISO 3166-1 alpha-2."""
CurrencyCode = NewType("CurrencyCode", str)
"""ISO 4217 alphabetic code."""


class VillageCode(str):
    """A region code that names one village: rows lie in it by equality."""

    __slots__ = ()


C_TEXT = sa.Text(collation="C")
SCHEMA = "registry"


@dataclass(frozen=True)
class Fact:
    """What is said once about a datum; schema, inputs, masks, revisions, ledger and inventory read it."""

    sensitivity: Sensitivity
    label_id: str
    label_en: str
    server: bool = False  # the server's own: never typed by anybody
    counted: bool = False  # goes to the verified ledger
    sealed: IdentityField | None = None  # typed in full, kept by the vault; the column holds the mask
    bounds: Bounds | None = None
    form: Callable[[str], str] | None = None  # of a number or code that is typed as text: the one way to write it
    lines: bool = False  # a text of several lines
    whole: str | None = None  # the value that this column is a part of, as an amount is with its currency

    def __post_init__(self) -> None:
        if not (self.label_id.strip() and self.label_en.strip()):
            raise TypeError("a fact has a label in Indonesian and one in English")
        if self.counted and self.sensitivity in (Sensitivity.IDENTITY, Sensitivity.SYSTEM):
            raise TypeError(f"{self.label_en} is {self.sensitivity.value}: the ledger counts nothing of that class")
        if self.sealed and self.sensitivity is not Sensitivity.IDENTITY:
            raise TypeError(f"{self.label_en} is a number of the vault: its class is IDENTITY")


class Noun(DeclarativeBase):
    """A table of the registry.  Tables only: nothing here is ever loaded as an object."""

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
    sight: ClassVar[Sensitivity] = Sensitivity.OPERATIONAL  # the class that makes a row exist for a caller
    place: ClassVar[str] = "area"  # the column that says where a row lies
    searched: ClassVar[Sensitivity | None] = None  # the class of the names by which it is searched
    named: ClassVar[bool] = True  # its ids name one record in the whole registry (registry/record_id.py)

    def __init_subclass__(cls, **kw: Any) -> None:
        super().__init_subclass__(**kw)
        table = getattr(cls, "__table__", None)
        if not isinstance(table, sa.Table):
            return
        for column in table.columns:
            said = fact_of(column)
            if column.name.endswith("_currency") and said.whole is None:
                raise TypeError(f"{column}: a currency is one value with its amount: give both fact(…, whole=…)")
            column.info["fact"] = said = replace(said, bounds=bounds_of(column, said.bounds, said.server))
            if test := " AND ".join(tests(column, said.bounds)):
                table.append_constraint(check(column, test))


def fact(
    sensitivity: Sensitivity,
    label_id: str,
    label_en: str,
    /,
    *args: Any,
    server: bool = False,
    counted: bool = False,
    sealed: IdentityField | None = None,
    longest: int | None = None,
    within: tuple[Limit, Limit] | None = None,
    items: int | None = None,
    form: Callable[[str], str] | None = None,
    lines: bool = False,
    whole: str | None = None,
    closed: type[enum.Enum] | None = None,
    **kw: Any,
) -> MappedColumn[Any]:
    """A column.  `label_id` is the Indonesian question of the form, `label_en` its English; no default for either.

    A `Code` class among `args` makes it a text column that holds one of that list's codes.  A text says how many
    characters it has at most, a number in which range it lies, a list how many items it holds; `form` is the one way to
    write a number or code that is typed as text, `lines` keeps the line breaks of a text.  Columns that name the same
    `whole` are one value: two edits of it conflict, or an amount would get the currency of another.  `closed` is an
    enumeration that is no code list: the text is one of its values, and the database refuses every other.
    """
    bounds = Bounds(longest, within, items)
    made = Fact(sensitivity, label_id, label_en, server, counted, sealed, bounds, form, lines, whole)
    info: dict[str, Any] = {"fact": made, "closed": closed}
    codes = next((a for a in args if isinstance(a, type) and issubclass(a, Code)), None)
    if codes is not None:
        info["codes"] = info["closed"] = codes
        args = (sa.Text(), *[a for a in args if a is not codes])
    elif any(isinstance(a, sa.ForeignKey) for a in args):
        args = (sa.Uuid(), *args)
    return mapped_column(*args, info=info, **kw)


def codes_fact(
    sensitivity: Sensitivity, label_id: str, label_en: str, /, codes: type[Code], **kw: Any
) -> MappedColumn[Any]:
    """A column that holds several codes of one list, never null."""
    made = fact(sensitivity, label_id, label_en, ARRAY(sa.Text()), nullable=False, server_default="{}", **kw)
    made.column.info["codes"] = made.column.info["closed"] = codes
    return made


class Asker(Protocol):
    """What a derived fact may ask of the statement it becomes part of."""

    def areas(self, setting: str) -> sa.ColumnElement[Any]:
        """The area set of a database setting (auth/principal.py lists them), as a value."""

    def claim(self, name: str, type_: Any) -> sa.ColumnElement[Any]:
        """A value of the caller's own: user id, abilities, language."""

    def argument(self, name: str, type_: Any) -> sa.ColumnElement[Any]:
        """A named argument of the statement."""


@dataclass(frozen=True, eq=False)
class Derived(Generic[T]):
    """A fact that is no column: computed from the row by `expression`."""

    name: str
    fact: Fact
    expression: Callable[[sa.FromClause, Asker], sa.ColumnElement[Any]]
    type: sa.types.TypeEngine[Any]
    codes: Codes | None = None  # the list of its codes, if it has one
    nullable: bool = True


def derived(
    sensitivity: Sensitivity,
    label_id: str,
    label_en: str,
    /,
    type_: Any,
    nullable: bool = True,
    longest: int | None = None,
) -> Callable[[Callable[[Any, Any], sa.ColumnElement[Any]]], Derived[Any]]:
    """Declare a derived fact: `@derived(OPERATIONAL, "Jumlah anggota", "Number of members", sa.Integer())`.

    With a `Code` class as its type it is a text that is one of that list's codes; another text has `longest` characters
    at most.
    """

    def make(expression: Callable[[Any, Any], sa.ColumnElement[Any]]) -> Derived[Any]:
        bounds = None if longest is None else Bounds(longest)
        said = Fact(sensitivity, label_id, label_en, server=True, bounds=bounds)
        codes = type_ if isinstance(type_, type) and issubclass(type_, Code) else None
        sql_type = sa.types.to_instance(sa.Text if codes else type_)
        return Derived(expression.__name__, said, expression, sql_type, codes, nullable)

    return make


def camel(name: str) -> str:
    """A column's name as the schema says it: `full_name` is `fullName`."""
    first, *rest = name.split("_")
    return first + "".join(part.title() for part in rest)


def const(value: str | int) -> sa.ColumnElement[Any]:
    """A constant of our own in SQL, never a caller's; SQLAlchemy would make a plain Python value an argument."""
    if isinstance(value, int):
        return sa.literal_column(str(value), sa.Integer())
    return sa.literal_column("'" + value.replace("'", "''").replace(":", "\\:") + "'", sa.Text())


def is_one(column: sa.ColumnElement[Any], *codes: Code) -> sa.ColumnElement[bool]:
    """The column holds one of these codes."""
    return column.in_([const(code.value) for code in codes])


Link = Callable[[sa.FromClause, sa.FromClause], sa.ColumnElement[bool]]
"""How a parent row (first) finds its related rows (second)."""


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


def fact_of(column: Any) -> Fact:
    """The fact of a column or derived fact.  TypeError teaches how to declare one."""
    if isinstance(column, Derived):
        return column.fact
    found = getattr(column, "expression", column).info.get("fact")
    if not isinstance(found, Fact):
        raise TypeError(f"{column} is not a fact: declare it with registry.noun.fact(sensitivity, label_id, label_en)")
    return found


def codes_of(datum: Any) -> Codes | None:
    """The list of codes of a column or derived fact."""
    found: Codes | None = datum.codes if isinstance(datum, Derived) else datum.expression.info.get("codes")
    return found


def python_type(datum: Any) -> Any:
    """The type of a datum's values: a list of codes, bool, int, str, date, datetime, PartialDate, CountryCode …"""
    if codes := codes_of(datum):
        return codes
    if isinstance(datum, Derived):
        return datum.type.python_type
    (said,) = typing.get_args(typing.get_type_hints(datum.class_)[datum.key])
    return next((t for t in typing.get_args(said) if t is not type(None)), said)


def value_of(datum: Any, row: sa.FromClause, ask: Any) -> sa.ColumnElement[Any]:
    """The value of a column or derived fact in a row."""
    found: sa.ColumnElement[Any] = datum.expression(row, ask) if isinstance(datum, Derived) else row.c[datum.key]
    return found


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

    sight: ClassVar[Sensitivity]
    place: ClassVar[str] = "area"
    searched: ClassVar[Sensitivity | None] = None

    @staticmethod
    def rows(parent: sa.FromClause | None, name: str) -> sa.FromClause:
        """The function call under the alias `name`; its arguments come from `parent`."""
        raise NotImplementedError  # every function says how it is called


Readable = type[Noun] | type[TableFunction]
