"""Questions that cubes answer: kept, counted and recounted in Python are the same, on any day and with any queue."""

from __future__ import annotations

import datetime as dt
import itertools
import json
import random
import sys
from collections.abc import Sequence

import asyncpg
import pytest

from registry.codes import Dimension
from registry.figures.catalogue import INDICATORS
from registry.figures.count import Count, amount, conditions, key_of
from registry.figures.cube import CUBES, LENGTHS, REGENCY, VILLAGE, Cube
from registry.figures.indicator import LIVE, PERIODS, PLACES
from registry.figures.ledger import LEDGERS
from registry.figures.router import cube_for, from_cells
from registry.figures.unit import KEYS, Unit
from registry.figures.units import BUSINESS, EPISODE, HOUSEHOLD, MIGRANT, PERSON, UNITS
from registry.figures.windows import ENDING_SOON, MINOR
from registry.write.fold import fold
from server.database.cells import rebuild, wrong_cells
from tests.histories import TODAY, Answer, recount, write_history
from tests.village import Place

pytestmark = pytest.mark.anyio
D = Dimension
ABROAD = {"stage": ("WORKING_ABROAD",)}
QUESTIONS: list[tuple[Count, tuple[Dimension, ...]]] = [
    (Count(HOUSEHOLD, {"pmi": ("true",)}), ()),
    (Count(PERSON), (D.SEX,)),
    (Count(MIGRANT, ABROAD), (D.SEX, D.COUNTRY)),
    (Count(MIGRANT, ABROAD | {"procedural_status": ("NON_PROCEDURAL", "")}), (D.SECTOR,)),
    (Count(PERSON, {"parents_abroad": ("MOTHER", "FATHER", "BOTH")}, window=MINOR), ()),
    (Count(MIGRANT, ABROAD, window=ENDING_SOON), (D.STAGE,)),
    (Count(EPISODE, dated="returned_on"), (D.MONTH, D.QUARTER, D.YEAR, D.RETURN_REASON, D.COUNTRY)),
    (Count(EPISODE, {"sex": ("FEMALE",)}, dated="departed_on"), (D.YEAR, D.COUNTRY)),
    (Count(BUSINESS, {"status": ("RUNNING",)}), (D.BUSINESS_FIELD, D.EXPORT_READINESS)),
]
INDICATOR_QUESTIONS = [
    (count, tuple(d for d in indicator.by if d not in (*PLACES, *PERIODS, *LIVE)))
    for indicator in INDICATORS.values()
    for count in (indicator.counts, indicator.per)
    if count is not None
]
REGIONS = (None, D.PROVINCE, D.REGENCY, D.DISTRICT, D.VILLAGE)


def ways(place: str) -> tuple[int, str, str]:
    """The level of a place, and the codes between which it lies."""
    return (0, "0", ":") if place == "0" else (LENGTHS.index(len(place)), place, f"{place}/")


async def count_ledger(
    connection: asyncpg.Connection, count: Count, by: Sequence[Dimension], level: int, place: str, day: dt.date | None
) -> Answer:
    """The same count by SQL over the ledger."""
    _, inside, below = ways(place)
    as_of = f"'{day or TODAY}'::date"
    end = f"timezone('Asia/Jakarta', ({as_of} + 1)::timestamp)"
    is_open = "l.until = 'infinity'" if day is None else f"l.since < {end} AND l.until >= {end}"
    region = f"left(l.area, {LENGTHS[level]})" if level else "'0'"
    keys = ", ".join(key_of(count, dimension, as_of) for dimension in by)
    tests = " AND ".join([is_open, "l.area >= $1", "l.area < $2", *conditions(count, as_of)])
    text = f"SELECT {region} AS region, ARRAY[{keys}]::text[] AS keys, {amount(count)} AS n"
    rows = await connection.fetch(f"{text} FROM {count.unit.ledger} l WHERE {tests} GROUP BY 1, 2", inside, below)
    return {(row["region"], tuple(row["keys"])): row["n"] for row in rows}


async def read_cells(
    connection: asyncpg.Connection, text: str, place: str, days: Sequence[dt.date]
) -> dict[dt.date | None, Answer]:
    _, inside, below = ways(place)
    answers: dict[dt.date | None, Answer] = {day: {} for day in days} or {None: {}}
    for row in await connection.fetch(text, inside, below, *([list(days)] if days else [])):
        day = row["day"] if days else None
        answers[day][row["region"], tuple(row["keys"])] = row["n"]
    return answers


async def ask(connection: asyncpg.Connection, rng: random.Random, places: Sequence[str]) -> bool:
    """One random question in one snapshot.  Returns whether a cube answered it."""
    count, dimensions = rng.choice(rng.choice((QUESTIONS, INDICATOR_QUESTIONS)))
    place, lowest = rng.choice(places), rng.choice(REGIONS)
    by = tuple(rng.sample(dimensions, rng.randint(0, len(dimensions))))
    level = max(ways(place)[0], REGIONS.index(lowest))
    if lowest is not None:
        by = (lowest, *by)
    days: list[dt.date] = []
    month_ends = count.dated is None and rng.random() < 0.3
    if count.dated is None and rng.random() < 0.7:
        days = [TODAY - dt.timedelta(days=rng.randint(0, 820)) for _ in range(rng.randint(1, 3))]
        days = sorted({(day.replace(day=1) - dt.timedelta(days=1)) if month_ends else day for day in days})
    source = "$3::date[]" if days else None
    text = from_cells(count, by, level, source, month_ends=month_ends, inside="$1", below="$2")
    if text is None:
        return False
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        kept = await read_cells(connection, text, place, days)
        rows = await connection.fetch(f"SELECT * FROM {count.unit.ledger}")
        for day, answer in kept.items():
            counted = await count_ledger(connection, count, by, level, place, day)
            assert answer == counted, (count, by, level, place, day)
            assert counted == recount(rows, count, by, level, place, day), (count, by, level, place, day)
    return True


async def ask_many(village: Place, rng: random.Random, answers: int) -> int:
    """Random questions while the queue is long, half folded, and empty, and after a rebuild: so many answers of cells
    in each of these four states.  Returns how many questions were asked for them."""
    connection = village.admin
    villages = await connection.fetch("SELECT id, code FROM region WHERE level = 'VILLAGE' AND valid_to IS NULL")
    codes = [row["code"] for row in villages]
    places = ["0", *sorted({code[:length] for code in codes for length in LENGTHS[1:]})]
    asked = 0
    for step in range(4):
        if step < 2:
            for _ in range(10):
                await write_history(connection, rng, villages)
        elif step == 2:
            await connection.fetchval("SELECT registry.fold(100000)")
        else:
            await rebuild(connection)
        answered = 0
        for _ in range(answers * 50):
            asked += 1
            answered += await ask(connection, rng, places)
            if answered == answers:
                break
        assert answered == answers
        if step == 0:
            await connection.fetchval("SELECT registry.fold(7)")
        assert (await wrong_cells(connection))[2] == 0
    return asked


@pytest.mark.parametrize("seed", range(2))
async def test_kept_is_counted_is_recounted(village: Place, seed: int) -> None:
    await ask_many(village, random.Random(seed), 20)


@pytest.mark.prove
@pytest.mark.parametrize("seed", range(100, 110))
async def test_kept_is_counted_is_recounted_whole(
    village: Place, seed: int, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = await ask_many(village, random.Random(seed), 100)
    with capsys.disabled():
        sys.stdout.write(f"seed {seed}: {asked} questions, 400 of them answered by cells as they are counted\n")


async def test_the_calendar_alone_moves_figures(village: Place) -> None:
    """Days pass, up to eleven years, and nobody writes."""
    rng, connection = random.Random(5), village.admin
    villages = await connection.fetch("SELECT id, code FROM region WHERE level = 'VILLAGE' AND valid_to IS NULL")
    for _ in range(150):
        await write_history(connection, rng, villages)
    while await fold(village.database):
        pass
    days = [TODAY + dt.timedelta(days=rng.randint(1, rng.choice((600, 4_000)))) for _ in range(60)]
    days += [dt.date(2028, 2, 28), dt.date(2028, 2, 29), dt.date(2028, 3, 1), dt.date(2030, 2, 28), dt.date(2030, 3, 1)]
    for count in (QUESTIONS[4][0], QUESTIONS[5][0]):
        text = from_cells(count, (), 0, "$3::date[]", inside="$1", below="$2")
        assert text is not None
        rows = await connection.fetch(f"SELECT * FROM {count.unit.ledger}")
        kept = await read_cells(connection, text, "0", sorted(set(days)))
        for day, answer in kept.items():
            assert answer == recount(rows, count, (), 0, "0", day), (count, day)
            assert answer == await count_ledger(connection, count, (), 0, "0", day), (count, day)
        assert len({tuple(answer.values()) for answer in kept.values()}) > 3, "the calendar moves it"


def test_the_smallest_cube_that_holds_the_answer() -> None:
    def chosen(*question: object, **more: object) -> Cube | None:
        return cube_for(*question, **more)  # type: ignore[arg-type]

    migrants = Count(MIGRANT, ABROAD)
    assert chosen(migrants, (), 0) == CUBES[2]
    assert chosen(migrants, (D.SEX,), REGENCY) == CUBES[4]
    assert chosen(migrants, (D.SEX,), VILLAGE) is None
    assert chosen(migrants, (D.SEX,), 0, "$1") is None, "its days are not kept"
    assert chosen(migrants, (D.SEX,), 0, "$1", month_ends=True) == CUBES[4]
    assert chosen(migrants, (D.AGE_BAND,), 0) is None
    assert chosen(Count(PERSON, window=MINOR), (), 0) is None, "a cube of known ones holds no others"
    assert chosen(Count(PERSON, {"parents_abroad": ("", "BOTH")}, MINOR), (), 0) is None
    assert chosen(Count(BUSINESS, sum="workers_paid"), (), 0) is None
    assert chosen(Count(EPISODE), (), 0) is None, "episodes without the day are not in it"


async def copy(connection: asyncpg.Connection, unit: Unit) -> None:
    """Twenty rows of its ledger a thousand times, of other households."""
    columns = [column.name for column in LEDGERS[unit].c]
    values = ["gen_random_uuid()" if name in KEYS else f"l.{name}" for name in columns]
    source = f"(SELECT * FROM {unit.ledger} LIMIT 20) l CROSS JOIN generate_series(1, 1000)"
    await connection.execute(
        f"INSERT INTO {unit.ledger} ({', '.join(columns)}) SELECT {', '.join(values)} FROM {source}"
    )
    await connection.execute(f"ANALYZE {unit.ledger}")


@pytest.mark.parametrize("days", [None, "ARRAY['2026-06-30'::date]"])
async def test_a_kept_question_reads_a_ledger_by_household_alone(village: Place, days: str | None) -> None:
    connection, rng = village.admin, random.Random(6)
    villages = await connection.fetch("SELECT id, code FROM region WHERE level = 'VILLAGE' AND valid_to IS NULL")
    transaction = connection.transaction()
    await transaction.start()
    try:
        for _ in range(20):
            await write_history(connection, rng, villages)
        for unit in UNITS:
            await copy(connection, unit)
        await connection.execute("ANALYZE figure_due")
        joined = 0
        for (count, _), place in itertools.product(QUESTIONS, ["0", *[row["code"] for row in villages]]):
            _, inside, below = ways(place)
            source = None if count.dated else days
            text = from_cells(count, (), 0, source, month_ends=True, inside=f"'{inside}'", below=f"'{below}'")
            assert text is not None, count
            plan = json.loads(await connection.fetchval(f"EXPLAIN (FORMAT JSON) {text}"))
            for node in nodes(plan[0]["Plan"]):
                if str(node.get("Relation Name", "")).startswith("ledger_"):
                    assert "household_id" in str(node.get("Index Cond") or node.get("Recheck Cond")), (count, node)
                    joined += 1
        assert joined >= 2 * len(QUESTIONS), "both parts of each ledger"
    finally:
        await transaction.rollback()


def nodes(plan: dict[str, object]) -> list[dict[str, object]]:
    below = plan.get("Plans", [])
    assert isinstance(below, list)
    return [plan, *[node for child in below for node in nodes(child)]]
