"""Invented ledgers with a past, and a recount of them in plain Python.

Rows go into the ledgers as verification would leave them: one open version of each household at most, each version with
rows of its own, and an entry of the queue for each instant at which something changed.
"""

from __future__ import annotations

import datetime as dt
import random
import uuid
from collections import Counter
from collections.abc import Sequence
from typing import Any

import asyncpg

from registry.codes import Dimension, RegionLevel
from registry.figures.count import AGE_BANDS, AGES, Count, fact_of_dimension
from registry.figures.cube import LENGTHS
from registry.figures.windows import ENDING_SOON, MINOR
from registry.values.civil_day import CAPITAL

TODAY = dt.datetime.now(CAPITAL).date()
LEAP_BIRTHS = [dt.date(2008, 2, 29), dt.date(2010, 2, 28), dt.date(2010, 3, 1), dt.date(2012, 2, 29)]
Row = dict[str, Any]
Answer = dict[tuple[str, tuple[str, ...]], int]
STAGES = ("PROSPECTIVE", "WORKING_ABROAD", "RETURNED")


def some_day(rng: random.Random, before: int, after: int) -> dt.date | None:
    return None if rng.random() < 0.1 else TODAY + dt.timedelta(days=rng.randint(-before, after))


def some_rows(rng: random.Random) -> dict[str, list[Row]]:
    """What the ledgers have of one household: table → facts of each row."""
    sexes, countries = ("MALE", "FEMALE", None), ("MYS", "HKG", "TWN", None)
    parents = ("MOTHER", "FATHER", "BOTH", None)
    has = rng.choice
    return {
        "ledger_household": [{"pmi": has((True, False)), "has_business": has((True, False))}],
        "ledger_person": [
            {
                "sex": has(sexes),
                "parents_abroad": has(parents),
                "born": has(LEAP_BIRTHS) if rng.random() < 0.2 else some_day(rng, 25 * 365, 0),
            }
            for _ in range(rng.randint(1, 4))
        ],
        "ledger_migrant": [
            {
                "sex": has(sexes),
                "stage": has(STAGES),
                "country": has(countries),
                "sector": has(("FORMAL", "INFORMAL", None)),
                "procedural_status": has(("PROCEDURAL", "NON_PROCEDURAL", None)),
                "has_business": has((True, False)),
                "contract_ends": some_day(rng, 700, 700),
            }
            for _ in range(rng.randint(0, 2))
        ],
        "ledger_episode": [
            {
                "sex": has(sexes),
                "country": has(countries),
                "return_reason": has(("CONTRACT_ENDED", "LEAVE", None)),
                "departed_on": some_day(rng, 900, 0),
                "returned_on": some_day(rng, 500, 0),
            }
            for _ in range(rng.randint(0, 3))
        ],
        "ledger_business": [
            {
                "status": has(("RUNNING", "CLOSED")),
                "field": has(("CROPS", "FISHERY", None)),
                "export_readiness": has(("READY", "POTENTIAL", None)),
            }
            for _ in range(rng.randint(0, 2))
        ],
    }


async def write_history(connection: asyncpg.Connection, rng: random.Random, villages: Sequence[asyncpg.Record]) -> None:
    """One household from its first verification until today, or until it left."""
    household, village = uuid.UUID(int=rng.getrandbits(128)), rng.choice(villages)
    moments = sorted(
        dt.datetime.now(dt.UTC) - dt.timedelta(seconds=rng.randint(60, 800 * 86_400)) for _ in range(rng.randint(1, 5))
    )
    leaves = len(moments) > 1 and rng.random() < 0.2
    ends: list[dt.datetime | None] = [*moments[1:], None]
    async with connection.transaction():
        for since, until in zip(moments, ends, strict=True):
            await connection.execute(
                "INSERT INTO figure_due (household_id, village_id, area, at) VALUES ($1, $2, $3, $4)",
                *(household, village["id"], village["code"], since),
            )
            if leaves and until is None:
                continue
            for table, rows in some_rows(rng).items():
                for facts in rows:
                    await _insert(connection, table, facts, household, village, since, until)


async def verify(
    connection: asyncpg.Connection, rng: random.Random, household: uuid.UUID, village: asyncpg.Record
) -> None:
    """A verification now: what is open of the household closes and other rows open, at one instant; the queue knows it.

    As in life, one at a time changes a household."""
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock(hashtext($1))", household.hex)
        at = await connection.fetchval("SELECT clock_timestamp()")
        for table, rows in some_rows(rng).items():
            close = f"UPDATE {table} SET until = $2 WHERE household_id = $1 AND until = 'infinity'"
            await connection.execute(close, household, at)
            for facts in rows:
                await _insert(connection, table, facts, household, village, at, None)
        await connection.execute(
            "INSERT INTO figure_due (household_id, village_id, area, at) VALUES ($1, $2, $3, $4)",
            *(household, village["id"], village["code"], at),
        )


async def _insert(
    connection: asyncpg.Connection,
    table: str,
    facts: Row,
    household: uuid.UUID,
    village: asyncpg.Record,
    since: dt.datetime,
    until: dt.datetime | None,
) -> None:
    subject = household if table == "ledger_household" else uuid.uuid4()
    row = {"since": since, "subject_id": subject, "household_id": household, "lot": 0, "area": village["code"]}
    row |= {"village_id": village["id"], "village_then": village["id"]} | facts
    if until is not None:
        row["until"] = until
    places = ", ".join(f"${n + 1}" for n in range(len(row)))
    await connection.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({places})", *row.values())


def recount(rows: Sequence[asyncpg.Record], count: Count, by: Sequence[Dimension], level: int, inside: str,
            day: dt.date | None) -> Answer:  # fmt: skip
    """The same count by plain Python over all rows of the ledger: (region, keys) → how many; of now without a day."""
    answer: Counter[tuple[str, tuple[str, ...]]] = Counter()
    for row in rows:
        region = row["area"][: LENGTHS[level]] or "0"
        if not _is_open(row, day) or not row["area"].startswith("" if inside == "0" else inside):
            continue
        if any(_text(row[fact]) not in codes for fact, codes in count.where.items()):
            continue
        if count.dated is not None and row[count.dated] is None:
            continue
        if count.window is not None and not _in_window(row, count, day or TODAY):
            continue
        answer[region, tuple(_key(row, count, dimension, day or TODAY) for dimension in by)] += 1
    return dict(answer)


def _is_open(row: asyncpg.Record, day: dt.date | None) -> bool:
    since: dt.datetime = row["since"].astimezone(CAPITAL)
    until: dt.datetime = row["until"]
    never = until.year == dt.MAXYEAR
    if day is None:
        return never
    return since.date() <= day and (never or until.astimezone(CAPITAL).date() > day)


def _in_window(row: asyncpg.Record, count: Count, day: dt.date) -> bool:
    if count.window == MINOR:
        born: dt.date | None = row["born"]
        return born is not None and _age(born, day) < 18
    assert count.window == ENDING_SOON
    ends: dt.date | None = row["contract_ends"]
    return ends is not None and _six_months_before(ends) <= day <= ends


def _age(born: dt.date, day: dt.date) -> int:
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def _six_months_before(day: dt.date) -> dt.date:
    year, month = divmod(day.year * 12 + day.month - 1 - 6, 12)
    try:
        return dt.date(year, month + 1, day.day)
    except ValueError:  # there is no such day: the first of the next month
        return dt.date(year, month + 2, 1)


def _text(value: object) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _key(row: asyncpg.Record, count: Count, dimension: Dimension, day: dt.date) -> str:
    level = RegionLevel.__members__.get(dimension.value)
    if level is not None:
        return str(row["area"][: {"PROVINCE": 2, "REGENCY": 5, "DISTRICT": 8}.get(level.value, 13)])
    if dimension in (Dimension.MONTH, Dimension.QUARTER, Dimension.YEAR):
        assert count.dated is not None
        date = row[count.dated]
        return {"MONTH": f"{date:%Y-%m}", "QUARTER": f"{date.year}-Q{(date.month + 2) // 3}"}.get(
            dimension.value, f"{date.year}"
        )
    fact = fact_of_dimension(count.unit, dimension)
    assert fact is not None
    if dimension is Dimension.AGE_BAND:
        if row[fact] is None:
            return ""
        return AGE_BANDS[max(n for n, start in enumerate(AGES) if start <= max(_age(row[fact], day), 0))]
    return _text(row[fact])
