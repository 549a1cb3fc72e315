"""A solver takes all that callers can get over HTTP, alone or two together, and finds no small count of others."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from typing import Any

import pytest

from registry.codes import Dimension, IndicatorName, RegionLevel, Sex
from registry.figures.published import is_too_fine, margin
from registry.figures.tables import TABLES
from registry.figures.units import MIGRANT
from tests.disclosure import Base, Cell, Solver, Told, counts, covers, regions_of, small_cells, thresholded
from tests.ledgers import COUNTRIES, Country, House
from tests.test_closes import close_all, houses
from tests.test_statistics import asked
from tests.village import FAR, HERE, NEXT_DOOR, SUCCESSORS, Place

pytestmark = pytest.mark.anyio
VILLAGES = [HERE, NEXT_DOOR, SUCCESSORS[0], FAR]
SECTORS = ["FORMAL", "INFORMAL", "SEA_BASED"]
DIMENSIONS = {"SEX": [sex.value for sex in Sex], "COUNTRY": list(COUNTRIES), "SECTOR": SECTORS}
NAMES = list(DIMENSIONS)
ACTIVE = IndicatorName.PERSONS_ACTIVE
ASKED = [by for n in range(4) for by in itertools.combinations(NAMES, n)]
IN_VILLAGES = [("SEX",), ("COUNTRY",), ("SECTOR",), ("SEX", "COUNTRY"), ("COUNTRY", "SECTOR")]
OWN: dict[str, tuple[str, ...]] = {
    "nobody": (),
    "officer": (HERE,),
    "next door": (NEXT_DOOR,),
    "stranger": (FAR,),
    "both villages": (HERE, NEXT_DOOR),
}
"""Caller → the villages that they see exactly."""
TOGETHER = [("nobody",), ("officer",), ("stranger",), ("officer", "stranger"), ("both villages", "stranger")]
"""Callers who put together what they get."""
MOST = 200


def some_houses(rng: random.Random) -> list[House]:
    """Enough in each province that its finest tables are published."""
    living = [*houses(rng, VILLAGES[:3], 45), *houses(rng, [FAR], 130)]
    for house in living:
        for migrant in house.content[MIGRANT]:
            migrant["sector"] = rng.choices(SECTORS, [6, 4, 1])[0]
    return living


async def true_counts(place: Place) -> Base:
    rows = await place.admin.fetch(
        "SELECT area, sex, country, sector FROM ledger_migrant WHERE until = 'infinity' AND stage = 'WORKING_ABROAD'"
    )
    return Counter((row["area"], (row["sex"], row["country"], row["sector"])) for row in rows)


async def ask_everything(place: Place, who: str, own: tuple[str, ...]) -> Told:
    """Every declared table at every level, as this caller."""
    told = Told()
    for by in ASKED:
        table = TABLES.get((ACTIVE, tuple(Dimension[name] for name in by)))
        for level in (None, *RegionLevel):
            answer = await asked(place, who, ACTIVE, by=(*((level.value,) if level else ()), *by))
            _learn(told, by, level, answer, own, published=table is not None and not is_too_fine(table, level))
    return told


def _learn(
    told: Told, by: tuple[str, ...], level: RegionLevel | None, answer: Any, own: tuple[str, ...], *, published: bool
) -> None:
    """What a table of one level tells; a cell without a row, or without a number, is 0 or published as 0."""
    values: dict[Cell, tuple[int | None, bool]] = {}
    for row in [answer["total"]] if not by and level is None else answer["rows"]["nodes"]:
        keys = tuple(key["key"] for key in row["keys"])
        (figure,) = row["figures"]
        region, of = (keys[0], keys[1:]) if level else ("", keys)
        values[Cell(region, by, of)] = (None if figure["value"] is None else int(figure["value"]), figure["exact"])
    for region in regions_of(VILLAGES, level.value if level else "COUNTRY"):
        for keys in itertools.product(*(DIMENSIONS[name] for name in by)):
            cell = Cell(region, by, keys)
            number, is_exact = values.get(cell, (None, region in own))
            if is_exact:
                told.exact[cell] = number or 0
            elif published:
                told.rounded[cell] = number or 0


def targets(base: Base, own: tuple[str, ...], rng: random.Random, most: int | None) -> dict[Cell, int]:
    """Small cells of others."""
    small = small_cells(base, NAMES, IN_VILLAGES, [village for village in VILLAGES if village not in own])
    chosen = list(small) if most is None else rng.sample(list(small), min(most, len(small)))
    return {cell: small[cell] for cell in chosen}


def solve(told: Told, chosen: dict[Cell, int], k: int) -> tuple[int, int]:
    """How many of the cells have one value alone, and the fewest values that any other has left."""
    solver, determined, fewest = Solver(VILLAGES, DIMENSIONS, told, k, MOST), 0, MOST
    for cell, count in chosen.items():
        least, largest = solver.values(cell)
        assert least <= count <= largest
        determined += least == largest
        if least != largest:
            fewest = min(fewest, largest - least + 1)
    return determined, fewest


async def attack(place: Place, seed: int, closes: int, most: int | None) -> tuple[int, int, int]:
    """Targets, how many are told, and the fewest values left, over all callers at some closes."""
    rng = random.Random(seed)
    country = Country(place.admin, {code: place.regions[code] for code in VILLAGES})
    living = some_houses(rng)
    await country.verify(living)
    attacked = determined = 0
    fewest = MOST
    for _ in range(closes):
        await close_all(place.admin)
        base = await true_counts(place)
        for callers in TOGETHER:
            told = Told()
            for who in callers:
                told |= await ask_everything(place, who, OWN[who])
            chosen = targets(base, tuple(itertools.chain(*(OWN[who] for who in callers))), rng, most)
            found, left = solve(told, chosen, 5)
            attacked, determined, fewest = attacked + len(chosen), determined + found, min(fewest, left)
        for house, other in zip(living, some_houses(rng), strict=True):
            house.content = other.content
        await country.verify(living)
    await country.verify([House(house.village, {}, house.id, house.lot) for house in living])
    return attacked, determined, fewest


async def test_no_small_count_of_others_is_told(village: Place) -> None:
    attacked, determined, fewest = await attack(village, 15, closes=1, most=4)
    assert attacked > 15
    assert determined == 0
    assert fewest > 1


@pytest.mark.prove
async def test_no_small_count_of_others_is_told_at_three_closes(village: Place) -> None:
    attacked, determined, fewest = await attack(village, 16, closes=3, most=40)
    print(f"{attacked} small cells attacked, {determined} determined, at least {fewest} values left")  # noqa: T201
    assert attacked > 200
    assert determined == 0


def invented(rng: random.Random) -> Base:
    cells = [(village, keys) for village in VILLAGES for keys in itertools.product(*DIMENSIONS.values())]
    return {cell: rng.choices([0, 1, 2, 3], [14, 3, 2, 1])[0] for cell in cells}


def _by_lot(base: Base, told: Told, rng: random.Random) -> Told:
    """The same tables as they are published: each village's cell is rounded by a lot of its own, and they add up."""
    lots: dict[Cell, int] = {}
    rounded = {}
    for cell in told.rounded:
        parts = [village for village in VILLAGES if covers(cell.region, village)] if cell.region else [""]
        rounded[cell] = 0
        for part in parts:
            count = counts(base, NAMES, part, cell.by)[cell.keys]
            lot = lots.setdefault(Cell(part, cell.by, cell.keys), rng.randrange(5)) if count else 0
            rounded[cell] += (count + lot) // 5 * 5
    return Told(rounded=rounded)


def test_the_solver_finds_what_other_rules_tell() -> None:
    """Without rounding, and with the usual rule of hiding small cells and the next smallest, it finds a quarter."""
    rng = random.Random(17)
    base = invented(rng)
    chosen = targets(base, (), rng, 24)
    assert len(chosen) == 24
    told = Told()
    for by in ASKED:
        table = TABLES[ACTIVE, tuple(Dimension[name] for name in by)]
        for level in (None, *RegionLevel):
            if is_too_fine(table, level):
                continue
            for region in regions_of(VILLAGES, level.value if level else "COUNTRY"):
                shown = counts(base, NAMES, region, by)
                for keys in itertools.product(*(DIMENSIONS[name] for name in by)):
                    told.rounded[Cell(region, by, keys)] = shown[keys]
    assert solve(told, chosen, 1)[0] > len(chosen) / 4
    assert solve(_by_lot(base, told, rng), chosen, 5)[0] == 0
    usual = thresholded(base, NAMES, ASKED, VILLAGES)
    assert solve(usual, chosen, 1)[0] > len(chosen) / 4


# --- how far the numbers are off --------------------------------------------------------------------------------------


async def test_the_margin_holds_and_the_rounding_leans_to_neither_side(village: Place) -> None:
    rng = random.Random(18)
    country = Country(village.admin, {code: village.regions[code] for code in VILLAGES})
    differences: list[int] = []
    held = cells = 0
    for _ in range(6):
        living = some_houses(rng)  # new households draw new lots
        await country.verify(living)
        await close_all(village.admin)
        base = await true_counts(village)
        for by in IN_VILLAGES[:3]:
            text = f"SELECT place, keys, shown FROM published WHERE {OPEN} AND indicator = $1 AND by = $2"
            rows = await village.admin.fetch(f"{text} AND place <> '0'", ACTIVE, " ".join(by))
            for place in (*VILLAGES, "35.07", "35"):
                shown: Counter[tuple[str, ...]] = Counter()
                for row in rows:
                    shown[tuple(row["keys"])] += row["shown"] if covers(place, row["place"]) else 0
                for keys, count in counts(base, NAMES, place, by).items():
                    difference = shown[keys] - count
                    held += abs(difference) <= margin(sum(covers(place, each) for each in VILLAGES), 5)
                    cells += 1
                    if place in VILLAGES and count:
                        differences.append(difference)
                        assert abs(difference) <= 4, "surely for one village"
        await country.verify([House(house.village, {}, house.id, house.lot) for house in living])
    assert cells > 300
    assert held >= 0.98 * cells
    mean = sum(differences) / len(differences)
    spread = sum((difference - mean) ** 2 for difference in differences) / len(differences)
    assert abs(mean) <= 3 * (spread / len(differences)) ** 0.5


OPEN = "until = 'infinity'"


def test_a_region_covers_what_lies_below_it() -> None:
    assert covers("", HERE)
    assert covers("35.07", HERE)
    assert not covers("35.0", HERE)
    assert not covers(HERE, NEXT_DOOR)
