"""Closing: what of a ledger moves into the published numbers, and when.

A village closes when five of its households have changed since its last close; a regency when 25, a province when 125
such households are inside its villages' closes; the country when 25, and for finer tables 125, of which no region has
all but one to four.  A household has changed
if what the ledger counts of it is not what it was, so a verification that changes nothing moves nothing.  What depends
on a date is judged on the day of the close.
Rule: the number of a block moves with its close and at no other time.  Tests: tests/test_closes.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from auth.area import COUNTRY
from registry.codes import Dimension, RegionLevel
from registry.figures.count import conditions, key_of
from registry.figures.ledger import LEDGERS
from registry.figures.published import WIDTHS, rounded
from registry.figures.tables import TABLES, Part, Table
from registry.figures.unit import KEYS, Unit
from registry.models.region import PREFIXES
from registry.values.civil_day import CAPITAL

LOCK = 7_202_020
"""The advisory lock of whoever closes."""
DEEP = {1: 5, 2: 25, 3: 125}
"""Depth → how many households must have changed in a village, a regency, a province."""
COUNTRY_DEEP = {1: 25, 2: 125, 3: 125}
_LEVELS = tuple(PREFIXES.get(level, WIDTHS[1]) for level in RegionLevel)
_FEW_ELSEWHERE = f"""
            AND NOT EXISTS (
              SELECT FROM owner, unnest(ARRAY{list(_LEVELS)}) width WHERE left(area, width) = left(area_too, width)
              GROUP BY width, left(area, width)
              HAVING (SELECT count(*) FROM owner) - count(*) BETWEEN 1 AND {DEEP[1] - 1})"""
"""The country does not close while one to four of the households that changed are outside a region that has all others:
who sees that region could subtract it, and would have what these few changed."""
_OF_EVERY_LEDGER = (
    "since",
    "until",
    *KEYS,
    "lot",
    "village_id",
    "village_then",
    "area",
)
_OPEN = "until = 'infinity'"


def _held(row: str, at: str) -> str:
    """The row of a ledger held at an instant."""
    return f"({row}.since <= {at} AND {row}.until > {at})"


@dataclass(frozen=True)
class _Blocks:
    """The blocks of one depth of one ledger: the regions of a level, or the country."""

    unit: Unit
    depth: int
    is_country: bool

    @property
    def place(self) -> str:
        """The block in which the row `l` lies."""
        if self.is_country:
            return f"'{COUNTRY}'"
        return "l.area" if self.depth == 1 else f"left(l.area, {WIDTHS[self.depth]})"

    @property
    def least(self) -> int:
        """How many households must have changed."""
        return (COUNTRY_DEEP if self.is_country else DEEP)[self.depth]

    @property
    def by_villages(self) -> bool:
        """It takes in only what its villages have closed."""
        return self.depth > 1 and not self.is_country

    def closing(self) -> str:
        """Close every such block in which enough households have changed."""
        # WITH changed AS (
        #   SELECT l.household_id AS owner, l.area AS place, l.area FROM ledger_person l
        #   LEFT JOIN block_close b ON b.ledger = 'person' AND b.depth = 1 AND b.place = l.area AND b.until = 'infinity'
        #   WHERE (l.since <= this_close AND l.until > this_close)
        #     <> coalesce((l.since <= b.since AND l.until > b.since), false)
        #   GROUP BY l.household_id, l.area, l.sex, …
        #   HAVING sum(CASE WHEN (l.since <= this_close AND l.until > this_close) THEN 1 ELSE -1 END) <> 0),
        # owner AS (SELECT owner, place, min(area) AS area, max(area) AS area_too FROM changed GROUP BY 1, 2),
        # due AS (SELECT place FROM owner GROUP BY place HAVING count(*) >= 5),
        # ended AS (UPDATE block_close b SET until = this_close FROM due WHERE …)
        # INSERT INTO block_close (ledger, depth, place, since) SELECT 'person', 1, place, this_close FROM due
        ledger = LEDGERS[self.unit]
        facts = [f"l.{column.name}" for column in ledger.columns if column.name not in _OF_EVERY_LEDGER]
        of_ledger = f"b.ledger = '{self.unit.name}' AND b.depth = {self.depth}"
        joined = f"LEFT JOIN block_close b ON {of_ledger} AND b.place = {self.place} AND b.{_OPEN}"
        now, was = "this_close", "b.since"
        if self.by_villages:
            village = f"ledger = '{self.unit.name}' AND {{0}}.depth = 1 AND {{0}}.place = l.area"
            joined += (
                f" JOIN block_close n ON n.{village.format('n')} AND n.{_OPEN}"
                f" LEFT JOIN block_close w ON w.{village.format('w')} AND {_held_close('w', 'b.since')}"
            )
            now, was = "n.since", "w.since"
        holds, held = _held("l", now), f"coalesce({_held('l', was)}, false)"
        return f"""
        WITH changed AS (
          SELECT l.{self.unit.owner} AS owner, {self.place} AS place, l.area FROM {ledger.name} l {joined}
          WHERE {holds} <> {held}
          GROUP BY {", ".join([f"l.{self.unit.owner}", "l.area", *facts])}
          HAVING sum(CASE WHEN {holds} THEN 1 ELSE -1 END) <> 0),
        owner AS (SELECT owner, place, min(area) AS area, max(area) AS area_too FROM changed GROUP BY 1, 2),
        due AS (
          SELECT place FROM owner GROUP BY place
          HAVING count(*) >= {self.least}{_FEW_ELSEWHERE if self.is_country else ""}),
        ended AS (
          UPDATE block_close b SET until = this_close FROM due d WHERE {of_ledger} AND b.place = d.place AND b.{_OPEN})
        INSERT INTO block_close (ledger, depth, place, since)
        SELECT '{self.unit.name}', {self.depth}, place, this_close FROM due;"""

    def cells(self, count: str, keys: str) -> str:
        """SELECT the rows to be counted of the blocks that closed now: place, cell, lot and keys."""
        ledger = LEDGERS[self.unit].name
        closed = f"c.ledger = '{self.unit.name}' AND c.depth = {self.depth} AND c.since = this_close"
        if self.is_country:
            return (
                f"SELECT c.place, c.place AS cell, l.lot, {keys} FROM block_close c JOIN {ledger} l"
                f" ON {_held('l', 'this_close')} WHERE {closed} AND c.place = '{COUNTRY}' AND {count}"
            )
        if not self.by_villages:
            return (
                f"SELECT c.place, c.place AS cell, l.lot, {keys} FROM block_close c JOIN {ledger} l"
                f" ON l.area = c.place AND {_held('l', 'this_close')} WHERE {closed} AND {count}"
            )
        return (
            f"SELECT c.place, v.place AS cell, l.lot, {keys} FROM block_close c JOIN block_close v"
            f" ON v.ledger = c.ledger AND v.depth = 1 AND left(v.place, {WIDTHS[self.depth]}) = c.place AND v.{_OPEN}"
            f" JOIN {ledger} l ON l.area = v.place AND {_held('l', 'v.since')} WHERE {closed} AND {count}"
        )


def _held_close(close: str, at: str) -> str:
    return f"{close}.since <= {at} AND {close}.until > {at}"


def publishing(unit: Unit, part: Part, tables: list[Table]) -> str:
    """Write the numbers of one part of an indicator's tables of one depth, where blocks of the depth closed now."""
    # WITH counted AS (SELECT c.place, c.place AS cell, l.lot, coalesce(l.sex::text, '') AS k0, … UNION ALL …),
    # cell AS (SELECT place, cell, GROUPING(k0, k1) AS g, array_remove(ARRAY[k0, k1], NULL) AS keys, count(*) AS n,
    #          min(lot) AS lot FROM counted GROUP BY GROUPING SETS ((place, cell, k0), …)),
    # summed AS (SELECT t.by, place, keys, sum((n + lot % 5) / 5 * 5)::bigint AS shown FROM cell JOIN … t USING (g) …),
    # fresh AS (… what is shown of it),
    # earlier AS (SELECT by, place, keys, shown FROM published … of the blocks that closed now),
    # ended AS (UPDATE published SET until = this_close FROM (SELECT * FROM earlier EXCEPT SELECT * FROM fresh) …),
    # INSERT INTO published SELECT … FROM (SELECT * FROM fresh EXCEPT SELECT * FROM earlier)
    indicator, depth = tables[0].indicator, tables[0].block
    dimensions = [dimension for dimension in Dimension if any(dimension in table.by for table in tables)]
    names = [f"k{n}" for n in range(len(dimensions))]
    keyed = [f"{key_of(part.counts, dimension, 'this_day')} AS k{n}" for n, dimension in enumerate(dimensions)]
    tests = " AND ".join(["true", *conditions(part.counts, "this_day")])
    of_rows = ", ".join(keyed or ["'' AS k0"])
    blocks = [_Blocks(unit, depth, False), _Blocks(unit, depth, True)]
    counted = " UNION ALL ".join(kind.cells(tests, of_rows) for kind in blocks)
    sets, groups = [], []
    for table in tables:
        chosen = [name for name, dimension in zip(names, dimensions, strict=True) if dimension in table.by]
        sets.append(f"({', '.join(['place', 'cell', *chosen])})")
        mask = "".join("0" if name in chosen else "1" for name in names)
        groups.append(f"({int(mask or '0', 2)}, '{table.by_text}', {str(table.is_headline).lower()})")
    grouping = f"GROUPING({', '.join(names)})" if names else "0"
    keys = f"array_remove(ARRAY[{', '.join(names)}]::text[], NULL)"
    number = rounded("n", "lot", indicator.rounded_to)
    of_part = f"p.indicator = '{indicator.name}' AND p.part = '{part.name}' AND p.{_OPEN}"
    return f"""
        WITH counted AS MATERIALIZED ({counted}),
        cell AS (
          SELECT place, cell, {grouping} AS g, {keys} AS keys, count(*) AS n, min(lot) AS lot
          FROM counted GROUP BY GROUPING SETS ({", ".join(sets)})),
        summed AS (
          SELECT t.by, place, keys, t.headline AND place = '{COUNTRY}' AS as_it_is,
                 sum(CASE WHEN t.headline AND place = '{COUNTRY}' THEN n ELSE {number} END)::bigint AS n
          FROM cell JOIN (VALUES {", ".join(groups)}) t (g, by, headline) USING (g) GROUP BY 1, 2, 3, 4),
        ranked AS (
          SELECT *, row_number() OVER smaller AS rank, min(n) OVER smaller AS smallest,
                 sum(n) OVER smaller - n AS before
          FROM summed WHERE n > 0 WINDOW smaller AS (PARTITION BY by, place ORDER BY n, keys ROWS UNBOUNDED PRECEDING)),
        fresh AS MATERIALIZED (
          SELECT by, place, keys,
                 CASE WHEN as_it_is AND by <> '' AND {_HIDDEN} THEN NULL ELSE n END AS shown FROM ranked),
        earlier AS MATERIALIZED (
          SELECT p.by, p.place, p.keys, p.shown FROM published p JOIN block_close c ON c.place = p.place
          WHERE {of_part} AND p.by IN ({", ".join(f"'{table.by_text}'" for table in tables)})
            AND c.ledger = '{unit.name}' AND c.depth = {depth} AND c.since = this_close),
        ended AS (
          UPDATE published p SET until = this_close FROM (SELECT * FROM earlier EXCEPT SELECT * FROM fresh) e
          WHERE {of_part} AND p.by = e.by AND p.place = e.place AND p.keys = e.keys)
        INSERT INTO published (indicator, part, by, place, keys, since, shown)
        SELECT '{indicator.name}', '{part.name}', by, place, keys, this_close, shown
        FROM (SELECT * FROM fresh EXCEPT SELECT * FROM earlier) f;"""


_HIDDEN = "(n < 5 OR rank > 1 AND smallest < 5 AND (rank = 2 OR before < 5))"
"""A number of the headline's lists is hidden if it is 1 to 4, and the next smallest with it while what is hidden is one
alone or below five together: it would follow from the sum."""


def _parts(unit: Unit) -> Iterator[tuple[Part, list[Table]]]:
    """Every part of the indicators that this unit counts, with its tables of one depth."""
    groups: dict[tuple[str, str, int], tuple[Part, list[Table]]] = {}
    for table in TABLES.values():
        for part in table.parts:
            if part.counts.unit is unit:
                key = table.indicator.name.value, part.name, table.block
                groups.setdefault(key, (part, []))[1].append(table)
    yield from groups.values()


def is_closed(unit: Unit) -> bool:
    """Something that this unit counts is published."""
    return any(True for _ in _parts(unit))


def body(unit: Unit) -> str:
    """The body of the function that closes a ledger, unless that was done since `after`: how many blocks it closed.

    NULL if another process closes."""
    run = f"ledger = '{unit.name}' AND depth = 0"
    publish = []
    for depth in WIDTHS:
        statements = [publishing(unit, part, tables) for part, tables in _parts(unit) if tables[0].block == depth]
        if statements:
            publish.append(f"""
      IF EXISTS (SELECT FROM block_close c WHERE c.ledger = '{unit.name}' AND c.depth = {depth}
                 AND c.since = this_close) THEN {"".join(statements)}
      END IF;""")
    closes = [_Blocks(unit, depth, is_country).closing() for is_country in (False, True) for depth in WIDTHS]
    return f"""
    DECLARE
      this_close timestamptz;
      this_day date;
    BEGIN
      IF NOT pg_try_advisory_xact_lock({LOCK}) THEN
        RETURN NULL;
      END IF;
      IF EXISTS (SELECT FROM block_close c WHERE c.{run} AND c.since >= after) THEN
        RETURN 0;
      END IF;
      this_close := clock_timestamp();
      this_day := (this_close AT TIME ZONE '{CAPITAL.key}')::date;{"".join(closes)}{"".join(publish)}
      UPDATE block_close SET until = this_close WHERE {run} AND {_OPEN};
      INSERT INTO block_close (ledger, depth, place, since) VALUES ('{unit.name}', 0, '{COUNTRY}', this_close);
      RETURN (SELECT count(*)::int FROM block_close c
              WHERE c.ledger = '{unit.name}' AND c.depth > 0 AND c.since = this_close);
    END
"""
