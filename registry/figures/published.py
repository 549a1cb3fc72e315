"""Published numbers: what everybody may see of areas and classes that are not theirs.

A cell (one village, one value of each dimension) is counted as of the village's last close and rounded to a multiple of
k, up or down by lot.  The lot is drawn once for the households in the cell, because the smallest of their secret
numbers decides: the same households give the same number in every question, for every caller, on every day.  A larger
region is the sum of its villages' numbers, so they add up and tell nothing more; the country has numbers of its own.
Rule: these tables hold no true count of others, so they need no row security.  Tests: tests/test_closes.py,
tests/test_disclosure.py.
"""

from __future__ import annotations

import math

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from auth.area import COUNTRY
from registry.codes import Dimension, RegionLevel
from registry.figures.ledger import INSTANT
from registry.figures.tables import NUMERATOR, Table
from registry.models.noun import C_TEXT, SCHEMA, Noun
from registry.models.region import PREFIXES

BLOCK_CLOSE = sa.Table(
    "block_close",
    Noun.metadata,
    sa.Column("ledger", C_TEXT, primary_key=True),
    sa.Column("depth", sa.SmallInteger(), primary_key=True, autoincrement=False),
    sa.Column("place", C_TEXT, primary_key=True),
    sa.Column("since", INSTANT, primary_key=True),
    sa.Column("until", INSTANT, nullable=False, server_default="infinity"),
)
"""The closes of one ledger: for tables of depth 0 and 1 those of each village, for 2 of each regency, for 3 of each
province, and for each the country's; depth 0 has when the ledger was last looked through.  A block's numbers are those
of the close in force."""

PUBLISHED = sa.Table(
    "published",
    Noun.metadata,
    sa.Column("indicator", C_TEXT, primary_key=True),
    sa.Column("part", C_TEXT, primary_key=True),
    sa.Column("by", C_TEXT, primary_key=True),
    sa.Column("place", C_TEXT, primary_key=True),
    sa.Column("keys", ARRAY(C_TEXT), primary_key=True),
    sa.Column("since", INSTANT, primary_key=True),
    sa.Column("until", INSTANT, nullable=False, server_default="infinity"),
    sa.Column("shown", sa.BigInteger()),
)
"""Shown numbers, from when until when: of a table by its block, and of the country, '0'.  Zero is no row; NULL is a
number of the headline's lists that is too small to be shown."""

WIDTHS = {1: 13, 2: PREFIXES[RegionLevel.REGENCY], 3: PREFIXES[RegionLevel.PROVINCE]}
"""Depth → characters of the code of its smallest block."""
LEVELS = {1: RegionLevel.VILLAGE, 2: RegionLevel.REGENCY, 3: RegionLevel.PROVINCE}


def rounded(count: str, lot: str, k: int) -> str:
    """SQL of a count as it is shown, from the smallest lot of the households in it."""
    return f"({count} + {lot} % {k}) / {k} * {k}"


def margin(cells: int, k: int) -> int:
    """How far a sum of so many rounded cells may be from the truth: surely for one, 98 times in 100 for many.

    `registry.margin` of the database is the same."""
    return min((k - 1) * cells, math.ceil(k * math.sqrt(cells)))


def is_too_fine(table: Table, level: RegionLevel | None) -> bool:
    """Regions of this level, None for the country, are below the smallest area that the table is published for."""
    if level is None:
        return False
    return list(RegionLevel).index(level) > list(RegionLevel).index(LEVELS[table.block])


def published(table: Table, level: RegionLevel | None, within: str, at: str = "now()", *, part: str = NUMERATOR) -> str:
    """SELECT region, keys, shown: the numbers of a table of each region of a level in an area, as of an instant.

    `level` None is the country alone.  `within` is SQL of the code of the area, '0' for the country, and `at` of the
    instant.  A number that is 0 is no row.  Raises ValueError for a level below the table's block."""
    # SELECT left(p.place, 5) AS region, p.keys, sum(p.shown)::bigint AS shown FROM registry.published p
    # WHERE p.indicator = 'PERSONS_ACTIVE' AND p.part = 'n' AND p.by = 'COUNTRY'
    # AND p.since <= now() AND p.until > now()
    # AND p.place >= $1 AND p.place < $1 || '/' AND p.place <> '0' GROUP BY 1, 2
    if is_too_fine(table, level):
        raise ValueError(f"{table.indicator.name} by {table.by_text} is not published for a {level}")
    of_table = (
        f"p.indicator = '{table.indicator.name}' AND p.part = '{part}' AND p.by = '{table.by_text}'"
        f" AND p.since <= {at} AND p.until > {at}"
    )
    if level is None:
        return (
            f"SELECT p.place AS region, p.keys, p.shown FROM {SCHEMA}.published p"
            f" WHERE {of_table} AND p.place = '{COUNTRY}'"
        )
    region = f"left(p.place, {PREFIXES[level]})" if level in PREFIXES else "p.place"
    inside = (
        f"p.place >= {within} AND p.place < CASE {within} WHEN '{COUNTRY}' THEN ':' ELSE {within} || '/' END"
        f" AND p.place <> '{COUNTRY}'"
    )
    return (
        f"SELECT {region} AS region, p.keys, sum(p.shown)::bigint AS shown FROM {SCHEMA}.published p"
        f" WHERE {of_table} AND {inside} GROUP BY 1, 2"
    )


def key_at(table: Table, dimension: Dimension) -> str:
    """SQL of the key by a dimension in the row `p` of a table; quarters and years are those of its months."""
    if dimension not in (Dimension.QUARTER, Dimension.YEAR):
        return f"p.keys[{table.by.index(dimension) + 1}]"
    month = f"p.keys[{table.by.index(Dimension.MONTH) + 1}]"
    if dimension is Dimension.YEAR:
        return f"left({month}, 4)"
    return f"left({month}, 4) || '-Q' || (right({month}, 2)::int + 2) / 3"
