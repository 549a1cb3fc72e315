"""Whoever wants to know a hidden count: their answers become equations, and a solver finds what these leave.

The unknowns are the true counts of each village by all dimensions at once; a hidden count is told if the solver finds
one value alone that agrees with everything.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import highspy

Keys = tuple[str, ...]
Base = Mapping[tuple[str, Keys], int]
"""(village, value of every dimension) → true count."""
WIDTHS = {"VILLAGE": 13, "DISTRICT": 8, "REGENCY": 5, "PROVINCE": 2, "COUNTRY": 0}


@dataclass(frozen=True)
class Cell:
    """One number of a table: of a region (''  the country), by some of the dimensions."""

    region: str
    by: tuple[str, ...]
    keys: Keys


@dataclass
class Told:
    """What a caller knows of the cells: their counts, sums of rounded villages' counts, or that one is hidden."""

    exact: dict[Cell, int] = field(default_factory=dict)
    rounded: dict[Cell, int] = field(default_factory=dict)
    hidden: set[Cell] = field(default_factory=set)

    def __or__(self, other: Told) -> Told:
        return Told(self.exact | other.exact, self.rounded | other.rounded, self.hidden | other.hidden)


def covers(region: str, village: str) -> bool:
    return village == region or region == "" or village.startswith(f"{region}.")


class Solver:
    """The unknowns of some villages, and what a caller was told of them."""

    def __init__(self, villages: list[str], dimensions: Mapping[str, list[str]], told: Told, k: int, most: int) -> None:
        self.names = list(dimensions)
        self.model: Any = highspy.Highs()  # type: ignore[no-untyped-call]  # the library has no types here
        self.model.setOptionValue("output_flag", False)
        self.unknown = {
            (village, keys): self._integer(most)
            for village in villages
            for keys in itertools.product(*dimensions.values())
        }
        for cell, value in told.exact.items():
            self._require(self.parts(cell), value, value)
        for cell in told.hidden:
            self._require(self.parts(cell), 1, highspy.kHighsInf)
        rounded: dict[Cell, int] = {}
        for cell, value in told.rounded.items():
            places = [village for village in villages if covers(cell.region, village)] if cell.region else [""]
            multiples = [Cell(place, cell.by, cell.keys) for place in places]
            for of_part in multiples:
                if of_part not in rounded:
                    rounded[of_part] = self._rounded(of_part, k, most * len(self.unknown))
            self._require(dict.fromkeys([rounded[of_part] for of_part in multiples], k), value, value)

    def _integer(self, most: int) -> int:
        """A new unknown, by its column."""
        variable = self.model.addVariable(lb=0, ub=most, type=highspy.HighsVarType.kInteger)
        return int(variable.index)

    def _require(self, factors: Mapping[int, int], least: float, most: float) -> None:
        self.model.addRow(least, most, len(factors), list(factors), list(factors.values()))

    def _rounded(self, cell: Cell, k: int, most: int) -> int:
        """A multiple of k that is less than k from the true count, divided by k."""
        multiple = self._integer(most)
        self._require({multiple: k} | dict.fromkeys(self.parts(cell), -1), 1 - k, k - 1)
        return multiple

    def parts(self, cell: Cell) -> dict[int, int]:
        """The unknowns that a cell adds up."""
        places = [self.names.index(name) for name in cell.by]
        return {
            column: 1
            for (village, keys), column in self.unknown.items()
            if covers(cell.region, village) and tuple(keys[place] for place in places) == cell.keys
        }

    def values(self, cell: Cell) -> tuple[int, int]:
        """The least and the largest count of a cell that agree with everything."""
        columns, bounds = list(self.parts(cell)), []
        for sense in (highspy.ObjSense.kMinimize, highspy.ObjSense.kMaximize):
            self.model.changeObjectiveSense(sense)
            self.model.changeColsCost(len(columns), columns, [1.0] * len(columns))
            self.model.clearSolver()
            self.model.run()
            bounds.append(self._optimum(columns))
            self.model.changeColsCost(len(columns), columns, [0.0] * len(columns))
        return bounds[0], bounds[1]

    def _optimum(self, columns: list[int]) -> int:
        status = self.model.getModelStatus()
        assert status == highspy.HighsModelStatus.kOptimal, f"what was told contradicts itself: {status}"
        solution = self.model.getSolution().col_value
        total: float = sum(solution[column] for column in columns)
        return round(total)


def counts(base: Base, names: list[str], region: str, by: tuple[str, ...]) -> Counter[Keys]:
    """The true counts of a table of a region."""
    places, total = [names.index(name) for name in by], Counter[Keys]()
    for (village, keys), count in base.items():
        if covers(region, village):
            total[tuple(keys[place] for place in places)] += count
    return total


def small_cells(
    base: Base, names: list[str], tables: Iterable[tuple[str, ...]], villages: list[str]
) -> dict[Cell, int]:
    """The villages' cells whose true count is 1 to 4."""
    return {
        Cell(village, by, keys): count
        for village, by in itertools.product(villages, tables)
        for keys, count in counts(base, names, village, by).items()
        if 1 <= count <= 4
    }


def regions_of(villages: list[str], level: str) -> list[str]:
    return sorted({village[: WIDTHS[level]] for village in villages})


def thresholded(base: Base, names: list[str], tables: Iterable[tuple[str, ...]], villages: list[str]) -> Told:
    """What the usual rule tells: counts below five are hidden, and the next smallest with one that is alone."""
    told = Told()
    for by, level in itertools.product(tables, WIDTHS):
        for region in regions_of(villages, level):
            table = counts(base, names, region, by)
            ranked = sorted(table, key=lambda keys: (table[keys], keys))
            gone = [keys for keys in ranked if 1 <= table[keys] <= 4]
            rest = [keys for keys in ranked if table[keys] >= 5]
            while gone and rest and (len(gone) == 1 or sum(table[keys] for keys in gone) < 5):
                gone.append(rest.pop(0))
            told.hidden |= {Cell(region, by, keys) for keys in gone}
            told.exact |= {Cell(region, by, keys): table[keys] for keys in table if keys not in gone}
    return told
