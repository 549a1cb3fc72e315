"""Fold: the queue becomes cells.

A row of the ledger is a posting of +1 on the day it opened, and of −1 on the day it closed; one whose own dates decide
when it counts posts on those days.  Whoever changes a ledger enters the household and the instant into the queue, and
touches no cell, so nobody waits for anybody; a fold takes rows out of the queue and adds their postings to the cells,
and one fold at a time runs in a database.
Rule: at any moment, cells and the postings of the queue together equal the ledgers.  Tests: tests/test_cells.py.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from auth.area import COUNTRY
from registry.figures.cube import ALWAYS, CELL, CUBES, DAY, LENGTHS, MONTH, MOST_KEYS, NOW, NOWHERE, Cube
from registry.figures.units import UNITS
from registry.values.civil_day import CAPITAL

LOCK = 7_202_019
"""The advisory lock of whoever folds or rebuilds."""
KEYS = ", ".join(f"k{n + 1}" for n in range(MOST_KEYS))
POSTING = f"cube, area, day, {KEYS}"


def day_of(instant: str) -> str:
    """SQL of the civil day of an instant."""
    return f"timezone('{CAPITAL.key}', {instant})::date"


def _posted(cubes: Sequence[Cube]) -> str:
    """What one row `l` of a ledger posts when it opens on `l.day`, to each of these cubes of its unit, as VALUES."""
    # (VALUES (CASE WHEN true THEN 1 END, l.day, coalesce(l.pmi::text, ''), …, '', 1), …) v(cube, day, k1, k2, k3, n)
    values = []
    for cube in cubes:
        keys = ", ".join([*cube.keys, *["''"] * (MOST_KEYS - len(cube.keys))])
        cases = f"CASE WHEN {cube.counts} THEN {cube.id}::smallint END"
        values += [f"({cases}, {day}, {keys}, {sign})" for day, sign in cube.edges("l.day")]
    return f"(VALUES {', '.join(values)}) v(cube, day, {KEYS}, n)"


def _from_rows(rows: str, cubes: Sequence[Cube], where: str) -> str:
    """SELECT the postings of the rows, of which each has a `sign` and a `day`."""
    posted = f"CROSS JOIN LATERAL {_posted(cubes)} WHERE v.cube IS NOT NULL AND {where}"
    return f"SELECT v.cube, l.area, v.day, v.k1, v.k2, v.k3, l.sign * v.n AS n FROM ({rows}) l {posted}"


def _of_each_unit(cubes: Sequence[Cube]) -> list[tuple[str, list[Cube]]]:
    units = [(unit.ledger, [cube for cube in cubes if cube.unit == unit]) for unit in UNITS]
    return [(ledger, counted) for ledger, counted in units if counted]


def postings(queue: str, cubes: Sequence[Cube] = CUBES, where: str = "true") -> str:
    """SELECT cube, area of the village, day, keys and n: what the households of the queue opened and closed.

    Each ledger is read once for all of its cubes, and by household: OFFSET 0 keeps the conditions of `where` out of the
    join, or the planner reads all rows of a village for a queue of few."""
    selects = []
    for ledger, counted in _of_each_unit(cubes):
        sign = "CASE WHEN t.since = q.at THEN 1 ELSE -1 END AS sign"
        at = "t.household_id = q.household_id AND (t.since = q.at OR t.until = q.at)"
        rows = f"SELECT t.*, {sign}, {day_of('q.at')} AS day FROM {queue} q JOIN {ledger} t ON {at}"
        selects.append(_from_rows(f"{rows} WHERE t.since <> t.until OFFSET 0", counted, where))
    return "\nUNION ALL ".join(selects)


def all_postings(cubes: Sequence[Cube] = CUBES) -> str:
    """SELECT every posting that there ever was, of all households."""
    selects = []
    for ledger, counted in _of_each_unit(cubes):
        for sign, instant in ((1, "since"), (-1, "until")):
            rows = f"SELECT t.*, {sign} AS sign, {day_of(f't.{instant}')} AS day FROM {ledger} t"
            ended = "t.since <> t.until AND t.until < 'infinity'" if sign < 0 else "t.since <> t.until"
            selects.append(_from_rows(f"{rows} WHERE {ended}", counted, "true"))
    return "\nUNION ALL ".join(selects)


_DEPTHS = ", ".join(
    f"({cube.id}::smallint, {cube.now}, {cube.then}, {cube.then if cube.days else NOWHERE})" for cube in CUBES
)
_LEVELS = ", ".join(f"({level}::smallint, {length})" for level, length in enumerate(LENGTHS))
_GRAINS = ", ".join(
    [
        f"('{NOW}', '{ALWAYS}'::date, x.level <= c.now)",
        f"('{MONTH}', date_trunc('month', s.day)::date, x.level <= c.month)",
        f"('{DAY}', s.day, x.level <= c.day)",
    ]
)


def cells(source: str) -> str:
    """SELECT the cells of postings: for each level and each grain that their cube keeps."""
    by_village = f"SELECT {POSTING}, sum(n) AS n FROM ({source}) u GROUP BY {POSTING} HAVING sum(n) <> 0"
    region = f"CASE x.level WHEN 0 THEN '{COUNTRY}' ELSE left(s.area, x.length) END"
    return (
        f"SELECT s.cube, g.grain, x.level, {region} AS region, g.period, s.k1, s.k2, s.k3, sum(s.n)::bigint AS n"
        f" FROM ({by_village}) s JOIN (VALUES {_DEPTHS}) c(cube, now, month, day) ON c.cube = s.cube"
        f" CROSS JOIN (VALUES {_LEVELS}) x(level, length)"
        f" CROSS JOIN LATERAL (VALUES {_GRAINS}) g(grain, period, is_kept)"
        " WHERE g.is_kept GROUP BY 1, 2, 3, 4, 5, 6, 7, 8 HAVING sum(s.n) <> 0 ORDER BY 1, 2, 3, 4, 5, 6, 7, 8"
    )


FOLD = f"""
    DECLARE
      folded int;
    BEGIN
      IF NOT EXISTS (SELECT FROM figure_due) OR NOT pg_try_advisory_xact_lock({LOCK}) THEN
        RETURN 0;
      END IF;
      WITH taken AS (
        DELETE FROM figure_due WHERE ctid = ANY (ARRAY(SELECT ctid FROM figure_due LIMIT most)) RETURNING *),
      added AS (
        INSERT INTO figure_cell AS c ({CELL}, n) {cells(postings("taken"))}
        ON CONFLICT ({CELL}) DO UPDATE SET n = c.n + excluded.n)
      SELECT count(*) INTO folded FROM taken;
      RETURN folded;
    END
"""
"""Body of the function that folds at most so many rows of the queue, and returns how many."""

REBUILD = (
    "DELETE FROM figure_due",
    "DELETE FROM figure_cell",
    f"INSERT INTO figure_cell ({CELL}, n) {cells(all_postings())}",
)
"""The cells anew from the ledgers, under the lock; in one REPEATABLE READ transaction, or what commits meanwhile would
count twice.  No TRUNCATE: readers would wait for it, and then find a table that is empty in their snapshot."""

DECLARED = hashlib.sha256(cells(all_postings()).encode()).hexdigest()
"""Names what is kept: another one means that the cells are to be rebuilt."""

BOOKS = f"""
WITH kept AS (
  SELECT {CELL}, sum(n) AS n FROM (
    SELECT {CELL}, n FROM figure_cell UNION ALL ({cells(postings("figure_due"))})) b GROUP BY {CELL}),
counted AS (SELECT {CELL}, n FROM ({cells(all_postings())}) o)
SELECT count(*) FROM kept FULL JOIN counted USING ({CELL}) WHERE coalesce(kept.n, 0) <> coalesce(counted.n, 0)
"""
"""How many cells, with what is in the queue, do not equal the ledgers: none, in any snapshot."""
