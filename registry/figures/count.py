"""What an indicator counts, for the program: a unit, which of them, from when until when, and what is added up.

Every count is a select over the rows `l` of one ledger.  Conditions are facts and their codes, never SQL, so a reader,
the kept cells, the published tables and a recount in a test derive from the same declaration.
Rule: SQL here names columns of `l` and the parameters `day` alone.  Test: tests/test_counts.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from registry.codes import Dimension, RegionLevel
from registry.figures.ledger import LEDGERS
from registry.figures.unit import Unit
from registry.models.region import PREFIXES

UNKNOWN = ""
"""The key of what is not recorded."""
AGES = (0, 5, 12, 18, 25, 35, 45, 60)
"""Where the bands of age begin: small children, primary school, minors, working ages, 60 and over."""
AGE_BANDS = (*(f"{start:02}-{end - 1:02}" for start, end in pairwise(AGES)), f"{AGES[-1]}+")


@dataclass(frozen=True)
class Window:
    """A unit counts from the day `begins` until before the day `ends`: its own dates move it, and nobody writes.

    Both are SQL over the row `l`; None is no bound.  A row whose bound is null does not count."""

    begins: str | None = None
    ends: str | None = None


@dataclass(frozen=True)
class Count:
    """How many units have one of certain codes in each of certain facts, or the sum of one of their numbers."""

    unit: Unit
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Fact → codes, of which a unit has one; yes and no are `true` and `false`, and '' is not recorded."""
    window: Window | None = None
    sum: str | None = None
    """The fact that is added up, a number; None counts units."""
    median: str | None = None
    """The fact whose median is taken, a number; of an even number of units, the mean of the middle two."""
    dated: str | None = None
    """Of a flow: the fact whose day decides in which period the unit counts."""


def fact_of_dimension(unit: Unit, dimension: Dimension) -> str | None:
    """The fact of the unit by which this dimension breaks down; None for places and periods, and for no such fact."""
    fact = unit.called.get(dimension, dimension.value.lower())
    return fact if fact in LEDGERS[unit].c else None


def key_of(count: Count, dimension: Dimension, day: str) -> str:
    """SQL of the key of the row `l` by a dimension, as of the SQL date `day`.

    Raises KeyError if its unit has no such fact."""
    level = RegionLevel.__members__.get(dimension.value)
    if level is not None:
        return f"left(l.area, {PREFIXES[level]})" if level in PREFIXES else "l.area"
    if dimension in PERIOD_FORMATS and count.dated is not None:
        return f"to_char(l.{count.dated}, '{PERIOD_FORMATS[dimension]}')"
    fact = fact_of_dimension(count.unit, dimension)
    if fact is None:
        raise KeyError(f"no fact of a {count.unit.name} is its {dimension}")
    if dimension is Dimension.AGE_BAND:
        return age_band(f"l.{fact}", day)
    return f"coalesce(l.{fact}::text, '{UNKNOWN}')"


PERIOD_FORMATS = {Dimension.MONTH: "YYYY-MM", Dimension.QUARTER: 'YYYY-"Q"Q', Dimension.YEAR: "YYYY"}


def age_band(born: str, day: str) -> str:
    """SQL of the band of the age that somebody born on this day has on `day`; '' if the birth is not recorded."""
    # CASE WHEN l.born > ($day - interval '5 years')::date THEN '00-04' WHEN … ELSE '60+' END: seven constant days are
    # compared, because an age computed for each row takes five times as long.
    bands = [
        f"WHEN {born} > ({day} - interval '{years} years')::date THEN '{band}'"
        for years, band in zip(AGES[1:], AGE_BANDS, strict=False)
    ]
    return f"CASE WHEN {born} IS NULL THEN '{UNKNOWN}' {' '.join(bands)} ELSE '{AGE_BANDS[-1]}' END"


def conditions(count: Count, day: str) -> list[str]:
    """The SQL conditions of the row `l` to count on the SQL date `day`; of a flow, the day of the event is recorded."""
    tests = [f"coalesce(l.{fact}::text, '') IN ({_quoted(codes)})" for fact, codes in count.where.items()]
    if count.window is not None and count.window.begins is not None:
        tests.append(f"{count.window.begins} <= {day}")
    if count.window is not None and count.window.ends is not None:
        tests.append(f"{count.window.ends} > {day}")
    if count.dated is not None:
        tests.append(f"l.{count.dated} IS NOT NULL")
    return tests


def amount(count: Count) -> str:
    """The SQL aggregate over the rows `l`: a whole number, because a sum is rounded once, at its end; or a median."""
    if count.median is not None:
        return f"percentile_cont(0.5) WITHIN GROUP (ORDER BY l.{count.median})::numeric"
    return "count(*)" if count.sum is None else f"round(coalesce(sum(l.{count.sum}), 0)::numeric)::bigint"


def _quoted(codes: tuple[str, ...]) -> str:
    return ", ".join(f"'{code}'" for code in codes)
