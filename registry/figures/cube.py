"""Cubes: counts that are kept, so that a figure is read and not counted.

A cube keeps how many open rows of a ledger have each combination of some of its facts: of now, and what the rows of
each month and of each day of a month have added, from which any day before and, with a window, after is summed.  The
cells of a cube always equal the ledger, less what is still in the queue (registry/figures/fold.py); `migrate` rebuilds
them where a cube was declared anew.  Tests: tests/test_cells.py.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import CHAR

from registry.codes import Dimension
from registry.figures.count import PERIOD_FORMATS, Window
from registry.figures.unit import Unit
from registry.figures.units import BUSINESS, EPISODE, HOUSEHOLD, MIGRANT, PERSON
from registry.figures.windows import ENDING_SOON, MINOR
from registry.models.noun import C_TEXT, Noun

MOST_KEYS = 3
LENGTHS = (0, 2, 5, 8, 13)
"""Level → characters of the code of a region of that level; the country has none in the code of a village."""
NOWHERE, COUNTRY_LEVEL, PROVINCE, REGENCY, DISTRICT, VILLAGE = range(-1, len(LENGTHS))
NOW, MONTH, DAY = "N", "M", "D"
"""Grains: what holds now; what a month has added; what a day has added."""
ALWAYS = "-infinity"
"""The period of what holds now."""


@dataclass(frozen=True)
class Cube:
    """What it counts, and by which facts, three keys at most: more make more cells than rows.

    Raises TypeError for a cube with too many keys, or with days that nothing would read."""

    id: int
    unit: Unit
    by: tuple[str, ...]
    dated: str | None = None
    """Of a flow: the day whose month is the first key.  A row without that day does not count."""
    known: str | None = None
    """The fact that must be recorded for a row to count, because few rows have it."""
    window: Window | None = None
    now: int = REGENCY
    """The lowest level of what holds now; NOWHERE with a window, for it is never the same for long."""
    then: int = NOWHERE
    """The lowest level of months."""
    days: bool = False
    """Whether days are kept beside months, as low: any day is answered, and not the ends of months alone."""

    def __post_init__(self) -> None:
        if len(self.keys) > MOST_KEYS:
            raise TypeError(
                f"cube {self.id} has {len(self.keys)} keys: {MOST_KEYS} at most, the ledger answers the rest"
            )
        if self.window is not None and (self.now != NOWHERE or not self.days):
            raise TypeError(f"cube {self.id} has a window, which moves with the calendar: keep its days, and no now")

    @property
    def keys(self) -> tuple[str, ...]:
        """SQL of its keys of the row `l`; '' is unknown."""
        # to_char(l.returned_on, 'YYYY-MM'), coalesce(l.return_reason::text, '')
        month = [] if self.dated is None else [f"to_char(l.{self.dated}, '{PERIOD_FORMATS[Dimension.MONTH]}')"]
        return (*month, *[f"coalesce(l.{fact}::text, '')" for fact in self.by])

    @property
    def counts(self) -> str:
        """The SQL condition of the rows `l` that it counts at all."""
        bounds = () if self.window is None else (self.window.begins, self.window.ends)
        dated = None if self.dated is None else f"l.{self.dated}"
        known = None if self.known is None else f"l.{self.known}"
        return " AND ".join(f"{sql} IS NOT NULL" for sql in (dated, known, *bounds) if sql is not None) or "true"

    def edges(self, day: str) -> tuple[tuple[str, int], ...]:
        """The days on which a row that opens on `day` begins to count (+1) and stops (−1); as many closing undo."""
        if self.window is None:
            return ((day, 1),)
        begins, ends = (f", {bound}" if bound is not None else "" for bound in (self.window.begins, self.window.ends))
        start = (f"greatest({day}{begins})", 1)
        return (start, (f"greatest({day}{begins}{ends})", -1)) if ends else (start,)


HOUSEHOLDS = Cube(1, HOUSEHOLD, ("pmi", "has_business"), now=VILLAGE, then=REGENCY, days=True)
PERSONS = Cube(2, PERSON, ("sex",), now=VILLAGE, then=REGENCY, days=True)
MIGRANTS = Cube(3, MIGRANT, ("stage", "has_business"), now=VILLAGE, then=REGENCY, days=True)
BUSINESSES = Cube(4, BUSINESS, ("status", "field", "export_readiness"), now=VILLAGE, then=PROVINCE, days=True)
CUBES = (
    HOUSEHOLDS,
    PERSONS,
    MIGRANTS,
    BUSINESSES,
    Cube(5, MIGRANT, ("stage", "sex", "country"), then=PROVINCE),
    Cube(6, MIGRANT, ("stage", "procedural_status", "sector"), then=PROVINCE),
    Cube(7, PERSON, ("parents_abroad",), known="parents_abroad", window=MINOR, now=NOWHERE, then=REGENCY, days=True),
    Cube(8, MIGRANT, ("stage",), window=ENDING_SOON, now=NOWHERE, then=REGENCY, days=True),
    Cube(9, EPISODE, ("return_reason", "country"), dated="returned_on", now=PROVINCE),
    Cube(10, EPISODE, ("sex", "country"), dated="departed_on", now=PROVINCE),
)

FIGURE_CELL = sa.Table(
    "figure_cell",
    Noun.metadata,
    sa.Column("cube", sa.SmallInteger(), primary_key=True, autoincrement=False),
    sa.Column("grain", CHAR(1), primary_key=True),
    sa.Column("level", sa.SmallInteger(), primary_key=True, autoincrement=False),
    sa.Column("region", C_TEXT, primary_key=True),
    sa.Column("period", sa.Date(), primary_key=True),
    *[sa.Column(f"k{n + 1}", C_TEXT, primary_key=True) for n in range(MOST_KEYS)],
    sa.Column("n", sa.BigInteger(), nullable=False),
)
"""One count: of a cube, for the country or a region, of now or a month or a day, and for one combination of keys.

The level stands in the key, so that the provinces of the country are read without what lies below them."""

CELL = "cube, grain, level, region, period, k1, k2, k3"


def level_of(region: str) -> str:
    """SQL of the level of a code."""
    # CASE length(code) WHEN 2 THEN 1 WHEN 5 THEN 2 … ELSE 0 END
    levels = " ".join(f"WHEN {length} THEN {level}" for level, length in enumerate(LENGTHS) if length)
    return f"CASE length({region}) {levels} ELSE {COUNTRY_LEVEL} END"
