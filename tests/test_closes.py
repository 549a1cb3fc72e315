"""Closes: published numbers move when enough households of a block have changed, and equal a naive recount."""

from __future__ import annotations

import copy
import datetime as dt
import itertools
import random
from typing import Any

import asyncpg
import pytest

from registry.codes import IndicatorName, RegionLevel
from registry.figures.closing import LOCK
from registry.figures.ledger import LEDGERS
from registry.figures.published import is_too_fine, margin, published
from registry.figures.tables import TABLES, Table
from registry.figures.unit import Unit
from registry.figures.units import BUSINESS, HOUSEHOLD, MIGRANT, PERSON
from registry.guard.close_crossings import CLOSING
from tests.ledgers import Country, House, some_content
from tests.naive_publishing import Closes, numbers

pytestmark = pytest.mark.anyio
VILLAGES = [f"{p}.{r:02}.01.2{v:03}" for p in (35, 52) for r in (1, 2) for v in range(1, 4)]
OPEN = "until = 'infinity'"
ALL = f"SELECT indicator, part, by, place, keys::text, shown, since FROM published WHERE {OPEN} ORDER BY 1, 2, 3, 4, 5"


def houses(rng: random.Random, villages: list[str], count: int) -> list[House]:
    """So many households in each village."""
    return [House(code, some_content(rng), lot=rng.getrandbits(31)) for code in villages for _ in range(count)]


async def close(admin: asyncpg.Connection, unit: Unit) -> int:
    return int(await admin.fetchval(f"SELECT registry.close_{unit.name}('infinity')"))


async def close_all(admin: asyncpg.Connection) -> int:
    return sum([await close(admin, unit) for unit in CLOSING])


async def everything(admin: asyncpg.Connection) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in await admin.fetch(ALL)]


async def ledger_rows(admin: asyncpg.Connection, unit: Unit) -> list[dict[str, Any]]:
    rows = [dict(row) for row in await admin.fetch(f"SELECT * FROM {LEDGERS[unit].name}")]
    for row in rows:
        row["until"] = row["until"].replace(tzinfo=dt.UTC) if row["until"].tzinfo is None else row["until"]
    return rows


async def compare(admin: asyncpg.Connection, unit: Unit, closes: Closes) -> int:
    """Compare the closes of a ledger and each published table of it with the naive ones; return how many tables."""
    rows = await ledger_rows(admin, unit)
    stored: dict[tuple[int, str], list[Any]] = {}
    text = "SELECT depth, place, since FROM block_close WHERE ledger = $1 AND depth > 0 ORDER BY since"
    for row in await admin.fetch(text, unit.name):
        stored.setdefault((row["depth"], row["place"]), []).append(row["since"])
    assert stored == {block: instants for block, instants in closes.at.items() if instants}
    compared = 0
    for table in TABLES.values():
        for part in table.parts:
            count = part.counts
            if count.unit is not unit or count.window is not None or count.dated is not None:
                continue
            expected = numbers(rows, count.where, table.by, closes, table.block, table.indicator.rounded_to)
            if table.is_headline:  # the country's are exact, and have a test of their own
                expected = {key: number for key, number in expected.items() if key[0] != "0"}
            text = f"SELECT place, keys, shown FROM published WHERE {OPEN} AND indicator = $1 AND part = $2 AND by = $3"
            stored_rows = await admin.fetch(text, table.indicator.name, part.name, table.by_text)
            shown = {
                (row["place"], tuple(row["keys"])): row["shown"]
                for row in stored_rows
                if not (table.is_headline and row["place"] == "0")
            }
            assert shown == expected, (table.indicator.name, table.by)
            compared += 1
    return compared


async def run(admin: asyncpg.Connection, seed: int, rounds: int, count: int) -> int:
    """Households are verified, change, move and leave; after each round every table is compared."""
    rng = random.Random(seed)
    country = await Country.of(admin, VILLAGES)
    living = houses(rng, VILLAGES, count)
    await country.verify(living)
    closes = {unit: Closes() for unit in CLOSING}
    compared = 0
    for _ in range(rounds):
        for unit, naive in closes.items():
            await close(admin, unit)
            at = await admin.fetchval(
                f"SELECT since FROM block_close WHERE ledger = $1 AND depth = 0 AND {OPEN}", unit.name
            )
            naive.close(await ledger_rows(admin, unit), at)
            compared += await compare(admin, unit, naive)
        some = rng.sample(living, len(living) // rng.choice([3, 8, 20]))
        for house in some:
            match rng.randrange(5):
                case 0:
                    house.village = rng.choice(VILLAGES)
                case 1:
                    house.content = {}
                case 2:
                    pass  # verified again without a change
                case _:
                    house.content = some_content(rng)
        await country.verify(some)
    return compared


@pytest.mark.parametrize("seed", range(2))
async def test_closes_and_published_tables_equal_a_naive_recount(admin: asyncpg.Connection, seed: int) -> None:
    assert await run(admin, seed, rounds=3, count=18) > 60


@pytest.mark.prove
async def test_closes_and_published_tables_of_many_rounds(admin: asyncpg.Connection) -> None:
    compared = await run(admin, 7, rounds=12, count=40)
    print(f"{compared} published tables equal a naive recount")  # noqa: T201  (the proof's count)
    assert compared > 400


# --- time -------------------------------------------------------------------------------------------------------------


def moved(house: House) -> None:
    """Change what every ledger counts of a household, so that no close can count it as unchanged."""
    content = copy.deepcopy(house.content)
    for person in content[PERSON]:
        person["sex"] = "MALE" if person["sex"] == "FEMALE" else "FEMALE"
    for migrant in content[MIGRANT]:
        migrant["stage"] = "RETURNED" if migrant["stage"] != "RETURNED" else "WORKING_ABROAD"
    content[BUSINESS].append(
        {"status": "RUNNING", "field": "CROPS", "export_readiness": "READY", "has_nib": True}
        | {"workers_family": 1, "workers_paid": 0}
    )
    for household in content[HOUSEHOLD]:
        household["receives_remittances"] = not household["receives_remittances"]
    house.content = content


async def test_the_fifth_household_and_a_close_move_a_village_and_no_fewer(admin: asyncpg.Connection) -> None:
    rng = random.Random(3)
    country = await Country.of(admin, VILLAGES[:2])
    living = houses(rng, VILLAGES[:2], 12)
    await country.verify(living)
    await close_all(admin)
    before = await everything(admin)
    for n, house in enumerate(living[:5], 1):
        moved(house)
        await country.verify([house])
        assert await everything(admin) == before, "a verification writes nothing that is published"
        closed = await close_all(admin)
        assert (await everything(admin) != before) is (closed > 0) is (n == 5), n
    touched = {row[3] for row in set(await everything(admin)) ^ set(before)}
    assert touched == {living[0].village}, "no other village moved, and the country has 25 to wait for"


async def test_the_country_waits_while_few_of_those_who_changed_are_outside_one_region(
    admin: asyncpg.Connection,
) -> None:
    """The country's exact numbers less one's own would be what the few others changed."""
    country = await Country.of(admin, VILLAGES)
    living = houses(random.Random(6), VILLAGES, 40)
    await country.verify(living)
    await close_all(admin)
    text = f"SELECT count(*) FROM block_close WHERE place = '0' AND depth > 0 AND {OPEN} AND since > $1"

    async def closed_after(*some: House) -> int:
        at = await admin.fetchval("SELECT clock_timestamp()")
        for house in some:
            moved(house)
        await country.verify(some)
        await close_all(admin)
        return int(await admin.fetchval(text, at))

    of = {village: iter([house for house in living if house.village == village]) for village in VILLAGES}
    here, near, far = VILLAGES[0], VILLAGES[1], VILLAGES[-1]
    assert await closed_after(*itertools.islice(of[here], 24), next(of[near])) == 0, "an official of the village"
    assert await closed_after(*itertools.islice(of[near], 3)) == 0
    assert await closed_after(next(of[near])) > 0, "the fifth"
    assert await closed_after(*itertools.islice(of[near], 25), next(of[far])) == 0, "an official of the province"
    assert await closed_after(*itertools.islice(of[far], 4)) > 0
    assert await closed_after(*itertools.islice(of[far], 25)) > 0, "elsewhere nothing changed"


async def test_verifications_without_a_change_move_nothing(admin: asyncpg.Connection) -> None:
    country = await Country.of(admin, VILLAGES[:2])
    living = houses(random.Random(4), VILLAGES[:2], 12)
    await country.verify(living)
    await close_all(admin)
    before = await everything(admin)
    for _ in range(10):
        await country.verify(living)
        assert await close_all(admin) == 0
    assert await everything(admin) == before


async def test_what_changed_and_changed_back_moves_nothing(admin: asyncpg.Connection) -> None:
    country = await Country.of(admin, VILLAGES[:1])
    living = houses(random.Random(5), VILLAGES[:1], 12)
    await country.verify(living)
    await close_all(admin)
    contents = [copy.deepcopy(house.content) for house in living]
    for house in living:
        moved(house)
    await country.verify(living)
    for house, content in zip(living, contents, strict=True):
        house.content = content
    await country.verify(living)
    assert await close_all(admin) == 0


async def test_each_ledger_closes_by_its_own_changes(admin: asyncpg.Connection) -> None:
    """Five families with a new member move no number of businesses: one of them alone may have a new business."""
    country = await Country.of(admin, VILLAGES[:1])
    living = houses(random.Random(6), VILLAGES[:1], 12)
    await country.verify(living)
    await close_all(admin)
    before = await admin.fetchval("SELECT count(*) FROM block_close WHERE depth > 0")
    for house in living[:5]:
        house.content[PERSON].append({"sex": "MALE", "born": dt.date(2026, 1, 1), "education": None})
    living[0].content[BUSINESS].append({"status": "RUNNING", "field": "CROPS", "workers_family": 0, "workers_paid": 0})
    await country.verify(living[:5])
    assert [await close(admin, unit) for unit in (PERSON, MIGRANT, BUSINESS)] == [1, 0, 0]
    assert await admin.fetchval("SELECT count(*) FROM block_close WHERE depth > 0") == before + 1


async def test_an_earlier_day_shows_what_was_published_then(admin: asyncpg.Connection) -> None:
    country = await Country.of(admin, VILLAGES[:3])
    living = houses(random.Random(8), VILLAGES[:3], 12)
    await country.verify(living)
    await close_all(admin)
    table = TABLES[IndicatorName.PERSONS_ACTIVE, ()]
    then = await admin.fetchval("SELECT clock_timestamp()")
    question = published(table, RegionLevel.VILLAGE, "'35'", "$1::timestamptz")
    before = await admin.fetch(question, then)
    assert before
    for house in living:
        moved(house)
    await country.verify(living)
    await close_all(admin)
    assert await admin.fetch(question, then) == before
    assert await admin.fetch(question, await admin.fetchval("SELECT clock_timestamp()")) != before


# --- the country ------------------------------------------------------------------------------------------------------


def hidden(counts: dict[str, int]) -> set[str]:
    """The keys that the headline does not show."""
    keys = sorted(counts, key=lambda key: (counts[key], key))
    gone = [key for key in keys if counts[key] < 5]
    rest = [key for key in keys if counts[key] >= 5]
    while gone and rest and (len(gone) == 1 or sum(counts[key] for key in gone) < 5):
        gone.append(rest.pop(0))
    return set(gone)


@pytest.mark.parametrize(
    "counts",
    [
        {"CROPS": 9, "FISHERY": 7, "LIVESTOCK": 6},
        {"CROPS": 9, "FISHERY": 7, "LIVESTOCK": 1},
        {"CROPS": 9, "FISHERY": 7, "LIVESTOCK": 1, "FOOD_PROCESSING": 1},
        {"CROPS": 9, "FISHERY": 4, "LIVESTOCK": 1, "FOOD_PROCESSING": 1},
        {"CROPS": 9, "FISHERY": 4, "LIVESTOCK": 4},
    ],
    ids=str,
)
async def test_the_headline_is_exact_and_hides_small_cells_with_the_next(
    admin: asyncpg.Connection, counts: dict[str, int]
) -> None:
    country = await Country.of(admin, VILLAGES)
    living = houses(random.Random(9), VILLAGES, 4)
    shops = [field for field, count in counts.items() for _ in range(count)]
    for n, house in enumerate(living):
        house.content[BUSINESS] = [
            {"status": "RUNNING", "field": field, "export_readiness": "READY", "workers_family": 0, "workers_paid": 0}
            for field in shops[n :: len(living)]
        ] or [{"status": "CLOSED", "field": "CROPS", "workers_family": 0, "workers_paid": 0}]
    await country.verify(living)
    await close_all(admin)
    total = await admin.fetch(published(TABLES[IndicatorName.BUSINESSES, ()], None, "'0'"))
    assert [row["shown"] for row in total] == [len(shops)]
    table = next(table for table in TABLES.values() if table.is_headline and table.by_text == "BUSINESS_FIELD")
    rows = await admin.fetch(published(table, None, "'0'"))
    gone = hidden(counts)
    assert {row["keys"][0]: row["shown"] for row in rows} == counts | dict.fromkeys(gone)
    assert not gone or len(gone) > 1


async def test_numbers_add_up_along_the_regions(admin: asyncpg.Connection) -> None:
    country = await Country.of(admin, VILLAGES)
    await country.verify(houses(random.Random(10), VILLAGES, 45))
    await close_all(admin)
    levels = [RegionLevel.PROVINCE, RegionLevel.REGENCY, RegionLevel.DISTRICT, RegionLevel.VILLAGE]

    async def answer(table: Table, level: RegionLevel) -> dict[tuple[str, tuple[str, ...]], int]:
        rows = await admin.fetch(published(table, level, "'0'"))
        return {(row["region"], tuple(row["keys"])): row["shown"] for row in rows}

    compared = 0
    for table in TABLES.values():
        fine = [level for level in levels if not is_too_fine(table, level)]
        for above, below in itertools.pairwise(fine):
            sums: dict[tuple[str, tuple[str, ...]], int] = {}
            width = {"PROVINCE": 2, "REGENCY": 5, "DISTRICT": 8}[above]
            for (region, keys), number in (await answer(table, below)).items():
                sums[region[:width], keys] = sums.get((region[:width], keys), 0) + number
            assert sums == await answer(table, above), (table.indicator.name, table.by, above)
            compared += 1
        for level in set(levels) - set(fine):
            with pytest.raises(ValueError, match="is not published"):
                published(table, level, "'0'")
    assert compared > 60


# --- closing itself ---------------------------------------------------------------------------------------------------


async def test_a_second_close_waits_for_nobody_and_a_night_is_closed_once(
    admin: asyncpg.Connection, postgres: Any
) -> None:
    country = await Country.of(admin, VILLAGES[:1])
    await country.verify(houses(random.Random(11), VILLAGES[:1], 8))
    other = await asyncpg.connect(postgres.dsn(await admin.fetchval("SELECT current_database()")))
    await other.execute(f"SELECT pg_advisory_lock({LOCK})")
    assert await admin.fetchval("SELECT registry.close_person('infinity')") is None
    await other.close()
    midnight = await admin.fetchval("SELECT clock_timestamp()")
    while await admin.fetchval("SELECT registry.close_person($1)", midnight) is None:
        pass
    assert await admin.fetchval("SELECT count(*) FROM block_close WHERE depth = 0 AND ledger = 'person'") == 1
    assert await admin.fetchval("SELECT registry.close_person($1)", midnight) == 0
    assert await admin.fetchval("SELECT count(*) FROM block_close WHERE depth = 0 AND ledger = 'person'") == 1


async def test_the_margin_is_sure_for_a_village_and_likely_for_a_sum(admin: asyncpg.Connection) -> None:
    assert [margin(n, 5) for n in (0, 1, 2, 4, 100)] == [0, 4, 8, 10, 50]
    assert margin(1, 10) == 9
    for cells, k in itertools.product((0, 1, 2, 3, 7, 402, 75_000), (1, 5, 10)):
        assert await admin.fetchval("SELECT registry.margin($1, $2)", cells, k) == margin(cells, k)
