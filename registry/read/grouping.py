"""Groupings: what the rows of a list may be counted by, as a key and its words in both languages.

Rule: every row has exactly one key, so the groups together count the rows of the list where the class of the key is
visible; only a grouping with `several` keys counts a row under each.  A key that nobody knows is `UNKNOWN`.
Test: tests/test_groups.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass, replace
from itertools import pairwise
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from auth.sensitivity import Sensitivity
from registry.codes import RegionLevel, list_name
from registry.codes.kbli import SECTIONS
from registry.models.fact import Derived, Fact, StatementContext, codes_of, fact_of, value_of
from registry.models.noun import const, table_of
from registry.models.reference import CODE, in_language
from registry.models.region import PREFIXES, Region

UNKNOWN = "UNKNOWN"
MOST_SECTIONS = sum(len(firsts) for firsts in SECTIONS.values())
"""Of all editions of KBLI together."""
_MONTHS = {
    "id": "Januari Februari Maret April Mei Juni Juli Agustus September Oktober November Desember",
    "en": "January February March April May June July August September October November December",
}
KeyOf = Callable[[sa.FromClause, StatementContext], sa.ColumnElement[Any]]
Words = Callable[[sa.ColumnElement[Any], StatementContext], sa.ColumnElement[Any]]


@dataclass(frozen=True, eq=False)
class Grouping:
    """`key` of a row, a text that may be null, and the words for a key, null where the key needs none.

    With `several` the key is an array of texts, which may be empty: the row counts once under each."""

    fact: Fact
    key: KeyOf
    words: Words
    most: int | None = None  # groups there can be
    _: KW_ONLY
    timed: bool = False  # its keys are times, and come in their order
    derived: bool = False  # the key is computed for each row and is not one of its columns
    several: bool = False  # a row has any number of keys


def label_of(list_: str) -> Words:
    """The label of a code in one of the code lists."""

    def words(key: sa.ColumnElement[Any], ctx: StatementContext) -> sa.ColumnElement[Any]:
        # (SELECT CASE WHEN ($language = 'en') THEN l$.label_en ELSE l$.label_id END
        #  FROM registry.reference_code AS l$ WHERE l$.list = 'MIGRATION_STAGE' AND l$.code = …)
        label = CODE.alias("l$")
        select = sa.select(in_language(ctx, label.c.label_id, label.c.label_en))
        select = select.where(label.c.list == const(list_), label.c.code == key)
        return select.correlate_except(label).scalar_subquery()

    return words


def by_code(datum: Any) -> Grouping:
    """By the codes of a column or derived fact."""
    codes = codes_of(datum)
    assert codes is not None
    words = label_of(list_name(codes.__name__))
    return Grouping(fact_of(datum), _value(datum), words, len(codes) + 1, derived=isinstance(datum, Derived))


def by_codes(datum: Derived[Any]) -> Grouping:
    """By each of the codes that a derived fact holds of a row."""
    return replace(by_code(datum), several=True)


def section_in_words(key_: sa.ColumnElement[Any], ctx: StatementContext) -> sa.ColumnElement[Any]:
    """The title of `KBLI_2025 K`."""
    # (SELECT CASE WHEN … END FROM registry.reference_code AS l$
    #  WHERE l$.list = split_part(key, ' ', 1) AND l$.code = split_part(key, ' ', 2))
    title = CODE.alias("l$")
    edition, letter = (sa.func.split_part(key_, const(" "), const(part)) for part in (1, 2))
    titles = sa.select(in_language(ctx, title.c.label_id, title.c.label_en))
    return titles.where(title.c.list == edition, title.c.code == letter).correlate_except(title).scalar_subquery()


def by_kbli_section(datum: Derived[str], version: Any) -> Grouping:
    """By the section of KBLI with its edition, `KBLI_2025 K`: K is another section in KBLI 2020."""

    def key(row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[Any]:
        section: sa.ColumnElement[Any] = row.c[version.key] + const(" ") + value_of(datum, row, ctx)
        return section

    return Grouping(datum.fact, key, section_in_words, MOST_SECTIONS + 1, derived=True)


def by_country(datum: Any) -> Grouping:
    """By country."""
    return Grouping(fact_of(datum), _value(datum), label_of("COUNTRY"))


def _value(datum: Any) -> KeyOf:
    return lambda row, ctx: value_of(datum, row, ctx)


def _by_place(level: RegionLevel) -> Grouping:
    def key(row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[Any]:
        return sa.func.left(row.c.area, const(PREFIXES[level])) if level in PREFIXES else row.c.area

    def words(code: sa.ColumnElement[Any], ctx: StatementContext) -> sa.ColumnElement[Any]:
        region = table_of(Region).alias("r$")
        name = sa.select(region.c.name).where(region.c.code == code, region.c.valid_to.is_(None))
        return name.correlate_except(region).scalar_subquery()

    fact = Fact(Sensitivity.OPEN, level.label_id, level.label_en.capitalize(), server=True)
    return Grouping(fact, key, words)


PLACES = {level.value: _by_place(level) for level in RegionLevel}
"""By today's region; the code of a village contains the codes of the regions above it."""


def month_in_words(month: sa.ColumnElement[Any], ctx: StatementContext) -> sa.ColumnElement[Any]:
    """`2026-03` as `Maret 2026`; null for UNKNOWN."""
    # CASE WHEN (month != 'UNKNOWN')
    #      THEN split_part('Januari Februari …', ' ', CAST(right(month, 2) AS INTEGER)) || ' ' || left(month, 4) END
    names = in_language(ctx, const(_MONTHS["id"]), const(_MONTHS["en"]))
    number = sa.cast(sa.func.right(month, const(2)), sa.Integer())
    name = sa.func.split_part(names, const(" "), number)
    return sa.case((month != const(UNKNOWN), name + const(" ") + sa.func.left(month, const(4))))


def by_month(datum: Any) -> Grouping:
    """By the month (`2026-03`) of a date; a date of which only the year is known counts in January, its first month."""

    def key(row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[Any]:
        return sa.func.to_char(sa.func.registry.first_day(value_of(datum, row, ctx)), const("YYYY-MM"))

    return Grouping(fact_of(datum), key, month_in_words, timed=True)


def by_band(datum: Derived[int], *starts: int) -> Grouping:
    """By bands of a number that begin at `starts` (the first is 0): `00-04`, … `60+`."""

    bands = [*(f"{start:02}-{end - 1:02}" for start, end in pairwise(starts)), f"{starts[-1]}+"]
    ends = sa.cast(const("{" + ",".join(map(str, starts[1:])) + "}"), ARRAY(sa.Integer()))

    def key(row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[Any]:
        # split_part('00-04 05-11 … 60+', ' ', width_bucket(number, '{5,12,…,60}') + 1): a CASE over the bands would
        # compute the number once for each band.
        band = sa.func.width_bucket(value_of(datum, row, ctx), ends) + const(1)
        return sa.func.split_part(const(" ".join(bands)), const(" "), band)

    return Grouping(datum.fact, key, lambda band, ctx: sa.null(), len(starts) + 1, derived=True)
