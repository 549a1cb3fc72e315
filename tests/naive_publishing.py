"""Closes and published numbers, computed naively in Python from the rows of a ledger: no code of the product's SQL."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

Row = Mapping[str, Any]
Cut = dt.datetime | None
NO_FACTS = {"since", "until", "subject_id", "household_id", "lot", "village_id", "village_then", "area"}
NEEDED = {1: 5, 2: 25, 3: 125}
NEEDED_IN_COUNTRY = {1: 25, 2: 125, 3: 125}
BANDS = ((60, "60+"), (45, "45-59"), (35, "35-44"), (25, "25-34"), (18, "18-24"), (12, "12-17"), (5, "05-11"))


def held(row: Row, at: Cut) -> bool:
    return at is not None and row["since"] <= at < row["until"]


def block_of(area: str, depth: int) -> str:
    return area if depth == 1 else area[: {2: 5, 3: 2}[depth]]


def changed(rows: Sequence[Row], now: Callable[[str], Cut], was: Callable[[str], Cut]) -> dict[str, set[Any]]:
    """Village → the households of which it counts other things than it did."""
    before: dict[tuple[str, Any], Counter[Any]] = defaultdict(Counter)
    after: dict[tuple[str, Any], Counter[Any]] = defaultdict(Counter)
    for row in rows:
        key = row["area"], row["household_id"]
        facts = tuple(value for name, value in row.items() if name not in NO_FACTS)
        if held(row, was(row["area"])):
            before[key][facts] += 1
        if held(row, now(row["area"])):
            after[key][facts] += 1
    households = defaultdict(set)
    for key in before.keys() | after.keys():
        if before[key] != after[key]:
            households[key[0]].add(key[1])
    return households


def few_elsewhere(households: Mapping[str, set[Any]]) -> bool:
    """Whether some region has all households that changed but one to four."""
    for region in {village[:width] for village in households for width in (2, 5, 8, 13)}:
        outside = [those for village, those in households.items() if village[: len(region)] != region]
        if 1 <= len(set().union(*outside)) <= 4:
            return True
    return False


@dataclass
class Closes:
    """(depth, block) → the instants at which it closed; '0' is the country."""

    at: dict[tuple[int, str], list[dt.datetime]] = field(default_factory=lambda: defaultdict(list))

    def last(self, depth: int, block: str, on: Cut = None) -> Cut:
        instants = [at for at in self.at.get((depth, block), ()) if on is None or at <= on]
        return instants[-1] if instants else None

    def close(self, rows: Sequence[Row], at: dt.datetime) -> None:
        """Close what has changed enough, villages first."""
        areas = {row["area"] for row in rows}
        for village, households in changed(rows, lambda _: at, lambda area: self.last(1, area)).items():
            if len(households) >= NEEDED[1]:
                self.at[1, village].append(at)
        for depth in (2, 3):
            blocks: dict[str, set[Any]] = defaultdict(set)

            def was(area: str, depth: int = depth) -> Cut:
                closed = self.last(depth, block_of(area, depth))
                return None if closed is None else self.last(1, area, closed)

            for village, households in changed(rows, lambda area: self.last(1, area), was).items():
                blocks[block_of(village, depth)] |= households
            for block, households in blocks.items():
                if len(households) >= NEEDED[depth]:
                    self.at[depth, block].append(at)
        for depth, needed in NEEDED_IN_COUNTRY.items():
            last = self.last(depth, "0")
            everywhere = changed(rows, lambda _: at, lambda _, last=last: last)  # type: ignore[misc]
            if areas and len(set().union(*everywhere.values())) >= needed and not few_elsewhere(everywhere):
                self.at[depth, "0"].append(at)

    def cut(self, depth: int, area: str) -> Cut:
        """As of when a village counts in the tables of its block."""
        closed = self.last(depth, block_of(area, depth))
        return closed if depth == 1 or closed is None else self.last(1, area, closed)


def age_band(born: dt.date | None, on: dt.date) -> str:
    if born is None:
        return ""
    years = on.year - born.year - ((on.month, on.day) < (born.month, born.day))
    return next((band for least, band in BANDS if years >= least), "00-04")


def key(row: Row, dimension: str, on: dt.date) -> str:
    names = {"BUSINESS_FIELD": "field", "BUSINESS_SCALE": "scale"}
    if dimension == "AGE_BAND":
        return age_band(row["born"], on)
    value = row[names.get(dimension, dimension.lower())]
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def numbers(
    rows: Sequence[Row], where: Mapping[str, Sequence[str]], by: Sequence[str], closes: Closes, depth: int, k: int
) -> dict[tuple[str, tuple[str, ...]], int]:
    """(block, keys) → the published number, of the blocks of one depth and of the country."""
    cells: dict[tuple[str, str, tuple[str, ...]], list[int]] = defaultdict(list)
    for row in rows:
        if any(
            ("" if row[fact] is None else str(row[fact]).lower()) not in _lower(codes) for fact, codes in where.items()
        ):
            continue
        village, country = closes.cut(depth, row["area"]), closes.last(depth, "0")
        judged = closes.last(depth, block_of(row["area"], depth))
        if village is not None and judged is not None and held(row, village):
            keys = tuple(key(row, dimension, civil(judged)) for dimension in by)
            cells[block_of(row["area"], depth), row["area"], keys].append(row["lot"])
        if country is not None and held(row, country):
            cells["0", "0", tuple(key(row, dimension, civil(country)) for dimension in by)].append(row["lot"])
    shown: Counter[tuple[str, tuple[str, ...]]] = Counter()
    for (block, _, keys), lots in cells.items():
        shown[block, keys] += (len(lots) + min(lots) % k) // k * k
    return {block: number for block, number in shown.items() if number}


def _lower(codes: Sequence[str]) -> set[str]:
    return {code.lower() for code in codes}


def civil(at: dt.datetime) -> dt.date:
    return at.astimezone(ZoneInfo("Asia/Jakarta")).date()
