"""The catalogue as rows, so that callers read definitions like any other list.

Rule: the texts are part of the statement and of no table, so a definition is always that of the program that counts.
Test: tests/test_indicators.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, array

from auth.sensitivity import Sensitivity
from registry.codes import Code, Dimension, IndicatorName, TimeBasis, list_name
from registry.figures.catalogue import INDICATORS
from registry.figures.indicator import LONGEST_TEXT, Words
from registry.models.fact import Derived, Fact, StatementContext
from registry.models.noun import C_TEXT, TableFunction, const
from registry.models.reference import in_language
from registry.read.grouping import label_of
from registry.values.bounds import Bounds

OPEN = Sensitivity.OPEN
Value = str | int | None
_ALL = INDICATORS.values()


class Definition(TableFunction):
    """The definitions, each by its place in the catalogue."""

    row_sensitivity = OPEN

    @staticmethod
    def rows(parent: sa.FromClause | None, name: str) -> sa.FromClause:
        # (SELECT generate_series(1, 54) AS n) AS t$1
        places = sa.func.generate_series(const(1), const(len(INDICATORS)), type_=sa.Integer())
        return sa.select(places.label("n")).subquery(name)


def _at(row: sa.FromClause, values: Iterable[Value], type_: sa.types.TypeEngine[Any]) -> sa.ColumnElement[Any]:
    """The value at the row's place."""
    # (ARRAY['I01', 'I02', …])[t$1.n]
    constants: list[sa.ColumnElement[Any]] = [sa.null() if value is None else const(value) for value in values]
    in_order: array[Any] = array(constants, type_=type_)
    value: sa.ColumnElement[Any] = in_order[row.c.n]
    return value


def _constant(
    name: str,
    label_id: str,
    label_en: str,
    values: Iterable[Value],
    type_: sa.types.TypeEngine[Any],
    codes: type[Code] | None = None,
) -> Derived[Any]:
    constants = tuple(values)
    fact = Fact(OPEN, label_id, label_en, server=True)
    return Derived(name, fact, lambda row, ctx: _at(row, constants, type_), type_, codes, nullable=False)


def _words(name: str, label_id: str, label_en: str, words: Iterable[Words | None]) -> Derived[Any]:
    """A text in the caller's language."""
    texts = tuple(words)

    def expression(row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[Any]:
        # CASE WHEN ($language = 'en') THEN (ARRAY['villages', …])[t$1.n] ELSE (ARRAY['desa', …])[t$1.n] END
        indonesian = _at(row, (text and text.id for text in texts), sa.Text())
        english = _at(row, (text and text.en for text in texts), sa.Text())
        return in_language(ctx, indonesian, english)

    fact = Fact(OPEN, label_id, label_en, server=True, bounds=Bounds(LONGEST_TEXT))
    return Derived(name, fact, expression, sa.Text())


place: Derived[int] = Derived("n", Fact(OPEN, "Urutan", "Place", server=True), lambda row, ctx: row.c.n, sa.Integer())
name: Derived[IndicatorName] = _constant("name", "Nama", "Name", INDICATORS, C_TEXT, IndicatorName)
code: Derived[str] = _constant("code", "Kode", "Code of the programme, I01 to I40", (it.code for it in _ALL), C_TEXT)
unit: Derived[str] = _words("unit", "Satuan", "Unit of count", (it.unit for it in _ALL))
time_basis: Derived[TimeBasis] = _constant(
    "time_basis",
    "Dasar waktu",
    "Whether it counts what is there on a day or what happened in a period",
    (it.time_basis for it in _ALL),
    C_TEXT,
    TimeBasis,
)
numerator: Derived[str] = _words(
    "numerator", "Pembilang", "What is counted; of a share, its numerator", (it.counted for it in _ALL)
)
denominator: Derived[str | None] = _words(
    "denominator", "Penyebut", "Of what a share is a part; null if it is no share", (it.denominator for it in _ALL)
)
rounded_to: Derived[int] = _constant(
    "rounded_to",
    "Kelipatan pembulatan",
    "Published numbers are multiples of this; 1 if they are exact for everybody",
    (it.rounded_to for it in _ALL),
    sa.Integer(),
)
version: Derived[int] = _constant(
    "version", "Versi definisi", "Rises with each change of what is counted", (it.version for it in _ALL), sa.Integer()
)


def _label(row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[Any]:
    return label_of(list_name(IndicatorName.__name__))(_at(row, INDICATORS, C_TEXT), ctx)


label: Derived[str] = Derived("label", Fact(OPEN, "Label", "The name in words", server=True), _label, sa.Text())


def _dimensions(row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[Any]:
    # string_to_array((ARRAY['PROVINCE REGENCY …', …])[t$1.n], ' ')
    return sa.func.string_to_array(_at(row, (" ".join(it.dimensions) for it in _ALL), C_TEXT), const(" "))


dimensions: Derived[list[Dimension]] = Derived(
    "dimensions",
    Fact(OPEN, "Rincian", "By what it may be broken down", server=True),
    _dimensions,
    ARRAY(sa.Text()),
    Dimension,
    nullable=False,
)
