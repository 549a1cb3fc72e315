"""The router: which cube holds the answer to a question, and the SQL that reads it.

An answer is the cells and the postings of what is still queued, so it equals a count of the ledger in every snapshot.
Where no cube holds it, the ledger is counted (registry/figures/count.py).  Regions that lie in a place are read in one
go, by level.  Tests: tests/test_router.py.
"""

from __future__ import annotations

from collections.abc import Sequence

from auth.area import COUNTRY
from registry.codes import Dimension, RegionLevel
from registry.figures.count import UNKNOWN, Count, fact_of_dimension
from registry.figures.cube import CUBES, DAY, LENGTHS, MONTH, NOW, NOWHERE, Cube
from registry.figures.fold import KEYS, day_of, postings
from registry.models.region import PREFIXES

_PERIODS = {
    Dimension.MONTH: "{month}",
    Dimension.QUARTER: "left({month}, 4) || '-Q' || (right({month}, 2)::int + 2) / 3",
    Dimension.YEAR: "left({month}, 4)",
}
"""Dimension → SQL of its key from a month such as 2026-11."""


def _columns(cube: Cube) -> dict[str, str]:
    """Fact → the column of a cell that holds its code."""
    return {fact: f"k{n}" for n, fact in enumerate(cube.by, 1 if cube.dated is None else 2)}


def _keys(cube: Cube, count: Count, by: Sequence[Dimension]) -> list[str] | None:
    """SQL of the key by each dimension, over a cell; None if the cube does not hold one of them."""
    columns = _columns(cube)
    keys = []
    for dimension in by:
        level = RegionLevel.__members__.get(dimension.value)
        fact = fact_of_dimension(count.unit, dimension)
        if level is not None:
            keys.append(f"left(region, {PREFIXES[level]})" if level in PREFIXES else "region")
        elif dimension in _PERIODS and cube.dated is not None:
            keys.append(_PERIODS[dimension].format(month="k1"))
        elif dimension is not Dimension.AGE_BAND and fact in columns:
            keys.append(columns[fact])
        else:
            return None
    return keys


def _holds(cube: Cube, count: Count, level: int, is_now: bool, month_ends: bool) -> bool:
    is_same = (cube.unit, cube.window, cube.dated) == (count.unit, count.window, count.dated)
    has_facts = count.sum is None and set(count.where) <= set(cube.by)
    # What is not recorded is not in such a cube, so a count that takes it needs another.
    has_rows = cube.known is None or UNKNOWN not in count.where.get(cube.known, (UNKNOWN,))
    then = cube.then if cube.days or month_ends else NOWHERE
    lowest = cube.now if is_now and cube.window is None else then
    return is_same and has_facts and has_rows and level <= lowest


def cube_for(
    count: Count, by: Sequence[Dimension], level: int, days: str | None = None, month_ends: bool = False
) -> Cube | None:
    """The cube with the fewest keys that holds the answer; None where the ledger must be counted."""
    cubes = [cube for cube in CUBES if _holds(cube, count, level, days is None, month_ends)]
    return min((c for c in cubes if _keys(c, count, by) is not None), key=lambda cube: len(cube.keys), default=None)


def from_cells(
    count: Count,
    by: Sequence[Dimension],
    level: int,
    days: str | None = None,
    *,
    month_ends: bool = False,
    inside: str = "inside",
    below: str = "below",
) -> str | None:
    """SELECT day, region, keys (text[], in the order of `by`) and n of each region of this level in a place.

    `inside` and `below` are SQL of the codes between which the place lies: '35' and '35/', of the country '0' and ':'.
    `days` is SQL of an array of dates, `month_ends` promises that each ends a month; without it the answer is of now,
    and its day null.  None where the ledger must be counted.  Counts of none have no row."""
    cube = cube_for(count, by, level, days, month_ends)
    if cube is None:
        return None
    if days is None and cube.window is not None:
        days = f"ARRAY[{day_of('now()')}]"
    columns = _columns(cube)
    quoted = {fact: ", ".join(f"'{code}'" for code in codes) for fact, codes in count.where.items()}
    tests = " AND ".join([f"{columns[fact]} IN ({codes})" for fact, codes in quoted.items()] or ["true"])
    place = f"level = {level} AND region >= {inside} AND region < {below}"
    region = f"'{COUNTRY}'" if level == 0 else f"left(area, {LENGTHS[level]})"
    queue = postings("figure_due", [cube], f"l.area >= {inside} AND l.area < {below}")
    row = f"region, ARRAY[{', '.join(_keys(cube, count, by) or [])}]::text[] AS keys"
    kept = f"FROM figure_cell WHERE cube = {cube.id} AND {place} AND {tests}"
    waiting = f"FROM (SELECT {region} AS region, day AS posted, {KEYS}, n FROM ({queue}) w WHERE {tests}) q"
    arms = _of_now(row, kept, waiting) if days is None else _of_days(row, kept, waiting, days, cube.days)
    source = "\nUNION ALL ".join(arms)
    return f"SELECT day, region, keys, sum(n)::bigint AS n FROM ({source}) a GROUP BY 1, 2, 3 HAVING sum(n) <> 0"


def _of_now(row: str, kept: str, waiting: str) -> list[str]:
    # SELECT NULL::date AS day, region, ARRAY[k1]::text[] AS keys, n FROM figure_cell WHERE … AND grain = 'N'
    return [f"SELECT NULL::date AS day, {row}, n {kept} AND grain = '{NOW}'", f"SELECT NULL::date, {row}, n {waiting}"]


def _of_days(row: str, kept: str, waiting: str, days: str, has_days: bool) -> list[str]:
    # SELECT p.day, c.region, c.keys, c.n FROM (SELECT day, … AS first, … AS is_end FROM unnest($1) u(day)) p
    # JOIN (SELECT …, period, sum(n) AS n FROM figure_cell WHERE … AND grain = 'M' GROUP BY 1, 2, 3) c
    # ON c.period < p.first OR p.is_end AND c.period = p.first
    first = "date_trunc('month', day)::date"
    is_end = f"day + 1 = ({first} + interval '1 month')::date AS is_end"
    asked = f"(SELECT day, {first} AS first, {is_end} FROM unnest({days}) u(day)) p"
    months = f"SELECT {row}, period, sum(n) AS n {kept} AND grain = '{MONTH}' GROUP BY 1, 2, 3"
    arms = [
        f"SELECT p.day, c.region, c.keys, c.n FROM {asked} JOIN ({months}) c"
        " ON c.period < p.first OR p.is_end AND c.period = p.first",
        f"SELECT p.day, {row}, n FROM {asked} JOIN (SELECT * {waiting}) q ON q.posted <= p.day",
    ]
    if has_days:
        # The month of a day counts until that day, unless the day ends it.
        until = f"{kept} AND grain = '{DAY}' AND period BETWEEN p.first AND p.day"
        arms.append(f"SELECT p.day, c.* FROM {asked} CROSS JOIN LATERAL (SELECT {row}, n {until}) c WHERE NOT p.is_end")
    return arms
