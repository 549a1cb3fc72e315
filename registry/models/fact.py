"""Facts: columns and derived values with their sensitivity and their labels.

Rule: a column without a sensitivity and both labels does not exist.  Everything else (inputs, masks, revisions)
follows from the facts.  Tests: tests/test_nouns.py.
"""

from __future__ import annotations

import enum
import functools
import typing
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, NewType, Protocol, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import MappedColumn, mapped_column

from auth.sensitivity import Sensitivity
from registry.codes import Code, IdentityField
from registry.codes.open_lists import LONGEST_CODE, Editions, OpenList
from registry.values.bounds import Bound, Bounds, Written

T = TypeVar("T")
Codes = type[Code]

PartialDate = NewType("PartialDate", str)
"""A day, a month or a year, as far as it is known: `2019-03-14`, `2019-03`, `2019`; sorted by its first day."""
RegionCode = NewType("RegionCode", str)
"""Official Kemendagri code with dots: `35.07.11.2008`."""
CountryCode = NewType("CountryCode", str)
"""ISO 3166-1 alpha-2."""
CurrencyCode = NewType("CurrencyCode", str)
"""ISO 4217 alphabetic code."""

WRITTEN_AT: sa.ColumnElement[Any] = sa.func.clock_timestamp()
"""The moment at which a row is written, for times that say what came first.

`now()` is when the transaction began: whoever waited for a record's lock would have an earlier time than its holder."""


class VillageCode(str):
    """A region code that names one village, so rows in it are found by equality."""

    __slots__ = ()


@dataclass(frozen=True)
class Fact:
    """The one declaration of a datum; schema, inputs, masks, revisions and inventory read it."""

    sensitivity: Sensitivity
    label_id: str
    label_en: str
    server: bool = False  # the server writes it: nobody enters it
    sealed: IdentityField | None = None  # entered in full, kept by the vault; the column holds the mask
    bounds: Bounds | None = None
    form: Callable[[str], str] | None = None  # normalises a number or code that is entered as text
    lines: bool = False  # a text that may have several lines
    whole: str | None = None  # the value that this column is a part of, as an amount and its currency are one
    listed: OpenList | Editions | None = None  # the open list of which it holds a code
    names: tuple[type[Any], ...] = ()  # the nouns one of whose records a village's record names by this column

    def __post_init__(self) -> None:
        if not (self.label_id.strip() and self.label_en.strip()):
            raise TypeError("a fact needs a label in Indonesian and one in English")
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
    sealed: IdentityField | None = None,
    longest: int | None = None,
    within: tuple[Bound, Bound] | None = None,
    items: int | None = None,
    form: Callable[[str], str] | None = None,
    lines: bool = False,
    whole: str | None = None,
    listed: OpenList | Editions | None = None,
    names: type[Any] | tuple[type[Any], ...] = (),
    closed: type[enum.Enum] | None = None,
    codes: type[Code] | None = None,
    **kw: Any,
) -> MappedColumn[Any]:
    """A column.  `label_id` is the Indonesian question of the form, `label_en` its English; no default for either.

    With a `Code` class among `args` it is a text column that holds one of that list's codes; `codes_fact` declares one
    that holds several.  `listed` is an open list, of which the text is a code.  `longest` is the greatest number of
    characters of a text, `within` the range of a number, `items` the length of a list; `form` normalises a number or
    code that is entered as text, `lines` keeps the line breaks of a text.  Columns with the same `whole` are one value:
    two edits of it conflict, or an amount would get the currency of another.  `closed` is an enumeration that is not a
    code list: the text is one of its values, and the database refuses every other.  `names` is the noun, or the nouns,
    of which the column holds the id of one record: it is looked up when it is entered, and no foreign key keeps it,
    because it may leave the register later.
    """
    bounds = Bounds(LONGEST_CODE if listed else longest, within, items)
    nouns = names if isinstance(names, tuple) else (names,)
    declared = Fact(sensitivity, label_id, label_en, server, sealed, bounds, form, lines, whole, listed, nouns)
    info: dict[str, Any] = {"fact": declared, "closed": closed}
    code = next((arg for arg in args if isinstance(arg, type) and issubclass(arg, Code)), None)
    if code is not None:
        codes, args = code, (sa.Text(), *[arg for arg in args if arg is not code])
    elif any(isinstance(arg, sa.ForeignKey) for arg in args):
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
    """What a derived fact can request from the statement that it becomes part of."""

    def areas(self, setting: str) -> sa.ColumnElement[Any]:
        """The area set of a database setting (auth/principal.py lists them), as a value."""

    def claim(self, name: str, type_: Any) -> sa.ColumnElement[Any]:
        """A value of the caller's own: user id, abilities, language."""

    def argument(self, name: str, type_: Any) -> sa.ColumnElement[Any]:
        """A named argument of the statement."""


@dataclass(frozen=True, eq=False)
class Derived(Generic[T]):
    """A fact that is not a column: `expression` computes it from the row."""

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

    With a `Code` class as its type it is a text with one of that list's codes; any other text has at most `longest`
    characters.
    """

    def make(expression: Callable[[Any, Any], sa.ColumnElement[Any]]) -> Derived[Any]:
        bounds = None if longest is None else Bounds(longest)
        declared = Fact(sensitivity, label_id, label_en, server=True, bounds=bounds)
        codes = type_ if isinstance(type_, type) and issubclass(type_, Code) else None
        sql_type = sa.Text() if codes else type_
        return Derived(expression.__name__, declared, expression, sql_type, codes, nullable)

    return make


def fact_of(column: Any) -> Fact:
    """The fact of a column or derived fact.  Raises a TypeError that teaches how to declare one."""
    if isinstance(column, Derived):
        return column.fact
    declared = getattr(column, "expression", column).info.get("fact")
    if not isinstance(declared, Fact):
        raise TypeError(f"{column} is not a fact: declare it with fact(sensitivity, label_id, label_en)")
    return declared


def codes_of(datum: Any) -> Codes | None:
    """The list of codes of a column or derived fact."""
    codes: Codes | None = datum.codes if isinstance(datum, Derived) else datum.expression.info.get("codes")
    return codes


def python_type(datum: Any) -> Any:
    """The type of a datum's values: a list of codes, bool, int, str, date, datetime, PartialDate, CountryCode …"""
    if codes := codes_of(datum):
        return codes
    if isinstance(datum, Derived):
        return datum.type.python_type
    (annotation,) = typing.get_args(_hints(datum.parent.class_)[datum.key])  # of Mapped[…]
    return next((type_ for type_ in typing.get_args(annotation) if type_ is not type(None)), annotation)


@functools.cache  # a noun has some fifty columns, and evaluating its annotations takes milliseconds
def _hints(noun: type[Any]) -> dict[str, Any]:
    return typing.get_type_hints(noun)


def value_of(datum: Any, row: sa.FromClause, ctx: Any) -> sa.ColumnElement[Any]:
    """The value of a column or derived fact in a row."""
    value: sa.ColumnElement[Any] = datum.expression(row, ctx) if isinstance(datum, Derived) else row.c[datum.key]
    return value


def is_currency(name: str) -> bool:
    """Whether a column of this name holds the currency of an amount."""
    return name.rpartition("_")[2] == "currency"


def is_free(column: sa.Column[object]) -> bool:
    """Whether a column holds free text, or a list of such: not a code, a number or a date."""
    declared = fact_of(column)
    item = column.type.item_type if isinstance(column.type, ARRAY) else column.type
    is_text = isinstance(item, sa.Text) and not isinstance(item, Written)
    is_code = "codes" in column.info or declared.listed is not None
    return is_text and not is_code and declared.form is None and declared.sealed is None
