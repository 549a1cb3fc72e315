"""Groupings: what the rows of a list may be counted by, as a key and its words in both languages.

Rule: every row has exactly one key, so the counts of all groups are the rows of the list where the class of the key
is seen; what nobody knows is `UNKNOWN`.  Test: tests/test_groups.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from itertools import pairwise
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from auth.sensitivity import Sensitivity
from registry.codes import RegionLevel
from registry.models.fact import Derived, Fact, StatementContext, codes_of, fact_of, value_of
from registry.models.label import LABEL
from registry.models.noun import const, table_of
from registry.models.region import PREFIXES, Region

UNKNOWN = "UNKNOWN"
_MONTHS = {
    "id": "Januari Februari Maret April Mei Juni Juli Agustus September Oktober November Desember",
    "en": "January February March April May June July August September October November December",
}
KeyOf = Callable[[sa.FromClause, StatementContext], sa.ColumnElement[Any]]
Words = Callable[[sa.ColumnElement[Any], StatementContext], sa.ColumnElement[Any]]


@dataclass(frozen=True, eq=False)
class Grouping:
    """`key` of a row, a text that may be null, and the words of a key, null where it speaks for itself."""

    fact: Fact
    key: KeyOf
    words: Words
    most: int | None = None  # groups there can be
    _: KW_ONLY
    timed: bool = False  # its keys are times, and come in their order
    derived: bool = False  # the key is worked out for each row, and is no column of it


def in_language(ask: StatementContext, indonesian: Any, english: Any) -> sa.ColumnElement[Any]:
    """The one of two texts that the caller reads."""
    return sa.case((ask.claim("language", sa.Text()) == const("en"), english), else_=indonesian)


def label_of(list_: str) -> Words:
    """The label of a code in one of the code lists."""

    def words(key: sa.ColumnElement[Any], ask: StatementContext) -> sa.ColumnElement[Any]:
        label = LABEL.alias("l$")
        found = sa.select(in_language(ask, label.c.id, label.c.en))
        found = found.where(label.c.list == const(list_), label.c.code == key)
        return found.correlate_except(label).scalar_subquery()

    return words


def by_code(datum: Any) -> Grouping:
    """By the codes of a column or derived fact."""
    codes = codes_of(datum)
    assert codes is not None
    label, derived = label_of(codes.__name__), isinstance(datum, Derived)
    return Grouping(fact_of(datum), _value(datum), label, len(codes) + 1, derived=derived)


def by_country(datum: Any) -> Grouping:
    """By country."""
    return Grouping(fact_of(datum), _value(datum), label_of("COUNTRY"))


def _value(datum: Any) -> KeyOf:
    return lambda row, ask: value_of(datum, row, ask)


def _by_place(level: RegionLevel) -> Grouping:
    def key(row: sa.FromClause, ask: StatementContext) -> sa.ColumnElement[Any]:
        return sa.func.left(row.c.area, const(PREFIXES[level])) if level in PREFIXES else row.c.area

    def words(found: sa.ColumnElement[Any], ask: StatementContext) -> sa.ColumnElement[Any]:
        region = table_of(Region).alias("r$")
        name = sa.select(region.c.name).where(region.c.code == found, region.c.valid_to.is_(None))
        return name.correlate_except(region).scalar_subquery()

    return Grouping(Fact(Sensitivity.OPEN, level.label_id, level.label_en.capitalize(), server=True), key, words)


PLACES = {level.value: _by_place(level) for level in RegionLevel}
"""By today's region; a code of it says the regions above."""


def by_month(datum: Any) -> Grouping:
    """By the month (`2026-03`) of a date; one of which only the year is known counts in January, its first day."""

    def key(row: sa.FromClause, ask: StatementContext) -> sa.ColumnElement[Any]:
        return sa.func.to_char(sa.func.registry.first_day(value_of(datum, row, ask)), const("YYYY-MM"))

    def words(found: sa.ColumnElement[Any], ask: StatementContext) -> sa.ColumnElement[Any]:
        names = in_language(ask, const(_MONTHS["id"]), const(_MONTHS["en"]))
        name = sa.func.split_part(names, const(" "), sa.cast(sa.func.right(found, const(2)), sa.Integer()))
        return sa.case((found != const(UNKNOWN), name + const(" ") + sa.func.left(found, const(4))))

    return Grouping(fact_of(datum), key, words, timed=True)


def by_band(datum: Derived[int], *starts: int) -> Grouping:
    """By bands of a number that begin at `starts` (the first is 0): `00-04`, … `60+`."""

    bands = [*(f"{start:02}-{end - 1:02}" for start, end in pairwise(starts)), f"{starts[-1]}+"]
    ends = sa.cast(const("{" + ",".join(map(str, starts[1:])) + "}"), ARRAY(sa.Integer()))

    def key(row: sa.FromClause, ask: StatementContext) -> sa.ColumnElement[Any]:
        # The number is worked out once: a CASE over the bands would do it for each of them.
        band = sa.func.width_bucket(value_of(datum, row, ask), ends) + const(1)
        return sa.func.split_part(const(" ".join(bands)), const(" "), band)

    return Grouping(datum.fact, key, lambda found, ask: sa.null(), len(starts) + 1, derived=True)
