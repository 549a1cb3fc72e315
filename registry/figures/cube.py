"""Cubes: counts that are kept, so that a figure of today is read and not counted.

A cube keeps, for the country and for every region down to the village, how many open rows of a ledger have each
combination of some of its facts.  The cells of a cube always equal the ledger, less what is still in the queue
(registry/figures/fold.py); `migrate` rebuilds them where a cube was declared anew.  Tests: tests/test_cells.py.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from auth.area import COUNTRY
from registry.figures.unit import Unit
from registry.figures.units import BUSINESS, HOUSEHOLD, MIGRANT, PERSON
from registry.models.noun import C_TEXT, Noun

MOST_KEYS = 3
LENGTHS = (2, 5, 8, 13)
"""Characters of the code of a province, a regency, a district and a village."""


@dataclass(frozen=True)
class Cube:
    """What it counts, and by which columns of the ledger, three at most: more keys make more cells than rows."""

    id: int
    unit: Unit
    by: tuple[str, ...]

    def __post_init__(self) -> None:
        if len(self.by) > MOST_KEYS:
            raise TypeError(f"cube {self.id} has {len(self.by)} keys: {MOST_KEYS} at most, the ledger answers the rest")

    @property
    def place(self) -> str:
        """Where the row `l` of its ledger is counted, as SQL: cube, area and keys; '' is unknown, or no key."""
        # 1::smallint AS cube, l.area, coalesce(l.pmi::text, '') AS k1, …, '' AS k3
        keys = [f"coalesce(l.{column}::text, '')" for column in self.by]
        keys += ["''"] * (MOST_KEYS - len(keys))
        return f"{self.id}::smallint AS cube, l.area, " + ", ".join(f"{key} AS k{n}" for n, key in enumerate(keys, 1))


HOUSEHOLDS = Cube(1, HOUSEHOLD, ("pmi", "has_business"))
PERSONS = Cube(2, PERSON, ("sex",))
MIGRANTS = Cube(3, MIGRANT, ("stage", "has_business"))
BUSINESSES = Cube(4, BUSINESS, ("status", "field", "export_readiness"))
CUBES = (HOUSEHOLDS, PERSONS, MIGRANTS, BUSINESSES)

FIGURE_CELL = sa.Table(
    "figure_cell",
    Noun.metadata,
    sa.Column("cube", sa.SmallInteger(), primary_key=True, autoincrement=False),
    sa.Column("region", C_TEXT, primary_key=True),
    *[sa.Column(f"k{n + 1}", C_TEXT, primary_key=True) for n in range(MOST_KEYS)],
    sa.Column("n", sa.BigInteger(), nullable=False),
)
"""One count: of a cube, for the country or a region, and for one combination of keys."""

AREAS = f"(VALUES ('{COUNTRY}'), " + ", ".join(f"(left(p.area, {n}))" for n in LENGTHS) + ") a(region)"
"""The country and the regions in which a village lies, from the posting `p`."""
CELL = "cube, region, k1, k2, k3"
