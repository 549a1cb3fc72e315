"""Facts: columns and derived values that say how sensitive they are and what they are called.

Rule: a column without a sensitivity and both labels does not exist.  Everything else (inputs, masks, ledger, revisions)
is derived from the facts.  Tests: tests/test_nouns.py.
"""

from __future__ import annotations

import enum
import typing
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, NewType, Protocol, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import MappedColumn, mapped_column

from auth.sensitivity import Sensitivity
from registry.codes import Code, IdentityField
from registry.values.bounds import Bound, Bounds, Written

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
        if self.sensitivity is Sensitivity.IDENTITY and not (self.sealed or self.server):
            raise TypeError(
                f"{self.label_en} is IDENTITY: give it fact(…, sealed=…), or it would be stored in the open"
            )


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
    within: tuple[Bound, Bound] | None = None,
    items: int | None = None,
    form: Callable[[str], str] | None = None,
    lines: bool = False,
    whole: str | None = None,
    closed: type[enum.Enum] | None = None,
    codes: type[Code] | None = None,
    **kw: Any,
) -> MappedColumn[Any]:
    """A column.  `label_id` is the Indonesian question of the form, `label_en` its English; no default for either.

    A `Code` class among `args` makes it a text column that holds one of that list's codes; `codes_fact` declares one
    that holds several.  A text says how many characters it has at most, a number in which range it lies, a list how
    many items it holds; `form` is the one way to write a number or code that is typed as text, `lines` keeps the line
    breaks of a text.  Columns that name the same `whole` are one value: two edits of it conflict, or an amount would
    get the currency of another.  `closed` is an enumeration that is no code list: the text is one of its values, and
    the database refuses every other.
    """
    bounds = Bounds(longest, within, items)
    made = Fact(sensitivity, label_id, label_en, server, counted, sealed, bounds, form, lines, whole)
    info: dict[str, Any] = {"fact": made, "closed": closed}
    code = next((a for a in args if isinstance(a, type) and issubclass(a, Code)), None)
    if code is not None:
        codes, args = code, (sa.Text(), *[a for a in args if a is not code])
    elif any(isinstance(a, sa.ForeignKey) for a in args):
        args = (sa.Uuid(), *args)
    if codes is not None:
        info["codes"] = info["closed"] = codes
    return mapped_column(*args, info=info, **kw)


def codes_fact(
    sensitivity: Sensitivity, label_id: str, label_en: str, /, codes: type[Code], **kw: Any
) -> MappedColumn[Any]:
    """A column that holds several codes of one list, never null."""
    array = ARRAY(sa.Text())
    return fact(sensitivity, label_id, label_en, array, nullable=False, server_default="{}", codes=codes, **kw)


class StatementContext(Protocol):
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
    expression: Callable[[sa.FromClause, StatementContext], sa.ColumnElement[Any]]
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
        sql_type = sa.Text() if codes else type_
        return Derived(expression.__name__, said, expression, sql_type, codes, nullable)

    return make


def fact_of(column: Any) -> Fact:
    """The fact of a column or derived fact.  TypeError teaches how to declare one."""
    if isinstance(column, Derived):
        return column.fact
    found = getattr(column, "expression", column).info.get("fact")
    if not isinstance(found, Fact):
        raise TypeError(f"{column} is not a fact: declare it with fact(sensitivity, label_id, label_en)")
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
    (said,) = typing.get_args(typing.get_type_hints(datum.parent.class_)[datum.key])
    return next((t for t in typing.get_args(said) if t is not type(None)), said)


def value_of(datum: Any, row: sa.FromClause, ctx: Any) -> sa.ColumnElement[Any]:
    """The value of a column or derived fact in a row."""
    found: sa.ColumnElement[Any] = datum.expression(row, ctx) if isinstance(datum, Derived) else row.c[datum.key]
    return found


def is_currency(name: str) -> bool:
    """Whether a column of this name holds the currency of an amount."""
    return name.rpartition("_")[2] == "currency"


def is_free(column: sa.Column[object]) -> bool:
    """Whether a column holds free text: no code, no number and no date."""
    said = fact_of(column)
    text = isinstance(column.type, sa.Text) and not isinstance(column.type, Written)
    return text and "codes" not in column.info and said.form is None and said.sealed is None
